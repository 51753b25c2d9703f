//! Carries a plan out, step by step. Each change says which version it is based on, so that nobody's work
//! of the meantime is undone; where one is refused, what was done before it stays and is told.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::file::titled;
use super::kind::{Kind, is_blank};
use super::numbers;
use super::plan::{Action, Plan, Step};
use super::secret::Secrets;
use super::show;
use super::standing::Standing;
use crate::cli::client::{Client, ClientError};
use crate::cli::tell;

pub(super) async fn apply(
    client: &Client,
    standing: &Standing,
    plan: &Plan,
    secrets: &Secrets,
) -> Result<(), String> {
    let mut applying = Applying {
        client,
        standing,
        secrets,
        new: HashMap::new(),
        first_credential: None,
    };
    let (all, mut done) = (plan.steps().len(), 0);
    let is_new_number = |step: &&Step| step.kind == Kind::Number && step.action == Action::Add;
    let new_numbers: Vec<&Step> = plan.steps().iter().filter(is_new_number).collect();
    let (first, last): (Vec<&Step>, Vec<&Step>) = plan
        .steps()
        .iter()
        .filter(|step| !is_new_number(step))
        .partition(|step| step.action != Action::Remove);
    let stopped = |what: &str, error: &str, done: usize| {
        format!("{what}: {error}\n{done} of {all} steps were done; patchbay plan shows the rest")
    };
    for step in first {
        let carried = applying.step(step).await;
        carried.map_err(|error| stopped(&titled(step.kind, &step.name), &error, done))?;
        done += 1;
        tell(show::line(step));
    }
    let agent = |name: &str| applying.id(Kind::Agent, name);
    let added = numbers::add(client, &new_numbers, agent).await;
    added.map_err(|error| stopped("new numbers", &error, done))?;
    for step in new_numbers {
        done += 1;
        tell(show::line(step));
    }
    for step in last {
        let carried = applying.remove(step).await;
        carried.map_err(|error| stopped(&titled(step.kind, &step.name), &error, done))?;
        done += 1;
        tell(show::line(step));
    }
    Ok(())
}

struct Applying<'a> {
    client: &'a Client,
    standing: &'a Standing,
    secrets: &'a Secrets,
    /// What this made, by name.
    new: HashMap<(Kind, String), String>,
    /// The digest credential that a new inbound trunk comes with.
    first_credential: Option<String>,
}

