//! A running server whose database stops doing as asked: the disk is full, another program holds
//! the lock, only reading is allowed. Calls go on, whoever wants a change is told why not, nothing
//! acknowledged is lost, and it recovers by itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};

use crate::binary::Installation;
use crate::databases::Postgres;
use crate::ops::{PASSWORD, call, furnish};

const SLOW: Duration = Duration::from_secs(30);

/// Agents that were made, by name; `Err` is the status and code of the first refusal.
async fn make_agents(house: &Installation, key: &str, names: &mut Vec<String>) -> (u16, Value) {
    let began = Instant::now();
    loop {
        let name = format!("Agent {}", names.len());
        let request = house.request(key, "/api/phone");
        let answer = request.json(&json!({ "name": &name })).send().await;
        let answer = answer.unwrap();
        let status = answer.status().as_u16();
        if status != 200 {
            return (status, answer.json().await.unwrap());
        }
        names.push(name);
        assert!(began.elapsed() < SLOW, "{} agents were made", names.len());
    }
}

async fn agent_names(house: &Installation, key: &str) -> Vec<String> {
    let agents = house.get(key, "/api/phone").await;
    let agents = agents.as_array().unwrap().iter();
    let mut names: Vec<String> = agents
        .filter_map(|agent| agent["name"].as_str())
        .filter(|name| *name != "Front desk")
        .map(str::to_owned)
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names
}

