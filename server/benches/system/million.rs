//! A million calls and a million numbers: lists stay as fast as they were with ten, in the API and in the console.

use std::time::Instant;

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::Outcome;
use crate::readers::{Connection, Credential};
use crate::table::Table;
use crate::world::World;

const MILLION: u32 = 1_000_000;
/// Requests of each kind, one after the other.
const TIMES: usize = 100;
/// What a list may take.
const AIM_MS: f64 = 50.0;

/// When the first of them began, and how long after each the next did, in the statement below.
const CALLS_BEGAN: i64 = 1_700_000_000_000;
const CALLS_EVERY: i64 = 30_000;

/// Ended calls of ten thousand people with a thousand numbers and a hundred agents, one in three refused.
const CALLS: &str = "
    insert into calls (id, direction, state, result, reason, refused, caller_number, caller_anonymous, caller_raw,
        number, sent_as, searched, agent_id, agent_name, source, transport, sip_call_id, repeats, late, started_at,
        answered_at, ended_at, recording, receipt, offered, instance)
    with recursive n (x) as (select 1 union all select x + 1 from n where x < 1000000)
    select randomblob(16), case when x % 5 = 0 then 'outbound' else 'inbound' end, 'ended',
        case when x % 3 = 0 then 'client_error' else 'success' end,
        case when x % 3 = 0 then 'number_unknown' when x % 1009 = 0 then 'handed_on' else 'caller_hung_up' end, x % 3 = 0,
        printf('+4930%07d', x % 10000), false, '<sip:caller@carrier.example>',
        printf('+1415%07d', x % 1000), printf('1415%07d', x % 1000),
        printf('+1415%07d +4930%07d 1415%07d', x % 1000, x % 10000, x % 1000), unhex(printf('%032x', x % 100)), 'Agent',
        '203.0.113.7', 'udp', 'call@carrier.example', 1, false, 1700000000000 + x * 30000,
        1700000000000 + x * 30000 + 2000, 1700000000000 + x * 30000 + 60000, 'none', '{\"checks\":[],\"near\":null}',
        '[]', 'bench'
    from n";

/// A session is a call with a number of its own.
const TICKETS: &str = "
    insert into tickets (ticket, call_id)
    select row_number() over (order by started_at), id from calls;
    update ticket_counter set last = 1000000";

/// In an area code of their own, all of the first agent.
const NUMBERS: &str = "
    insert into numbers (id, number, label, folded, verified_at, on_trunk, agent_id, version, created_at, updated_at)
    with recursive n (x) as (select 1 union all select x + 1 from n where x < 1000000)
    select randomblob(16), printf('+1212%07d', x), case when x % 1000 = 0 then printf('Desk %d', x) end,
        case when x % 1000 = 0 then printf('desk %d', x) end,
        1700000000000, true, (select id from agents limit 1), 1, 1700000000000, 1700000000000
    from n";

pub(crate) fn run(world: &mut World, table: &mut Table) -> Outcome<()> {
    let person = Credential::Cookie(world.sign_in()?);
    calls(world, &person, table)?;
    numbers(world, &person, table)
}

fn fill(world: &World, statement: &str) -> Outcome<()> {
    let file = world.folder.path().join("data").join("patchbay.db");
    let began = Instant::now();
    tokio::runtime::Runtime::new()?.block_on(async {
        let url = format!("sqlite:{}", file.display());
        let mut database = SqliteConnection::connect(&url).await?;
        database.execute(statement).await?;
        Ok::<_, sqlx::Error>(())
    })?;
    println!("  (filled in {:.0} s)", began.elapsed().as_secs_f64());
    Ok(())
}

