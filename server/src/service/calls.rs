//! Calls as they happen: decided and counted in memory, written behind the SIP path.
//!
//! # Layout
//! `desk` (here) · `terms` what the SIP edge and it say to each other · `outgoing` calls that leave, `legs` those that another one began · `live` the calls that run · `writer` one
//! task that groups commits, with a file for when the database is away · `refusals` one row
//! for many alike · `row` of a call that came in · `neighbours` the other instances · `orphans` what a dead process left open · `told` the log line of each
//! · `telling` what webhooks hear · `inbox` what people and scripts read

mod inbox;
mod legs;
mod live;
mod neighbours;
mod orphans;
mod outgoing;
mod refusals;
mod row;
mod telling;
mod terms;
mod told;
mod waveform;
mod writer;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::domain::agent::Agent;
use app::domain::call::{
    Call, CallEnd, CallState, Happening, RecordingState, SipMessageRecord, TimelineEvent,
};
use app::domain::codec::CodecOrder;
use app::domain::id::{AccessId, AgentId, CallId};
use app::domain::inbound::Srtp;
use app::domain::outbound::{Health, HealthState, OutboundTrunk};
use app::domain::routing::{Decision, Invite, Proof, decide};
use app::domain::sip::{PassedHeader, Secret};
use app::domain::webhook::{EventKind, Told};
use app::ports::News;

pub(crate) use inbox::Running;
pub use live::Live;
use live::Unwritten;
pub use neighbours::LEASE;
pub use outgoing::{NoWayOut, NotPlaced, OutRoute, Outgoing};
pub use terms::{CallEvent, CallFacts, NewCall, Opened, Peer, Switchboard};
pub use writer::{Writer, WriterError};

use crate::clock::Clock;
use crate::service::news::NewsDesk;
use crate::service::routes::{Credential, RouteBook};
use crate::store::Db;
use crate::store::calls::CallPapers;
use crate::vault::VaultKey;
use refusals::Refusals;
use row::by_registration;
use writer::Entry;

/// How long an answer waits for its row.
const DURABLE_WITHIN: Duration = Duration::from_millis(200);

/// What the desk needs to know of the configuration.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// Most calls at once.
    pub max_calls: u32,
    /// Where recordings are.
    pub recordings: PathBuf,
    /// Where rows go while the database is away.
    pub spool: PathBuf,
    /// Which server process this is.
    pub instance: String,
}

/// The desk: everything about calls.
pub struct CallDesk {
    db: Db,
    clock: Clock,
    book: Arc<RouteBook>,
    live: Arc<Live>,
    refusals: Refusals,
    writer: Writer,
    news: NewsDesk,
    settings: DeskSettings,
    nonce_key: [u8; 32],
    /// What recordings are sealed with, or were.
    vault: VaultKey,
    switchboard: OnceLock<Arc<dyn Switchboard>>,
}

impl CallDesk {
    /// Opens the desk: replays what was written while the database was away, and closes
    /// the rows that a former life of this process left open. The future runs the writer.
    pub async fn open(
        db: Db,
        clock: Clock,
        book: Arc<RouteBook>,
        news: NewsDesk,
        nonce_key: [u8; 32],
        settings: DeskSettings,
    ) -> Result<(Arc<Self>, impl Future<Output = ()> + Send + 'static), WriterError> {
        let live = Arc::new(Live::new(settings.max_calls));
        let (writer, work) = Writer::open(db.clone(), settings.spool.clone(), live.clone()).await?;
        let desk = Arc::new(Self {
            live,
            refusals: Refusals::default(),
            writer,
            news,
            vault: db.vault_key(),
            db,
            clock,
            book,
            settings,
            nonce_key,
            switchboard: OnceLock::new(),
        });
        Ok((desk, work))
    }

    /// Ties the knot: the edge that is to do what people ask of live calls.
    pub fn connect(&self, switchboard: Arc<dyn Switchboard>) {
        // A second edge in one process would be a mistake of `lib.rs`; the first one stays.
        drop(self.switchboard.set(switchboard));
    }

    /// The edge, once there is one.
    pub fn switchboard(&self) -> Option<&Arc<dyn Switchboard>> {
        self.switchboard.get()
    }

    /// What nonces are signed with: the same on all instances.
    pub fn nonce_key(&self) -> [u8; 32] {
        self.nonce_key
    }

    /// The digest access of this username; none if there is none or it is disabled.
    pub fn credential(&self, username: &str) -> Option<Credential> {
        self.book.credential(username)
    }

    /// May a caller under this host be asked for MD5?
    pub fn offers_md5(&self, host: &str) -> bool {
        self.book.read(|routes| routes.offers_md5(host))
    }

    /// Is this address inside a `network` access?
    pub fn trusts(&self, source: IpAddr) -> bool {
        self.book
            .read(|routes| routes.networks_of(source).next().is_some())
    }

    /// Whether noise is taken out of what callers say.
    pub fn denoises(&self) -> bool {
        self.book
            .read(|routes| routes.trunk.as_ref().is_some_and(|trunk| trunk.denoise))
    }

