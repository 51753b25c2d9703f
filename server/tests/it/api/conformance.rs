//! Every answer of a filled installation against its schema: strictly, so that a field which the document does
//! not name is as wrong as one that is missing.

use std::collections::BTreeSet;

use super::installed::{installed, readers};
use super::operations::{Operation, document, operations};
use super::schema::Schemas;
use crate::world::World;

/// What the reference has and we have not, and the pages after the only one.
const NEVER: [&str; 34] = [
    "Contact.custom_data",
    "Contact.email",
    "Contact.name",
    "Contact.non_verified_custom_data",
    "Contact.non_verified_email",
    "Events.next",
    "Handoff.sentiment",
    "Handoff.summary",
    "HistoryEvent.context",
    "PhoneAgent.accent",
    "PhoneAgent.actionIds",
    "PhoneAgent.custom_llm",
    "PhoneAgent.data_collection_fields",
    "PhoneAgent.data_collection_webhook_url",
    "PhoneAgent.flow",
    "PhoneAgent.handoff_phone_number",
    "PhoneAgent.provider_external_id",
    "PhoneAgent.speed",
    "PhoneAgent.stt_keyterms",
    "Regions.next",
    "Session.assignee_id",
    "Session.custom_data",
    "Session.handoff",
    "Session.language",
    "Session.sentiment",
    "Session.team",
    "Session.ticketing_system",
    "Team.description",
    "Team.id",
    "Team.name",
    "TicketingSystem.external_id",
    "TicketingSystem.id_type",
    "TicketingSystem.name",
    "VoiceList.next",
];

fn reading(document: &serde_json::Value) -> Vec<Operation> {
    let all = operations(document).into_iter();
    all.filter(|operation| operation.method == "GET").collect()
}

#[tokio::test]
async fn whatever_is_read_is_as_the_document_says_whoever_reads() {
    let world = World::with(100_000).await;
    let installed = installed(&world).await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    let readers = readers(&world).await;
    for operation in reading(&document) {
        let mut read = 0;
        for path in installed.paths(&operation.path) {
            for reader in &readers {
                let answer = reader.get(&path).await;
                schemas.check(&document, "GET", &operation.path, &answer);
                read += usize::from(answer.status == 200);
                assert!(
                    [200, 403].contains(&answer.status.as_u16()),
                    "{path}: {}",
                    answer.text
                );
            }
        }
        assert!(read > 0, "nobody has read {}", operation.path);
    }
}

#[tokio::test]
async fn hardly_a_field_is_empty_where_everything_is_set() {
    let world = World::with(100_000).await;
    let installed = installed(&world).await;
    let api = world.api().await;
    let document = document(&world).await;
    let schemas = Schemas::of(&document);
    let (mut named, mut filled) = (BTreeSet::new(), BTreeSet::new());
    for operation in reading(&document) {
        let schema = &operation.said["responses"]["200"]["content"]["application/json"]["schema"];
        named.extend(schemas.named(schema));
        for path in installed.paths(&operation.path) {
            filled.extend(schemas.filled(schema, &api.get(&path).await.ok()));
            if operation.filters().contains(&"limit") {
                let first = api.get(&format!("{path}?limit=1")).await.ok();
                filled.extend(schemas.filled(schema, &first));
            }
        }
    }
    let empty: Vec<_> = named.difference(&filled).map(String::as_str).collect();
    assert_eq!(empty, NEVER, "these are empty, or they are filled now");
}