fn calls(world: &mut World, person: &Credential, table: &mut Table) -> Outcome<()> {
    fill(world, CALLS)?;
    let agent = "00000000-0000-0000-0000-000000000007";
    // Far back: nobody pages there, but somebody filters there.
    let (since, until) = ("2023-12-01T00:00:00Z", "2023-12-02T00:00:00Z");
    let filters = [
        ("none", String::new()),
        ("direction", "direction=outbound".to_owned()),
        ("result", "result=client_error".to_owned()),
        ("refused", "refused=true".to_owned()),
        ("agent", format!("agent={agent}")),
        ("agent and result", format!("agent={agent}&result=success")),
        (
            "agent, which has none such",
            format!("agent={agent}&result=upstream_error"),
        ),
        ("a day", format!("since={since}&until={until}")),
        (
            "agent on a day",
            format!("agent={agent}&since={since}&until={until}"),
        ),
        (
            "direction and refused",
            "direction=outbound&refused=true".to_owned(),
        ),
        ("a number", "number=%2B14150000123".to_owned()),
        ("part of a number", "number=0000123".to_owned()),
        ("part of no number", "number=9999999".to_owned()),
    ];
    for (name, filter) in filters {
        let p95 = p95_of(world, &world.key, &format!("/api/phone/calls?{filter}"))?;
        list_row(&format!("calls of 1,000,000, filter {name}"), p95, table);
    }
    searched_to_the_end(world, table)?;
    sessions(world, table)?;
    inbox(world, person, agent, table)
}

fn sessions(world: &World, table: &mut Table) -> Outcome<()> {
    fill(world, TICKETS)?;
    for (name, filter) in [
        ("none", ""),
        ("handed off", "handed_off=true"),
        ("not handed off", "handed_off=false"),
        ("resolved", "status=closed_resolved"),
        (
            "updated in the last hour",
            "updated_after=2024-10-27T02:30:00Z",
        ),
        (
            "updated in the last year",
            "updated_after=2023-11-26T00:00:00Z",
        ),
        (
            "not updated since long",
            "updated_before=2023-11-20T00:00:00Z",
        ),
    ] {
        let p95 = p95_of(world, &world.key, &format!("/api/chat/sessions?{filter}"))?;
        list_row(&format!("sessions of 1,000,000, filter {name}"), p95, table);
    }
    Ok(())
}

/// What nobody finds, looked for until there is no further page.
fn searched_to_the_end(world: &World, table: &mut Table) -> Outcome<()> {
    let mut api = Connection::open(world.http, &world.key)?;
    let mut path = "/api/phone/calls?number=9999999".to_owned();
    let (mut pages, began) = (0, Instant::now());
    loop {
        let page: Value = serde_json::from_slice(&api.get(&path)?)?;
        pages += 1;
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/phone/calls?number=9999999&cursor={next}");
    }
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    table.row(
        "calls of 1,000,000, part of no number, all of them",
        format!("{pages} pages in {took:.0} ms"),
        "",
        None,
    );
    Ok(())
}

fn inbox(world: &World, person: &Credential, agent: &str, table: &mut Table) -> Outcome<()> {
    let half = CALLS_BEGAN + i64::from(MILLION / 2) * CALLS_EVERY;
    let far = format!("{half:016x}{:032x}", 0);
    for (name, path) in [
        ("newest", "/inbox".to_owned()),
        ("oldest", "/inbox?sort=started_at".to_owned()),
        ("far back", format!("/inbox?cursor={far}")),
        ("refused", "/inbox?view=refused".to_owned()),
        ("live", "/inbox?view=live".to_owned()),
        ("of an agent", format!("/inbox?agent={agent}")),
        ("a number", "/inbox?number=%2B14150000123".to_owned()),
        ("part of a number", "/inbox?number=0000123".to_owned()),
        ("part of no number", "/inbox?number=9999999".to_owned()),
        (
            "part of no number, far back",
            format!("/inbox?number=9999999&cursor={far}"),
        ),
        ("search for anything", "/search?q=9999999".to_owned()),
        ("Overview", "/".to_owned()),
    ] {
        let p95 = p95_of(world, person, &path)?;
        list_row(&format!("Inbox of 1,000,000, {name}"), p95, table);
    }
    Ok(())
}

