//! The route decision with a million numbers on the trunk, beside its aim.

use std::hint::black_box;
use std::time::{Duration, Instant};

use app::domain::call::CallerId;
use app::domain::codec::{AudioLine, Codec};
use app::domain::id::{AccessId, AgentId};
use app::domain::inbound::{AccessKind, NumberSource, OtherSources, Srtp};
use app::domain::phone::PhoneNumber;
use app::domain::routing::{
    AccessRoute, AgentRoute, Invite, Load, MediaOffer, NumberRoute, Proof, Routes, TrunkRoute,
    Verdict, decide,
};
use app::domain::sip::Transport;
use uuid::Uuid;

use self::table::Table;

#[path = "system/table.rs"]
mod table;

const NUMBERS: u32 = 1_000_000;
const AGENTS: u32 = 1_000;
const AIM: Duration = Duration::from_micros(2);

/// Decisions timed together, and how often: the clock costs as much as one decision.
const ROUND: u32 = 10_000;
const ROUNDS: usize = 31;

fn main() {
    let (routes, load) = (routes(), Load::idle(1_000));
    let mut table = Table::default();
    let mut measure = |what: &str, sent: &dyn Fn(u64) -> String, answered: bool| {
        let took = median(&routes, &load, &invites(sent), answered);
        let micros = took.as_secs_f64() * 1e6;
        table.row(what, format!("{micros:.2} µs"), "< 2 µs", Some(took < AIM));
    };
    // As a carrier sends most: +E.164.
    measure("decide, +E.164", &|number| format!("+{number}"), true);
    // Without the plus, which is tried as national first.
    measure("decide, digits alone", &|number| number.to_string(), true);
    // A number nobody has: every reading is tried, and the near miss looked for.
    let unknown = |_| "+442079460000".to_owned();
    measure("decide, unknown number", &unknown, false);
    println!("\n{table}");
}

/// They wander over all numbers, so that no cache helps more than it would in life.
fn invites(sent: &dyn Fn(u64) -> String) -> Vec<Invite> {
    (0..ROUND)
        .map(|at| invite(sent(number(at * 7_919 % NUMBERS))))
        .collect()
}

/// What one decision takes in the middle one of all rounds.
fn median(routes: &Routes, load: &Load, invites: &[Invite], answered: bool) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for invite in invites {
                let decision = black_box(decide(routes, load, black_box(invite)));
                assert_eq!(answered, matches!(decision.verdict, Verdict::Answer(_)));
            }
            began.elapsed() / ROUND
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

fn number(at: u32) -> u64 {
    14_150_000_000 + u64::from(at)
}

fn routes() -> Routes {
    let mut routes = Routes::default();
    routes.trunk = Some(TrunkRoute {
        max_channels: None,
        other_sources: OtherSources::Digest,
        country: "US".parse().ok(),
        denoise: false,
        codecs: None,
        agent_id_header: "X-Agent-ID".to_owned(),
    });
    routes.put_access(access());
    for at in 0..AGENTS {
        let agent = AgentRoute {
            id: agent(at),
            name: format!("Agent {at}"),
            enabled: true,
            max_channels: None,
        };
        routes.put_agent(agent, at == 0);
    }
    for at in 0..NUMBERS {
        let Ok(number) = format!("+{}", number(at)).parse::<PhoneNumber>() else {
            continue;
        };
        let route = NumberRoute {
            on_trunk: true,
            agent: Some(agent(at % AGENTS)),
        };
        routes.put_number(&number, route);
    }
    routes
}

fn agent(at: u32) -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(u128::from(at) + 1))
}

fn access() -> AccessRoute {
    AccessRoute {
        id: AccessId::from_uuid(Uuid::from_u128(1)),
        label: "Main".to_owned(),
        kind: AccessKind::Digest,
        username: Some("patch_7f3a91".to_owned()),
        endpoint_name: "k7f3q9".to_owned(),
        networks: Vec::new(),
        own_endpoint_only: false,
        country: None,
        agent_header: true,
        number_source: NumberSource::Auto,
        max_channels: None,
        srtp: Srtp::Off,
        sha256_only: false,
        strict_uri: false,
        refer_form: None,
        passed_headers: Vec::new(),
        enabled: true,
    }
}

fn invite(user: String) -> Invite {
    Invite {
        source: [203, 0, 113, 10].into(),
        transport: Transport::Udp,
        proof: Proof::Digest {
            access: AccessId::from_uuid(Uuid::from_u128(1)),
            algorithm: "MD5",
            moved_from: None,
        },
        to_user: user.clone(),
        target_user: user,
        target_host: "sip.example.com".to_owned(),
        called_party: None,
        agent_headers: Vec::new(),
        media: MediaOffer::Codecs {
            offered: vec!["PCMU".to_owned(), "telephone-event".to_owned()],
            lines: vec![AudioLine::plain(vec![Codec::Pcmu])],
        },
        caller: CallerId::default(),
    }
}
