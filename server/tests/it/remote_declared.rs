//! A server as a file: written, compared, made true. The real binary on both ends.

use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::declared_desk::{COMPANY, Desk, SECRETS, changed};

#[tokio::test]
async fn an_empty_server_becomes_what_the_file_says_and_says_so_itself() {
    let desk = Desk::open().await;
    let plan = desk.plans(COMPANY);
    for line in [
        "+ inbound trunk",
        "+ agent \"Sales\"",
        "11 to add, 0 to change, 0 to remove.",
    ] {
        assert!(plan.contains(line), "no {line:?} in:\n{plan}");
    }
    assert!(!plan.contains("s3cret"), "{plan}");
    desk.becomes(COMPANY);

    let credentials = desk.get("/api/phone/sip/inbound-trunk/credentials").await;
    let labels: Vec<_> = credentials["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["label"])
        .collect();
    assert_eq!(
        labels.len(),
        2,
        "the trunk's own first one is the file's: {labels:?}"
    );
    let trunk = desk.get("/api/phone/sip/outbound-trunks").await;
    assert_eq!(trunk["items"][0]["digest"], true);
    let front = desk.agent("Front desk").await;
    assert_eq!(
        (&front["is_default"], &front["phone_number"]),
        (&json!(true), &json!("+14155550100"))
    );
    let held = [
        ("Mobile".to_owned(), json!("1")),
        ("PBX".to_owned(), json!("2")),
    ];
    assert_eq!(desk.destinations("Front desk").await, held);
    let numbers = desk.get("/api/phone/numbers").await;
    let numbers: Vec<_> = numbers["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["label"].clone(),
                one["on_trunk"].clone(),
                one["agent_name"].clone(),
            )
        })
        .collect();
    assert_eq!(
        numbers,
        [
            (json!("Main"), json!(true), json!("Front desk")),
            (json!(null), json!(true), json!("Sales")),
            (json!(null), json!(false), json!(null)),
        ]
    );

    let exported = desk.says("export");
    assert!(
        !exported.contains("s3cret") && !exported.contains("an0ther"),
        "{exported}"
    );
    assert!(
        exported.contains("password = { env = \"ACME_PASSWORD\" }"),
        "{exported}"
    );
    desk.house.write("exported.toml", &exported);
    // Without the secrets: they are there already.
    let done = desk.run("plan exported.toml --prune", &[]);
    assert_eq!(
        (done.status.code(), done.stdout().starts_with("No changes")),
        (Some(0), true),
        "{}{}",
        done.stdout(),
        done.stderr()
    );

    // And another server becomes the same by it.
    let other = Desk::open().await;
    other.becomes(&exported);
    assert_eq!(other.says("export"), exported);
}

