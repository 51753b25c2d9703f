//! A call of an agent's: dialled, and from the answer on a call like any other.

use app::domain::call::{CallEnd, EndReason, Happening, TimelineEvent};
use app::domain::id::CallId;
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Check, Note, Outcome, Step};
use app::domain::sip::{Host, Secret, Transport, Username};
use app::domain::transfer::{Destination, ReferTo};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answer::Credentials;
use super::targets::Place;
use super::{Answered, Attempt, Failed, Leg, Progress, health};
use crate::media::Session;
use crate::media::sdp::{Offer, Srtp};
use crate::service::calls::{OutRoute, Outgoing, Peer};
use crate::sip::Edge;
use crate::sip::call::offer::description;
use crate::sip::call::{
    Bot, Call, Death, Ear, Ending, Phase, Sources, Speaking, Telephone, facts_of_outgoing,
};
use crate::sip::calls;
use crate::sip::desk::{CallEvent, CallFacts};
use crate::sip::dialog::{DialogId, Numbers};
use crate::sip::ladder::{Ladder, Way};
use crate::sip::timer::SessionTimer;

/// How a leg of another call fares, told to that call.
#[derive(Debug)]
pub(in crate::sip) enum FarEvent {
    /// Its audio is open.
    Opened(Arc<Session>),
    /// One of its addresses is asked.
    Trying,
    /// Somebody there has said something.
    Heard,
    Ringing,
    /// Audio comes before the answer.
    Early,
    Answered,
    /// Somebody answered with the audio that was lent.
    Taken(Box<Answered>),
    /// The bot there hands its caller on, perhaps to take the place of this call there.
    HandsOn(Box<Destination>, Option<String>),
    /// The same, to where that can't be.
    AsksTooMuch(Box<ReferTo>, EndReason),
    /// The bot there was told that nobody took its caller.
    Told,
    /// It is over, answered or not.
    Over {
        reason: EndReason,
        status: Option<u16>,
    },
}

/// Places a call, and lives through it. `near` is the call whose leg it is, if it is one; it may
/// lend its own audio, and takes the call over then as soon as somebody answers.
pub(in crate::sip) async fn dial(
    edge: Arc<Edge>,
    outgoing: Outgoing,
    near: Option<mpsc::UnboundedSender<FarEvent>>,
    lent: Option<Arc<Session>>,
) {
    let id = outgoing.id;
    let _death = Death {
        edge: edge.clone(),
        call: id,
    };
    let leg = leg(&edge, &outgoing);
    let call_id = format!("{}@{}", edge.clock.new_uuid(), edge.config.realm);
    let tag = edge.clock.new_uuid().simple().to_string();
    let dialog = DialogId {
        call_id: call_id.clone(),
        local_tag: tag.clone(),
        remote_tag: String::new(),
    };
    let (place, mut outside) = edge.calls.enter(id, dialog);
    let mut log = Log::new(&edge, &outgoing, call_id.clone(), near.clone());
    // Who hung up before this leg could be found is not there to take it; from here on it is found.
    if near.as_ref().is_some_and(mpsc::UnboundedSender::is_closed) {
        return log.fail(&Failed::because(EndReason::CallerGaveUp));
    }
    let (tell, mut progress) = mpsc::unbounded_channel();
    let mut session = lent.clone();
    let attempt = Attempt {
        edge: &edge,
        leg: &leg,
        call: id,
        call_id,
        tag,
        tell,
        numbers: Numbers::default(),
        lent: lent.is_some(),
        ring_until: Instant::now() + outgoing.ring_for,
    };
    let answered = {
        let running = attempt.run(&mut session, &mut outside);
        tokio::pin!(running);
        let mut orphan = false;
        loop {
            tokio::select! {
                biased;
                Some(step) = progress.recv() => log.note(step),
                answered = &mut running => break answered,
                // Whose leg it is died without a word.
                () = gone(near.as_ref()), if !orphan => {
                    orphan = true;
                    edge.calls.hang_up(id, EndReason::Fault);
                }
            }
        }
    };
    progress.close();
    while let Ok(step) = progress.try_recv() {
        log.note(step);
    }
    let (answered, session) = match (answered, session) {
        (Ok(answered), Some(session)) => (answered, session),
        (Ok(_), None) => return log.fail(&Failed::because(EndReason::Fault)),
        (Err(failed), session) => {
            if let Some(session) = session.filter(|_| lent.is_none()) {
                session.close().await;
            }
            return log.fail(&failed);
        }
    };
    log.answered(&answered);
    if lent.is_some() {
        return give(&edge, id, answered, near.as_ref()).await;
    }
    let Log { ladder, .. } = log;
    Box::pin(begin(
        edge,
        outgoing,
        answered,
        session,
        Line {
            place,
            outside,
            ladder,
            near,
        },
    ))
    .await;
}

