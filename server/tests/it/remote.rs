//! The command line as a client of a running server: the real binary on both ends.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::binary::{Done, Installation, free_port};
use crate::webhooks::Receiver;

struct Desk {
    house: Installation,
    key: String,
}

impl Desk {
    async fn open() -> Self {
        let house = Installation::serve().await;
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