#[tokio::test]
async fn what_changes_is_told_field_by_field_and_becomes_true() {
    let desk = Desk::open().await;
    desk.becomes(COMPANY);
    // The same in other words is no change.
    let same = changed("+1 415 555 0177", "+14155550177");
    desk.house.write("same.toml", &same);
    assert!(desk.says("plan same.toml").starts_with("No changes"));

    let text = COMPANY
        .replace("max_channels = 20", "max_channels = \"\"")
        .replace("[\"G722\", \"PCMA\"]", "[\"PCMA\", \"G722\"]")
        .replace("codecs = [\"PCMA\", \"PCMU\"]", "codecs = \"\"")
        .replace(
            "phone_number = \"+14155550101\"\nagent = \"Sales\"",
            "phone_number = \"+14155550101\"\nagent = \"Front desk\"",
        )
        .replace(
            "{ name = \"Mobile\", digit = 1 }, { name = \"PBX\", digit = \"2\" }",
            "{ name = \"Mobile\", digit = 2 }, { name = \"PBX\", digit = \"1\" }",
        )
        .replace("is_default = true", "is_default = false")
        .replace(
            "name = \"Sales\"\ndestinations = [\"PBX\"]",
            "name = \"Sales\"\nis_default = true\ndestinations = []",
        );
    let plan = desk.plans(&text);
    for line in [
        "~ inbound trunk\n    max_channels: 20 -> none\n    codecs: G722, PCMA -> PCMA, G722\n",
        "~ outbound trunk \"Acme\"\n    codecs: PCMA, PCMU -> none\n",
        "~ agent \"Front desk\"\n    is_default: true -> false\n    destinations: Mobile (1), PBX (2) -> Mobile (2), PBX (1)\n",
        "~ agent \"Sales\"\n    is_default: false -> true\n    destinations: PBX -> none\n",
        "~ number +14155550101\n    agent: Sales -> Front desk\n",
        "0 to add, 5 to change, 0 to remove.",
        "Who answers stays the same for all calls of the last 7 days: 0.",
    ] {
        assert!(plan.contains(line), "no {line:?} in:\n{plan}");
    }
    let told = desk.becomes(&text);
    assert!(told.contains("~ number +14155550101"), "{told}");
    let swapped = [
        ("Mobile".to_owned(), json!("2")),
        ("PBX".to_owned(), json!("1")),
    ];
    assert_eq!(desk.destinations("Front desk").await, swapped);
    assert_eq!(desk.destinations("Sales").await, []);
    assert_eq!(desk.agent("Sales").await["is_default"], true);
    let plan = desk.house.run_with(
        &["plan", "company.toml", "--json"],
        "",
        &[
            ("PATCHBAY_URL", &*desk.house.origin()),
            ("PATCHBAY_KEY", &*desk.key),
        ],
    );
    let plan: Value = serde_json::from_str(&plan.stdout()).unwrap();
    assert_eq!(plan, json!({ "steps": [], "calls": null }));
}

