//! What the server is and has seen: news, sources that did not get in, listeners, counts.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::call::{Call, TranscriptLine};
use crate::domain::id::CallId;
use crate::domain::routing::Refusal;
use crate::domain::sip::Transport;

/// Something that pages and scripts may watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "topic")]
pub enum News {
    /// A call began, moved on or ended.
    Call {
        /// Its row now.
        call: Box<Call>,
    },
    /// A line was said in a call.
    Line {
        /// Whose.
        call: CallId,
        /// What.
        line: TranscriptLine,
    },
    /// Trunk, accesses, numbers or agents changed.
    Routing,
    /// Somebody did not get in.
    Sources,
    /// A webhook has something to be told, or was told.
    Webhooks,
}

/// One source that did not get in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// From where.
    pub address: IpAddr,
    /// What it calls itself.
    pub software: Option<String>,
    /// The last number it dialled, as sent.
    pub dialled: Option<String>,
    /// Whether that is a number of ours.
    pub dialled_ours: bool,
    /// What went wrong last.
    pub reason: Option<Refusal>,
    /// How often.
    pub tries: u32,
    /// Unix milliseconds.
    pub first_at: i64,
    /// Unix milliseconds.
    pub last_at: i64,
    /// Until when nothing is heard of it. Unix milliseconds.
    pub blocked_until: Option<i64>,
}

/// Listeners, addresses, evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct Facts {
    pub version: String,
    pub public_url: String,
    pub listeners: Vec<Listener>,
    pub external_host: String,
    pub rtp_first: u16,
    pub rtp_last: u16,
    pub live_calls: u32,
    pub answered_today: u64,
    pub refused_today: u64,
    pub failed_today: u64,
    pub last_call_at: Option<i64>,
    pub numbers_on_trunk: u64,
    pub agents_enabled: u64,
    pub numbers_with_agent: u64,
    pub has_default_agent: bool,
    /// A carrier's or test call was answered, last.
    pub answered_at: Option<i64>,
    /// A credential was used from another machine than this, last.
    pub signed_in_at: Option<i64>,
    pub signed_in_from: Option<IpAddr>,
    /// A call from another machine than this was answered, last.
    pub outside_at: Option<i64>,
    pub outside_from: Option<IpAddr>,
}

/// One socket that SIP listens on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain facts; times in unix milliseconds")]
pub struct Listener {
    pub transport: Transport,
    pub address: String,
    pub last_packet_at: Option<i64>,
    /// Why it does not listen, if it does not.
    pub error: Option<String>,
}
