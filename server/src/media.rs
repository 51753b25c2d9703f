//! Audio of calls: RTP sockets, jitter, codecs, digits, recording.
//!
//! Knows sockets, samples and session descriptions. It knows nothing of SIP messages, agents or
//! SQL: `sip` opens a [`Session`] and negotiates it, `agent` speaks and listens on its [`Line`].
//!
//! # Layout
//!
//! ```text
//! sdp          what the other side describes; our half of offer and answer
//! ports        pairs of UDP ports, random, freed on drop
//! session      the handle sip holds       line       the handle the agent's engine holds
//! bridge       two sessions joined        ringback, melody   what is heard while waiting for the other one
//! pacer        threads that run every session's 20 ms, so that audio never waits for SQL or HTML
//! leg          one session on such a thread: receive, play out, record, send
//! doorbell     which legs of a thread have reports to read
//! rtp, srtp, reports, latch, jitter, conceal, dtmf, keys, vad, speech, codec, frame, resample,
//! denoise, tone                                          the parts, pure and tested alone
//! recording    stereo WAV, written as the call runs, on a thread of its own
//! ```

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::sync::mpsc;

mod bridge;
pub mod codec;
mod conceal;
mod denoise;
mod doorbell;
mod dtmf;
mod frame;
mod jitter;
mod keys;
mod latch;
mod leg;
mod line;
mod melody;
mod pacer;
mod ports;
mod recording;
mod reports;
mod resample;
mod ringback;
mod rtp;
pub mod sdp;
mod session;
mod shared;
mod speech;
mod srtp;
mod stats;
pub mod tone;
mod vad;

pub use bridge::{Bridge, Waiting, WhenConnected};
pub use dtmf::Digit;
pub use frame::Rate;
pub use line::{Heard, Line, Span};
pub use ports::{NoPort, PortPair, PortPool};
pub use recording::{Recorded, RecordingFailure};
pub use ringback::Ringback;
pub use session::{Closed, LocalAddress, Session, SessionEvent};
pub use speech::Progress;
pub use srtp::{Keys, MasterKey, Suite};
pub use stats::{Received, Sent, Stats};

use leg::{Leg, Manner};
use pacer::Pacer;
use recording::RecordingDesk;
use sdp::{Negotiation, Terms};
use shared::Shared;

use crate::vault::VaultKey;

/// Events an engine may leave unread before the oldest audio gives way.
const HEARD: usize = 256;

/// How audio is to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// UDP ports for RTP (even) and RTCP (the next odd).
    pub ports: RangeInclusive<u16>,
    /// Silence on the wire after which a call is given up; rests while either side holds.
    pub timeout: Duration,
    /// Least and most milliseconds the jitter buffer holds audio.
    pub jitter_ms: RangeInclusive<u64>,
    /// Threads that carry audio; one is enough for some thousand calls, or a hundred whose noise is taken out.
    pub threads: usize,
}

/// Everything audio of this server: ports, threads, recordings.
#[derive(Debug)]
pub struct Media {
    ports: PortPool,
    pacer: Pacer,
    desk: RecordingDesk,
    timeout: Duration,
    jitter_ms: RangeInclusive<u64>,
}

impl Media {
    /// Starts the threads. They end when the last session and this are gone.
    pub fn start(settings: &Settings) -> io::Result<Self> {
        Self::start_sealing(settings, None)
    }

    /// The same, with recordings sealed on disk if there is a key for it.
    pub fn start_sealing(settings: &Settings, key: Option<VaultKey>) -> io::Result<Self> {
        Ok(Self {
            ports: PortPool::new(settings.ports.clone()),
            pacer: Pacer::start(settings.threads)?,
            desk: RecordingDesk::start_thread(key)?,
            timeout: settings.timeout,
            jitter_ms: settings.jitter_ms.clone(),
        })
    }

    /// The RTP ports, to show how many are in use.
    pub fn ports(&self) -> &PortPool {
        &self.ports
    }

    /// Binds a pair of ports and starts listening; nothing is sent until
    /// [`Session::start_sending`].
    pub fn open(&self, local: LocalAddress) -> Result<Session, NoPort> {
        self.open_on(local, Terms::default())
    }

    /// The same on other terms.
    pub fn open_on(&self, local: LocalAddress, terms: Terms) -> Result<Session, NoPort> {
        let ports = self.ports.open(local.bind)?;
        let port = ports.port();
        let shared = Shared::new(self.desk.clone());
        let (hear, heard) = mpsc::channel(HEARD);
        let (tell, events) = mpsc::unbounded_channel();
        let line = Line::new(shared.clone(), heard);
        let manner = Manner {
            timeout: self.timeout,
            jitter_ms: self.jitter_ms.clone(),
            denoise: terms.denoise,
            advertised: local.advertised,
        };
        self.pacer
            .carry(Leg::new(ports, shared.clone(), hear, tell, &manner));
        let address = SocketAddr::new(local.advertised, port);
        let key = MasterKey::new(rand::random());
        let negotiation = Negotiation::new(rand::random(), address, terms, key);
        Ok(Session::new(shared, negotiation, line, events, port))
    }
}
