//! The binary as an operator meets it: commands, bad settings, ports in use, signals, crashes
//! and a database that does not do as asked. Each failure names the thing, and none panics.

mod watch;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::sip::message::Message;
use sqlx::Executor as _;

use crate::binary::{Installation, free_port};
use crate::sip_world::{Phone, SDP};

pub(crate) const DIALLED: &str = "+14155550100";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A trunk, one number and a default agent; answers the username and password of the access.
pub(crate) async fn furnish(house: &Installation, key: &str, recording: bool) -> (String, String) {
    let agent = json!({
        "name": "Front desk", "language": "en", "is_default": true, "recording_enabled": recording,
    });
    house.post(key, "/api/phone", &agent).await;
    let trunk = json!({ "phone_numbers": [DIALLED] });
    let made = house
        .post(key, "/api/phone/sip/inbound-trunk", &trunk)
        .await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("auth_username"), text("auth_password"))
}

/// Dials and is answered.
pub(crate) async fn call(house: &Installation, access: &(String, String)) -> Answered {
    call_with(house, access, SDP).await
}

/// The same with a description of its own.
pub(crate) async fn call_with(
    house: &Installation,
    access: &(String, String),
    description: &str,
) -> Answered {
    call_saying(house, access, description, &[]).await
}

/// The same with headers of its own.
pub(crate) async fn call_saying(
    house: &Installation,
    access: &(String, String),
    description: &str,
    headers: &[(&str, &str)],
) -> Answered {
    let (phone, answer) = dial(house, access, DIALLED, description, headers).await;
    assert_eq!(answer.status(), Some(200), "{answer:?}");
    phone.send(&phone.inside(&answer, "ACK", 2)).await;
    Answered { phone, answer }
}

/// Dials, and tells the final answer.
pub(crate) async fn dials(house: &Installation, access: &(String, String)) -> Message {
    dials_number(house, access, DIALLED).await
}

/// The same with a number of its own.
pub(crate) async fn dials_number(
    house: &Installation,
    access: &(String, String),
    number: &str,
) -> Message {
    dial(house, access, number, SDP, &[]).await.1
}

/// Dials, and tells the final answer, which nobody has acknowledged yet.
pub(crate) async fn dial(
    house: &Installation,
    (username, password): &(String, String),
    number: &str,
    description: &str,
    headers: &[(&str, &str)],
) -> (Phone, Message) {
    let phone = Phone::towards(house.sip()).await;
    let mut invite = phone
        .request("INVITE", number, 1)
        .with_body("application/sdp", description);
    phone.send(&invite).await;
    let challenge = phone.expect(401).await;
    let mut ack = phone.request("ACK", number, 1);
    ack.set("Via", invite.get("Via").unwrap());
    ack.set("To", challenge.get("To").unwrap());
    phone.send(&ack).await;
    invite = phone
        .request("INVITE", number, 2)
        .with_body("application/sdp", description);
    for (name, value) in headers {
        invite.push(name, *value);
    }
    Phone::sign_as(&mut invite, &challenge, username, password);
    phone.send(&invite).await;
    // It may ring for a while.
    for _ in 0..60 {
        if let Some(answer) = phone.hear().await
            && answer.status().is_some_and(|status| status >= 200)
        {
            return (phone, answer);
        }
    }
    panic!("no final answer");
}

/// A call that is up.
pub(crate) struct Answered {
    phone: Phone,
    answer: Message,
}

impl Answered {
    pub(crate) async fn hang_up(&self) {
        self.phone
            .send(&self.phone.inside(&self.answer, "BYE", 9))
            .await;
        self.phone.expect(200).await;
    }

    /// A key, by INFO.
    pub(crate) async fn press(&self, key: char) {
        let info = self.phone.inside(&self.answer, "INFO", 3);
        let body = format!("Signal={key}\r\nDuration=160\r\n");
        let info = info.with_body("application/dtmf-relay", body);
        self.phone.send(&info).await;
        self.phone.expect(200).await;
    }

    /// Where it hears us.
    pub(crate) fn audio(&self) -> SocketAddr {
        audio_of(&self.answer)
    }

    pub(crate) async fn is_hung_up(&self) {
        self.phone.expect_request("BYE").await;
    }
}

/// Where an answer says it hears us.
pub(crate) fn audio_of(answer: &Message) -> SocketAddr {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let port = body.split("m=audio ").nth(1).unwrap();
    let port = port.split(' ').next().unwrap().parse().unwrap();
    SocketAddr::new([127, 0, 0, 1].into(), port)
}

