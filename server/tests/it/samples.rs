//! Rows as tests make them: valid, distinct, and dull but for what the test says.

use app::domain::account::{Role, SignedIn};
use app::domain::agent::{Agent, AgentSettings};
use app::domain::call::{Call, CallState, CallerId, Direction, RecordingState};
use app::domain::id::{AccessId, AgentId, CallId, NumberId, TrunkId, UserId};
use app::domain::inbound::{Access, AccessKind, AccessSettings, InboundTrunk, TrunkSettings};
use app::domain::number::Number;
use app::domain::phone::PhoneNumber;
use app::domain::routing::Receipt;
use app::domain::sip::Transport;
use server::store::calls::CallPapers;
use server::store::users::Account;
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_763_890_000_000;

pub(crate) fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub(crate) fn phone(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

pub(crate) fn trunk() -> InboundTrunk {
    InboundTrunk {
        id: TrunkId::from_uuid(uuid(1)),
        settings: TrunkSettings {
            region: "eu".parse().unwrap(),
            krisp_enabled: true,
            codecs: "G722,PCMU".parse().ok(),
            max_channels: Some(30),
            other_sources: "digest".parse().unwrap(),
            country: Some("DE".parse().unwrap()),
            agent_id_header: "X-Agent-ID".parse().unwrap(),
        },
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn access(n: u128, label: &str, kind: AccessKind) -> Access {
    let mut settings = AccessSettings::default_for(kind);
    label.clone_into(&mut settings.label);
    if kind == AccessKind::Network {
        settings.networks = vec![
            "2001:db8::/32".parse().unwrap(),
            "203.0.113.0/24".parse().unwrap(),
        ];
    }
    Access {
        id: AccessId::from_uuid(uuid(n)),
        settings,
        username: (kind == AccessKind::Digest).then(|| format!("patch_{n}")),
        endpoint_name: format!("e{n}"),
        last_used: None,
        version: 1,
        created_at: NOW + i64::try_from(n).unwrap(),
        updated_at: NOW,
    }
}

pub(crate) fn agent(n: u128, name: &str) -> Agent {
    let mut settings = AgentSettings::starting();
    name.clone_into(&mut settings.name);
    Agent {
        id: AgentId::from_uuid(uuid(n)),
        settings,
        outbound_trunk: None,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn number(n: u128, text: &str) -> Number {
    Number {
        id: NumberId::from_uuid(uuid(n)),
        number: phone(text),
        label: None,
        verified_at: Some(NOW),
        on_trunk: true,
        agent: None,
        last_call_at: None,
        version: 1,
        created_at: NOW,
    }
}

pub(crate) fn account(n: u128, email: &str) -> Account {
    Account {
        user: SignedIn {
            id: UserId::from_uuid(uuid(n)),
            email: email.to_owned(),
            role: Role::Admin,
            zone: None,
            language: None,
            theme: None,
        },
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        session_epoch: 0,
    }
}

pub(crate) fn call(n: u128, started_at: i64) -> Call {
    Call {
        id: CallId::from_uuid(uuid(n)),
        direction: Direction::Inbound,
        state: CallState::Ringing,
        end: None,
        phrase: None,
        trunk: None,
        trunk_label: None,
        parent: None,
        caller: CallerId {
            number: Some(phone("+4930123456")),
            name: Some("Ada".to_owned()),
            anonymous: false,
            raw_from: "\"Ada\" <sip:+4930123456@carrier.example>".to_owned(),
            asserted: None,
            diverted_from: None,
        },
        number: Some(phone("+14155550100")),
        sent_as: "0014155550100".to_owned(),
        access: None,
        access_label: None,
        agent: None,
        agent_name: None,
        source: Some("203.0.113.10".parse().unwrap()),
        transport: Some(Transport::Udp),
        software: Some("Carrier/1.0".to_owned()),
        sip_call_id: format!("call-{n}@carrier.example"),
        repeats: 1,
        late: false,
        started_at,
        ringing_at: Some(started_at + 5),
        answered_at: None,
        first_audio_at: None,
        ended_at: None,
        codec: None,
        recording: RecordingState::None,
    }
}

pub(crate) fn papers() -> CallPapers {
    CallPapers {
        receipt: Receipt::default(),
        offered: vec!["PCMU".to_owned()],
        quality: None,
        recording_path: None,
        instance: "one".to_owned(),
    }
}