    /// Which codecs are taken of who came like this, the best first.
    pub fn codecs(&self, proof: &Proof) -> Option<CodecOrder> {
        self.book.read(|routes| routes.codecs(proof).cloned())
    }

    /// Whether the audio of who came like this, by this access, is encrypted.
    pub fn srtp(&self, proof: &Proof, access: Option<AccessId>) -> Srtp {
        self.book.read(|routes| routes.srtp(proof, access))
    }

    /// Which headers of who came by this access the agent's engine is told.
    pub fn passed_headers(&self, access: AccessId) -> Vec<PassedHeader> {
        self.book
            .read(|routes| Some(routes.access(access)?.passed_headers.clone()))
            .unwrap_or_default()
    }

    /// The header that may name the agent, if there is a trunk.
    pub fn agent_header(&self) -> Option<String> {
        self.book.read(|routes| {
            routes
                .trunk
                .as_ref()
                .map(|trunk| trunk.agent_id_header.clone())
        })
    }

    /// Whether a dialled number is one of ours, for the table of those who did not get in.
    pub fn is_ours(&self, dialled: &str) -> bool {
        let readings = app::domain::phone::readings(dialled, None);
        self.book
            .read(|routes| readings.iter().any(|(_, number)| routes.on_trunk(number)))
    }

    /// From now on every INVITE is refused.
    pub fn drain(&self) {
        self.live.drain();
    }

    /// Decides, and on `Answer` counts the call against every limit until `end`.
    pub fn admit(&self, call: CallId, invite: &Invite) -> Decision {
        let trunk = match &invite.proof {
            Proof::Registered(by) => Some(by.trunk),
            _ => None,
        };
        self.live.admit(call, trunk, self.clock.now_ms(), |load| {
            self.book.read(|routes| decide(routes, load, invite))
        })
    }

    /// What would be decided now; counts nothing.
    pub fn suppose(&self, invite: &Invite) -> Decision {
        let load = self.live.load();
        self.book.read(|routes| decide(routes, &load, invite))
    }

    /// Every way out, with its password.
    pub fn ways_out(&self) -> Vec<(OutboundTrunk, Option<Secret>)> {
        self.book.ways_out()
    }

    /// How a trunk is has changed. Webhooks are told when it can no longer be used, and when it
    /// can again.
    pub fn trunk_changed(&self, trunk: &OutboundTrunk, before: HealthState, health: &Health) {
        self.news.tell(News::Routing);
        let healthy = health.state != HealthState::Down;
        if healthy == (before != HealthState::Down) {
            return;
        }
        let reason = health.trouble.as_ref().filter(|_| !healthy);
        let trunk = Told::Trunk {
            trunk: Some(trunk.id),
            name: trunk.settings.name.clone(),
            healthy,
            reason: reason.map(|trouble| trouble.code().to_owned()),
        };
        self.announce(EventKind::TrunkHealth, trunk);
    }

    /// Who answers, in full; none if it was deleted meanwhile.
    pub fn agent(&self, agent: AgentId) -> Option<Agent> {
        self.book.agent(agent)
    }

    /// What its engine knows us by.
    pub fn engine_secret(&self, agent: AgentId) -> Option<Secret> {
        self.book.engine_secret(agent)
    }

    /// Where a call's recording is kept.
    pub fn recording_path(&self, call: CallId) -> PathBuf {
        self.settings.recordings.join(recording_name(call))
    }

    /// A call that will be answered. Durable when this returns `Durable`; after 200 ms the
    /// call goes on as `Late`.
    pub async fn begin(&self, new: NewCall) -> Opened {
        let (call, papers) = self.row(&new, CallState::Ringing, None);
        if let (Some(access), Some(from)) = (call.access, call.source) {
            self.writer.write(Entry::Used {
                access,
                at: call.started_at,
                from,
            });
        }
        if let Some(number) = call.number.clone() {
            self.writer.write(Entry::Called {
                number,
                at: call.started_at,
            });
        }
        let (call, papers) = (Arc::new(call), Arc::new(papers));
        self.live.begin(call.clone(), papers.clone());
        let id = call.id;
        self.announce_call(EventKind::CallStarted, &call);
        let durable = self.writer.write_durably(Entry::Save {
            call: call.clone(),
            papers,
        });
        self.tell_row(&call);
        if let Ok(Ok(())) = tokio::time::timeout(DURABLE_WITHIN, durable).await {
            return Opened::Durable;
        }
        self.change(id, |call| call.late = true);
        Opened::Late
    }

    /// A call that was refused: one row with its receipt, identical ones together.
    pub fn refused(&self, new: &NewCall, end: CallEnd, messages: Vec<SipMessageRecord>) {
        let known = new.decision.access.is_some() || by_registration(new).is_some();
        match self.refusals.note(new, end, known) {
            refusals::Noted::First => {
                let (mut call, papers) = self.row(new, CallState::Ended, Some(end));
                call.ended_at = Some(self.clock.now_ms());
                told::ended(&call, None);
                let (id, call) = (call.id, Arc::new(call));
                self.announce_call(EventKind::CallRefused, &call);
                self.writer.write(Entry::save(call.clone(), papers));
                for message in messages {
                    self.writer.write(Entry::Message { call: id, message });
                }
                self.tell_row(&call);
            }
            refusals::Noted::Again { row, repeats } => {
                self.writer.write(Entry::Repeat { call: row, repeats });
            }
            refusals::Noted::TooMany => {}
        }
    }

