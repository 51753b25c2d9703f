//! SIP over TLS by the whole server: PJSIP calls in, one Patchbay calls another, and a
//! certificate that is not to be trusted is named.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use serde_json::{Value, json};

use crate::baresip::{Baresip, Plan};
use crate::binary::{Installation, free_port};
use crate::ops::furnish;
use crate::pjsip::{Pjsip, python};

const HERE: &str = "127.0.0.1";
/// The certificate's files are looked at every five seconds.
const SLOW: Duration = Duration::from_secs(30);

/// A certificate authority of a test's own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    pub(crate) fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// Writes a chain and key for this name or address into the folder.
    fn issue(&self, house: &Installation, name: &str, last_year: i32) {
        self.issue_into(house.folder(), name, last_year);
    }

    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(crate) fn issue_into(&self, folder: &Path, name: &str, last_year: i32) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(folder.join("chain.pem"), certificate.pem()).unwrap();
    }
}

/// A server that is called over TLS.
struct Callee {
    house: Installation,
    at: SocketAddr,
    username: String,
    password: String,
}

impl Callee {
    async fn new(authority: &Authority) -> Self {
        let at: SocketAddr = format!("{HERE}:{}", free_port()).parse().unwrap();
        let mut house = Installation::with(&[
            ("PATCHBAY_SIP__TLS_ADDR", &at.to_string()),
            ("PATCHBAY_SIP__TLS_CERT", "chain.pem"),
            ("PATCHBAY_SIP__TLS_KEY", "key.pem"),
        ]);
        authority.issue(&house, HERE, 2999);
        house.start_again().await;
        let key = house.key(&["--full-access"]);
        let (username, password) = furnish(&house, &key, false).await;
        Self {
            house,
            at,
            username,
            password,
        }
    }

    async fn only_call(&self) -> Value {
        let key = self.house.key(&["--full-access"]);
        let calls = self.house.get(&key, "/api/phone/calls").await;
        assert_eq!(calls["items"].as_array().unwrap().len(), 1, "{calls:#}");
        calls["items"][0].clone()
    }

