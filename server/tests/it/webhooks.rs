//! Webhooks against a real receiver: signed, in order, again after a failure, once more after
//! a crash, and never to an address that is not the public's.

mod live;
mod queue;
mod receiver;

use std::time::Duration;

use app::domain::call::Call;
use app::domain::outbound::{Health, HealthState, Trouble};
use app::domain::webhook::{EventKind, Told};
use serde_json::{Value, json};
use server::postman::HttpPostman;
use server::service::HouseSettings;
use server::service::webhooks::Courier;
use server::store::Db;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::binary::free_port;
use crate::databases::key;
use crate::samples::{self, NOW};
use crate::world::World;
pub(crate) use receiver::Receiver;

const WEBHOOKS: &str = "/api/webhooks";

fn lenient(world: HouseSettings) -> HouseSettings {
    HouseSettings {
        private_webhooks: true,
        ..world
    }
}

async fn a_world() -> World {
    World::made(lenient).await
}

/// Starts telling, as `serve` does.
fn courier(world: &World, allow_private: bool) -> JoinHandle<()> {
    tokio::spawn(at_work(&world.db, world, allow_private).run(CancellationToken::new()))
}

fn at_work(db: &Db, world: &World, allow_private: bool) -> Courier<HttpPostman> {
    Courier {
        db: db.clone(),
        clock: world.clock.clone(),
        news: world.house.news.clone(),
        postman: HttpPostman::new(allow_private).unwrap(),
        render: server::api::webhook_body,
        keep_days: 30,
    }
}

async fn hooked(world: &World, url: &str) -> Value {
    let api = world.api().await;
    api.post(WEBHOOKS, json!({ "url": url })).await.ok()
}

fn tell(world: &World, kind: EventKind, call: &Call) {
    let call = std::sync::Arc::new(call.clone());
    world.house.desk.announce(kind, Told::Call { call });
}

/// What the log says of each delivery, oldest first: event, state, tries, status.
async fn log(world: &World, webhook: &Value) -> Vec<(String, String, u64, Value)> {
    world.house.desk.flush().await;
    let path = format!("{WEBHOOKS}/{}/deliveries", webhook["id"].as_str().unwrap());
    let listed = world.api().await.get(&path).await.ok();
    let told = |item: &Value| {
        (
            item["type"].as_str().unwrap().to_owned(),
            item["state"].as_str().unwrap().to_owned(),
            item["tries"].as_u64().unwrap(),
            item["status"].clone(),
        )
    };
    let mut log: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect();
    log.reverse();
    log
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..300 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn an_event_arrives_signed_and_in_the_words_of_the_api() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    let webhook = hooked(&world, &receiver.url()).await;
    let _courier = courier(&world, true);
    let call = samples::call(1, NOW);
    tell(&world, EventKind::CallStarted, &call);
    let heard = receiver.next().await;
    assert!(heard.is_signed_with(webhook["secret"].as_str().unwrap()));
    assert!(!heard.is_signed_with("whsec_c2VjcmV0"));
    assert_eq!(heard.timestamp, NOW / 1_000);
    assert_eq!(heard.body["id"], heard.id.as_str());
    assert_eq!(heard.body["type"], "call.started");
    assert_eq!(heard.body["data"]["call"]["id"], call.id.to_string());
    assert_eq!(heard.body["data"]["call"]["from"], "+4930123456");
    until("delivered", async || {
        log(&world, &webhook).await[0].1 == "delivered"
    })
    .await;
    // And it can be read again.
    let path = format!(
        "{WEBHOOKS}/{}/deliveries/{}",
        webhook["id"].as_str().unwrap(),
        heard.id
    );
    let detail = world.api().await.get(&path).await.ok();
    assert_eq!(detail["event"], heard.body);
    assert_eq!(detail["status"], 200);
}

#[tokio::test]
async fn trunks_and_transfers_are_told_of_too() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    hooked(&world, &receiver.url()).await;
    let _courier = courier(&world, true);
    let desk = &world.house.desk;
    let trunk = Told::Trunk {
        trunk: None,
        name: "inbound".to_owned(),
        healthy: false,
        reason: Some("no_answer".to_owned()),
    };
    desk.announce(EventKind::TrunkHealth, trunk);
    let heard = receiver.next().await;
    let expect = json!({ "trunk": { "outbound_trunk_id": null, "name": "inbound", "healthy": false, "reason": "no_answer" } });
    assert_eq!(
        (heard.body["type"].as_str(), &heard.body["data"]),
        (Some("trunk.health"), &expect)
    );
    let acme = crate::sip_carrier::trunk(([192, 0, 2, 1], 5060).into());
    for (before, state) in [
        (HealthState::Up, HealthState::Degraded),
        (HealthState::Degraded, HealthState::Down),
        (HealthState::Down, HealthState::Up),
    ] {
        let health = Health {
            state,
            trouble: Some(Trouble::Silent),
            ..Health::default()
        };
        desk.trunk_changed(&acme, before, &health);
    }
    // Degraded can still be used: nothing is told of it.
    for (healthy, reason) in [(false, json!("silent")), (true, Value::Null)] {
        let heard = receiver.next().await;
        let expect = json!({ "trunk": { "outbound_trunk_id": acme.id, "name": "Acme", "healthy": healthy, "reason": reason } });
        assert_eq!(heard.body["data"], expect);
    }
    let call = samples::call(1, NOW).id;
    let transfer = Told::Transfer {
        call,
        to: "Sales".to_owned(),
        succeeded: true,
        reason: None,
    };
    desk.announce(EventKind::TransferCompleted, transfer);
    let heard = receiver.next().await;
    let expect = json!({ "transfer": { "call_id": call, "to": "Sales", "succeeded": true, "reason": null } });
    assert_eq!(
        (heard.body["type"].as_str(), &heard.body["data"]),
        (Some("transfer.completed"), &expect)
    );
}