/// Hands the dialog to who lent the audio; if that one has gone, so does who answered.
async fn give(
    edge: &Arc<Edge>,
    call: CallId,
    answered: Answered,
    near: Option<&mpsc::UnboundedSender<FarEvent>>,
) {
    let Some(near) = near else { return };
    let taken = near.send(FarEvent::Taken(Box::new(answered)));
    if let Err(mpsc::error::SendError(FarEvent::Taken(answered))) = taken {
        let Answered {
            dialog,
            invite,
            response,
            ..
        } = *answered;
        super::refuse_answer(edge, &invite, &response, &dialog.flow, &|_, _, _| {}).await;
        let facts = CallFacts {
            ended_at: edge.clock.now_ms(),
            ..CallFacts::default()
        };
        let end = CallEnd::because(EndReason::CallerGaveUp);
        edge.desk.end(call, end, facts);
    }
}

/// Until nobody waits for this leg any more.
pub(in crate::sip) async fn gone(near: Option<&mpsc::UnboundedSender<FarEvent>>) {
    match near {
        Some(near) => near.closed().await,
        None => std::future::pending().await,
    }
}

/// What a call has from before its answer.
struct Line {
    place: calls::Place,
    outside: mpsc::Receiver<calls::ToCall>,
    ladder: Ladder,
    near: Option<mpsc::UnboundedSender<FarEvent>>,
}

/// From the answer on.
async fn begin(
    edge: Arc<Edge>,
    outgoing: Outgoing,
    answered: Answered,
    session: Arc<Session>,
    line: Line,
) {
    let Line {
        mut place,
        outside,
        ladder,
        near,
    } = line;
    let Answered {
        dialog,
        invite,
        response,
        callee,
        described,
    } = answered;
    place.rename(dialog.id.clone());
    let agreed = match description(&response) {
        Some(body) => Offer::parse(body).is_ok_and(|answer| session.accept(&answer).is_ok()),
        // What was agreed before the answer stands (RFC 3261 §13.2.1, RFC 3262 §5).
        None => described,
    };
    let now = edge.clock.now_ms();
    let t1 = edge.config.t1;
    let mut call = Call {
        late_offer: false,
        allows_update: response.lists("Allow", "UPDATE"),
        phase: Phase::Confirmed,
        sources: Sources::new(None, outside, &session, t1, now),
        direction: app::domain::call::Direction::Outbound,
        id: outgoing.id,
        facts: facts_of_outgoing(&outgoing),
        speaking: Speaking::Nobody,
        telephone: Telephone::default(),
        agent: outgoing.agent,
        errands: None,
        bot: outgoing.bot_of.map(Bot::of),
        longest: Some(outgoing.longest),
        answers: None,
        description: String::new(),
        wait_for_ack: false,
        timer: SessionTimer::begun(&response, now),
        ladder,
        first_audio_at: None,
        place,
        asking: None,
        handover: None,
        referral: None,
        moving: None,
        also: None,
        ear: Ear::of(outgoing.hears),
        access: None,
        legs: 0,
        near,
        callee: Some(callee),
        edge,
        invite,
        dialog,
        session,
    };
    call.confirm(&response).await;
    if agreed {
        call.say_codec();
        call.connect();
        call.tell_near(FarEvent::Answered);
        Box::pin(call.run()).await;
    } else {
        call.finish(Ending::bye(
            EndReason::Incompatible,
            "SIP;cause=488;text=\"Not Acceptable Here\"",
        ))
        .await;
    }
}

fn leg(edge: &Edge, outgoing: &Outgoing) -> Leg {
    match &outgoing.route {
        OutRoute::Trunk {
            trunk,
            password,
            callee,
        } => Leg::by_trunk(trunk, password.as_ref(), callee),
        OutRoute::Inside {
            username,
            password,
            callee,
        } => inside(edge, callee, username, password),
        OutRoute::Direct {
            uri,
            login,
            caller,
            replaces,
            headers,
        } => {
            let door = edge.own_door();
            let caller = caller.as_ref().map_or("anonymous", PhoneNumber::as_str);
            let from = format!("<sip:{caller}@{door}>");
            Leg::to_uri(uri, login.clone(), from, headers.clone()).in_place_of(replaces.clone())
        }
    }
}

/// A call to ourselves, as a carrier would bring it.
fn inside(edge: &Edge, callee: &PhoneNumber, username: &Username, password: &Secret) -> Leg {
    let door = edge.own_door();
    let host = Host::from(door.ip());
    Leg {
        name: host.to_string(),
        inside: true,
        uri: format!("sip:{callee}@{door}"),
        to: format!("<sip:{callee}@{door}>"),
        from: format!("<sip:{username}@{door}>"),
        headers: Vec::new(),
        credentials: Some(Credentials {
            username: username.clone(),
            password: password.clone(),
            realm: None,
        }),
        place: Place {
            host,
            port: Some(door.port()),
            transport: Transport::Udp,
        },
        srtp: Srtp::Off,
        codecs: None,
    }
}

