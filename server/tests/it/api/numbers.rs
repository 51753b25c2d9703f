//! The inventory.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::world::{World, on_both};

on_both! {
    many_numbers_are_added_and_each_is_reported
    a_number_is_changed_and_removed
    filters_nobody_knows_and_pages_too_long_are_refused
}

const PATH: &str = "/api/phone/numbers";

async fn many_numbers_are_added_and_each_is_reported(world: &World) {
    let api = world.api().await;
    api.post(PATH, json!({ "phone_numbers": ["+14155550100"] }))
        .await
        .ok();
    let sent = json!({
        "phone_numbers": ["+14155550100", "+41 44 668 18 00", "+41446681800", "044 668 18 01", "sales"],
        "country": "CH",
    });
    let added = api.post(PATH, sent).await.ok();
    assert_json_snapshot!(added, @r#"
    {
      "items": [
        {
          "error": null,
          "outcome": "already_here",
          "phone_number": "+14155550100",
          "sent": "+14155550100"
        },
        {
          "error": null,
          "outcome": "new",
          "phone_number": "+41446681800",
          "sent": "+41 44 668 18 00"
        },
        {
          "error": null,
          "outcome": "twice",
          "phone_number": "+41446681800",
          "sent": "+41446681800"
        },
        {
          "error": null,
          "outcome": "new",
          "phone_number": "+41446681801",
          "sent": "044 668 18 01"
        },
        {
          "error": {
            "code": "not_a_number",
            "field": "phone_numbers.4",
            "message": "sales contains s."
          },
          "outcome": "refused",
          "phone_number": null,
          "sent": "sales"
        }
      ]
    }
    "#);
    let listed = api.get(&format!("{PATH}?limit=2")).await.ok();
    assert_eq!(listed["items"][0]["phone_number"], "+14155550100");
    let next = listed["next"].as_str().unwrap();
    let rest = api.get(&format!("{PATH}?limit=2&cursor={next}")).await.ok();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next"]),
        (1, &json!(null))
    );
    let found = api.get(&format!("{PATH}?query=+4144")).await.ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
}

async fn a_number_is_changed_and_removed(world: &World) {
    let api = world.api().await;
    api.post(PATH, json!({ "phone_numbers": ["+14155550100"] }))
        .await
        .ok();
    let one = format!("{PATH}/%2B14155550100");
    let changed = api.patch(&one, json!({ "label": "Main line" })).await;
    let tag = changed.header("etag").to_owned();
    assert_json_snapshot!(changed.ok(), @r#"
    {
      "agent": null,
      "agent_name": null,
      "created_at": "2025-11-23T09:26:40.000Z",
      "label": "Main line",
      "last_call_at": null,
      "on_trunk": true,
      "phone_number": "+14155550100",
      "verified": true,
      "verified_at": "2025-11-23T09:26:40.000Z",
      "version": 2
    }
    "#);
    assert_eq!(
        api.with("if-match", "\"1\"")
            .patch(&one, json!({ "label": "x" }))
            .await
            .refused(409),
        "changed"
    );
    api.with("if-match", &tag)
        .patch(&one, json!({ "label": null }))
        .await
        .ok();
    assert!(api.get(&one).await.ok()["label"].is_null());
    assert_eq!(api.delete(&one).await.status, 204);
    assert_eq!(api.get(&one).await.refused(404), "not_found");
}

async fn filters_nobody_knows_and_pages_too_long_are_refused(world: &World) {
    let api = world.api().await;
    let answer = api
        .get(&format!(
            "{PATH}?limit=101&cursor=x&on_trunk=perhaps&colour=red&limit=5"
        ))
        .await;
    let mut fields = answer.fields();
    fields.sort();
    fields.dedup();
    assert_eq!(
        fields,
        [
            "colour unknown_field",
            "cursor not_an_id",
            "limit out_of_range",
            "limit repeated",
            "on_trunk not_a_choice",
        ]
    );
}