#[tokio::test]
async fn a_500_is_tried_again_with_the_same_id() {
    let world = a_world().await;
    let receiver = Receiver::answering([500, 302]).await;
    let webhook = hooked(&world, &receiver.url()).await;
    let _courier = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    let first = receiver.next().await;
    until("tried once", async || log(&world, &webhook).await[0].2 == 1).await;
    assert_eq!(
        log(&world, &webhook).await,
        [("call.ended".to_owned(), "waiting".to_owned(), 1, json!(500))]
    );
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
    world.clock.advance(Duration::from_secs(5));
    // A redirect is not followed; it is no success either.
    let second = receiver.next().await;
    until("tried twice", async || {
        log(&world, &webhook).await[0].2 == 2
    })
    .await;
    world.clock.advance(Duration::from_secs(30));
    let third = receiver.next().await;
    until("delivered", async || {
        log(&world, &webhook).await[0].1 == "delivered"
    })
    .await;
    assert_eq!((&first.id, &first.body), (&second.id, &second.body));
    assert_eq!((&first.id, &first.body), (&third.id, &third.body));
    // Signed anew, for the time at which it was sent.
    assert_ne!(first.signature, third.signature);
    assert!(third.is_signed_with(webhook["secret"].as_str().unwrap()));
}

#[tokio::test]
async fn a_closed_port_is_tried_again_until_somebody_listens() {
    let world = a_world().await;
    let port = free_port();
    let webhook = hooked(&world, &format!("http://127.0.0.1:{port}/hook")).await;
    let _courier = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    until("tried once", async || {
        log(&world, &webhook)
            .await
            .first()
            .is_some_and(|one| one.2 == 1)
    })
    .await;
    let path = format!(
        "{WEBHOOKS}/{}/deliveries?state=waiting",
        webhook["id"].as_str().unwrap()
    );
    let waiting = world.api().await.get(&path).await.ok();
    let error = waiting["items"][0]["error"].as_str().unwrap();
    assert!(error.contains("refused"), "{error}");
    assert_eq!(waiting["items"][0]["status"], Value::Null);
    let receiver = Receiver::at(port, []).await;
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(receiver.next().await.body["type"], "call.ended");
    until("delivered", async || {
        log(&world, &webhook).await[0].1 == "delivered"
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_process_was_telling_is_told_by_the_next() {
    let world = a_world().await;
    let receiver = Receiver::answering([Receiver::SILENCE, 200]).await;
    let webhook = hooked(&world, &receiver.url()).await;
    let dying = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    let first = receiver.next().await;
    // Nobody noted how it went.
    dying.abort();
    let db = Db::open(&world.sqlite.url, key()).await.unwrap();
    let _next = tokio::spawn(at_work(&db, &world, true).run(CancellationToken::new()));
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
    world.clock.advance(Duration::from_secs(30));
    let second = receiver.next().await;
    assert_eq!(first.id, second.id);
    until("delivered", async || {
        log(&world, &webhook).await[0].1 == "delivered"
    })
    .await;
}

#[tokio::test]
async fn a_calls_events_come_in_their_order_and_hold_no_other_call_up() {
    let world = a_world().await;
    let receiver = Receiver::answering([503]).await;
    let webhook = hooked(&world, &receiver.url()).await;
    let (one, other) = (samples::call(1, NOW), samples::call(2, NOW));
    tell(&world, EventKind::CallStarted, &one);
    tell(&world, EventKind::CallAnswered, &one);
    tell(&world, EventKind::CallEnded, &one);
    world.house.desk.flush().await;
    let _courier = courier(&world, true);
    assert_eq!(receiver.next().await.body["type"], "call.started");
    until("tried once", async || log(&world, &webhook).await[0].2 == 1).await;
    tell(&world, EventKind::CallStarted, &other);
    assert_eq!(receiver.next().await.call(), other.id.to_string());
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
    world.clock.advance(Duration::from_secs(5));
    for kind in ["call.started", "call.answered", "call.ended"] {
        let heard = receiver.next().await;
        assert_eq!(
            (heard.body["type"].as_str().unwrap(), heard.call()),
            (kind, one.id.to_string())
        );
    }
}

#[tokio::test]
async fn an_event_is_told_again_when_asked() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    let webhook = hooked(&world, &receiver.url()).await;
    let _courier = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    let first = receiver.next().await;
    until("delivered", async || {
        log(&world, &webhook).await[0].1 == "delivered"
    })
    .await;
    let api = world.api().await;
    let path = format!(
        "{WEBHOOKS}/{}/deliveries/{}/redeliver",
        webhook["id"].as_str().unwrap(),
        first.id
    );
    let queued = api.post(&path, json!({})).await.ok();
    assert_eq!(queued["state"], "waiting");
    let second = receiver.next().await;
    assert_eq!((first.id, first.body), (second.id, second.body));
    let absent = path.replace(
        webhook["id"].as_str().unwrap(),
        &samples::uuid(404).to_string(),
    );
    assert_eq!(api.post(&absent, json!({})).await.refused(404), "not_found");
}

#[tokio::test]
async fn it_is_told_what_it_wants_while_it_is_on() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    let api = world.api().await;
    let body = json!({ "url": receiver.url(), "events": ["call.ended"] });
    let webhook = api.post(WEBHOOKS, body).await.ok();
    let one = format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap());
    let call = samples::call(1, NOW);
    tell(&world, EventKind::CallStarted, &call);
    tell(&world, EventKind::CallEnded, &call);
    world.house.desk.flush().await;
    // Off before anything went out: it waits.
    api.patch(&one, json!({ "enabled": false })).await.ok();
    let _courier = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(2, NOW));
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
    api.patch(&one, json!({ "enabled": true })).await.ok();
    assert_eq!(receiver.next().await.call(), call.id.to_string());
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
    assert_eq!(log(&world, &webhook).await.len(), 1);
    assert_eq!(api.delete(&one).await.status, 204);
    tell(&world, EventKind::CallEnded, &samples::call(3, NOW));
    receiver
        .hears_nothing_for(Duration::from_millis(1_500))
        .await;
}

