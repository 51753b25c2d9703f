//! The route decision with a million numbers on the trunk (aim: under 2 µs).

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
use divan::{Bencher, black_box};
use uuid::Uuid;

const NUMBERS: u32 = 1_000_000;
const AGENTS: u32 = 1_000;

fn main() {
    divan::main();
}

/// As a carrier sends most: +E.164.
#[divan::bench]
fn decide_by_e164(bencher: Bencher) {
    answered(bencher, |number| format!("+{number}"));
}

/// Without the plus, which is tried as national first.
#[divan::bench]
fn decide_by_digits(bencher: Bencher) {
    answered(bencher, |number| number.to_string());
}

/// A number nobody has: every reading is tried, and the near miss looked for.
#[divan::bench]
fn decide_unknown(bencher: Bencher) {
    let (routes, load) = (routes(), Load::idle(1_000));
    let invite = invite("+442079460000".to_owned());
    bencher.bench_local(|| {
        let decision = decide(&routes, &load, black_box(&invite));
        assert!(matches!(decision.verdict, Verdict::Refuse(_)));
        decision
    });
}

/// The lookups wander over all numbers, so that no cache helps more than it would in life.
fn answered(bencher: Bencher, sent: impl Fn(u64) -> String) {
    let (routes, load) = (routes(), Load::idle(1_000));
    let invites: Vec<Invite> = (0..10_000)
        .map(|at| invite(sent(number(at * 7_919 % NUMBERS))))
        .collect();
    let mut next = invites.iter().cycle();
    bencher.bench_local(|| {
        let decision = next
            .next()
            .map(|invite| decide(&routes, &load, black_box(invite)));
        assert!(matches!(
            decision.as_ref().map(|decision| decision.verdict),
            Some(Verdict::Answer(_))
        ));
        decision
    });
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