/// Its row is written behind the SIP path.
pub(crate) async fn answered(house: &Installation, key: &str) {
    for _ in 0..100 {
        let calls = house.get(key, "/api/phone/calls?state=answered").await;
        if calls["items"].as_array().unwrap().len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no call is answered: {}", only_call(house, key).await);
}

async fn only_call(house: &Installation, key: &str) -> Value {
    let calls = house.get(key, "/api/phone/calls").await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 1, "{calls}");
    calls["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_cut_off_by_kill_nine_has_its_final_row_after_the_restart() {
    let mut house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let _phone = call(&house, &access).await;
    answered(&house, &key).await;

    house.kill_nine();
    let restarted = Instant::now();
    house.start_again().await;
    let row = only_call(&house, &key).await;
    assert_eq!(row["state"], "ended", "{row}");
    assert!(row.to_string().contains("interrupted"), "{row}");
    assert!(restarted.elapsed() < Duration::from_secs(20));
    let log = house.log();
    assert!(log.contains("reason=\"interrupted\""), "{log}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_signal_drains_and_the_end_of_the_last_call_ends_the_process() {
    let mut house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let phone = call(&house, &access).await;

    house.signal("TERM");
    house.log_says("Draining").await;
    // A new call is turned away with 503 and a time to come back …
    let late = Phone::towards(house.sip()).await;
    let invite = late
        .request("INVITE", DIALLED, 1)
        .with_body("application/sdp", SDP);
    late.send(&invite).await;
    let refused = late.expect(503).await;
    assert!(refused.get("Retry-After").is_some(), "{refused:?}");
    assert!(house.is_running());

    // … and the process stays for the call that is up, until that ends.
    answered(&house, &key).await;
    house.signal("TERM");
    phone.is_hung_up().await;
    assert!(house.ended().await.success());
    assert!(
        house.log().contains("reason=\"drained\""),
        "{}",
        house.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drain_limit_hangs_up_what_is_left() {
    let mut house = Installation::serve_with(&[("PATCHBAY_SHUTDOWN__DRAIN_S", "1")]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let phone = call(&house, &access).await;
    house.signal("TERM");
    phone.is_hung_up().await;
    assert!(house.ended().await.success());

    house.start_again().await;
    let row = only_call(&house, &key).await;
    assert!(row.to_string().contains("drained"), "{row}");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_secret_and_no_whole_number() {
    let filter = ("PATCHBAY_LOG__FILTER", "trace");
    let mut house = Installation::serve_with(&[filter, ("PATCHBAY_LOG__FORMAT", "json")]).await;
    let token = house.set_up_token().await;
    let key = house.key(&["--full-access"]);
    let added = house.run(
        &["user", "add", "ann@example.com", "--role", "admin"],
        PASSWORD,
    );
    assert!(added.status.success());
    let access = furnish(&house, &key, false).await;
    let _phone = call(&house, &access).await;
    house.get(&key, "/api/phone/calls").await;
    house.end().await;

    let log = house.log();
    for line in log.lines() {
        assert!(
            serde_json::from_str::<Value>(line).is_ok(),
            "not JSON: {line}"
        );
    }
    assert!(
        log.contains("\"route\":\"/api/phone/calls\""),
        "no line for the request"
    );
    assert!(log.contains("\"call.id\""), "no line for the call");
    for secret in [
        token.as_str(),
        &key,
        PASSWORD,
        &access.1,
        DIALLED,
        &DIALLED[1..],
        "response=",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_in_use_are_named_with_their_setting() {
    let house = Installation::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    for (variable, setting) in [
        ("PATCHBAY_HTTP__ADDR", "http.addr"),
        ("PATCHBAY_SIP__ADDR", "sip.addr"),
    ] {
        let failed = house.run_with(&["serve"], "", &[(variable, &place)]);
        failed.refused_naming(&[setting, &place]);
    }
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = udp.local_addr().unwrap().to_string();
    let failed = house.run_with(&["serve"], "", &[("PATCHBAY_SIP__ADDR", &place)]);
    failed.refused_naming(&["sip.addr", &place]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_keeps_its_hands_off_the_data_of_the_first() {
    let mut house = Installation::serve().await;
    let other = [
        ("PATCHBAY_HTTP__ADDR", format!("127.0.0.1:{}", free_port())),
        ("PATCHBAY_SIP__ADDR", format!("127.0.0.1:{}", free_port())),
    ];
    let other: Vec<_> = other
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let failed = house.run_with(&["serve"], "", &other);
    failed.refused_naming(&["another patchbay", "data.dir"]);
    house.end().await;
}

#[test]
fn check_config_names_every_problem_at_once() {
    let house = Installation::new();
    house.write(
        "patchbay.toml",
        "[sip]\ndigest = ['MD6']\nagnet_id_header = 'X'\n[http]\ntrusted_proxies = ['here']\n",
    );
    let failed = house.run_with(&["check-config"], "", &[("PATCHBAY_SIP__T1_MS", "soon")]);
    failed.refused_naming(&[
        "sip.digest",
        "MD6",
        "did you mean agent_id_header?",
        "http.trusted_proxies",
        "PATCHBAY_SIP__T1_MS",
        "4 problems",
    ]);
    // The server does not start on it either.
    house.run(&["serve"], "").refused_naming(&["sip.digest"]);

    house.write("patchbay.toml", "[sip]\nexternal_ip = '10.1.2.3'\n");
    let fine = house.run(&["check-config"], "");
    assert!(fine.status.success());
    assert!(
        fine.stdout().contains("10.1.2.3 is private"),
        "{}",
        fine.stdout()
    );
}

#[test]
fn the_key_file_is_its_owners_alone_and_a_foreign_one_is_refused() {
    let house = Installation::new();
    let made = house.run(&["key", "create", "ci", "--scope", "sip:read"], "");
    assert!(made.status.success());
    assert_eq!(made.stdout().lines().count(), 1, "the key stands alone");
    assert!(made.stdout().starts_with("pb_live_"));
    let key_file = house.data("data.key");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key_file), 0o600);
    assert_eq!(mode(&house.data("")), 0o700);

    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    house
        .run(&["setup-link"], "")
        .refused_naming(&["data.key", "chmod 600"]);

    std::fs::write(&key_file, "00".repeat(32)).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    house.run(&["serve"], "").refused_naming(&["key file"]);

    std::fs::write(&key_file, "not a key").unwrap();
    house
        .run(&["serve"], "")
        .refused_naming(&["data.key", "64 hexadecimal digits"]);
}

#[tokio::test]
async fn a_newer_schema_a_foreign_file_and_a_wrong_address_are_told_apart() {
    let house = Installation::new();
    assert!(house.run(&["setup-link"], "").status.success());
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'later', 1, x'00', 0)";
    house.database().await.execute(later).await.unwrap();
    house
        .run(&["serve"], "")
        .refused_naming(&["schema 9999", "newer patchbay"]);

    let house = Installation::new();
    std::fs::create_dir_all(house.data("")).unwrap();
    std::fs::write(
        house.data("patchbay.db"),
        "this is no database, only a text".repeat(100),
    )
    .unwrap();
    house
        .run(&["serve"], "")
        .refused_naming(&["not a database"]);

    let house = Installation::new();
    let lost = (
        "PATCHBAY_DATABASE__URL",
        "postgres://ann:geheim@127.0.0.1:9/patchbay",
    );
    let failed = house.run_with(&["serve"], "", &[lost]);
    failed.refused_naming(&["database"]);
    assert!(!failed.stderr().contains("geheim"));
}

#[tokio::test]
async fn a_database_locked_by_another_program_is_said_to_be() {
    let house = Installation::new();
    assert!(house.run(&["setup-link"], "").status.success());
    let mut other = house.database().await;
    other.execute("begin exclusive").await.unwrap();
    house.run(&["setup-link"], "").refused_naming(&["locked"]);
}

#[test]
fn a_database_that_may_only_be_read_is_said_to_be() {
    let house = Installation::new();
    assert!(house.run(&["setup-link"], "").status.success());
    let file = house.data("patchbay.db").display().to_string();
    let read_only = format!("sqlite:{file}?mode=ro");
    let failed = house.run_with(
        &["setup-link"],
        "",
        &[("PATCHBAY_DATABASE__URL", &read_only)],
    );
    failed.refused_naming(&["read-only"]);
}

#[test]
fn a_folder_that_is_none_is_named() {
    let house = Installation::new();
    house.write("in-the-way", "a file");
    let place = house.folder().join("in-the-way").display().to_string();
    let failed = house.run_with(&["serve"], "", &[("PATCHBAY_DATA__DIR", &place)]);
    failed.refused_naming(&["data.dir", "in-the-way"]);
}

#[test]
fn people_are_made_and_refused_in_words() {
    let house = Installation::new();
    house
        .run(&["user", "add", "ann", "--role", "admin"], "short")
        .refused_naming(&["email", "password"]);
    house
        .run(
            &["user", "add", "ann@example.com", "--role", "king"],
            PASSWORD,
        )
        .refused_naming(&["king", "admin, operator or viewer"]);
    let added = house.run(
        &["user", "add", "Ann@example.com", "--role", "admin"],
        PASSWORD,
    );
    assert!(added.status.success());
    house
        .run(
            &["user", "add", "ann@example.com", "--role", "admin"],
            PASSWORD,
        )
        .refused_naming(&["email", "taken"]);
    house
        .run(&["setup-link"], "")
        .refused_naming(&["set-up is finished"]);
    house
        .run(&["user", "password", "bob@example.com"], PASSWORD)
        .refused_naming(&["no such user"]);
    house
        .run(&["key", "create", "ci", "--scope", "sip:fly"], "")
        .refused_naming(&["sip:fly", "sip:read"]);
}

#[test]
fn a_backup_is_a_whole_database_and_overwrites_nothing() {
    let house = Installation::new();
    assert!(
        house
            .run(&["user", "add", "ann@example.com"], PASSWORD)
            .status
            .success()
    );
    let copy = house.folder().join("copy.db").display().to_string();
    assert!(house.run(&["backup", &copy], "").status.success());
    let url = format!("sqlite:{copy}");
    let there = house.run_with(&["setup-link"], "", &[("PATCHBAY_DATABASE__URL", &url)]);
    there.refused_naming(&["set-up is finished"]);
    house
        .run(&["backup", &copy], "")
        .refused_naming(&["copy.db"]);
}

#[test]
fn the_openapi_document_needs_neither_database_nor_port() {
    let house = Installation::new();
    let printed = house.run(&["openapi"], "");
    let document: Value = serde_json::from_str(&printed.stdout()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(!house.data("").exists());
}
