//! Calls handed on to a person: PJSIP calls in and presses a key, baresip is the desk phone that
//! answers, and each hears the other. Once joined by us in two codecs, once by PJSIP itself.

use serde_json::{Value, json};

use crate::baresip::{Baresip, Plan};
use crate::binary::Installation;
use crate::media_phone::loudest;
use crate::ops::furnish;
use crate::pjsip::{Pjsip, python};

/// A server whose agent may hand calls on to the desk phone, by key 1.
struct House {
    server: Installation,
    key: String,
    access: (String, String),
}

impl House {
    async fn with(desk: &Baresip, mode: &str) -> Self {
        let lab = [("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true")];
        let house = Installation::serve_with(&lab).await;
        let key = house.key(&["--full-access"]);
        let access = furnish(&house, &key, false).await;
        let credentials = "/api/phone/sip/inbound-trunk/credentials";
        let all = house.get(&key, credentials).await;
        let one = format!("{credentials}/{}", all["items"][0]["id"].as_str().unwrap());
        let form = json!({ "refer_form": "sip:{number}@{host}" });
        let changed = house.request_patch(&key, &one).json(&form).send().await;
        assert_eq!(changed.unwrap().status(), 200);
        let agents = house.get(&key, "/api/phone").await;
        let agent = agents[0]["id"].as_str().unwrap();
        let path = format!("/api/phone/sip/agents/{agent}/transfer-destinations");
        let create = json!({
            "name": "Desk", "type": "sip", "value": format!("sip:desk@{}", desk.at), "mode": mode,
        });
        let body = json!({ "create": create, "digit": "1" });
        house.post(&key, &path, &body).await;
        Self {
            server: house,
            key,
            access,
        }
    }

    /// PJSIP calls, and presses the key.
    fn called(&self, python: &std::path::Path, more: &[&str]) -> (Pjsip, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let says = folder.path().join("says.wav");
        crate::media_pjsip::write_tone(&says, 440.0, 12_000);
        let uri = format!("sip:14155550100@{}", self.server.sip());
        let mut all = vec![
            "--uri",
            &uri,
            "--username",
            &self.access.0,
            "--password",
            &self.access.1,
            "--digits",
            "1",
            "--play",
            says.to_str().unwrap(),
        ];
        all.extend_from_slice(more);
        (Pjsip::start(python, &all), folder)
    }

    /// The caller's call, with its legs.
    async fn call(&self) -> Value {
        let page = self
            .server
            .get(&self.key, "/api/phone/calls?direction=inbound")
            .await;
        let id = page["items"][0]["id"].as_str().unwrap();
        let path = format!("/api/phone/calls/{id}");
        self.server.get(&self.key, &path).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_in_pcmu_and_a_person_in_pcma_hear_each_other() {
    let Some(python) = python() else { return };
    let Some(mut desk) = Baresip::start(&Plan::default()).await else {
        return;
    };
    let house = House::with(&desk, "bridge").await;
    let (mut caller, _folder) = house.called(&python, &["--talk", "7"]);
    let told = caller.tells().await;
    caller.ends().await;
    let counted = desk.packets().await;
    desk.quits().await;
    let call = house.call().await;
    assert_eq!(call["codec"], "PCMU", "{call:#}");
    assert_eq!(call["legs"][0]["codec"], "PCMA", "{call:#}");
    assert_eq!(call["transfers"][0]["state"], "completed", "{call:#}");
    assert_eq!(call["transfers"][0]["mode"], "bridge");
    assert!(told["packets"]["received"].as_u64() > Some(200), "{told}");
    assert!(counted.sent > 100 && counted.received > 100, "{counted:?}");
    let level = loudest(&desk.heard(), 440.0);
    assert!(level > 3_000.0, "the person hears the caller: {level}");
    let mut heard = hound::WavReader::open(caller.heard()).unwrap();
    let heard: Vec<i16> = heard.samples().map_while(Result::ok).collect();
    let level = loudest(&heard, 1_000.0);
    assert!(level > 3_000.0, "the caller hears the person: {level}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pjsip_is_asked_to_call_the_person_itself_and_does() {
    let Some(python) = python() else { return };
    let Some(mut desk) = Baresip::start(&Plan::default()).await else {
        return;
    };
    let house = House::with(&desk, "refer").await;
    let (mut caller, _folder) = house.called(&python, &["--talk", "15", "--stay", "3"]);
    let told = caller.tells().await;
    assert_eq!(
        told["hung_up_here"], false,
        "we say goodbye at once: {told}"
    );
    caller.ends().await;
    let counted = desk.packets().await;
    desk.quits().await;
    let call = house.call().await;
    let transfer = &call["transfers"][0];
    assert_eq!(
        (
            &transfer["state"],
            &transfer["mode"],
            &transfer["sip_status"]
        ),
        (&json!("completed"), &json!("refer"), &json!(200)),
        "{call:#}"
    );
    assert_eq!(call["reason"], "handed_on", "{call:#}");
    assert_eq!(call["legs"], json!([]), "the call has left us");
    assert!(
        counted.received > 50,
        "the person talks with PJSIP: {counted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_is_asked_to_call_the_person_itself_and_does() {
    let Some(mut desk) = Baresip::start(&Plan::default()).await else {
        return;
    };
    let house = House::with(&desk, "refer").await;
    // Its stack gives up at any offer that holds SHA-256, so that it comes by its address.
    let trusted = json!({
        "label": "Desk phones", "kind": "network", "networks": ["127.0.0.1/32"],
        "own_endpoint_only": false, "refer_form": "sip:{number}@{host}",
    });
    let credentials = "/api/phone/sip/inbound-trunk/credentials";
    house.server.post(&house.key, credentials, &trusted).await;
    let plan = Plan {
        codecs: "PCMU/8000/1,PCMA/8000/1",
        ..Plan::default()
    };
    let Some(caller) = Baresip::start(&plan).await else {
        return;
    };
    let number = format!("sip:14155550100@{}", house.server.sip());
    caller.does("dial", &number).await;
    caller.says("Call established").await;
    let call = house.call().await;
    let path = format!("/api/phone/calls/{}/transfer", call["id"].as_str().unwrap());
    let to = house
        .server
        .get(&house.key, "/api/phone/sip/transfer-destinations")
        .await;
    let body = json!({ "destination_id": to["items"][0]["id"] });
    house.server.post(&house.key, &path, &body).await;
    desk.says("Call established").await;
    let began = std::time::Instant::now();
    loop {
        let call = house.call().await;
        if call["state"] == "ended" {
            assert_eq!(call["reason"], "handed_on", "{call:#}");
            assert_eq!(call["transfers"][0]["state"], "completed", "{call:#}");
            break;
        }
        assert!(
            began.elapsed().as_secs() < 30,
            "{call:#}\n{}",
            caller.output()
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    desk.quits().await;
}
