//! One INVITE of ours: to its targets one after the other, through challenges, ringing and early
//! audio, until it is answered, refused or taken back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::EndReason;
use app::domain::id::CallId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answer::Signing;
use super::callee::{Callee, Signed};
use super::cancel;
use super::early::Course;
use super::ending::{self, Heard};
use super::leg::Leg;
use super::targets::NoWay;
use super::way::way;
use crate::media::sdp::{Offer, Terms};
use crate::media::{LocalAddress, Session};
use crate::sip::Edge;
use crate::sip::call::offer::{description, terms};
use crate::sip::calls::ToCall;
use crate::sip::dialog::{Dialog, Numbers};
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::stack::{Asked, Flow};
use crate::trust;

/// How long a target may be silent while there is another one to try.
const SILENCE: Duration = Duration::from_secs(3);
/// Most targets that are tried, and how long at most (`sip.md`, Retry).
const TARGETS: usize = 3;
const WITHIN: Duration = Duration::from_secs(10);

/// How far an attempt has come.
#[derive(Debug)]
pub(in crate::sip) enum Progress {
    /// The INVITE goes there.
    Trying(SocketAddr),
    /// Nobody there, and why.
    InVain(SocketAddr, String),
    /// The audio is open, and offered.
    Opened(Arc<Session>),
    /// 180.
    Ringing,
    /// A description before the answer: early audio.
    Early,
    /// A message went or came.
    Step(Box<Message>, Way, Box<Flow>),
}

/// Somebody answered.
#[derive(Debug)]
pub(in crate::sip) struct Answered {
    pub dialog: Dialog,
    pub invite: Message,
    pub response: Message,
    pub callee: Callee,
    /// The one who answers has described its audio already, before the answer.
    pub described: bool,
}

/// Nobody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sip) struct Failed {
    pub reason: EndReason,
    pub status: Option<u16>,
    pub phrase: Option<String>,
}

impl Failed {
    pub(in crate::sip) fn because(reason: EndReason) -> Self {
        Self {
            reason,
            status: None,
            phrase: None,
        }
    }

    fn said(response: &Message) -> Self {
        let status = response.status().unwrap_or_default();
        Self {
            reason: ending::reason(status),
            status: Some(status),
            phrase: response.phrase().map(str::to_owned),
        }
    }
}

/// What became of one target.
enum Turn {
    Answered(Box<Answered>),
    /// Nobody there: the next one is tried.
    Next(Failed),
    /// A no, and how far it had come before.
    Refused(Failed, Heard),
    Over(Failed),
}

/// An attempt at work.
pub(in crate::sip) struct Attempt<'a> {
    pub edge: &'a Arc<Edge>,
    pub leg: &'a Leg,
    pub call_id: String,
    pub tag: String,
    /// The call it is for.
    pub call: CallId,
    /// Progress is told here; nobody has to listen.
    pub tell: mpsc::UnboundedSender<Progress>,
    pub numbers: Numbers,
    pub ring_until: Instant,
    /// Its audio is lent, and stays with whom it is with until somebody has answered.
    pub lent: bool,
}

