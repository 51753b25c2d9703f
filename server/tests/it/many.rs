//! Ten thousand calls, ten thousand numbers, a thousand agents: pages stay small, lists page by
//! key and lose nothing, a long paste is looked at and added.

use std::collections::HashSet;

use app::domain::call::{CallEnd, CallState, EndReason};
use app::domain::id::AgentId;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use server::store;
use tower::ServiceExt as _;

use crate::samples::{self, NOW, uuid};
use crate::session::Inside;
use crate::world::World;

const CALLS: u32 = 10_000;
const NUMBERS: u32 = 10_000;
const AGENTS: u32 = 1_000;
/// Answered by the first agent.
const BUSIEST: u32 = 2_000;
/// What the HTML of a page may be, compressed.
const BUDGET: usize = 30 * 1024;

/// Scattered, so that nothing compresses better than it would in life.
fn number(at: u32) -> String {
    format!("+1415{:07}", u64::from(at) * 7_919_999 % 10_000_000)
}

fn agent(at: u32) -> AgentId {
    AgentId::from_uuid(uuid(100_000 + u128::from(at)))
}

async fn fill(db: &store::Db) {
    let mut tx = db.begin().await.unwrap();
    store::trunk::insert(&mut tx, &samples::trunk())
        .await
        .unwrap();
    for at in 0..AGENTS {
        let named = samples::agent(
            100_000 + u128::from(at),
            &format!("Agent {at:04} of Support"),
        );
        store::agents::save(&mut tx, &named).await.unwrap();
    }
    let numbers: Vec<_> = (0..NUMBERS)
        .map(|at| {
            let mut row = samples::number(200_000 + u128::from(at), &number(at));
            let holder = if at < BUSIEST { 0 } else { at % AGENTS };
            row.agent = Some(agent(holder));
            row.last_call_at = Some(NOW - i64::from(at) * 1_000);
            row
        })
        .collect();
    let written = store::numbers::save_all(&mut tx, &numbers, NOW).await;
    assert_eq!(written.unwrap(), u64::from(NUMBERS));
    for at in 0..CALLS {
        let mut call = samples::call(300_000 + u128::from(at), NOW - i64::from(at) * 60_000);
        call.caller.number = Some(samples::phone(&number(at * 3 + 1)));
        call.number = Some(samples::phone(&number(at)));
        call.agent = Some(agent(at % AGENTS));
        call.agent_name = Some(format!("Agent {:04} of Support", at % AGENTS));
        call.state = CallState::Ended;
        call.end = Some(CallEnd::because(EndReason::CallerHungUp));
        call.answered_at = Some(call.started_at + 400);
        call.ended_at = Some(call.started_at + 90_000);
        store::calls::save(&mut tx, &call, &samples::papers())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

struct Reader {
    inside: Inside,
    cookie: String,
}

impl Reader {
    async fn new() -> Self {
        let inside = Inside::with(async |db| fill(&db).await).await;
        let cookie = inside.sign_in().await;
        Self { inside, cookie }
    }

    async fn ask(
        &self,
        request: axum::http::request::Builder,
        body: String,
    ) -> (StatusCode, Vec<u8>) {
        let request = request
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, "http://127.0.0.1:3000")
            .header(header::ACCEPT, "text/html")
            .body(Body::from(body))
            .unwrap();
        let answer = self.inside.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
        (status, body.unwrap().to_vec())
    }

    async fn page(&self, path: &str) -> String {
        let (status, body) = self.ask(Request::get(path), String::new()).await;
        let page = String::from_utf8(body).unwrap();
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    /// Over the wire.
    async fn size(&self, path: &str) -> usize {
        let request = Request::get(path).header(header::ACCEPT_ENCODING, "br");
        let (status, body) = self.ask(request, String::new()).await;
        assert_eq!(status, 200, "{path}");
        body.len()
    }

    async fn submit(
        &self,
        function: &str,
        form: &[(&str, &str)],
        encoding: &str,
    ) -> (StatusCode, Vec<u8>) {
        let request = Request::post(format!("/fn/{function}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT_ENCODING, encoding);
        let body = form.iter().map(|(name, value)| {
            format!(
                "{}={}",
                app::ui::returned::encode(name),
                app::ui::returned::encode(value)
            )
        });
        let body = body.collect::<Vec<_>>().join("&");
        self.ask(request, body).await
    }

    /// Every page of a list, by its link to the next.
    async fn walk(&self, first: &str) -> Vec<String> {
        let mut pages = vec![self.page(first).await];
        while let Some(next) = next_of(pages.last().unwrap()) {
            pages.push(self.page(&next).await);
            assert!(pages.len() < 1_000, "{first} has no end");
        }
        pages
    }
}

fn next_of(page: &str) -> Option<String> {
    let (before, _) = page.split_once("rel=\"next\"")?;
    let link = before.rsplit_once("<a ")?.1;
    let link = link.split_once("href=\"")?.1.split_once('"')?.0;
    Some(link.replace("&amp;", "&"))
}

fn rows(page: &str) -> usize {
    page.matches("<td role=\"cell\" class=\"lead\">").count()
}

#[tokio::test]
async fn every_page_stays_small_however_much_there_is() {
    let reader = Reader::new().await;
    let busiest = format!("/channels/phone/agents/{}", agent(0));
    for (path, most_rows) in [
        ("/", 25),
        ("/inbox", 25),
        ("/inbox?view=refused", 25),
        ("/channels/phone/numbers", 25),
        ("/channels/phone/agents", 50),
        (busiest.as_str(), 25),
        ("/settings/sip", 25),
        // The guide's own rows.
        ("/troubleshooting", 30),
    ] {
        let size = reader.size(path).await;
        assert!(size <= BUDGET, "{path} has {size} bytes");
        let shown = rows(&reader.page(path).await);
        assert!(shown <= most_rows, "{path} shows {shown} rows");
    }
    let sip = reader.page("/settings/sip").await;
    assert!(sip.contains("Show all 10000"), "{sip}");
}

#[tokio::test]
async fn what_a_page_is_made_of_is_a_page_of_it() {
    let reader = Reader::new().await;
    let busiest = agent(0);
    for path in [
        "/fn/get_inbound_trunk".to_owned(),
        format!("/fn/get_agent?id={busiest}"),
        "/fn/list_trunk_numbers?limit=10".to_owned(),
        format!("/fn/list_agent_numbers?id={busiest}"),
    ] {
        let size = reader.page(&path).await.len();
        assert!(size < 12_000, "{path} answers {size} bytes");
    }
    // A search goes through all of them.
    let (last, of_trunk) = (number(BUSIEST - 1), "/settings/sip?q=");
    let found = reader.page(&format!("{of_trunk}{}", &last[1..])).await;
    assert!(found.contains("1 number<"), "{found}");
    assert!(
        found.contains(&format!("number=%2B{}", &last[1..])),
        "{found}"
    );
    let of_agent = format!("/channels/phone/agents/{busiest}?q={}", &last[1..]);
    assert_eq!(rows(&reader.page(&of_agent).await), 1);
    // The question names who answers a number that is not among the first.
    let asks = format!(
        "/settings/sip?confirm=remove-number&number=%2B{}",
        &last[1..]
    );
    let asks = reader.page(&asks).await;
    assert!(
        asks.contains("It is answered by Agent 0000 of Support"),
        "{asks}"
    );
}

#[tokio::test]
async fn lists_are_read_to_their_end_by_their_links() {
    let reader = Reader::new().await;
    let agents = reader.walk("/channels/phone/agents").await;
    assert_eq!(agents.iter().map(|page| rows(page)).sum::<usize>(), 1_000);
    let busiest = format!("/channels/phone/agents/{}", agent(0));
    let numbers = reader.walk(&busiest).await;
    assert_eq!(
        numbers.iter().map(|page| rows(page)).sum::<usize>(),
        BUSIEST as usize + 8,
        "its own, and each thousandth of the others"
    );
    // "Show all" leads to the inventory; the text of a number stands in one row alone.
    let shown = reader.walk("/channels/phone/numbers?show=trunk").await;
    let all: HashSet<&str> = shown
        .iter()
        .flat_map(|page| page.split("number=%2B").skip(1))
        .filter_map(|after| after.split('#').next())
        .collect();
    assert_eq!(all.len(), NUMBERS as usize);
    // An agent is found by name where there are too many to choose from.
    let of_one = reader.page("/inbox?agent=agent+0007+of+support").await;
    assert_eq!(rows(&of_one), 10);
}

#[tokio::test]
async fn the_api_lists_ten_thousand_by_key() {
    let world = World::with(100_000).await;
    fill(&world.db).await;
    let api = world.api().await;
    for (path, id) in [
        ("/api/phone/calls?limit=100", "id"),
        ("/api/phone/numbers?limit=100", "phone_number"),
    ] {
        let mut seen = HashSet::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("{path}{cursor}")).await.ok();
            for item in page["items"].as_array().unwrap() {
                let key = item[id].as_str().unwrap_or_else(|| panic!("{item}"));
                assert!(seen.insert(key.to_owned()), "{key} comes twice");
            }
            match &page["next"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(seen.len(), 10_000, "{path}");
    }
    let agents = api.get("/api/phone").await.ok();
    assert_eq!(agents.as_array().unwrap().len(), 1_000);
}

#[tokio::test]
async fn ten_thousand_pasted_numbers_are_looked_at_and_added() {
    let inside = Inside::new().await;
    let mut tx = inside.db.begin().await.unwrap();
    store::trunk::insert(&mut tx, &samples::trunk())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let cookie = inside.sign_in().await;
    let reader = Reader { inside, cookie };
    // Each tenth has a letter in it.
    let lines = (0..10_000).map(|at| match at % 10 {
        0 => format!("+1415555O{at:04}"),
        _ => number(at),
    });
    let paste = lines.collect::<Vec<_>>().join("\r\n");
    let form = [
        ("draft[lines]", paste.as_str()),
        ("ask", "many"),
        ("page", "/settings/sip"),
    ];
    let (status, page) = reader.submit("add_numbers", &form, "identity").await;
    let page = String::from_utf8(page).unwrap();
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Will be added: 9000"), "{page}");
    assert!(page.contains("Stays in the box: 1000"), "{page}");
    assert!(page.contains("Add 9000 numbers"));
    assert_eq!(
        rows(&page),
        60,
        "what is wrong comes first, and not all of it"
    );
    // Beside what was pasted, which has to travel, the page is a page like any other.
    let (_, squeezed) = reader.submit("add_numbers", &form, "br").await;
    let most = BUDGET + paste.len() / 3;
    assert!(squeezed.len() <= most, "{} of {most} bytes", squeezed.len());

    let good = page.split_once("name=\"draft[lines]\" value=\"").unwrap().1;
    let good = good.split_once('"').unwrap().0;
    assert_eq!(good.lines().count(), 9_000);
    let (status, _) = reader
        .submit("add_numbers", &[("draft[lines]", good)], "identity")
        .await;
    assert_eq!(status, 303);
    let mut conn = reader.inside.db.read().await.unwrap();
    let stored = store::numbers::on_trunk(&mut conn).await.unwrap();
    assert_eq!(stored.len(), 9_000);
}
