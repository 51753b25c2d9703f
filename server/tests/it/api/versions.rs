//! `If-Match` and the body's `version`: either will do, both must be the same, and what is neither is refused by
//! its name. It holds for versions that count and for the one that is a digest alike.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::operations::{document, operations};
use crate::world::{Answer, Script, World, on_both};

on_both! {
    a_change_is_made_on_the_version_that_both_say
    two_versions_that_differ_are_refused_and_nothing_is_changed
    what_is_no_version_is_refused_by_its_name
    a_stale_version_is_told_however_it_is_said
}

/// Something that has a version, and a change of it.
struct Thing {
    method: &'static str,
    pattern: &'static str,
    path: String,
    /// So many changes it takes, each another one.
    change: fn(u32) -> Value,
}

const NUMBERS: &str = "/api/phone/numbers";
const TRUNK: &str = "/api/phone/sip/inbound-trunk";
const CREDENTIALS: &str = "/api/phone/sip/inbound-trunk/credentials";
const CARRIERS: &str = "/api/phone/sip/outbound-trunks";
const DESTINATIONS: &str = "/api/phone/sip/transfer-destinations";

/// One of everything that says it takes `If-Match`.
async fn things(world: &World) -> Vec<Thing> {
    let api = world.api().await;
    let made = async |path: &str, body: Value| {
        let made = api.post(path, body).await.ok();
        format!("{path}/{}", made["id"].as_str().unwrap())
    };
    let numbers = json!({ "phone_numbers": ["+14155550100", "+14155550101"] });
    api.post(TRUNK, numbers).await.ok();
    let credential = made(CREDENTIALS, json!({ "label": "0" })).await;
    let carrier = json!({
        "name": "0", "host": "203.0.113.7", "digest": false, "caller_number": "+14155550100",
    });
    let destination = json!({ "name": "0", "type": "phone", "value": "+14155550177" });
    let agent = made("/api/phone", json!({ "name": "0" })).await;
    let config = agent.replace("/api/phone/", "/api/phone/sip/agents/");
    let named = |n: u32| json!({ "name": n.to_string() });
    let labelled = |n: u32| json!({ "label": n.to_string() });
    let all = vec![
        Thing::patched(TRUNK, TRUNK.to_owned(), |n| json!({ "max_channels": n })),
        Thing::patched(
            "/api/phone/sip/inbound-trunk/credentials/{id}",
            credential,
            labelled,
        ),
        Thing::patched(
            "/api/phone/sip/outbound-trunks/{id}",
            made(CARRIERS, carrier).await,
            named,
        ),
        Thing::patched(
            "/api/phone/numbers/{phone_number}",
            format!("{NUMBERS}/+14155550100"),
            labelled,
        ),
        Thing {
            method: "PUT",
            ..Thing::patched(
                "/api/phone/sip/transfer-destinations/{id}",
                made(DESTINATIONS, destination).await,
                named,
            )
        },
        Thing::patched("/api/phone/{agent}", agent, named),
        // Its version is a digest of what it holds.
        Thing::patched(
            "/api/phone/sip/agents/{agent}",
            config,
            |n| json!({ "phone_numbers": [format!("+1415555010{}", n % 2)] }),
        ),
        Thing::patched(
            "/api/webhooks/{id}",
            made("/api/webhooks", json!({ "url": "https://8.8.8.8/hook" })).await,
            |n| json!({ "description": n.to_string() }),
        ),
    ];
    let document = document(world).await;
    let takes_it = operations(&document).into_iter().filter(|operation| {
        let parameters = operation.said["parameters"].as_array();
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == "If-Match")
    });
    let said: BTreeSet<_> = takes_it.map(|operation| operation.path).collect();
    let here = all.iter().map(|thing| thing.pattern.to_owned()).collect();
    assert_eq!(said, here, "something that takes If-Match is not looked at");
    all
}

impl Thing {
    fn patched(pattern: &'static str, path: String, change: fn(u32) -> Value) -> Self {
        Self {
            method: "PATCH",
            pattern,
            path,
            change,
        }
    }

    async fn version(&self, api: &Script<'_>) -> i64 {
        let now = api.get(&self.path).await;
        let tag = now.header("etag").to_owned();
        let version = now.ok()["version"].as_i64().unwrap();
        assert_eq!(tag, format!("\"{version}\""), "{}", self.path);
        version
    }