/// Waits until so many calls have their row, and answers them newest first.
async fn calls(house: &Installation, key: &str, state: &str, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let page = house
            .get(key, &format!("/api/phone/calls?state={state}"))
            .await;
        let items = page["items"].as_array().unwrap();
        if items.len() == count {
            return items.clone();
        }
        assert!(began.elapsed() < SLOW, "{page}\n{}", house.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a change is accepted again.
async fn recovers(house: &Installation, key: &str, names: &mut Vec<String>) {
    let began = Instant::now();
    loop {
        let name = format!("Agent {}", names.len());
        let request = house.request(key, "/api/phone");
        let answer = request.json(&json!({ "name": &name })).send().await;
        if answer.unwrap().status() == 200 {
            names.push(name);
            return;
        }
        assert!(began.elapsed() < SLOW, "{}", house.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A browser that is signed in.
async fn signed_in(house: &Installation) -> reqwest::Client {
    let client = reqwest::Client::builder().cookie_store(true);
    let client = client.build().unwrap();
    let form = [("email", "ann@example.com"), ("password", PASSWORD)];
    let answer = client
        .post(format!("{}/fn/sign_in", house.origin()))
        .header("origin", house.origin())
        .form(&form);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    client
}

/// What a form without JavaScript is answered.
async fn submit(house: &Installation, browser: &reqwest::Client) -> (u16, String) {
    let form = [
        ("draft[name]", "By hand"),
        ("draft[recording_enabled]", "off"),
        ("page", "/channels/phone/agents/new"),
    ];
    let answer = browser
        .post(format!("{}/fn/create_agent", house.origin()))
        .header("origin", house.origin())
        .header("accept", "text/html")
        .form(&form);
    let answer = answer.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_calls_go_on_and_nothing_acknowledged_is_lost() {
    let mut house = Installation::with(&[("PATCHBAY_LIMITS__API_PER_MINUTE", "1000000")]);
    let key = house.key(&["--full-access"]);
    let added = house.run(
        &["user", "add", "ann@example.com", "--role", "admin"],
        PASSWORD,
    );
    assert!(added.status.success(), "{}", added.stderr());
    house.start_on_a_small_disk().await;
    let access = furnish(&house, &key, true).await;
    let browser = signed_in(&house).await;
    let mut made = Vec::new();
    recovers(&house, &key, &mut made).await;
    let before = call(&house, &access).await;
    calls(&house, &key, "answered", 1).await;

    house.fill_disk();
    // The API and the console say so, by name …
    let (status, refusal) = make_agents(&house, &key, &mut made).await;
    assert_eq!((status, &refusal["code"]), (503, &json!("disk_full")));
    let (status, page) = submit(&house, &browser).await;
    assert_eq!(status, 503, "{}", house.log());
    assert!(page.contains("the disk is full. Calls go on."), "{page}");
    // … what is there can be read …
    let page = browser.get(format!("{}/inbox", house.origin()));
    assert_eq!(page.send().await.unwrap().status(), 200);
    assert_eq!(agent_names(&house, &key).await, made);
    // … and a call that comes now is answered.
    let meanwhile = call(&house, &access).await;
    house.log_says("calls.spool.full").await;
    // Audio goes to the disk about once a second, and what was open has a block to fill first.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    before.hang_up().await;
    meanwhile.hang_up().await;

    house.empty_disk();
    let rows = calls(&house, &key, "ended", 2).await;
    for row in &rows {
        assert_eq!(row["recording"], "cut_short", "{rows:?}");
        assert_eq!(row["reason"], "caller_hung_up", "{rows:?}");
    }
    recovers(&house, &key, &mut made).await;
    let whole = call(&house, &access).await;
    calls(&house, &key, "answered", 1).await;
    // There is a recording once there was audio.
    tokio::time::sleep(Duration::from_millis(500)).await;
    whole.hang_up().await;
    let rows = calls(&house, &key, "ended", 3).await;
    assert_eq!(rows[0]["recording"], "kept", "{rows:?}");

    // Full once more, and killed: what was acknowledged is there after the restart.
    house.fill_disk();
    let (_, refusal) = make_agents(&house, &key, &mut made).await;
    assert_eq!(refusal["code"], "disk_full");
    house.kill_nine_and_rescue();
    house.start_again().await;
    assert_eq!(agent_names(&house, &key).await, made);
    calls(&house, &key, "ended", 3).await;
    assert!(!house.log().contains("panicked"), "{}", house.log());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_program_holds_the_lock_calls_go_on_and_changes_wait_in_vain() {
    let mut house = Installation::serve().await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    let mut made = Vec::new();
    let mut other = house.database().await;
    other.execute("begin immediate").await.unwrap();
    hold(&house, &key, &access, &mut made).await;
    other.execute("rollback").await.unwrap();
    released(&house, &key, &mut made).await;
    house.end().await;
}

/// A database, the server on it, a key that may do all, and who may call; nothing where there is no PostgreSQL.
async fn on_postgres() -> Option<(Postgres, Installation, String, (String, String))> {
    let postgres = Postgres::fresh().await?;
    let house = Installation::serve_with(&[("PATCHBAY_DATABASE__URL", &postgres.url)]).await;
    let key = house.key(&["--full-access"]);
    let access = furnish(&house, &key, false).await;
    Some((postgres, house, key, access))
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_holds_a_lock_calls_go_on_and_changes_wait_in_vain() {
    let Some((postgres, mut house, key, access)) = on_postgres().await else {
        return;
    };
    let mut made = Vec::new();
    let mut other = postgres.connect().await;
    let mut lock = other.begin().await.unwrap();
    lock.execute("lock table calls, agents in exclusive mode")
        .await
        .unwrap();
    hold(&house, &key, &access, &mut made).await;
    lock.rollback().await.unwrap();
    released(&house, &key, &mut made).await;
    house.end().await;
    postgres.drop_database().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_lets_nobody_in_calls_go_on_and_nothing_of_them_is_lost() {
    let Some((postgres, mut house, key, access)) = on_postgres().await else {
        return;
    };
    let mut made = Vec::new();
    let is_ready = async || {
        let ready = reqwest::get(format!("{}/readyz", house.origin())).await;
        ready.unwrap().status().as_u16()
    };
    postgres.lets_in(false).await;
    let (status, refusal) = make_agents(&house, &key, &mut made).await;
    assert_eq!((status, &refusal["code"]), (503, &json!("database")));
    assert_eq!(is_ready().await, 503);
    let phone = call(&house, &access).await;
    phone.hang_up().await;
    postgres.lets_in(true).await;
    calls(&house, &key, "ended", 1).await;
    recovers(&house, &key, &mut made).await;
    assert_eq!(is_ready().await, 200);
    house.end().await;
    postgres.drop_database().await;
}

/// A change and a call while the lock is held.
async fn hold(house: &Installation, key: &str, access: &(String, String), made: &mut Vec<String>) {
    let asked = Instant::now();
    let (status, refusal) = make_agents(house, key, made).await;
    assert_eq!((status, &refusal["code"]), (503, &json!("database")));
    assert!(asked.elapsed() < SLOW);
    let phone = call(house, access).await;
    assert_eq!(agent_names(house, key).await, *made);
    phone.hang_up().await;
}

async fn released(house: &Installation, key: &str, made: &mut Vec<String>) {
    calls(house, key, "ended", 1).await;
    recovers(house, key, made).await;
    assert_eq!(agent_names(house, key).await, *made);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_may_only_be_read_or_is_full_calls_go_on_and_the_refusal_says_which() {
    let Some((postgres, mut house, key, access)) = on_postgres().await else {
        return;
    };
    let mut made = Vec::new();

    // As after a failover to a standby.
    postgres.only_read(true).await;
    let (status, refusal) = make_agents(&house, &key, &mut made).await;
    assert_eq!((status, &refusal["code"]), (503, &json!("read_only")));
    let phone = call(&house, &access).await;
    assert_eq!(agent_names(&house, &key).await, made);
    phone.hang_up().await;
    postgres.only_read(false).await;
    calls(&house, &key, "ended", 1).await;
    recovers(&house, &key, &mut made).await;

    // PostgreSQL's own word for a full disk, from a trigger.
    let mut other = postgres.connect().await;
    for statement in [
        "create function full_up() returns trigger language plpgsql as
         $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$",
        "create trigger full_up before insert on agents for each row execute function full_up()",
        "create trigger full_up before insert on calls for each row execute function full_up()",
    ] {
        other.execute(statement).await.unwrap();
    }
    let (status, refusal) = make_agents(&house, &key, &mut made).await;
    assert_eq!((status, &refusal["code"]), (503, &json!("disk_full")));
    let phone = call(&house, &access).await;
    phone.hang_up().await;
    other
        .execute("drop function full_up() cascade")
        .await
        .unwrap();
    calls(&house, &key, "ended", 2).await;
    recovers(&house, &key, &mut made).await;
    assert_eq!(agent_names(&house, &key).await, made);
    house.end().await;
    postgres.drop_database().await;
}
