//! The server as it is, in the words of a file: names instead of ids, no passwords.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::file::titled;
use super::kind::{Kind, engine_fields};
use crate::cli::client::{Client, ClientError};

#[derive(Default)]
pub(super) struct Standing {
    things: Vec<Thing>,
    /// Where each stands: there may be ten thousand.
    places: HashMap<(Kind, String), usize>,
}

/// One thing that is there.
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What the API's paths name it by.
    pub(super) id: String,
    pub(super) version: i64,
    /// The fields a file may have, as they are; of a password, whether there is one.
    pub(super) fields: Map<String, Value>,
}

impl Standing {
    pub(super) async fn of(client: &Client) -> Result<Self, String> {
        let mut standing = Self::default();
        let mut credentials = Vec::new();
        if let Some(trunk) = inbound_trunk(client).await? {
            standing.take(Kind::InboundTrunk, vec![trunk])?;
            credentials = client.all(Kind::Credential.path(), &[]).await?;
        }
        standing.take(Kind::Credential, credentials)?;
        for kind in [Kind::Destination, Kind::OutboundTrunk] {
            standing.take(kind, client.all(kind.path(), &[]).await?)?;
        }
        let mut agents = Vec::new();
        for agent in crate::cli::remote::agents(client).await? {
            agents.push(standing.agent(client, agent).await?);
        }
        standing.take(Kind::Agent, agents)?;
        let mut numbers = client.all(Kind::Number.path(), &[]).await?;
        for number in &mut numbers {
            number["agent"] = number["agent_name"].take();
            number["id"] = number["phone_number"].clone();
        }
        standing.take(Kind::Number, numbers)?;
        Ok(standing)
    }

    /// Those of a kind.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &Thing> {
        self.things.iter().filter(move |thing| thing.kind == kind)
    }

    pub(super) fn find(&self, kind: Kind, name: &str) -> Option<&Thing> {
        let place = self.places.get(&(kind, name.to_owned()))?;
        self.things.get(*place)
    }

    fn name_of(&self, kind: Kind, id: &Value) -> Value {
        let thing = self.all(kind).find(|thing| Some(&*thing.id) == id.as_str());
        thing.map_or(Value::Null, |thing| thing.name.as_str().into())
    }

    /// With what it has of trunks and destinations, which the API keeps in two more places.
    async fn agent(&self, client: &Client, mut agent: Value) -> Result<Value, String> {
        let id = agent["id"].as_str().unwrap_or_default().to_owned();
        let failover = &agent["failover_transfer_destination_id"];
        agent["failover"] = self.name_of(Kind::Destination, failover);
        let config = client.get(&["phone", "sip", "agents", &id]).await?;
        agent["outbound_trunk"] = self.name_of(Kind::OutboundTrunk, &config["outbound_trunk_id"]);
        let path = ["phone", "sip", "agents", &id, "transfer-destinations"];
        let mut assigned: Vec<Value> = client
            .all(&path, &[])
            .await?
            .iter()
            .map(|one| json!({ "name": one["name"], "digit": one["digit"] }))
            .collect();
        assigned.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        agent["destinations"] = assigned.into();
        // The API has a list of one language.
        agent["language"] = agent["language"][0].take();
        Ok(agent)
    }

    /// Each under its name, which must be one thing's.
    fn take(&mut self, kind: Kind, found: Vec<Value>) -> Result<(), String> {
        let plain = kind.plain_fields().into_iter();
        let fields: Vec<&str> = plain.chain(kind.other_fields().iter().copied()).collect();
        for mut thing in found {
            if let Some(secret) = kind.secret() {
                thing[secret] = kind.has_secret(&thing).into();
            }
            if let Some(engine) = thing["engine"].as_object_mut() {
                engine.retain(|field, _| engine_fields().any(|known| known == field));
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name = kind.key().map(|key| text(&thing[key])).unwrap_or_default();
            let place = (kind, name.clone());
            if self.places.insert(place, self.things.len()).is_some() {
                let title = titled(kind, &name);
                return Err(format!(
                    "the server has several of {title}; rename all but one: a file knows things by their names"
                ));
            }
            self.things.push(Thing {
                kind,
                name,
                id: text(&thing["id"]),
                version: thing["version"].as_i64().unwrap_or_default(),
                fields: fields
                    .iter()
                    .map(|field| ((*field).to_owned(), thing[*field].take()))
                    .collect(),
            });
        }
        Ok(())
    }
}

async fn inbound_trunk(client: &Client) -> Result<Option<Value>, String> {
    match client.get(Kind::InboundTrunk.path()).await {
        Ok(trunk) => Ok(Some(trunk)),
        Err(ClientError::Refused(problem)) if problem["statusCode"] == 404 => Ok(None),
        Err(error) => Err(error.into()),
    }
}
