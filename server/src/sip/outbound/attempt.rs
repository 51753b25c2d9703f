//! One INVITE of ours: to its targets one after the other, through challenges, ringing and early
//! audio, until it is answered, refused or taken back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::domain::call::EndReason;
use app::domain::sip::Transport;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::answer::Challenge;
use super::cancel;
use super::ending::{self, Heard};
use super::leg::Leg;
use super::targets::NoWay;
use super::way::way;
use crate::media::sdp::{Offer, Terms};
use crate::media::{LocalAddress, Session};
use crate::sip::Edge;
use crate::sip::call::offer::description;
use crate::sip::calls::ToCall;
use crate::sip::dialog::Dialog;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::stack::{Asked, Flow};
use crate::sip::tls;

/// How long a target may be silent while there is another one to try.
const SILENCE: Duration = Duration::from_secs(3);
/// Most targets that are tried, and how long at most (`sip.md`, Retry).
const TARGETS: usize = 3;
const WITHIN: Duration = Duration::from_secs(10);
/// Answers to challenges before we are sure that they are refused.
const ANSWERS: u32 = 3;

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
pub(in crate::sip) struct Answered {
    pub dialog: Dialog,
    pub invite: Message,
    pub response: Message,
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
    Next(Failed),
    Over(Failed),
}

/// An attempt at work.
pub(in crate::sip) struct Attempt<'a> {
    pub edge: &'a Arc<Edge>,
    pub leg: &'a Leg,
    pub call_id: String,
    pub tag: String,
    /// Progress is told here; nobody has to listen.
    pub tell: mpsc::UnboundedSender<Progress>,
    pub number: u32,
    pub ring_until: Instant,
}