#[tokio::test]
async fn an_engine_is_in_the_file_and_its_token_by_reference() {
    let desk = Desk::open().await;
    let sales = "name = \"Sales\"\n";
    let model = format!(
        "{sales}engine = {{ type = \"realtime\", url = \"wss://1.1.1.1\", voice = \"cedar\" }}\n"
    );
    desk.becomes(&changed(sales, &model));
    let engine = desk.agent("Sales").await["engine"].clone();
    assert_eq!(engine["voice"], "cedar", "{engine}");
    assert_eq!(engine["has_key"], false, "{engine}");
    assert!(!desk.says("export").contains("engine_token"));

    // Said to stand somewhere, it is sent when it is asked for: nobody knows what the server has.
    let token = "engine_token = { env = \"SALES_TOKEN\" }\n";
    let text = changed(sales, &format!("{model}{token}"));
    desk.house.write("company.toml", &text);
    assert!(desk.says("plan company.toml").starts_with("No changes"));
    let missing = desk.run("apply company.toml --secrets", &[]);
    missing.refused_naming(&["nothing was changed", "Sales", "SALES_TOKEN"]);
    let variables = [("SALES_TOKEN", "sk-1"), SECRETS[0], SECRETS[1]];
    let done = desk.run("apply company.toml --secrets", &variables);
    assert!(done.status.success(), "{}", done.stderr());
    let engine = desk.agent("Sales").await["engine"].clone();
    assert_eq!(engine["has_key"], true, "{engine}");
    let file = desk.says("export");
    for said in [
        "type = \"realtime\"",
        "voice = \"cedar\"",
        "engine_token = { env = \"SALES_ENGINE_TOKEN\" }",
    ] {
        assert!(file.contains(said), "no {said:?} in:\n{file}");
    }
    assert!(!file.contains("sk-1"), "{file}");

    // Another bot is not told the token of the one before: it is sent anew.
    let stream = text
        .replace("realtime", "stream")
        .replace(", voice = \"cedar\"", "");
    desk.house.write("company.toml", &stream);
    let plan = desk.run("plan company.toml", &[]).stdout();
    assert!(
        plan.contains("engine_token: env SALES_TOKEN is sent"),
        "{plan}"
    );
    let done = desk.run("apply company.toml", &variables);
    assert!(done.status.success(), "{}", done.stderr());
    let engine = desk.agent("Sales").await["engine"].clone();
    assert_eq!(engine["auth"], "bearer", "{engine}");
    assert!(desk.says("plan company.toml").starts_with("No changes"));

    for (wrong, told) in [
        (
            text.replace("voice", "token"),
            "found an unknown key \"token\"",
        ),
        (
            text.replace("{ env = \"SALES_TOKEN\" }", "\"sk-1\""),
            "engine_token: found",
        ),
        (
            changed(sales, &format!("{sales}engine = \"builtin\"\n{token}")),
            "engine.token",
        ),
    ] {
        desk.house.write("company.toml", &wrong);
        let refused = desk.run("plan company.toml", &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(refused.stderr().contains(told), "{}", refused.stderr());
        assert!(!refused.stderr().contains("sk-1"), "{}", refused.stderr());
    }
}

#[tokio::test]
async fn what_is_not_in_the_file_stays_unless_it_is_pruned() {
    let desk = Desk::open().await;
    desk.becomes(COMPANY);
    let less = "[inbound_trunk]\n[[credential]]\nlabel = \"Office\"\n[[agent]]\nname = \"Front desk\"\n\
                destinations = []\nfailover = \"\"\noutbound_trunk = \"\"\n";
    desk.becomes(less);
    assert_eq!(desk.get("/api/phone").await.as_array().unwrap().len(), 2);
    let done = desk.run("plan company.toml --prune", &[]);
    let plan = done.stdout();
    for line in [
        "- number +14155550101",
        "- agent \"Sales\"",
        "- outbound trunk \"Acme\"",
        "- destination \"PBX\"",
        "- credential \"Carrier\"",
    ] {
        assert!(plan.contains(line), "no {line:?} in:\n{plan}");
    }
    desk.says("apply company.toml --prune");
    assert!(
        desk.says("plan company.toml --prune")
            .starts_with("No changes")
    );
    for path in [
        "phone/numbers",
        "phone/sip/outbound-trunks",
        "phone/sip/transfer-destinations",
    ] {
        assert_eq!(
            desk.get(&format!("/api/{path}")).await["items"],
            json!([]),
            "{path}"
        );
    }
    assert_eq!(desk.get("/api/phone").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_that_is_missing_stops_it_before_the_first_change() {
    let desk = Desk::open().await;
    desk.house.write("company.toml", COMPANY);
    let done = desk.run("apply company.toml", &[]);
    done.refused_naming(&["nothing was changed", "Acme", "ACME_PASSWORD", "PBX"]);
    assert_eq!(desk.get("/api/phone").await, json!([]));
    desk.becomes(COMPANY);
    // Sent again when it is asked for, and when the login is another one.
    let done = desk.run("plan company.toml --secrets", &[]);
    assert_eq!(done.status.code(), Some(2), "{}", done.stderr());
    assert!(
        done.stdout()
            .contains("password: env ACME_PASSWORD is sent"),
        "{}",
        done.stdout()
    );
    desk.house.write("secret", "fr0m a file\n");
    let text = changed("env = \"ACME_PASSWORD\"", "file = \"secret\"").replace(
        "host = \"203.0.113.7\"\nusername = \"patch\"",
        "host = \"203.0.113.7\"\nusername = \"other\"",
    );
    let plan = desk.plans(&text);
    assert!(
        plan.contains("username: patch -> other\n    password: file secret is sent"),
        "{plan}"
    );
    desk.becomes(&text);
    let audit = desk.get("/api/audit").await.to_string();
    assert!(
        !audit.contains("fr0m") && !audit.contains("s3cret"),
        "{audit}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_right_is_refused_line_by_line() {
    let desk = Desk::open().await;
    let text = "[inbound_trunk]\nregion = \"mars\"\n\n[[agent]]\nname = \"Sales\"\nsilence_seconds = 9999\n\
                failover = \"Nowhere\"\n[[number]]\nphone_number = \"+14155550100\"\nagent = \"Nobody\"\n\
                [[outbound_trunk]]\nname = \"Acme\"\nhost = \"acme sip\"\ncaller_number = \"+14155550100\"\n";
    desk.house.write("wrong.toml", text);
    for command in ["plan wrong.toml", "apply wrong.toml"] {
        let done = desk.run(command, &[]);
        done.refused_naming(&[
            "wrong.toml:2: inbound trunk: region: found mars",
            "wrong.toml:6: agent \"Sales\": silence_seconds: found 9999",
            "wrong.toml:7: agent \"Sales\": failover: found \"Nowhere\"",
            "wrong.toml:10: number +14155550100: agent: found \"Nobody\"",
            "wrong.toml:13: outbound trunk \"Acme\": host: found acme sip",
        ]);
    }
    desk.run("plan nowhere.toml", &[])
        .refused_naming(&["nowhere.toml", "can't be read"]);
    assert_eq!(desk.get("/api/phone").await, json!([]));
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_not_undone() {
    let desk = Desk::open().await;
    desk.becomes(COMPANY);
    // Somebody saves the agents in the moment in which the destination is made.
    let meanwhile = "create trigger meanwhile after insert on destinations
                     begin update agents set version = version + 1; end";
    desk.house
        .database()
        .await
        .execute(meanwhile)
        .await
        .unwrap();
    let text = changed(
        "first_message = \"Hello, \\\"you\\\".\"",
        "first_message = \"Hi.\"",
    );
    let text = format!("{text}\n[[destination]]\nname = \"New\"\ntype = \"hangup\"\n");
    desk.house.write("company.toml", &text);
    let done = desk.run("apply company.toml", &SECRETS);
    done.refused_naming(&["agent \"Front desk\"", "1 of 2 steps were done"]);
    assert!(
        done.stdout().contains("+ destination \"New\""),
        "{}",
        done.stdout()
    );
    assert_eq!(
        desk.agent("Front desk").await["first_message"],
        "Hello, \"you\"."
    );
    let left = desk
        .house
        .database()
        .await
        .execute("drop trigger meanwhile")
        .await;
    left.unwrap();
    desk.becomes(&text);
}

#[tokio::test]
async fn ten_thousand_numbers_are_added_in_a_few_requests() {
    let desk = Desk::open().await;
    let mut text = "[inbound_trunk]\n[[agent]]\nname = \"Sales\"\n".to_owned();
    for n in 0..10_000 {
        text.push_str(&format!(
            "[[number]]\nphone_number = \"+1415{:07}\"\nagent = \"Sales\"\n",
            2_000_000 + n
        ));
    }
    desk.becomes(&text);
    let audit = desk.get("/api/audit?limit=100").await;
    let entries = audit["items"].as_array().unwrap();
    let added = entries
        .iter()
        .filter(|entry| entry["action"] == "add_numbers");
    assert_eq!(added.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_which_calls_somebody_else_would_have_answered() {
    let desk = Desk::open().await;
    desk.becomes(COMPANY);
    let placed = desk.run("call Sales +14155550101 --json", &[]);
    let placed: Value = serde_json::from_str(&placed.stdout()).unwrap();
    let answered = "/api/phone/calls?direction=inbound&state=answered";
    let call = loop {
        let calls = desk.get(answered).await;
        if let Some(call) = calls["items"].get(0) {
            break call.clone();
        }
        let ended = desk
            .get(&format!(
                "/api/phone/calls/{}",
                placed["id"].as_str().unwrap()
            ))
            .await;
        assert_ne!(ended["state"], "ended", "{ended}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(call["agent_name"], "Sales");
    desk.says(&format!("calls hang-up {}", call["id"].as_str().unwrap()));
    let text = changed(
        "phone_number = \"+14155550101\"\nagent = \"Sales\"",
        "phone_number = \"+14155550101\"\nagent = \"Night\"",
    );
    let plan = desk.plans(&format!("{text}\n[[agent]]\nname = \"Night\"\n"));
    for line in [
        "Of the calls of the last 7 days, 1 of 1 would be answered otherwise:",
        "to +14155550101  Sales -> Night",
    ] {
        assert!(plan.contains(line), "no {line:?} in:\n{plan}");
    }
}