/// Tells the desk how far a call has come.
struct Log<'a> {
    edge: &'a Arc<Edge>,
    outgoing: &'a Outgoing,
    call_id: String,
    near: Option<mpsc::UnboundedSender<FarEvent>>,
    ladder: Ladder,
    heard: bool,
    rang: bool,
}

impl<'a> Log<'a> {
    fn new(
        edge: &'a Arc<Edge>,
        outgoing: &'a Outgoing,
        call_id: String,
        near: Option<mpsc::UnboundedSender<FarEvent>>,
    ) -> Self {
        Self {
            edge,
            outgoing,
            call_id,
            near,
            ladder: Ladder::default(),
            heard: false,
            rang: false,
        }
    }

    fn note(&mut self, progress: Progress) {
        match progress {
            Progress::Trying(target) => {
                let target = target.to_string();
                self.happened(Happening::Dialling {
                    target: target.clone(),
                });
                self.heard = false;
                self.tell_near(FarEvent::Trying);
                self.checked(Step::Target, Outcome::Passed, Note::Tried { target });
            }
            Progress::InVain(target, why) => {
                let target = target.to_string();
                let note = Note::TriedInVain { target, why };
                self.checked(Step::Target, Outcome::Failed, note);
            }
            Progress::Ringing if self.rang => {}
            Progress::Ringing => {
                self.rang = true;
                self.happened(Happening::Ringing);
                self.tell_near(FarEvent::Ringing);
            }
            Progress::Opened(session) => self.tell_near(FarEvent::Opened(session)),
            Progress::Early => {
                self.happened(Happening::EarlyMedia);
                self.tell_near(FarEvent::Early);
            }
            Progress::Step(message, way, flow) => {
                let now = self.edge.clock.now_ms();
                if let Some(record) = self.ladder.step(&message, way, &flow, now) {
                    self.tell(CallEvent::Message(record));
                }
                let software = message.get("Server").or_else(|| message.get("User-Agent"));
                let theirs = message.status().and(software);
                if way == Way::Received && !std::mem::replace(&mut self.heard, true) {
                    self.tell_near(FarEvent::Heard);
                }
                self.tell(CallEvent::Peer(Peer {
                    address: flow.peer.ip(),
                    transport: flow.transport,
                    sip_call_id: self.call_id.clone(),
                    software: theirs.map(|text| text.chars().take(120).collect()),
                }));
            }
        }
    }

    fn answered(&self, answered: &Answered) {
        self.happened(Happening::Answered);
        self.said(
            200,
            answered.response.phrase().unwrap_or("OK"),
            Outcome::Passed,
        );
        if let Some(trunk) = self.outgoing.route.trunk() {
            let now = self.edge.clock.now_ms();
            let before = self.edge.ways.answered(trunk.id, now);
            health::tell(self.edge, trunk, before);
        }
    }

    fn fail(self, failed: &Failed) {
        if let Some(status) = failed.status {
            let phrase = failed.phrase.as_deref().unwrap_or_default();
            self.said(status, phrase, Outcome::Failed);
        }
        let now = self.edge.clock.now_ms();
        if let Some(trunk) = self.outgoing.route.trunk() {
            let before = self.edge.ways.failed(trunk.id, failed, now);
            health::tell(self.edge, trunk, before);
        }
        let end = CallEnd {
            status: failed.status,
            ..CallEnd::because(failed.reason)
        };
        let facts = CallFacts {
            ended_at: now,
            phrase: failed.phrase.clone(),
            ..CallFacts::default()
        };
        self.edge.desk.end(self.outgoing.id, end, facts);
        self.tell_near(FarEvent::Over {
            reason: failed.reason,
            status: failed.status,
        });
    }

    fn tell_near(&self, event: FarEvent) {
        if let Some(near) = &self.near {
            let _ = near.send(event);
        }
    }

    fn said(&self, status: u16, phrase: &str, outcome: Outcome) {
        let phrase = phrase.to_owned();
        self.checked(Step::Carrier, outcome, Note::CarrierSaid { status, phrase });
    }

    fn checked(&self, step: Step, outcome: Outcome, note: Note) {
        self.tell(CallEvent::Checked(Check {
            step,
            outcome,
            note,
        }));
    }

    fn happened(&self, what: Happening) {
        let at = self.edge.clock.now_ms();
        self.tell(CallEvent::Happened(TimelineEvent { at, what }));
    }

    fn tell(&self, event: CallEvent) {
        self.edge.desk.note(self.outgoing.id, event);
    }
}
