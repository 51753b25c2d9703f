//! `call`: an agent calls a number, by a running server.

use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::remote::{Shown, agent_of};
use super::table;
use crate::clock::Clock;

#[derive(Debug, Args)]
pub(super) struct Placing {
    /// The agent that speaks, by id or name.
    agent: String,
    /// Whom it calls, such as +14155550100.
    number: String,
    /// Print what happens until the call ends. Exit code 1 if nobody answered.
    #[arg(long)]
    follow: bool,
    /// Ring so long at most, in seconds.
    #[arg(long, value_name = "SECONDS")]
    ring: Option<u32>,
    /// A name for this call: with the same one, it is placed once however often this runs within a day.
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
}

impl Placing {
    pub(super) async fn run(self, shown: &Shown) -> Result<(), String> {
        let client = Client::of_environment()?;
        let agent = agent_of(&client, &self.agent).await?;
        let mut body = json!({ "phone_agent_id": agent, "to": self.number });
        if let Some(seconds) = self.ring {
            body["ring_timeout_s"] = seconds.into();
        }
        let key = self
            .idempotency_key
            .unwrap_or_else(|| Clock::system().new_uuid().to_string());
        let call = client
            .once(&["phone", "outbound-call"], &key, &body)
            .await?;
        if !self.follow {
            shown.one(&call);
            return Ok(());
        }
        let id = call["id"].as_str().unwrap_or_default();
        shown.line(&call, || format!("call {id}"));
        let events = ["phone", "calls", id, "events"];
        let event = |event: &Value| shown.line(event, || table::event(event));
        client.follow(&events, event).await?;
        let ended = client.get(&["phone", "calls", id]).await?;
        shown.line(&ended, || table::text(&ended["reason_message"]));
        if ended["answered_at"].is_null() {
            return Err("nobody answered".to_owned());
        }
        Ok(())
    }
}
