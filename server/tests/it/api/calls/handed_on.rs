//! What becomes of a call that is handed on.

use app::domain::id::TransferId;
use app::domain::transfer::{Place, Transfer, TransferMode, TransferState, TransferTarget};
use app::error::Scope;
use insta::assert_json_snapshot;
use serde_json::json;
use server::store;

use super::{CALLS, a_call};
use crate::samples;
use crate::world::{World, on_both};

on_both! {
    an_attempt_to_hand_a_call_on_has_its_own_address
}

async fn an_attempt_to_hand_a_call_on_has_its_own_address(world: &World) {
    let [id, other] = [a_call(world, 1).await, a_call(world, 2).await];
    let attempt = Transfer {
        id: TransferId::from_uuid(samples::uuid(7)),
        call: id.parse().unwrap(),
        target: TransferTarget {
            destination: None,
            name: "Sales".to_owned(),
            place: Place::Phone(samples::phone("+14155550177")),
        },
        mode: TransferMode::Bridge,
        state: TransferState::Failed,
        leg: None,
        status: Some(486),
        reason: Some("busy".to_owned()),
        started_at: samples::NOW,
        ended_at: Some(samples::NOW + 1_500),
    };
    let mut tx = world.db.begin().await.unwrap();
    store::transfers::save(&mut tx, &attempt).await.unwrap();
    tx.commit().await.unwrap();
    let api = world.script(&[Scope::CallsRead]).await;
    let path = |call: &str| format!("{CALLS}/{call}/transfers/{}", attempt.id);
    let told = api.get(&path(&id)).await.ok();
    assert_json_snapshot!(told, @r#"
    {
      "call_id": "019a0000-0000-7000-8000-000000000001",
      "destination_id": null,
      "destination_name": "Sales",
      "destination_type": "phone",
      "destination_value": "+14155550177",
      "ended_at": "2025-11-23T09:26:41.500Z",
      "id": "019a0000-0000-7000-8000-000000000007",
      "leg_id": null,
      "mode": "bridge",
      "reason": "busy",
      "sip_status": 486,
      "started_at": "2025-11-23T09:26:40.000Z",
      "state": "failed"
    }
    "#);
    let call = api.get(&format!("{CALLS}/{id}")).await.ok();
    assert_eq!(call["transfers"], json!([told]));
    let elsewhere = api.get(&path(&other)).await;
    assert_eq!(elsewhere.refused(404), "not_found");
}