#[tokio::test]
async fn an_address_that_is_not_the_publics_is_refused_at_save() {
    let world = World::new().await;
    let api = world.api().await;
    for (url, code) in [
        ("https://127.0.0.1/hook", "private_address"),
        ("https://10.0.0.1/hook", "private_address"),
        (
            "https://169.254.169.254/latest/meta-data",
            "private_address",
        ),
        ("https://[::1]/hook", "private_address"),
        ("https://[::ffff:192.168.1.1]/hook", "private_address"),
        ("https://localhost/hook", "private_address"),
        ("https://nowhere.invalid/hook", "unresolvable"),
        ("http://8.8.8.8/hook", "bad_webhook_url"),
        ("https://user@8.8.8.8/hook", "bad_webhook_url"),
    ] {
        let answer = api.post(WEBHOOKS, json!({ "url": url })).await;
        assert_eq!(answer.fields(), [format!("url {code}")], "{url}");
    }
    let made = api
        .post(WEBHOOKS, json!({ "url": "https://8.8.8.8/hook" }))
        .await
        .ok();
    let one = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let moved = api
        .patch(&one, json!({ "url": "https://127.0.0.1/" }))
        .await;
    assert_eq!(moved.fields(), ["url private_address"]);
}

/// The name led elsewhere when it was saved, or the setting was another.
#[tokio::test]
async fn an_address_that_is_not_the_publics_is_refused_at_sending() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    let by_name = receiver.url().replace("127.0.0.1", "localhost");
    let webhooks = [
        hooked(&world, &receiver.url()).await,
        hooked(&world, &by_name).await,
    ];
    let _courier = courier(&world, false);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    for webhook in &webhooks {
        until("tried", async || {
            log(&world, webhook)
                .await
                .first()
                .is_some_and(|one| one.2 == 1)
        })
        .await;
        let path = format!("{WEBHOOKS}/{}/deliveries", webhook["id"].as_str().unwrap());
        let listed = world.api().await.get(&path).await.ok();
        let error = listed["items"][0]["error"].as_str().unwrap();
        assert!(error.contains("webhooks.allow_private"), "{error}");
    }
    receiver.hears_nothing_for(Duration::from_millis(200)).await;
}

#[tokio::test]
async fn the_secret_is_told_once_and_renewed() {
    let world = a_world().await;
    let receiver = Receiver::answering([]).await;
    let made = hooked(&world, &receiver.url()).await;
    let api = world.api().await;
    let one = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50);
    for answer in [
        api.get(&one).await,
        api.get(WEBHOOKS).await,
        api.get("/api/audit").await,
    ] {
        assert!(!answer.text.contains(secret));
    }
    let renewed = api.post(&format!("{one}/secret"), json!({})).await.ok();
    let _courier = courier(&world, true);
    tell(&world, EventKind::CallEnded, &samples::call(1, NOW));
    let heard = receiver.next().await;
    assert!(heard.is_signed_with(renewed["secret"].as_str().unwrap()));
    assert!(!heard.is_signed_with(secret));
}