impl Attempt<'_> {
    /// Tries the targets in turn. `session` is opened towards the first one that can be reached,
    /// and offers what it can.
    pub(in crate::sip) async fn run(
        mut self,
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
        for (index, target) in targets.iter().enumerate().take(TARGETS) {
            if index > 0 && began.elapsed() > WITHIN {
                break;
            }
            let last = index + 1 == targets.len().min(TARGETS);
            match self.turn(*target, last, session, outside).await {
                Turn::Answered(answered) => return Ok(*answered),
                Turn::Over(failed) => return Err(failed),
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
        &mut self,
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
        let offer = session.offer();
        let mut answers = 0;
        let mut authorization: Option<(&'static str, String)> = None;
        loop {
            let mut invite = self.leg.invite(
                self.edge,
                &flow,
                &self.call_id,
                &self.tag,
                self.number,
                &offer,
            );
            if let Some((header, value)) = &authorization {
                invite.push(header, value.clone());
            }
            self.number += 1;
            let Ok(asked) = self.edge.stack.ask(&invite, &flow) else {
                return Turn::Over(Failed::because(EndReason::Fault));
            };
            self.step(&invite, Way::Sent, &flow);
            let heard = self
                .hear(asked, &invite, &flow, &session, last, outside)
                .await;
            let response = match heard {
                Said::Final(response) => response,
                Said::Turn(turn) => return turn,
            };
            let status = response.status().unwrap_or_default();
            if status == 401 || status == 407 {
                match self.sign(&response, &invite, answers) {
                    Some(signed) => {
                        answers += 1;
                        authorization = Some(signed);
                        continue;
                    }
                    None => return Turn::Over(Failed::said(&response)),
                }
            }
            return Turn::Over(Failed::said(&response));
        }
    }

    /// The answer to a challenge, as long as there is hope that it helps.
    fn sign(
        &self,
        response: &Message,
        invite: &Message,
        answers: u32,
    ) -> Option<(&'static str, String)> {
        let credentials = self.leg.credentials.as_ref()?;
        let challenge = Challenge::read(response)?;
        // The second challenge in a row means no, unless it says that only the nonce was old.
        if answers >= ANSWERS || (answers > 0 && !challenge.stale) || !challenge.is_for(credentials)
        {
            return None;
        }
        let cnonce = self.edge.clock.new_uuid().simple().to_string();
        let uri = invite.uri().unwrap_or_default();
        Some(challenge.answer(credentials, "INVITE", uri, &cnonce, 1))
    }

    /// Listens to one INVITE until its final answer.
    async fn hear(
        &mut self,
        mut asked: Asked,
        invite: &Message,
        flow: &Flow,
        session: &Session,
        last: bool,
        outside: &mut mpsc::Receiver<ToCall>,
    ) -> Said {
        let mut heard = Heard::Nothing;
        let silent_until = Instant::now() + SILENCE;
        loop {
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
                    // Nothing of the peer's can be in order before the dialog is.
                    ToCall::Request(arrival) => {
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
                    Some(response) => match self.on_response(response, invite, flow, session, &mut heard, last) {
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
        &mut self,
        response: Message,
        invite: &Message,
        flow: &Flow,
        session: &Session,
        heard: &mut Heard,
        last: bool,
    ) -> Option<Said> {
        self.step(&response, Way::Received, flow);
        let status = response.status().unwrap_or_default();
        match status {
            0..=179 => {
                if *heard == Heard::Nothing {
                    *heard = Heard::Trying;
                }
                None
            }
            180..=199 => {
                if *heard != Heard::Ringing {
                    *heard = Heard::Ringing;
                }
                if status == 180 {
                    self.say(Progress::Ringing);
                }
                // Audio before the answer (RFC 3264 §5 lets the 2xx say it again, or otherwise).
                let early = description(&response).and_then(|body| Offer::parse(body).ok());
                if early.is_some_and(|answer| session.accept(&answer).is_ok()) {
                    self.say(Progress::Early);
                }
                self.acknowledge(&response, invite, flow);
                None
            }
            200..=299 => {
                let contact = self.edge.contact(flow);
                let dialog = Dialog::asking(invite, &response, flow.clone(), contact);
                let Some(mut dialog) = dialog else {
                    return Some(Said::Turn(Turn::Over(Failed::because(
                        EndReason::CarrierError,
                    ))));
                };
                // A PRACK may have used numbers above the INVITE's.
                dialog.number_after(self.number - 1);
                Some(Said::Turn(Turn::Answered(Box::new(Answered {
                    dialog,
                    invite: invite.clone(),
                    response,
                }))))
            }
            // Nobody said this: the transaction gave up (RFC 3261 §8.1.3.1).
            408 if *heard == Heard::Nothing => {
                self.say(Progress::InVain(flow.peer, "no answer".to_owned()));
                let failed = Failed::because(EndReason::Unreachable);
                Some(Said::Turn(Turn::Next(failed)))
            }
            _ if !last && ending::tries_next(status, *heard) => {
                self.say(Progress::InVain(flow.peer, status.to_string()));
                Some(Said::Turn(Turn::Next(Failed::said(&response))))
            }
            _ => Some(Said::Final(response)),
        }
    }

    /// PRACK for a provisional answer that wants one (RFC 3262 §4).
    fn acknowledge(&mut self, response: &Message, invite: &Message, flow: &Flow) {
        let Some(number) = response
            .get("RSeq")
            .filter(|_| response.lists("Require", "100rel"))
        else {
            return;
        };
        let contact = self.edge.contact(flow);
        let Some(mut dialog) = Dialog::asking(invite, response, flow.clone(), contact) else {
            return;
        };
        let Some((invited, _)) = invite.cseq() else {
            return;
        };
        dialog.number_after(self.number - 1);
        self.number += 1;
        let branch = self.edge.clock.new_uuid().simple().to_string();
        let prack = dialog
            .request("PRACK", &branch, &self.edge.sent_by(flow))
            .with("RAck", format!("{} {invited} INVITE", number.trim()));
        self.step(&prack, Way::Sent, flow);
        if let Ok(mut asked) = self.edge.stack.ask(&prack, flow) {
            let tell = self.tell.clone();
            let flow = flow.clone();
            self.edge.life.spawn("sip.prack", async move {
                while let Some(response) = asked.next().await {
                    let _ = tell.send(Progress::Step(
                        Box::new(response),
                        Way::Received,
                        Box::new(flow.clone()),
                    ));
                }
            });
        }
    }

    fn open(&self, flow: &Flow) -> Result<Arc<Session>, Failed> {
        let address: LocalAddress = self.edge.media_address(flow, None);
        let terms = Terms {
            srtp: self.leg.srtp,
            over_tls: flow.transport == Transport::Tls,
            ..Terms::default()
        };
        let session = self.edge.media.open_on(address, terms);
        session.map(Arc::new).map_err(|why| {
            tracing::error!(%why, "No port for audio");
            Failed::because(EndReason::Fault)
        })
    }

    fn no_way(&self, target: SocketAddr, error: &io::Error) -> Failed {
        let Some(fault) = tls::certificate_fault(error) else {
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
    Final(Message),
    Turn(Turn),
}