impl Attempt<'_> {
    /// Tries the targets in turn. `session` is opened towards the first one that can be reached,
    /// and offers what it can.
    pub(in crate::sip) async fn run(
        self,
        session: &mut Option<Arc<Session>>,
        outside: &mut mpsc::Receiver<ToCall>,
    ) -> Result<Answered, Failed> {
        let targets = match self.targets().await {
            Ok(targets) => targets,
            Err(NoWay::NoAddress(_)) => return Err(Failed::because(EndReason::Unreachable)),
            Err(NoWay::OwnAddress(_)) => return Err(Failed::because(EndReason::OwnAddress)),
        };
        let began = Instant::now();
        let mut failed = Failed::because(EndReason::Unreachable);
        let mut faults = 0;
        for (index, target) in targets.iter().enumerate().take(TARGETS) {
            if index > 0 && began.elapsed() > WITHIN {
                break;
            }
            let last = index + 1 == targets.len().min(TARGETS);
            match self.turn(*target, last, session, outside).await {
                Turn::Answered(answered) => return Ok(*answered),
                Turn::Over(failed) => return Err(failed),
                Turn::Refused(why, heard) => {
                    let status = why.status.unwrap_or_default();
                    if last || !ending::tries_next(status, heard, &mut faults) {
                        return Err(why);
                    }
                    self.say(Progress::InVain(*target, status.to_string()));
                    failed = why;
                }
                Turn::Next(why) => failed = why,
            }
        }
        Err(failed)
    }

    async fn targets(&self) -> Result<Vec<SocketAddr>, NoWay> {
        if self.leg.inside {
            let ip = self.leg.place.host.ip();
            let port = self.leg.place.port.unwrap_or(self.edge.local.port());
            return ip
                .map(|ip| vec![SocketAddr::new(ip, port)])
                .ok_or_else(|| NoWay::NoAddress(self.leg.place.host.clone()));
        }
        self.edge.targets(&self.leg.place).await
    }

    async fn turn(
        &self,
        target: SocketAddr,
        last: bool,
        session: &mut Option<Arc<Session>>,
        outside: &mut mpsc::Receiver<ToCall>,
    ) -> Turn {
        self.say(Progress::Trying(target));
        let transport = self.leg.place.transport;
        let flow = match way(self.edge, target, transport, &self.leg.name).await {
            Ok(flow) => flow,
            Err(error) => return Turn::Next(self.no_way(target, &error)),
        };
        let session = match session {
            Some(session) => session.clone(),
            None => match self.open(&flow) {
                Ok(opened) => {
                    self.say(Progress::Opened(opened.clone()));
                    session.insert(opened).clone()
                }
                Err(failed) => return Turn::Over(failed),
            },
        };
        let offer = if self.lent {
            let address = self.edge.media_address(&flow, None);
            session.offer_another(address.advertised, self.terms(&flow))
        } else {
            session.offer()
        };
        let mut signing = Signing::default();
        let mut authorization: Option<(&'static str, String)> = None;
        loop {
            let mut invite = self.leg.invite(
                self.edge,
                &flow,
                &self.call_id,
                &self.tag,
                self.numbers.next(),
                &offer,
            );
            if let Some((header, value)) = &authorization {
                invite.push(header, value.clone());
            }
            let Ok(asked) = self.edge.stack.ask(&invite, &flow) else {
                return Turn::Over(Failed::because(EndReason::Fault));
            };
            self.step(&invite, Way::Sent, &flow);
            let said = self
                .hear(asked, &invite, &flow, &session, last, outside)
                .await;
            let (response, heard) = match said {
                Said::Final(response, heard) => (response, heard),
                Said::Turn(turn) => return turn,
            };
            let cnonce = self.edge.clock.new_uuid().simple().to_string();
            let credentials = self.leg.credentials.as_ref();
            authorization = signing.answer(credentials, &response, &invite, &cnonce);
            if authorization.is_none() {
                return Turn::Refused(Failed::said(&response), heard);
            }
        }
    }

    /// Listens to one INVITE until its final answer.
    async fn hear(
        &self,
        mut asked: Asked,
        invite: &Message,
        flow: &Flow,
        session: &Session,
        last: bool,
        outside: &mut mpsc::Receiver<ToCall>,
    ) -> Said {
        let mut course = Course::default();
        let silent_until = Instant::now() + SILENCE;
        loop {
            let heard = course.heard;
            let patience = if heard == Heard::Nothing && !last {
                silent_until.min(self.ring_until)
            } else {
                self.ring_until
            };
            let stopped = self.edge.life.stopped();
            let taken_back = tokio::select! {
                biased;
                () = stopped.cancelled() => EndReason::Drained,
                Some(event) = outside.recv() => match event {
                    ToCall::HangUp(reason) => reason,
                    ToCall::HandOn(_, reply) => {
                        let _ = reply.send(None);
                        continue;
                    }
                    ToCall::Step(message, way, flow) => {
                        self.step(&message, way, &flow);
                        continue;
                    }
                    // Who has not answered has asked for nothing.
                    ToCall::BotHears(_) => continue,
                    // Nothing of the peer's can be in order before the dialog is.
                    ToCall::Request(arrival) | ToCall::TakeOver(arrival, _) => {
                        let reply = arrival.message.reply(481, &self.tag);
                        arrival.answer(&reply);
                        continue;
                    }
                },
                () = tokio::time::sleep_until(patience) => {
                    if heard == Heard::Nothing && Instant::now() < self.ring_until {
                        cancel::bury(self.edge, asked, invite, flow);
                        let why = "no answer".to_owned();
                        self.say(Progress::InVain(flow.peer, why));
                        return Said::Turn(Turn::Next(Failed::because(EndReason::Unreachable)));
                    }
                    if heard == Heard::Nothing {
                        EndReason::Unreachable
                    } else {
                        EndReason::NoAnswer
                    }
                }
                response = asked.next() => match response {
                    Some(response) => match self.on_response(response, invite, flow, session, &mut course) {
                        Some(said) => return said,
                        None => continue,
                    },
                    // Timer B, or the transport broke (RFC 3261 §8.1.3.1).
                    None if heard == Heard::Nothing => {
                        self.say(Progress::InVain(flow.peer, "no answer".to_owned()));
                        return Said::Turn(Turn::Next(Failed::because(EndReason::Unreachable)));
                    }
                    None => return Said::Turn(Turn::Over(Failed::because(EndReason::NoAnswer))),
                },
            };
            let tell = self.tell.clone();
            cancel::take_back(self.edge, asked, invite, flow, move |message, way, flow| {
                let _ = tell.send(Progress::Step(Box::new(message), way, Box::new(flow)));
            })
            .await;
            return Said::Turn(Turn::Over(Failed::because(taken_back)));
        }
    }

    fn on_response(
        &self,
        response: Message,
        invite: &Message,
        flow: &Flow,
        session: &Session,
        course: &mut Course,
    ) -> Option<Said> {
        self.step(&response, Way::Received, flow);
        let status = response.status().unwrap_or_default();
        match status {
            0..=179 => {
                course.tries();
                None
            }
            180..=199 => {
                course.heard = Heard::Ringing;
                if status == 180 {
                    self.say(Progress::Ringing);
                }
                // Audio before the answer (RFC 3264 §5 lets the 2xx say it again, or otherwise).
                let early = description(&response)
                    .filter(|_| !self.lent && !course.is_described_by(&response));
                let early = early.and_then(|body| Offer::parse(body).ok());
                if early.is_some_and(|answer| session.accept(&answer).is_ok())
                    && course.described_by(&response)
                {
                    self.say(Progress::Early);
                }
                if let Some(number) = course.acknowledges(&response) {
                    self.acknowledge(number, &response, invite, flow);
                }
                None
            }
            200..=299 => {
                let contact = self.edge.contact(flow);
                let numbers = self.numbers.clone();
                let dialog = Dialog::asking(invite, &response, flow.clone(), contact, numbers);
                let Some(dialog) = dialog else {
                    return Some(Said::Turn(Turn::Over(Failed::because(
                        EndReason::CarrierError,
                    ))));
                };
                Some(Said::Turn(Turn::Answered(Box::new(Answered {
                    dialog,
                    invite: invite.clone(),
                    callee: Callee::of(self.leg, flow),
                    described: course.is_described_by(&response),
                    response,
                }))))
            }
            // Nobody said this: the transaction gave up (RFC 3261 §8.1.3.1).
            408 if course.heard == Heard::Nothing => {
                self.say(Progress::InVain(flow.peer, "no answer".to_owned()));
                let failed = Failed::because(EndReason::Unreachable);
                Some(Said::Turn(Turn::Next(failed)))
            }
            _ => Some(Said::Final(response, course.heard)),
        }
    }

    /// PRACK for a provisional answer that wants one (RFC 3262 §4).
    fn acknowledge(&self, number: u32, response: &Message, invite: &Message, flow: &Flow) {
        let contact = self.edge.contact(flow);
        let numbers = self.numbers.clone();
        let dialog = Dialog::asking(invite, response, flow.clone(), contact, numbers);
        let Some(dialog) = dialog else {
            return;
        };
        let Some((invited, _)) = invite.cseq() else {
            return;
        };
        let branch = self.edge.clock.new_uuid().simple().to_string();
        let prack = dialog
            .request("PRACK", &branch, &self.edge.sent_by(flow))
            .with("RAck", format!("{number} {invited} INVITE"));
        let (tell, call, around) = (self.tell.clone(), self.call, self.edge.clone());
        // The answer may overtake it: what comes after is told to the call itself.
        let step = move |message: &Message, way, flow: &Flow| {
            let told = Progress::Step(Box::new(message.clone()), way, Box::new(flow.clone()));
            if tell.send(told).is_err() {
                around.calls.step(call, message.clone(), way, flow.clone());
            }
        };
        let (edge, flow) = (self.edge.clone(), flow.clone());
        let signed = Signed::begin(self.leg, &flow);
        self.edge.life.spawn("sip.prack", async move {
            let number = || dialog.next_number();
            signed.ask(&edge, prack, &flow, number, step).await;
        });
    }

    fn open(&self, flow: &Flow) -> Result<Arc<Session>, Failed> {
        let address: LocalAddress = self.edge.media_address(flow, None);
        let session = self.edge.media.open_on(address, self.terms(flow));
        session.map(Arc::new).map_err(|why| {
            tracing::error!(%why, "No port for audio");
            Failed::because(EndReason::Fault)
        })
    }

    fn terms(&self, flow: &Flow) -> Terms {
        terms(flow, self.leg.srtp, self.leg.codecs.clone())
    }

    fn no_way(&self, target: SocketAddr, error: &io::Error) -> Failed {
        let Some(fault) = trust::certificate_fault(error) else {
            self.say(Progress::InVain(target, error.to_string()));
            return Failed::because(EndReason::Unreachable);
        };
        self.say(Progress::InVain(target, format!("certificate: {fault}")));
        Failed {
            reason: EndReason::TlsFailed,
            status: None,
            phrase: Some(fault.to_owned()),
        }
    }

    fn step(&self, message: &Message, way: Way, flow: &Flow) {
        self.say(Progress::Step(
            Box::new(message.clone()),
            way,
            Box::new(flow.clone()),
        ));
    }

    fn say(&self, progress: Progress) {
        let _ = self.tell.send(progress);
    }
}

enum Said {
    /// A final answer that may still be a challenge.
    Final(Message, Heard),
    Turn(Turn),
}