fn numbers(world: &mut World, person: &Credential, table: &mut Table) -> Outcome<()> {
    let few = p95_of_routes(world, &world.number.clone())?;
    fill(world, NUMBERS)?;
    let began = Instant::now();
    world.start_again()?;
    let started = began.elapsed().as_secs_f64();
    table.row(
        "start with 1,000,000 numbers",
        format!("{started:.1} s, {:.0} MiB", world.server.resident_mib()),
        "",
        None,
    );
    let many = p95_of_routes(world, "+12120765432")?;
    table.row(
        "route test with 1 and with 1,000,000 numbers",
        format!("p95 {few:.2} and {many:.2} ms"),
        "flat",
        Some(many < few * 2.0 + 0.5),
    );
    for (name, path) in [
        ("first page", "/api/phone/numbers"),
        ("a page of the middle", ""),
        ("unassigned", "/api/phone/numbers?unassigned=true"),
        ("part of a number", "/api/phone/numbers?query=765432"),
        ("part of a label", "/api/phone/numbers?query=desk%20999"),
        ("part of nothing", "/api/phone/numbers?query=nowhere"),
    ] {
        let path = match name {
            "a page of the middle" => middle(world)?,
            _ => path.to_owned(),
        };
        let p95 = p95_of(world, &world.key, &path)?;
        list_row(&format!("numbers of 1,000,000, {name}"), p95, table);
    }
    numbers_page(world, person, table)
}

fn numbers_page(world: &World, person: &Credential, table: &mut Table) -> Outcome<()> {
    const PAGE: &str = "/channels/phone/numbers";
    let middle = middle(world)?.replace("/api/phone/numbers", PAGE);
    for (name, path) in [
        ("first page", PAGE.to_owned()),
        ("last first", format!("{PAGE}?sort=-phone_number")),
        ("a page of the middle", middle),
        ("unassigned", format!("{PAGE}?show=unassigned")),
        ("on the trunk", format!("{PAGE}?show=trunk")),
        ("called last", format!("{PAGE}?sort=-last_call_at")),
        ("part of a number", format!("{PAGE}?q=765432")),
        ("part of a label", format!("{PAGE}?q=desk+999")),
        ("part of nothing", format!("{PAGE}?q=nowhere")),
    ] {
        let p95 = p95_of(world, person, &path)?;
        list_row(&format!("Numbers page of 1,000,000, {name}"), p95, table);
    }
    Ok(())
}

/// By the cursor of a page near it: the API gives no other.
fn middle(world: &World) -> Outcome<String> {
    let mut api = Connection::open(world.http, &world.key)?;
    let page: Value = serde_json::from_slice(&api.get("/api/phone/numbers?limit=1")?)?;
    let next = page["next"].as_str().ok_or("there is one page")?;
    let first = i64::from_str_radix(next.get(..16).unwrap_or_default(), 16)?;
    let rest = next.get(16..).unwrap_or_default();
    let middle = first + i64::from(MILLION / 2);
    Ok(format!("/api/phone/numbers?cursor={middle:016x}{rest}"))
}

fn list_row(what: &str, p95: f64, table: &mut Table) {
    let measured = format!("p95 {p95:.1} ms");
    table.row(what, measured, "p95 <= 50 ms", Some(p95 <= AIM_MS));
}

fn p95_of(world: &World, who: &Credential, path: &str) -> Outcome<f64> {
    let mut api = Connection::open(world.http, who)?;
    p95(|| api.get(path).map(drop))
}

fn p95_of_routes(world: &World, number: &str) -> Outcome<f64> {
    let mut api = Connection::open(world.http, &world.key)?;
    let call = json!({ "to": number });
    p95(|| api.post("/api/phone/sip/route-test", &call).map(drop))
}

fn p95(mut ask: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ask()?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMES * 95 / 100])
}
