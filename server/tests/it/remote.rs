//! The command line as a client of a running server: the real binary on both ends.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::binary::{BINARY, Done, Installation, free_port};
use crate::ops;
use crate::webhooks::Receiver;

struct Desk {
    house: Installation,
    key: String,
}

impl Desk {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let house = Installation::serve_with(settings).await;
        let key = house.key(&["--full-access"]);
        Self { house, key }
    }

    fn run(&self, line: &str) -> Done {
        let words: Vec<&str> = line.split(' ').collect();
        let url = self.house.origin();
        let settings = [
            ("PATCHBAY_URL", url.as_str()),
            ("PATCHBAY_KEY", self.key.as_str()),
        ];
        self.house.run_with(&words, "", &settings)
    }

    #[track_caller]
    fn says(&self, line: &str) -> String {
        let done = self.run(line);
        assert!(done.status.success(), "{line}: {}", done.stderr());
        done.stdout()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.says(&format!("{line} --json"))).unwrap()
    }
}

#[tokio::test]
async fn numbers_agents_and_trunks_are_kept_from_the_command_line() {
    let desk = Desk::open().await;
    let sales = json!({ "name": "Sales" });
    desk.house.post(&desk.key, "/api/phone", &sales).await;
    desk.house
        .post(&desk.key, "/api/phone/sip/inbound-trunk", &json!({}))
        .await;
    let added = desk.says("numbers add +14155550100 nonsense");
    assert!(
        added.contains("+14155550100") && added.contains("refused"),
        "{added}"
    );
    desk.says("agents assign Sales +14155550100");
    let numbers = desk.json("numbers list");
    assert_eq!(numbers[0]["agent_name"], "Sales");
    let table = desk.says("numbers list");
    assert!(
        table.starts_with("NUMBER        AGENT  ON TRUNK"),
        "{table}"
    );
    let agent = desk.json("agents show Sales");
    assert_eq!(agent["phone_number"], "+14155550100");
    assert!(desk.says("agents list").contains("Sales"));
    let trunk = desk.json("trunks list");
    assert_eq!(trunk["credentials"][0]["kind"], "digest");
    desk.says("agents release Sales +14155550100");
    desk.says("numbers remove +14155550100");
    assert_eq!(desk.json("numbers list"), json!([]));
    assert_eq!(desk.json("calls list"), json!([]));
}

