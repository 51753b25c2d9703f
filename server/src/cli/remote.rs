//! Commands that a running server carries out, asked over its API.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::table::{self, Column};
use super::tell;

/// Where and how; the same for all of them.
#[derive(Debug, Args)]
pub(super) struct Shown {
    /// The API's own JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Numbers {
    /// The inventory.
    List {
        /// Part of a number or label.
        #[arg(long)]
        query: Option<String>,
        /// Only those nobody answers.
        #[arg(long)]
        unassigned: bool,
    },
    /// Add numbers to the inventory and to the inbound trunk.
    Add {
        #[arg(required = true)]
        numbers: Vec<String>,
        /// The agent that is to answer them, by id or name.
        #[arg(long)]
        agent: Option<String>,
        /// To the inventory alone.
        #[arg(long)]
        off_trunk: bool,
    },
    /// Take a number out of the inventory.
    Remove { number: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum Trunks {
    /// The inbound trunk with its credentials.
    List,
    /// Put all verified numbers on the inbound trunk, and no others.
    Sync,
}

#[derive(Debug, Subcommand)]
pub(super) enum Agents {
    /// All agents.
    List,
    /// One agent, by id or name.
    Show { agent: String },
    /// Give an agent a number.
    Assign {
        agent: String,
        number: String,
        /// Take it from the agent that holds it.
        #[arg(long = "move")]
        moving: bool,
    },
    /// Take a number from an agent.
    Release { agent: String, number: String },
}

#[derive(Debug, Subcommand)]
pub(super) enum Calls {
    /// Calls, newest first.
    List {
        /// inbound or outbound.
        #[arg(long)]
        direction: Option<String>,
        /// queued, dialling, ringing, answered or ended.
        #[arg(long)]
        state: Option<String>,
        /// Part of the caller's or the dialled number.
        #[arg(long)]
        number: Option<String>,
        /// How many, up to 100.
        #[arg(long, default_value_t = 25)]
        limit: u32,
    },
    /// One call, with its receipt and transcript.
    Show { call: String },
    /// Calls as they happen; with an id, what happens in that one until it ends.
    Tail { call: Option<String> },
    /// End a call.
    HangUp { call: String },
}

const NUMBERS: [Column; 5] = [
    ("NUMBER", "phone_number"),
    ("AGENT", "agent_name"),
    ("ON TRUNK", "on_trunk"),
    ("LABEL", "label"),
    ("LAST CALL", "last_call_at"),
];
const ADDED: [Column; 3] = [
    ("SENT", "sent"),
    ("NUMBER", "phone_number"),
    ("OUTCOME", "outcome"),
];
const TRUNK: [Column; 4] = [
    ("ID", "id"),
    ("ENDPOINT", "sip_endpoint"),
    ("REGION", "region"),
    ("CHANNELS", "max_channels"),
];
const CREDENTIALS: [Column; 5] = [
    ("ID", "id"),
    ("LABEL", "label"),
    ("KIND", "kind"),
    ("USERNAME", "auth_username"),
    ("ENABLED", "enabled"),
];
const AGENTS: [Column; 5] = [
    ("ID", "id"),
    ("NAME", "name"),
    ("NUMBER", "phone_number"),
    ("ENABLED", "enabled"),
    ("DEFAULT", "is_default"),
];
const CALLS: [Column; 7] = [
    ("STARTED", "started_at"),
    ("FROM", "from"),
    ("TO", "to"),
    ("AGENT", "agent_name"),
    ("STATE", "state"),
    ("REASON", "reason"),
    ("ID", "id"),
];

impl Shown {
    fn list(&self, columns: &[Column], items: Vec<Value>) {
        if self.json {
            tell(format_args!("{:#}", Value::Array(items)));
        } else {
            tell(table::of(columns, &items));
        }
    }

    /// One of many that come by and by.
    pub(super) fn line(&self, thing: &Value, text: impl FnOnce() -> String) {
        if self.json {
            tell(thing);
        } else {
            tell(text());
        }
    }

    pub(super) fn one(&self, thing: &Value) {
        if self.json {
            tell(format_args!("{thing:#}"));
        } else {
            tell(table::fields(thing));
        }
    }
}

impl Numbers {
    pub(super) async fn run(self, shown: &Shown) -> Result<(), String> {
        let client = Client::of_environment()?;
        match self {
            Self::List { query, unassigned } => {
                let mut filter: Vec<_> = query.map(|query| ("query", query)).into_iter().collect();
                if unassigned {
                    filter.push(("unassigned", "true".to_owned()));
                }
                shown.list(&NUMBERS, client.all(&["phone", "numbers"], &filter).await?);
            }
            Self::Add {
                numbers,
                agent,
                off_trunk,
            } => {
                let mut body = json!({ "phone_numbers": numbers, "on_trunk": !off_trunk });
                if let Some(agent) = agent {
                    body["agent"] = agent_of(&client, &agent).await?.into();
                }
                let path = ["phone", "numbers"];
                let mut added = client.ask(Method::POST, &path, &[], Some(body)).await?;
                let items = added["items"].as_array_mut().map(std::mem::take);
                shown.list(&ADDED, items.unwrap_or_default());
            }
            Self::Remove { number } => {
                let path = ["phone", "numbers", &number];
                client.ask(Method::DELETE, &path, &[], None).await?;
            }
        }
        Ok(())
    }
}

impl Trunks {
    pub(super) async fn run(self, shown: &Shown) -> Result<(), String> {
        let client = Client::of_environment()?;
        let trunk = ["phone", "sip", "inbound-trunk"];
        match self {
            Self::List => {
                let mut found = client.get(&trunk).await?;
                let path = ["phone", "sip", "inbound-trunk", "credentials"];
                let credentials = client.all(&path, &[]).await?;
                if shown.json {
                    found["credentials"] = credentials.into();
                    shown.one(&found);
                } else {
                    shown.list(&TRUNK, vec![found]);
                    tell("");
                    shown.list(&CREDENTIALS, credentials);
                }
            }
            Self::Sync => {
                let path = ["phone", "sip", "inbound-trunk", "sync"];
                shown.one(&client.ask(Method::POST, &path, &[], None).await?);
            }
        }
        Ok(())
    }
}

impl Agents {
    pub(super) async fn run(self, shown: &Shown) -> Result<(), String> {
        let client = Client::of_environment()?;
        match self {
            Self::List => shown.list(&AGENTS, agents(&client).await?),
            Self::Show { agent } => {
                let id = agent_of(&client, &agent).await?;
                shown.one(&client.get(&["phone", &id]).await?);
            }
            Self::Assign {
                agent,
                number,
                moving,
            } => {
                let id = agent_of(&client, &agent).await?;
                let path = ["phone", "sip", "agents", &id, "phone-numbers", &number];
                let how = [("move", moving.to_string())];
                shown.one(&client.ask(Method::PUT, &path, &how, None).await?);
            }
            Self::Release { agent, number } => {
                let id = agent_of(&client, &agent).await?;
                let path = ["phone", "sip", "agents", &id, "phone-numbers", &number];
                shown.one(&client.ask(Method::DELETE, &path, &[], None).await?);
            }
        }
        Ok(())
    }
}

impl Calls {
    pub(super) async fn run(self, shown: &Shown) -> Result<(), String> {
        let client = Client::of_environment()?;
        match self {
            Self::List {
                direction,
                state,
                number,
                limit,
            } => {
                let filter = [
                    ("direction", direction),
                    ("state", state),
                    ("number", number),
                ];
                let given = filter
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)));
                let query: Vec<_> = given.chain([("limit", limit.to_string())]).collect();
                let path = ["phone", "calls"];
                let mut page = client.ask(Method::GET, &path, &query, None).await?;
                let items = page["items"].as_array_mut().map(std::mem::take);
                shown.list(&CALLS, items.unwrap_or_default());
            }
            Self::Show { call } => shown.one(&client.get(&["phone", "calls", &call]).await?),
            Self::Tail { call: None } => {
                let line = |call: &Value| shown.line(call, || table::row(&CALLS, call));
                client.follow(&["phone", "calls"], line).await?;
            }
            Self::Tail { call: Some(id) } => {
                let line = |event: &Value| shown.line(event, || table::event(event));
                let path = ["phone", "calls", &id, "events"];
                client.follow(&path, line).await?;
            }
            Self::HangUp { call } => {
                let path = ["phone", "calls", &call, "hangup"];
                shown.one(&client.ask(Method::POST, &path, &[], None).await?);
            }
        }
        Ok(())
    }
}

pub(super) async fn agents(client: &Client) -> Result<Vec<Value>, String> {
    match client.get(&["phone"]).await? {
        Value::Array(agents) => Ok(agents),
        _ => Err("the answer is not a list of agents".to_owned()),
    }
}

/// The id of an agent that was named by it, or by its name if only one is called so.
pub(super) async fn agent_of(client: &Client, named: &str) -> Result<String, String> {
    let all = agents(client).await?;
    let by = |field: &str| -> Vec<&str> {
        let fits = all.iter().filter(|agent| agent[field] == named);
        fits.filter_map(|agent| agent["id"].as_str()).collect()
    };
    match (by("id").as_slice(), by("name").as_slice()) {
        ([id], _) | ([], [id]) => Ok((*id).to_owned()),
        ([], []) => Err(format!(
            "there is no agent {named:?}; see patchbay agents list"
        )),
        _ => Err(format!(
            "several agents are called {named:?}; name one by its id"
        )),
    }
}