    /// The n-th change, on this version by header, by body, or both.
    async fn changed(
        &self,
        api: &Script<'_>,
        n: u32,
        tag: Option<&str>,
        said: Option<Value>,
    ) -> Answer {
        let mut body = (self.change)(n);
        if let Some(said) = said {
            body["version"] = said;
        }
        let body = Some(body.to_string());
        match tag {
            Some(tag) => {
                api.with("if-match", tag)
                    .send(self.method, &self.path, body)
                    .await
            }
            None => api.send(self.method, &self.path, body).await,
        }
    }
}

async fn a_change_is_made_on_the_version_that_both_say(world: &World) {
    let api = world.api().await;
    for thing in things(world).await {
        for n in 1..5 {
            let now = thing.version(&api).await;
            let (tag, said) = match n {
                1 => (Some(format!("\"{now}\"")), Some(json!(now))),
                2 => (Some(format!("W/\"{now}\"")), Some(json!(now.to_string()))),
                3 => (Some("*".to_owned()), Some(json!(now))),
                _ => (Some(format!("\"{now}\"")), Some(Value::Null)),
            };
            let answer = thing.changed(&api, n, tag.as_deref(), said).await;
            let tag = answer.header("etag").to_owned();
            let version = answer.ok()["version"].clone();
            assert_ne!(version, json!(now), "{} {n}", thing.path);
            assert_eq!(tag, format!("\"{version}\""));
        }
    }
}

async fn two_versions_that_differ_are_refused_and_nothing_is_changed(world: &World) {
    let api = world.api().await;
    for thing in things(world).await {
        thing.changed(&api, 1, None, None).await.ok();
        let before = api.get(&thing.path).await.ok();
        let now = thing.version(&api).await;
        for (tag, said) in [
            (now, now - 1),
            (now, now + 1),
            (now - 1, now),
            (now + 1, now),
            (now + 1, now - 1),
        ] {
            let tag = format!("\"{tag}\"");
            let refused = thing.changed(&api, 2, Some(&tag), Some(json!(said))).await;
            assert_eq!(
                refused.fields(),
                ["version other_version"],
                "{} {tag} {said}",
                thing.path
            );
            assert!(refused.text.contains("If-Match"), "{}", refused.text);
        }
        assert_eq!(api.get(&thing.path).await.ok(), before);
    }
}

async fn what_is_no_version_is_refused_by_its_name(world: &World) {
    let api = world.api().await;
    for thing in things(world).await {
        let now = thing.version(&api).await;
        let tag = format!("\"{now}\"");
        for odd in [
            "",
            "\"\"",
            "\"x\"",
            "\"-1\"",
            "\"0\"",
            "\"1\", \"2\"",
            "\"99999999999999999999\"",
        ] {
            for said in [None, Some(json!(now))] {
                let refused = thing.changed(&api, 1, Some(odd), said).await;
                let fields = refused.fields();
                assert!(
                    fields.len() == 1 && fields[0].starts_with("If-Match "),
                    "{} {odd}: {fields:?}",
                    thing.path
                );
            }
        }
        for odd in [
            json!("x"),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(true),
            json!([1]),
            json!({}),
        ] {
            for tag in [None, Some(tag.as_str())] {
                let refused = thing.changed(&api, 1, tag, Some(odd.clone())).await;
                let fields = refused.fields();
                assert!(
                    fields.len() == 1 && fields[0].starts_with("version "),
                    "{} {odd}: {fields:?}",
                    thing.path
                );
            }
        }
        assert_eq!(thing.version(&api).await, now);
    }
}

async fn a_stale_version_is_told_however_it_is_said(world: &World) {
    let api = world.api().await;
    for thing in things(world).await {
        let stale = thing.version(&api).await;
        thing.changed(&api, 1, None, None).await.ok();
        let before = api.get(&thing.path).await.ok();
        let tag = format!("\"{stale}\"");
        for (tag, said) in [
            (Some(tag.as_str()), None),
            (None, Some(json!(stale))),
            (Some(tag.as_str()), Some(json!(stale))),
            (Some("*"), Some(json!(stale))),
        ] {
            let refused = thing.changed(&api, 2, tag, said).await;
            assert_eq!(refused.refused(409), "changed", "{}", thing.path);
            let conflict = &refused.body["conflict"];
            assert_eq!(conflict["version"], before["version"]);
            assert_eq!(
                conflict["fields"].as_array().unwrap().len(),
                1,
                "{conflict}"
            );
        }
        assert_eq!(api.get(&thing.path).await.ok(), before);
    }
}