#[tokio::test]
async fn what_the_server_refuses_is_said_in_its_words() {
    let mut desk = Desk::open().await;
    desk.run("agents show Nobody")
        .refused_naming(&["no agent", "Nobody"]);
    desk.run("calls list --state lost")
        .refused_naming(&["state", "lost"]);
    desk.run("calls show 019a0000-0000-7000-8000-000000000001")
        .refused_naming(&["no such call"]);
    desk.key = "pb_live_wrong".to_owned();
    desk.run("numbers list").refused_naming(&["key"]);
    let url = desk.house.origin();
    let none = [("PATCHBAY_URL", url.as_str())];
    let done = desk.house.run_with(&["numbers", "list"], "", &none);
    done.refused_naming(&["PATCHBAY_KEY"]);
    let nowhere = [
        ("PATCHBAY_URL", "http://127.0.0.1:9"),
        ("PATCHBAY_KEY", "x"),
    ];
    let done = desk.house.run_with(&["numbers", "list"], "", &nowhere);
    done.refused_naming(&["no answer", "127.0.0.1:9"]);
    let odd = [("PATCHBAY_URL", "ftp://x"), ("PATCHBAY_KEY", "x")];
    let done = desk.house.run_with(&["numbers", "list"], "", &odd);
    done.refused_naming(&["PATCHBAY_URL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_placed_and_followed_to_its_end() {
    let desk = Arc::new(Desk::open().await);
    let sales = json!({ "name": "Sales" });
    desk.house.post(&desk.key, "/api/phone", &sales).await;
    desk.house
        .post(&desk.key, "/api/phone/sip/inbound-trunk", &json!({}))
        .await;
    desk.says("numbers add +14155550100 --agent Sales");
    let following = {
        let desk = Arc::clone(&desk);
        tokio::task::spawn_blocking(move || desk.run("call Sales +14155550100 --follow"))
    };
    let answered = "/api/phone/calls?direction=outbound&state=answered";
    let call = loop {
        assert!(!following.is_finished(), "{}", desk.house.log());
        let calls = desk.house.get(&desk.key, answered).await;
        if let Some(id) = calls["items"][0]["id"].as_str() {
            break id.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    desk.says(&format!("calls hang-up {call}"));
    let followed = following.await.unwrap();
    assert!(followed.status.success(), "{}", followed.stderr());
    let told = followed.stdout();
    for word in [call.as_str(), "answered", "ended"] {
        assert!(told.contains(word), "no {word} in: {told}");
    }
}

/// A command that goes on until somebody ends it, or it does so itself.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn start(desk: &Desk, line: &str) -> Self {
        let mut child = Command::new(BINARY)
            .args(line.split(' '))
            .current_dir(desk.house.folder())
            .env("PATCHBAY_URL", desk.house.origin())
            .env("PATCHBAY_KEY", &desk.key)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn next(&mut self) -> Option<String> {
        let next = timeout(Duration::from_secs(15), self.lines.next_line());
        next.await.unwrap().unwrap()
    }

    async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(Duration::from_secs(15), self.child.wait());
        ended.await.unwrap().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_followed_as_they_happen() {
    let desk = Desk::open().await;
    let access = ops::furnish(&desk.house, &desk.key, false).await;
    let (mut table, mut json) = (
        Following::start(&desk, "calls tail"),
        Following::start(&desk, "calls tail --json"),
    );
    // Both are there when the call comes: nothing of before is told.
    let listening = "route=\"/api/phone/calls\"";
    while desk.house.log().matches(listening).count() < 2 {
        desk.house.log_says(listening).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let phone = ops::call(&desk.house, &access).await;
    let line = table.next().await.unwrap();
    assert!(
        line.contains(ops::DIALLED) && line.contains("Front desk"),
        "{line}"
    );
    let told: Value = serde_json::from_str(&json.next().await.unwrap()).unwrap();
    let id = told["id"].as_str().unwrap();
    assert!(line.ends_with(id), "{line}");

    let mut one = Following::start(&desk, &format!("calls tail {id}"));
    let first = one.next().await.unwrap();
    assert!(first.contains("received"), "{first}");
    phone.hang_up().await;
    let mut last = first;
    while let Some(line) = one.next().await {
        last = line;
    }
    assert!(last.contains("ended"), "{last}");
    assert!(one.ended().await.success());
    loop {
        let told: Value = serde_json::from_str(&json.next().await.unwrap()).unwrap();
        assert_eq!(told["id"], id);
        if told["state"] == "ended" {
            break;
        }
    }
}

#[tokio::test]
async fn a_call_that_nobody_answers_fails_and_one_name_is_one_call() {
    let quick = [
        ("PATCHBAY_SIP__T1_MS", "20"),
        ("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true"),
    ];
    let desk = Desk::with(&quick).await;
    let sales = json!({ "name": "Sales" });
    let sales = desk.house.post(&desk.key, "/api/phone", &sales).await;
    desk.run("call Sales +14155550177")
        .refused_naming(&["outbound trunk"]);
    desk.run("call Sales 415").refused_naming(&["to:", "short"]);
    let nowhere = json!({
        "name": "Acme", "host": "127.0.0.1", "port": free_port(), "digest": false,
        "caller_number": "+14155550100", "max_cps": 10,
    });
    let trunk = desk
        .house
        .post(&desk.key, "/api/phone/sip/outbound-trunks", &nowhere)
        .await;
    let config = format!("/api/phone/sip/agents/{}", sales["id"].as_str().unwrap());
    let bound = desk.house.request_patch(&desk.key, &config);
    let bound = bound.json(&json!({ "outbound_trunk_id": trunk["id"] }));
    assert!(bound.send().await.unwrap().status().is_success());
    let once = "call Sales +14155550177 --idempotency-key today";
    let call = desk.json(once);
    assert_eq!(
        (&call["state"], desk.json(once)),
        (&json!("queued"), call.clone())
    );
    assert_eq!(desk.json("calls list").as_array().unwrap().len(), 1);
    let failed = desk.run("call Sales +14155550177 --follow --json");
    failed.refused_naming(&["nobody answered"]);
    let last = failed.stdout();
    let last: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["state"], &last["reason"]),
        (&json!("ended"), &json!("unreachable"))
    );
}

#[tokio::test]
async fn a_shell_learns_the_commands_without_a_server() {
    let house = Installation::new();
    let done = house.run(&["completions", "bash"], "");
    assert!(done.status.success(), "{}", done.stderr());
    let script = done.stdout();
    assert!(
        script.contains("patchbay") && script.contains("hang-up"),
        "{script}"
    );
}

/// The same process twice, and a receiver that listens only the second time.
#[tokio::test]
async fn a_webhook_that_was_queued_is_told_after_a_restart() {
    let mut house = Installation::serve_with(&[("PATCHBAY_WEBHOOKS__ALLOW_PRIVATE", "true")]).await;
    let key = house.key(&["--full-access"]);
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/hook");
    let webhook = house
        .post(&key, "/api/webhooks", &json!({ "url": url }))
        .await;
    let id = webhook["id"].as_str().unwrap();
    let event = queue_event(&house, id).await;
    let path = format!("/api/webhooks/{id}/deliveries");
    let tries = async |house: &Installation| {
        let listed = house.get(&key, &path).await;
        listed["items"][0]["tries"].as_u64().unwrap()
    };
    for _ in 0..100 {
        if tries(&house).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(tries(&house).await, 1);
    house.kill_nine();
    let receiver = Receiver::at(port, []).await;
    house.start_again().await;
    assert_eq!(receiver.next().await.id, event);
}

/// What the house writes when a trunk is well again, without one that has to be ill first.
async fn queue_event(house: &Installation, webhook: &str) -> String {
    let event = "019a0000-0000-7000-8000-0000000000e7";
    let bytes = |id: &str| format!("x'{}'", id.replace('-', ""));
    let (one, hook) = (bytes(event), bytes(webhook));
    let nobody = bytes("00000000-0000-0000-0000-000000000000");
    let what = r#"{"about":"trunk","trunk":null,"name":"inbound","healthy":true,"reason":null}"#;
    let mut database =
        SqliteConnection::connect(&format!("sqlite:{}", house.data("patchbay.db").display()))
            .await
            .unwrap();
    let statement = format!(
        "insert into webhook_events (id, kind, at, what, subject) values ({one}, 'trunk.health', 1763890000000, '{what}', {nobody});
         insert into webhook_deliveries (webhook_id, event_id, subject, seq, state, tries, created_at, next_at)
         values ({hook}, {one}, {nobody}, 1, 'waiting', 0, 1763890000000, 0)"
    );
    database.execute(statement.as_str()).await.unwrap();
    event.to_owned()
}
