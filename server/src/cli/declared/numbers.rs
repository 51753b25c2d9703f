//! New numbers, many in one request: a company may have ten thousand.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::kind::is_blank;
use super::plan::Step;
use crate::cli::client::Client;

/// So many fit into a request's body with room to spare.
const AT_ONCE: usize = 5_000;

pub(super) async fn add(
    client: &Client,
    steps: &[&Step],
    agent: impl Fn(&str) -> Option<String>,
) -> Result<(), String> {
    let mut alike: BTreeMap<(Option<String>, bool), Vec<&str>> = BTreeMap::new();
    for step in steps {
        let named = step.after("agent").and_then(Value::as_str);
        let on_trunk = step.after("on_trunk") != Some(&Value::Bool(false));
        let key = (named.and_then(&agent), on_trunk);
        alike.entry(key).or_default().push(&step.name);
    }
    for ((agent, on_trunk), numbers) in &alike {
        for some in numbers.chunks(AT_ONCE) {
            let body = json!({ "phone_numbers": some, "agent": agent, "on_trunk": on_trunk });
            let path = ["phone", "numbers"];
            client.ask(Method::POST, &path, &[], Some(body)).await?;
        }
    }
    for step in steps {
        let Some(label) = step.after("label").filter(|label| !is_blank(label)) else {
            continue;
        };
        let path = ["phone", "numbers", &step.name];
        let body = json!({ "label": label });
        client.ask(Method::PATCH, &path, &[], Some(body)).await?;
    }
    Ok(())
}