    /// Another certificate, once it is shown.
    async fn shows(&self, authority: &Authority, name: &str, last_year: i32) {
        let before = self.house.log().matches("was taken anew").count();
        authority.issue(&self.house, name, last_year);
        let began = Instant::now();
        while self.house.log().matches("was taken anew").count() == before {
            assert!(began.elapsed() < SLOW, "{}", self.house.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A server that calls, and its trunk towards the other.
struct Caller {
    house: Installation,
    key: String,
    agent: String,
    trunk: String,
}

impl Caller {
    async fn new(authority: &Authority, callee: &Callee) -> Self {
        let mut house = Installation::with(&[
            ("PATCHBAY_SIP__TLS_CA", "authority.pem"),
            ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true"),
        ]);
        house.write("authority.pem", &authority.certificate);
        house.start_again().await;
        let key = house.key(&["--full-access"]);
        let agent = json!({ "name": "Front desk", "language": "en" });
        let agent = house.post(&key, "/api/phone", &agent).await;
        let trunk = json!({
            "name": "Other house", "host": HERE, "port": callee.at.port(), "transport": "tls",
            "username": callee.username, "password": callee.password,
            "caller_number": "+14155550111",
        });
        let trunk = house
            .post(&key, "/api/phone/sip/outbound-trunks", &trunk)
            .await;
        let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        let (agent, trunk) = (id(&agent), id(&trunk));
        let bound = house
            .request_patch(&key, &format!("/api/phone/sip/agents/{agent}"))
            .json(&json!({ "outbound_trunk_id": trunk }));
        assert_eq!(bound.send().await.unwrap().status(), 200);
        Self {
            house,
            key,
            agent,
            trunk,
        }
    }

    /// Verdict and finding of the check's step about the certificate.
    async fn encryption(&self) -> (String, String) {
        let path = format!("/api/phone/sip/outbound-trunks/{}/check", self.trunk);
        let check = self.house.post(&self.key, &path, &json!({})).await;
        let steps = check["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["step"] == "encryption");
        let said = |name: &str| step.unwrap()[name].as_str().unwrap().to_owned();
        (said("verdict"), said("found"))
    }
}

/// PJSIP dials the house and demands secure audio; what it tells of the call.
async fn pjsip(python: &Path, callee: &Callee, transport: &str, at: SocketAddr) -> Value {
    let uri = format!("sip:14155550100@{at}");
    let authority = callee.house.folder().join("authority.pem");
    let mut caller = Pjsip::start(
        python,
        &[
            "--uri",
            &uri,
            "--username",
            &callee.username,
            "--password",
            &callee.password,
            "--talk",
            "1.5",
            "--transport",
            transport,
            "--srtp",
            "AES_CM_128_HMAC_SHA1_80",
            "--authority",
            authority.to_str().unwrap(),
        ],
    );
    caller.tells().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_calls_in_trusts_our_certificate_and_talks_over_srtp() {
    let Some(python) = python() else { return };
    let authority = Authority::named("Ours");
    let callee = Callee::new(&authority).await;
    callee.house.write("authority.pem", &authority.certificate);
    let report = pjsip(&python, &callee, "tls", callee.at).await;
    assert_eq!(report["answered"], true, "{report:#}");
    assert!(
        report["packets"]["received"].as_u64() > Some(40),
        "{report:#}"
    );
    assert_eq!(callee.only_call().await["transport"], "tls");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_anyone_could_read_are_refused_and_the_refusal_says_so() {
    let Some(python) = python() else { return };
    let authority = Authority::named("Ours");
    let callee = Callee::new(&authority).await;
    callee.house.write("authority.pem", &authority.certificate);
    let report = pjsip(&python, &callee, "udp", callee.house.sip()).await;
    assert_eq!(report["statuses"], json!([401, 488]), "{report:#}");
    assert_eq!(callee.only_call().await["reason"], "secure_audio");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_house_calls_another_and_hears_what_is_wrong_with_a_certificate() {
    let authority = Authority::named("Ours");
    let callee = Callee::new(&authority).await;
    let caller = Caller::new(&authority, &callee).await;
    assert_eq!(
        caller.encryption().await,
        ("passed".to_owned(), HERE.to_owned())
    );
    let call = json!({ "phone_agent_id": caller.agent, "to": "+14155550100" });
    caller
        .house
        .post(&caller.key, "/api/phone/outbound-call", &call)
        .await;
    let began = Instant::now();
    loop {
        let calls = caller.house.get(&caller.key, "/api/phone/calls").await;
        if calls["items"][0]["state"] == "answered" {
            break;
        }
        assert!(began.elapsed() < SLOW, "{calls:#}\n{}", caller.house.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(callee.only_call().await["transport"], "tls");

    let stranger = Authority::named("Another");
    for (by, name, last_year, fault) in [
        (&authority, "127.0.0.2", 2999, "for another name"),
        (&authority, HERE, 2021, "expired"),
        (&stranger, HERE, 2999, "unknown issuer"),
    ] {
        callee.shows(by, name, last_year).await;
        assert_eq!(
            caller.encryption().await,
            ("failed".to_owned(), fault.to_owned())
        );
        // Its connection stands with the certificate it was made with.
        let calls = caller.house.get(&caller.key, "/api/phone/calls").await;
        assert_eq!(calls["items"][0]["state"], "answered", "{calls:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_in_over_tls_and_talks_over_srtp() {
    let authority = Authority::named("Ours");
    let callee = Callee::new(&authority).await;
    let key = callee.house.key(&["--full-access"]);
    // It gives up at a challenge that holds SHA-256, so that it comes by its address.
    let desk = json!({
        "label": "Desk phones", "kind": "network", "networks": ["127.0.0.1/32"],
        "own_endpoint_only": false, "srtp": "required",
    });
    let path = "/api/phone/sip/inbound-trunk/credentials";
    callee.house.post(&key, path, &desk).await;
    let plan = Plan {
        codecs: "PCMU/8000/1",
        more: ";mediaenc=srtp-mand",
        ..Plan::default()
    };
    let Some(phone) = Baresip::start(&plan).await else {
        return;
    };
    let number = format!("sip:14155550100@{};transport=tls", callee.at);
    phone.does("dial", &number).await;
    phone.says("Call established").await;
    let call = callee.only_call().await;
    assert_eq!(call["transport"], "tls", "{call:#}");
    let path = format!("/api/phone/calls/{}", call["id"].as_str().unwrap());
    // Some seconds of audio, and then it is counted.
    tokio::time::sleep(Duration::from_secs(2)).await;
    callee
        .house
        .post(&key, &format!("{path}/hangup"), &json!({}))
        .await;
    let counted = phone.packets().await;
    assert!(counted.sent > 40 && counted.received > 40, "{counted:?}");
}
