//! One call's audio, as the SIP edge holds it: negotiate, let it sound, hear of trouble, close.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use app::domain::quality::OneWay;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::HEARD;
use super::dtmf::Digit;
use super::frame::Rate;
use super::line::Line;
use super::recording::{Recorded, Take};
use super::sdp::{Negotiation, Offer, Talk, Terms, Unacceptable};
use super::shared::Shared;
use super::speech::Speech;
use super::srtp::MasterKey;
use super::stats::Stats;

/// How long closing waits for the disk.
const CLOSING: Duration = Duration::from_secs(2);

/// The handle of a running session. Dropping it ends the audio and frees the ports.
#[derive(Debug)]
pub struct Session {
    shared: Arc<Shared>,
    negotiation: Mutex<Negotiation>,
    /// With somebody else, who has not answered yet.
    next: Mutex<Option<Negotiation>>,
    line: Mutex<Option<Line>>,
    events: Mutex<Option<mpsc::UnboundedReceiver<SessionEvent>>>,
    port: u16,
}

/// Which of our addresses a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalAddress {
    /// The interface to bind, possibly `0.0.0.0`.
    pub bind: IpAddr,
    /// What the other side is told.
    pub advertised: IpAddr,
}

/// Something the call's owner should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEvent {
    /// The first audio came, from this address.
    Locked {
        /// Where it comes from, and where ours goes.
        address: SocketAddr,
        /// Whether the description named it. If not, there is a NAT between.
        as_described: bool,
    },
    /// Audio now comes from another address, and may.
    Moved {
        /// Where it came from before.
        from: Option<SocketAddr>,
        /// Where it comes from now.
        to: SocketAddr,
    },
    /// Three seconds have passed and one side hears nothing, for this reason as far as one can tell.
    OneWay(OneWay),
    /// Nothing was heard for so long that the other side must be gone. The owner ends the call.
    TimedOut,
}

/// What is left of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// What was counted.
    pub stats: Stats,
    /// The recordings that were made, usually one or none.
    pub recordings: Vec<Recorded>,
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        negotiation: Negotiation,
        line: Line,
        events: mpsc::UnboundedReceiver<SessionEvent>,
        port: u16,
    ) -> Self {
        Self {
            shared,
            negotiation: Mutex::new(negotiation),
            next: Mutex::default(),
            line: Mutex::new(Some(line)),
            events: Mutex::new(Some(events)),
            port,
        }
    }

    /// Answers an offer, in an INVITE, re-INVITE or UPDATE: hold, resume, a new address, all the
    /// same. An error means 488 and leaves the audio as it was.
    pub fn answer(&self, offer: &Offer) -> Result<String, Unacceptable> {
        let mut negotiation = self.negotiation.lock();
        let answer = negotiation.answer(offer)?;
        self.agree(&negotiation);
        Ok(answer)
    }

    /// Our own offer, for an INVITE or re-INVITE that came without one. Changes nothing until
    /// [`accept`](Self::accept).
    pub fn offer(&self) -> String {
        self.negotiation.lock().offer()
    }

    /// Takes the answer to [`offer`](Self::offer), from the ACK or PRACK.
    pub fn accept(&self, answer: &Offer) -> Result<(), Unacceptable> {
        let mut negotiation = self.negotiation.lock();
        negotiation.accept(answer)?;
        self.agree(&negotiation);
        Ok(())
    }

    /// Our offer to somebody else, on terms of theirs and told this address of ours. Until
    /// [`accept_another`](Self::accept_another) the audio is with who is there.
    pub fn offer_another(&self, advertised: IpAddr, terms: Terms) -> String {
        let key = MasterKey::new(rand::random());
        let negotiation = self.negotiation.lock();
        let mut next = negotiation.with_another(rand::random(), advertised, terms, key);
        let offer = next.offer();
        *self.next.lock() = Some(next);
        offer
    }

    /// Takes the answer to [`offer_another`](Self::offer_another): from now on the audio is with them.
    pub fn accept_another(&self, answer: &Offer) -> Result<(), Unacceptable> {
        let Some(mut next) = self.next.lock().take() else {
            return self.accept(answer);
        };
        next.accept(answer)?;
        let mut negotiation = self.negotiation.lock();
        *negotiation = next;
        self.agree(&negotiation);
        Ok(())
    }

    /// What we described last, the same to the letter: for retransmissions.
    pub fn description(&self) -> Option<String> {
        self.negotiation.lock().current()
    }

    /// What is agreed now.
    pub fn talk(&self) -> Option<Talk> {
        self.negotiation.lock().talk().cloned()
    }

    /// Lets our audio out and starts the line's clock. Called with the 200 for a caller that
    /// proved who it is, with the ACK for one let in by its network: else a forged source could
    /// aim our audio at someone.
    pub fn start_sending(&self) {
        self.shared.change(|controls| controls.may_send = true);
    }

    /// A key that came by INFO (RFC 6086). Ignored if keys come by RTP too, which would count
    /// them twice.
    pub fn press(&self, digit: Digit) {
        self.shared.change(|controls| controls.pressed.push(digit));
    }

    /// The engine's end, given out once.
    pub fn take_line(&self) -> Option<Line> {
        self.line.lock().take()
    }

    /// A new end for another engine; the one before hears [`Heard::Gone`](super::Heard::Gone).
    /// For a caller who comes back after the first engine has left. What that had to say is
    /// forgotten, its recording goes on.
    pub fn renew_line(&self) -> Line {
        let (hear, heard) = mpsc::channel(HEARD);
        self.shared.change(|controls| {
            controls.new_line = Some(hear);
            controls.wants_audio = false;
            controls.line_rate = Rate::default();
            controls.speech = Speech::default();
        });
        self.shared.drained.notify_waiters();
        Line::new(Arc::clone(&self.shared), heard)
    }

    /// What happens to the audio, given out once. Ends with the session.
    pub fn take_events(&self) -> Option<mpsc::UnboundedReceiver<SessionEvent>> {
        self.events.lock().take()
    }

    /// Counts so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats.lock().clone()
    }

    /// Our RTP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Milliseconds since [`start_sending`](Self::start_sending), on the line's clock.
    pub fn now_ms(&self) -> u64 {
        self.shared.now_ms()
    }

    /// Ends the audio and waits, at most two seconds, until recordings are complete on disk.
    pub async fn close(&self) -> Closed {
        self.shared.close();
        let takes: Vec<Arc<Take>> = self.shared.takes.lock().clone();
        let mut recordings = Vec::with_capacity(takes.len());
        for take in takes {
            recordings.push(match timeout(CLOSING, take.finished()).await {
                Ok(recorded) => recorded,
                Err(_) => take.recorded(),
            });
        }
        Closed {
            stats: self.stats(),
            recordings,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn agree(&self, negotiation: &Negotiation) {
        self.shared.change(|controls| {
            if controls.talk.as_ref() != negotiation.talk() {
                controls.talk = negotiation.talk().cloned();
                controls.agreement += 1;
            }
        });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.close();
    }
}
