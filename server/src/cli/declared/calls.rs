//! Who else would have answered the calls of late: the plan's routing, told to the server, which decides
//! them once more with the code that decides live ones.

use std::collections::{BTreeMap, HashSet};

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::plan::{Action, Plan, Step};
use super::standing::Standing;
use crate::cli::client::{Client, ClientError};

/// What the server says of them.
pub(super) enum Calls {
    Replayed {
        days: u32,
        answer: Value,
    },
    /// The key may not, or the server does not know how; the plan stands without.
    Unasked(String),
}

/// `None` if nothing about the plan concerns who answers.
pub(super) async fn replayed(
    client: &Client,
    standing: &Standing,
    plan: &Plan,
    days: u32,
) -> Result<Option<Calls>, String> {
    let Some(mut supposed) = supposed(standing, plan) else {
        return Ok(None);
    };
    supposed["days"] = days.into();
    let path = ["phone", "sip", "route-replay"];
    match client.ask(Method::POST, &path, &[], Some(supposed)).await {
        Ok(answer) => Ok(Some(Calls::Replayed { days, answer })),
        Err(error @ ClientError::Refused(_)) => Ok(Some(Calls::Unasked(error.to_string()))),
        Err(error) => Err(error.into()),
    }
}

fn supposed(standing: &Standing, plan: &Plan) -> Option<Value> {
    let (mut credentials, mut agents) = (Vec::new(), Vec::<Value>::new());
    let mut numbers: BTreeMap<String, (Map<String, Value>, Vec<Value>)> = BTreeMap::new();
    let mut trunk = Value::Null;
    let words = Words::of(standing, plan);
    for step in plan.steps() {
        let gone = step.action == Action::Remove;
        match step.kind {
            Kind::InboundTrunk if step.action == Action::Change => {
                trunk = changes(step, |_| true).into();
            }
            Kind::Credential if step.action == Action::Add => {}
            Kind::Credential => {
                let id = standing.find(step.kind, &step.name).map(|thing| &*thing.id);
                let change = changes(step, |_| true);
                credentials.push(json!({ "id": id, "change": change, "gone": gone }));
            }
            Kind::Agent => {
                let concerns = |field: &str| matches!(field, "enabled" | "is_default");
                let mut agent = changes(step, concerns);
                if gone || step.action == Action::Add || !agent.is_empty() {
                    agent.insert("agent".to_owned(), words.agent(&step.name));
                    agent.insert("name".to_owned(), step.name.as_str().into());
                    agent.insert("gone".to_owned(), gone.into());
                    agents.push(agent.into());
                }
            }
            Kind::Number => {
                let mut change = changes(step, |field| matches!(field, "agent" | "on_trunk"));
                if let Some(name) = change.get("agent").and_then(Value::as_str) {
                    let word = words.agent(name);
                    change.insert("agent".to_owned(), word);
                }
                if step.action == Action::Add && !change.contains_key("on_trunk") {
                    change.insert("on_trunk".to_owned(), true.into());
                }
                if gone {
                    change.insert("gone".to_owned(), true.into());
                }
                if !change.is_empty() {
                    let alike = numbers.entry(Value::from(change.clone()).to_string());
                    let alike = alike.or_insert_with(|| (change, Vec::new()));
                    alike.1.push(step.name.as_str().into());
                }
            }
            Kind::InboundTrunk | Kind::Destination | Kind::OutboundTrunk => {}
        }
    }
    let numbers: Vec<Value> = numbers
        .into_values()
        .map(|(mut alike, which)| {
            alike.insert("phone_numbers".to_owned(), which.into());
            alike.into()
        })
        .collect();
    let nothing = trunk.is_null() && credentials.is_empty() && agents.is_empty();
    if nothing && numbers.is_empty() {
        return None;
    }
    let mut supposed = json!({ "credentials": credentials, "agents": agents, "numbers": numbers });
    if !trunk.is_null() {
        supposed["trunk"] = trunk;
    }
    Some(supposed)
}

fn changes(step: &Step, concerns: impl Fn(&str) -> bool) -> Map<String, Value> {
    let changes = step.changes.iter();
    changes
        .filter(|change| concerns(&change.field))
        .map(|change| (change.field.clone(), change.after.clone()))
        .collect()
}

/// By which word the server is told of an agent.
struct Words<'a> {
    standing: &'a Standing,
    new: HashSet<&'a str>,
}

impl<'a> Words<'a> {
    fn of(standing: &'a Standing, plan: &'a Plan) -> Self {
        let steps = plan.steps().iter();
        let new = steps.filter(|step| step.kind == Kind::Agent && step.action == Action::Add);
        Self {
            standing,
            new: new.map(|step| step.name.as_str()).collect(),
        }
    }

    /// Its id; a new one's name, marked so that it can't be taken for an id.
    fn agent(&self, name: &str) -> Value {
        if name.trim().is_empty() {
            return Value::Null;
        }
        match self.standing.find(Kind::Agent, name) {
            Some(thing) if !self.new.contains(name) => thing.id.as_str().into(),
            _ => format!("new {name}").into(),
        }
    }
}