    /// Something happened during a call. Never blocks.
    pub fn note(&self, id: CallId, event: CallEvent) {
        match event {
            CallEvent::Codec(codec) => self.change(id, |call| call.codec = Some(codec)),
            CallEvent::Said(line) => {
                self.writer.write(Entry::Line {
                    call: id,
                    line: line.clone(),
                });
                self.news.tell(News::Line { call: id, line });
            }
            CallEvent::Message(message) => {
                self.writer.write(Entry::Message { call: id, message });
            }
            CallEvent::Happened(event) => self.happened(id, event),
            CallEvent::Transfer(transfer) => {
                let over = telling::over(&transfer);
                self.writer.write(Entry::Transfer {
                    transfer: Box::new(transfer),
                });
                if let Some(over) = over {
                    self.announce(EventKind::TransferCompleted, over);
                }
                self.change(id, |_| {});
            }
            CallEvent::Checked(check) => {
                self.change_papers(id, |_, papers| papers.receipt.checks.push(check));
            }
            CallEvent::Peer(peer) => self.change(id, |call| {
                call.source = Some(peer.address);
                call.transport = Some(peer.transport);
                call.sip_call_id = peer.sip_call_id;
                call.software = peer.software.or(call.software.take());
            }),
        }
    }

    fn happened(&self, id: CallId, event: TimelineEvent) {
        let at = event.at;
        match &event.what {
            Happening::Dialling { .. } => self.change(id, |call| {
                call.state = CallState::Dialling;
            }),
            Happening::Ringing => self.change(id, |call| {
                call.ringing_at = call.ringing_at.or(Some(at));
                call.state = CallState::Ringing;
            }),
            Happening::Answered => self.change(id, |call| {
                call.answered_at = Some(at);
                call.state = CallState::Answered;
            }),
            Happening::FirstAudioOut => self.change(id, |call| call.first_audio_at = Some(at)),
            Happening::RecordingStarted => self.change_papers(id, |call, papers| {
                call.recording = RecordingState::Running;
                papers.recording_path = Some(recording_name(id));
            }),
            _ => {}
        }
        if event.what == Happening::Answered
            && let Some(call) = self.live.get(id)
        {
            self.announce_call(EventKind::CallAnswered, &call);
        }
        self.writer.write(Entry::Event { call: id, event });
    }

    /// The last word about a call that `admit` counted, begun or not.
    pub fn end(&self, id: CallId, end: CallEnd, facts: &CallFacts) {
        let Some(Unwritten { row, papers_too }) = self.live.end(id) else {
            return;
        };
        let (mut call, mut papers) = (Arc::unwrap_or_clone(row.0), row.1);
        call.state = CallState::Ended;
        call.end = Some(end);
        call.ended_at = Some(facts.ended_at.max(call.started_at));
        call.first_audio_at = call.first_audio_at.or(facts.first_audio_at);
        call.recording = facts.recording;
        call.phrase.clone_from(&facts.phrase);
        let known = Arc::make_mut(&mut papers);
        known.quality = facts.quality;
        known.recording_path =
            (facts.recording != RecordingState::None).then(|| recording_name(id));
        told::ended(&call, facts.quality.as_ref());
        let event = TimelineEvent {
            at: facts.ended_at,
            what: Happening::Ended {
                reason: end.reason.code().to_owned(),
            },
        };
        self.writer.write(Entry::Event { call: id, event });
        let call = Arc::new(call);
        self.announce_call(EventKind::CallEnded, &call);
        let row = (call.clone(), papers);
        self.writer.write(Entry::of(Unwritten { row, papers_too }));
        self.tell_row(&call);
    }

    /// Waits until no call is left.
    pub async fn idle(&self) {
        self.live.idle().await;
    }

    /// Waits until everything written so far is durable.
    pub async fn flush(&self) {
        self.writer.flush().await;
    }

    /// How many calls run.
    pub fn live_calls(&self) -> u32 {
        self.live.load().calls
    }

    pub(crate) fn live_call(&self, id: CallId) -> Option<Call> {
        self.live.get(id).map(Arc::unwrap_or_clone)
    }

    fn change(&self, id: CallId, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.live.change(id, change) {
            self.writer.write_row(id);
            self.tell_row(&call);
        }
    }

    /// The row and what is written once only, as a rule.
    fn change_papers(&self, id: CallId, change: impl FnOnce(&mut Call, &mut CallPapers)) {
        if let Some(call) = self.live.change_papers(id, change) {
            self.writer.write_row(id);
            self.tell_row(&call);
        }
    }
}

fn recording_name(call: CallId) -> String {
    format!("{call}.wav")
}
