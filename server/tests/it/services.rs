//! The use cases on both databases: what an operator or a script may do, and what it is told
//! when it may not.

mod numbers;
mod permission;
mod together;
mod trunks;

use app::domain::agent::AgentDraft;
use app::domain::draft::{Entry, EntryList};
use app::domain::id::AgentId;
use app::domain::inbound::TrunkDraft;
use app::error::{AppError, Scope};
use app::ports::{Caller, Services, Who};
use server::clock::Clock;
use server::service::House;
use server::store::Db;

use crate::databases::both;
use crate::samples::NOW;
use crate::world::settings;

const FRONT: &str = "+14155550100";
const SALES: &str = "+41446681800";

pub(crate) async fn house(scenario: impl AsyncFn(Services, Clock)) {
    both(async |db: Db| {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(NOW);
        let (house, writer) = House::open(db, clock.clone(), settings(folder.path()))
            .await
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no lifecycle")]
        let writer = tokio::spawn(writer);
        scenario(house.services.clone(), clock).await;
        writer.abort();
    })
    .await;
}

pub(crate) fn boss() -> Caller {
    Caller::operator()
}

pub(crate) fn with(scopes: &[Scope]) -> Caller {
    Caller {
        who: Who::Key {
            id: Clock::fixed(NOW).new_id(),
            name: "script".to_owned(),
        },
        scopes: scopes.to_vec(),
        address: None,
    }
}

pub(crate) fn named(name: &str) -> AgentDraft {
    AgentDraft {
        name: Entry::text(name),
        ..AgentDraft::default()
    }
}

pub(crate) fn refused_fields<T: std::fmt::Debug>(result: Result<T, AppError>) -> Vec<String> {
    match result {
        Err(AppError::Invalid(errors)) => errors
            .iter()
            .map(|(field, reason)| format!("{field} {}", reason.code()))
            .collect(),
        other => panic!("expected refused fields, got {other:?}"),
    }
}

async fn trunk_with<const N: usize>(services: &Services, numbers: [&str; N]) {
    let draft = TrunkDraft {
        phone_numbers: EntryList::of(numbers),
        ..TrunkDraft::default()
    };
    services.trunks.create(&boss(), draft).await.unwrap();
}

async fn agent_named(services: &Services, name: &str) -> AgentId {
    let made = services.agents.create(&boss(), named(name)).await.unwrap();
    made.agent.id
}
