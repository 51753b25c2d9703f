//! The document against the running server: what it says is so, and nothing is left out.

use app::error::Scope;
use serde_json::{Value, json};

use super::operations::{document, operations};
use super::schema::Schemas;
use crate::world::World;

#[tokio::test]
async fn the_committed_document_is_the_servers() {
    let committed = include_str!("../../../openapi.json");
    let made = server::api::document::json();
    assert!(
        committed == made,
        "write it anew: cargo run -p server -- openapi > server/openapi.json"
    );
}

/// An example names things that are not there; all else of it is as it should be.
#[tokio::test]
async fn every_body_has_an_example_that_is_understood() {
    let world = World::new().await;
    let boss = world.script(&Scope::ALL).await;
    for operation in operations(&document(&world).await) {
        let content = &operation.said["requestBody"]["content"]["application/json"];
        if content.is_null() {
            continue;
        }
        let (method, path) = (&operation.method, &operation.path);
        let example = &content["example"];
        assert!(example.is_object(), "{method} {path} has none");
        let answer = boss
            .send(method, &operation.filled(), Some(example.to_string()))
            .await;
        let status = answer.status.as_u16();
        let errors = answer.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let is_understood = match status {
            200..300 | 404 | 409 => true,
            // Where there is no network, no name has an address.
            422 => errors
                .iter()
                .all(|error| error["code"] == "no_such" || error["code"] == "unresolvable"),
            _ => false,
        };
        assert!(is_understood, "{method} {path}: {status} {}", answer.body);
    }
}

#[tokio::test]
async fn every_operation_asks_for_a_key_and_its_scope() {
    let world = World::new().await;
    let (stranger, scopeless) = (world.stranger(), world.script(&[]).await);
    let all = operations(&document(&world).await);
    assert!(all.len() >= 35, "{}", all.len());
    for operation in &all {
        let name = format!("{} {}", operation.method, operation.path);
        assert_eq!(operation.ask(&stranger).await.status, 401, "{name}");
        assert_eq!(operation.ask(&scopeless).await.status, 403, "{name}");
    }
}

#[tokio::test]
async fn the_scope_that_an_operation_names_is_the_one_it_needs() {
    let world = World::with(10_000).await;
    for scope in Scope::ALL {
        let script = world.script(&[scope]).await;
        for operation in operations(&document(&world).await) {
            // A key that may end keys must not end its own here.
            if operation.method == "DELETE" && scope == Scope::Full {
                continue;
            }
            let status = operation.ask(&script).await.status;
            assert_eq!(
                status != 403,
                operation.is_for(&[scope]),
                "{} {} with {}",
                operation.method,
                operation.path,
                scope.as_str()
            );
        }
    }
}

#[tokio::test]
async fn every_field_of_a_body_is_read_and_no_other() {
    let world = World::with(10_000).await;
    let api = world.api().await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    for operation in operations(&document) {
        let body = &operation.said["requestBody"]["content"]["application/json"]["schema"];
        if body.is_null() {
            continue;
        }
        let name = format!("{} {}", operation.method, operation.path);
        let fields = schemas.properties(body);
        assert!(!fields.is_empty(), "{name}");
        let all: serde_json::Map<_, _> = fields
            .iter()
            .map(|field| (field.clone(), json!([[]])))
            .collect();
        let answer = api
            .send(
                &operation.method,
                &operation.filled(),
                Some(Value::Object(all).to_string()),
            )
            .await;
        assert!(
            !answer.text.contains("unknown_field"),
            "{name}: {}",
            answer.text
        );
        let stray = api
            .send(
                &operation.method,
                &operation.filled(),
                Some("{\"stray\":1}".to_owned()),
            )
            .await;
        assert_eq!(stray.fields(), ["stray unknown_field"], "{name}");
    }
}

/// What a script, or whoever found its key, may put anywhere.
fn hostile() -> Vec<Value> {
    let long = "x".repeat(4_000);
    vec![
        json!("a\r\nVia: SIP/2.0/UDP evil"),
        json!("a\u{0}b"),
        json!("\u{202e}gnp.exe"),
        json!("\"'><script>alert(1)</script>"),
        json!("'; drop table agents; --"),
        json!("%00%0d%0a"),
        json!("\u{fffd}\u{10ffff}"),
        json!(long),
        json!([long, null, { "a": [] }]),
        json!({ "type": long }),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
    ]
}