impl Applying<'_> {
    fn id(&self, kind: Kind, name: &str) -> Option<String> {
        let new = self.new.get(&(kind, name.to_owned())).cloned();
        new.or_else(|| Some(self.standing.find(kind, name)?.id.clone()))
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let mut body = self.body(step);
        let standing = self.standing.find(step.kind, &step.name);
        let id = match (step.action, step.kind, standing) {
            (_, Kind::Number, Some(number)) => {
                return self.number(step, number.version, body).await;
            }
            (_, _, Some(thing)) => {
                let version = thing.version;
                self.change(step.kind, &thing.id, version, body).await?;
                thing.id.clone()
            }
            (_, Kind::InboundTrunk, None) => {
                // All verified numbers, if it is not told otherwise; the file says which.
                body.insert("phone_numbers".to_owned(), json!([]));
                self.post(step.kind.path(), body).await?;
                let made = self.client.all(Kind::Credential.path(), &[]).await?;
                self.first_credential = made.first().map(id_of);
                String::new()
            }
            (_, Kind::Credential, None) => self.credential(body).await?,
            (_, kind, None) => id_of(&self.post(kind.path(), body).await?),
        };
        self.new.insert((step.kind, step.name.clone()), id.clone());
        if step.kind == Kind::Agent {
            self.of_agent(step, &id).await?;
        }
        Ok(())
    }

    /// What the API's draft of it takes, with ids for names and the password itself.
    fn body(&self, step: &Step) -> Map<String, Value> {
        let others = step.kind.other_fields();
        let plain = step.changes.iter();
        let mut body: Map<String, Value> = plain
            .filter(|change| !others.contains(&change.field.as_str()))
            .map(|change| (change.field.clone(), change.after.clone()))
            .collect();
        if let Some(name) = step.after("failover") {
            let id = name
                .as_str()
                .and_then(|name| self.id(Kind::Destination, name));
            body.insert("failover_transfer_destination_id".to_owned(), id.into());
        }
        if let Some(secret) = self.secrets.get(&(step.kind, step.name.clone())) {
            let standing = self.standing.find(step.kind, &step.name);
            if let (Kind::Agent, Some(agent)) = (step.kind, standing) {
                // The secret alone is new: of which engine it is says how it is sent.
                let kind = agent.fields.get("engine").map(|engine| &engine["type"]);
                body.entry("engine")
                    .or_insert_with(|| json!({ "type": kind }));
            }
            body = step.kind.with_secret(body, secret);
        }
        if step.kind == Kind::Number {
            body.remove("phone_number");
        }
        body
    }

    async fn post(&self, path: &[&str], body: Map<String, Value>) -> Result<Value, ClientError> {
        self.client
            .ask(Method::POST, path, &[], Some(body.into()))
            .await
    }

    /// With nothing to send it is only looked whether it is still the same.
    async fn change(
        &self,
        kind: Kind,
        id: &str,
        version: i64,
        mut body: Map<String, Value>,
    ) -> Result<(), ClientError> {
        let path = place(kind, id);
        if body.is_empty() {
            return self.is_unchanged(&path, version).await;
        }
        body.insert("version".to_owned(), version.into());
        let method = match kind {
            Kind::Destination => Method::PUT,
            _ => Method::PATCH,
        };
        self.client
            .ask(method, &path, &[], Some(body.into()))
            .await?;
        Ok(())
    }

    async fn is_unchanged(&self, path: &[&str], version: i64) -> Result<(), ClientError> {
        let now = self.client.get(path).await?;
        if now["version"] == version {
            return Ok(());
        }
        Err(ClientError::Refused(json!({
            "message": "It was changed meanwhile by somebody else.",
        })))
    }

    /// The first digest credential of the file is the one that a new trunk comes with.
    async fn credential(&mut self, body: Map<String, Value>) -> Result<String, ClientError> {
        let is_digest = body.get("kind").is_none_or(|kind| *kind == "digest");
        match self.first_credential.take_if(|_| is_digest) {
            Some(id) => {
                let path = place(Kind::Credential, &id);
                self.client
                    .ask(Method::PATCH, &path, &[], Some(body.into()))
                    .await?;
                Ok(id)
            }
            None => Ok(id_of(&self.post(Kind::Credential.path(), body).await?)),
        }
    }

    /// Its trunk and its destinations, which the API keeps apart.
    async fn of_agent(&self, step: &Step, id: &str) -> Result<(), ClientError> {
        let config = ["phone", "sip", "agents", id];
        if let Some(name) = step.after("outbound_trunk") {
            let trunk = name
                .as_str()
                .and_then(|name| self.id(Kind::OutboundTrunk, name));
            let body = json!({ "outbound_trunk_id": trunk });
            self.client
                .ask(Method::PATCH, &config, &[], Some(body))
                .await?;
        }
        if let Some(wanted) = step.after("destinations") {
            let mut changes = step.changes.iter();
            let before = changes.find(|change| change.field == "destinations");
            let before = before.map_or(&Value::Null, |change| &change.before);
            self.destinations(&config, before, wanted).await?;
        }
        Ok(())
    }

    /// Keys are freed before they are given: two destinations may change places.
    async fn destinations(
        &self,
        config: &[&str],
        before: &Value,
        wanted: &Value,
    ) -> Result<(), ClientError> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (before, wanted) = (list(before), list(wanted));
        let path = [config, &["transfer-destinations"]].concat();
        let assign = |one: &Value, digit: &Value| {
            let name = one["name"].as_str().unwrap_or_default();
            let body =
                json!({ "destination_id": self.id(Kind::Destination, name), "digit": digit });
            self.client.ask(Method::POST, &path, &[], Some(body))
        };
        for held in &before {
            let name = held["name"].as_str().unwrap_or_default();
            let kept = wanted.iter().find(|one| one["name"] == held["name"]);
            match (kept, self.id(Kind::Destination, name)) {
                (None, Some(id)) => {
                    let one = [&path[..], &[&id]].concat();
                    self.client.ask(Method::DELETE, &one, &[], None).await?;
                }
                (Some(kept), _) if kept["digit"] != held["digit"] && !held["digit"].is_null() => {
                    assign(held, &Value::Null).await?;
                }
                _ => {}
            }
        }
        for one in wanted.iter().filter(|one| !before.contains(one)) {
            assign(one, &one["digit"]).await?;
        }
        Ok(())
    }

    /// From one agent to another in one step, so that no call in between finds nobody.
    async fn number(
        &self,
        step: &Step,
        version: i64,
        mut body: Map<String, Value>,
    ) -> Result<(), String> {
        let mut changes = step.changes.iter();
        let agent = changes.find(|change| change.field == "agent");
        let moves = agent.filter(|agent| !is_blank(&agent.before) && !is_blank(&agent.after));
        let named = agent.and_then(|agent| agent.after.as_str());
        let id = named.and_then(|name| self.id(Kind::Agent, name));
        if agent.is_some() && moves.is_none() {
            body.insert("agent".to_owned(), id.clone().into());
        }
        self.change(Kind::Number, &step.name, version, body).await?;
        if let (Some(_), Some(id)) = (moves, id) {
            let path = ["phone", "sip", "agents", &id, "phone-numbers", &step.name];
            let moving = [("move", "true".to_owned())];
            self.client.ask(Method::PUT, &path, &moving, None).await?;
        }
        Ok(())
    }

    async fn remove(&self, step: &Step) -> Result<(), String> {
        let Some(thing) = self.standing.find(step.kind, &step.name) else {
            return Ok(());
        };
        let path = place(step.kind, &thing.id);
        self.is_unchanged(&path, thing.version).await?;
        self.client.ask(Method::DELETE, &path, &[], None).await?;
        Ok(())
    }
}

fn place(kind: Kind, id: &str) -> Vec<&str> {
    let own = (kind != Kind::InboundTrunk).then_some(id);
    kind.path().iter().copied().chain(own).collect()
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_default().to_owned()
}