#[tokio::test]
async fn nothing_hostile_in_any_field_is_a_fault_of_ours() {
    let world = World::with(100_000).await;
    let api = world.api().await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    api.post("/api/phone/sip/inbound-trunk", json!({}))
        .await
        .ok();
    for operation in operations(&document) {
        let body = &operation.said["requestBody"]["content"]["application/json"]["schema"];
        for field in schemas.properties(body) {
            for value in hostile() {
                let sent = json!({ &field: value }).to_string();
                let answer = api
                    .send(&operation.method, &operation.filled(), Some(sent))
                    .await;
                let name = format!(
                    "{} {} {field}: {value:.60}",
                    operation.method, operation.path
                );
                assert!(answer.status.as_u16() < 500, "{name}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn nothing_hostile_in_a_path_or_query_is_a_fault_of_ours() {
    let world = World::with(100_000).await;
    let api = world.api().await;
    let odd = [
        "%00",
        "%0d%0a",
        "%E2%80%AE",
        "..%2f..%2fetc",
        "%F4%8F%BF%BF",
        "%ff",
        "'--",
        "9999999999999999999999",
    ];
    let long = "9".repeat(4_000);
    for operation in operations(&document(&world).await) {
        for value in odd.iter().copied().chain([long.as_str()]) {
            let mut path = operation.path.clone();
            for name in ["{phone_number}", "{ip}", "{id}", "{agent}", "{event}"] {
                path = path.replace(name, value);
            }
            let body = operation.said["requestBody"]
                .is_object()
                .then(|| "{}".to_owned());
            let path = format!("{path}?limit={value}&cursor={value}&number={value}&since={value}");
            let answer = api.send(&operation.method, &path, body).await;
            assert!(
                answer.status.as_u16() < 500,
                "{} {path:.80}: {}",
                operation.method,
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn every_filter_is_read() {
    let world = World::with(10_000).await;
    let api = world.api().await;
    for operation in operations(&document(&world).await) {
        for name in operation.filters() {
            let path = format!("{}?{name}=%F0%9F%98%80", operation.filled());
            let answer = api.send(&operation.method, &path, None).await;
            assert!(
                !answer.text.contains("unknown_field"),
                "{path}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list, one line an operation")]
async fn answers_are_what_the_document_says() {
    let world = World::new().await;
    let api = world.api().await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    let number = "+14155550100";
    let trunk = "/api/phone/sip/inbound-trunk";
    let check = async |method: &str, pattern: &str, path: &str, body: Value| {
        let body = (!body.is_null()).then(|| body.to_string());
        let answer = api.send(method, path, body).await;
        schemas.check(&document, method, pattern, &answer);
        answer.body
    };
    check("GET", trunk, trunk, Value::Null).await;
    check(
        "POST",
        "/api/phone/numbers",
        "/api/phone/numbers",
        json!({ "phone_numbers": [number, "x"] }),
    )
    .await;
    check("POST", trunk, trunk, json!({})).await;
    check("POST", trunk, trunk, json!({})).await;
    check("GET", trunk, trunk, Value::Null).await;
    check(
        "PATCH",
        trunk,
        trunk,
        json!({ "region": "eu", "max_channels": 3, "country": "US" }),
    )
    .await;
    check("PATCH", trunk, trunk, json!({ "region": "mars" })).await;
    let sync = format!("{trunk}/sync");
    check("POST", &sync, &sync, json!({})).await;
    let credentials = format!("{trunk}/credentials");
    let made = check(
        "POST",
        &credentials,
        &credentials,
        json!({ "label": "Second" }),
    )
    .await;
    check("GET", &credentials, &credentials, Value::Null).await;
    let one = format!("{credentials}/{}", made["id"].as_str().unwrap());
    check("GET", &format!("{credentials}/{{id}}"), &one, Value::Null).await;
    let agent = check(
        "POST",
        "/api/phone",
        "/api/phone",
        json!({ "name": "Front desk" }),
    )
    .await;
    let agent = agent["id"].as_str().unwrap();
    check("GET", "/api/phone", "/api/phone", Value::Null).await;
    check(
        "GET",
        "/api/phone/{agent}",
        &format!("/api/phone/{agent}"),
        Value::Null,
    )
    .await;
    let pattern = "/api/phone/sip/agents/{agent}";
    let config = format!("/api/phone/sip/agents/{agent}");
    check(
        "PATCH",
        pattern,
        &config,
        json!({ "phone_numbers": [number] }),
    )
    .await;
    check("GET", pattern, &config, Value::Null).await;
    check(
        "GET",
        "/api/phone/numbers",
        "/api/phone/numbers",
        Value::Null,
    )
    .await;
    check(
        "GET",
        "/api/phone/numbers/{phone_number}",
        &format!("/api/phone/numbers/{number}"),
        Value::Null,
    )
    .await;
    let test = "/api/phone/sip/route-test";
    check("POST", test, test, json!({ "to": number })).await;
    check("POST", test, test, json!({ "to": "nobody" })).await;
    for path in [
        "/api/phone/sip/regions",
        "/api/phone/sip/sources",
        "/api/phone/calls",
        "/api/keys",
        "/api/audit",
    ] {
        check("GET", path, path, Value::Null).await;
    }
    check(
        "POST",
        "/api/keys",
        "/api/keys",
        json!({ "name": "ci", "scopes": ["full"] }),
    )
    .await;
    check("DELETE", trunk, trunk, Value::Null).await;
}

#[tokio::test]
async fn the_page_shows_every_operation_and_loads_nothing() {
    let world = World::new().await;
    let page = world.stranger().get("/api/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    for operation in operations(&document(&world).await) {
        let id = operation.said["operationId"].as_str().unwrap();
        assert!(
            page.text.contains(&format!("<section id=\"{id}\">")),
            "{id}"
        );
    }
    for foreign in ["<script", "http://", "https://", "url("] {
        assert!(!page.text.contains(foreign), "{foreign}");
    }
}

/// Whether it is refused or not looked at.
#[tokio::test]
async fn a_stray_filter_is_answered_as_the_document_says() {
    let world = World::with(10_000).await;
    let api = world.api().await;
    for operation in operations(&document(&world).await) {
        if operation.method == "GET" {
            let path = format!("{}?stray=1", operation.filled());
            operation.names(&api.get(&path).await);
        }
    }
}

#[tokio::test]
async fn a_path_that_is_no_text_is_unreadable_and_the_document_says_so() {
    let world = World::with(10_000).await;
    let api = world.api().await;
    for operation in operations(&document(&world).await) {
        if let Some(path) = operation.with("%ff") {
            let answer = api.send(&operation.method, &path, None).await;
            assert_eq!(answer.refused(400), "unreadable");
            operation.names(&answer);
        }
    }
}

#[test]
fn the_document_says_what_is_unlike_other_operations() {
    let made: Value = serde_json::from_str(&server::api::document::json()).unwrap();
    let said = |method: &str, path: &str| made["paths"][path][method].clone();
    let recording = said("get", "/api/phone/calls/{id}/recording");
    for status in ["200", "206", "409", "416"] {
        assert!(recording["responses"][status].is_object(), "{status}");
    }
    let change = said("put", "/api/phone/sip/transfer-destinations/{id}");
    assert!(change["responses"]["409"].is_object());
    let headers = change["parameters"].as_array().unwrap();
    assert!(headers.iter().any(|header| header["name"] == "If-Match"));
}

/// The console says under each page how to do the same by script.
#[tokio::test]
async fn what_the_console_says_to_do_by_script_is_in_the_document() {
    let world = World::new().await;
    let operations = operations(&document(&world).await);
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../app/src/pages");
    let mut said = Vec::new();
    for file in crate::house::sources_of(pages.as_ref()) {
        let text = std::fs::read_to_string(file).unwrap();
        for call in text.split("<ByScript method=\"").skip(1) {
            let quoted: Vec<&str> = call.splitn(4, '"').collect();
            said.push((quoted[0].to_owned(), quoted[2].to_owned()));
        }
    }
    assert!(said.len() > 10, "{said:?}");
    let shape = |path: &str| {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    for (method, path) in said.iter().filter(|(_, path)| path.starts_with("/api/")) {
        assert!(
            operations
                .iter()
                .any(|known| known.method == *method && shape(&known.path) == shape(path)),
            "no {method} {path}"
        );
    }
}
