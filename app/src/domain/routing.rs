//! Which agent answers, decided from plain values: `decide(routes, load, invite)`.
//! Pure. The SIP edge, the route test, the API and the replay all call it, and each
//! check leaves a line on the receipt (`design.md` §3).

mod again;
mod check;
mod door;
mod invite;
mod number;
mod routes;
#[cfg(test)]
mod tests;
mod who;

pub use again::{Came, again};
pub use check::{Check, Near, Note, Outcome, Receipt, Refusal, Step};
pub use invite::{Failure, Invite, MediaOffer, Proof, Registered};
pub use routes::{AccessRoute, AgentRoute, Load, NumberRoute, Routes, Tally, TrunkRoute};

use crate::domain::codec::{AudioTerms, Chosen};
use crate::domain::id::{AccessId, AgentId};
use crate::domain::phone::PhoneNumber;
use door::Door;

/// What is to be done with an INVITE.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub receipt: Receipt,
    /// Who let it in, if anyone.
    pub access: Option<AccessId>,
    /// The number it was read as, if it met one.
    pub number: Option<PhoneNumber>,
    /// The dialled number as the carrier sent it.
    pub sent_as: String,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let this agent answer.
    Answer(AgentId),
    /// 401 with a challenge.
    Challenge {
        /// The last answer was only too old.
        stale: bool,
    },
    /// Say no.
    Refuse(Refusal),
}

/// As many checks as a call that is answered passes.
const CHECKS: usize = 7;

/// Decides. See the module's doc for the order; each step is a function.
pub fn decide(routes: &Routes, load: &Load, invite: &Invite) -> Decision {
    let mut route = Route {
        routes,
        load,
        invite,
        receipt: Receipt {
            checks: Vec::with_capacity(CHECKS),
            near: None,
        },
        access: None,
        number: None,
        sent_as: number::as_sent(invite),
    };
    let verdict = match route.walk() {
        Ok(agent) => Verdict::Answer(agent),
        Err(other) => other,
    };
    let Route {
        receipt,
        access,
        number,
        sent_as,
        ..
    } = route;
    Decision {
        verdict,
        receipt,
        access,
        number,
        sent_as,
    }
}

/// One walk through the checks.
struct Route<'a> {
    routes: &'a Routes,
    load: &'a Load,
    invite: &'a Invite,
    receipt: Receipt,
    access: Option<AccessId>,
    number: Option<PhoneNumber>,
    sent_as: String,
}

impl<'a> Route<'a> {
    fn walk(&mut self) -> Result<AgentId, Verdict> {
        self.room()?;
        let door = self.who()?;
        self.access = door.access;
        let named = self.agent_header(&door);
        let agent = match named {
            Some(agent) => {
                self.note_number(&door);
                agent
            }
            None => self.by_number(&door)?,
        };
        self.can_talk(&door, agent)?;
        Ok(agent.id)
    }

    /// 1. Room.
    fn room(&mut self) -> Result<(), Verdict> {
        if self.load.draining {
            return Err(self.refuse(Step::Room, Note::Draining, Refusal::Draining));
        }
        if self.load.calls >= self.load.max_calls {
            return Err(self.refuse(
                Step::Room,
                Note::AllLinesInUse {
                    limit: self.load.max_calls,
                },
                Refusal::InstallationFull,
            ));
        }
        self.pass(
            Step::Room,
            Note::Room {
                in_use: self.load.calls,
                limit: self.load.max_calls,
            },
        );
        Ok(())
    }

    /// 3. Which agent, by header.
    fn agent_header(&mut self, door: &Door<'_>) -> Option<&'a AgentRoute> {
        let (outcome, note, agent) = match self.invite.agent_headers.as_slice() {
            [] => (Outcome::Skipped, Note::NoAgentHeader, None),
            [value] if !door.agent_header => (
                Outcome::Skipped,
                Note::AgentHeaderNotHonoured {
                    value: value.clone(),
                    label: door.label.to_owned(),
                },
                None,
            ),
            [value] => match value
                .trim()
                .parse::<AgentId>()
                .ok()
                .and_then(|id| self.routes.agent(id))
            {
                None => (
                    Outcome::Skipped,
                    Note::AgentHeaderUnknown {
                        value: value.clone(),
                    },
                    None,
                ),
                Some(agent) if !agent.enabled => (
                    Outcome::Skipped,
                    Note::AgentHeaderOff {
                        name: agent.name.clone(),
                    },
                    None,
                ),
                Some(agent) => (
                    Outcome::Passed,
                    Note::AgentHeaderNames {
                        name: agent.name.clone(),
                    },
                    Some(agent),
                ),
            },
            several => (
                Outcome::Skipped,
                Note::AgentHeaderTwice {
                    count: u32::try_from(several.len()).unwrap_or(u32::MAX),
                },
                None,
            ),
        };
        self.receipt.checks.push(Check {
            step: Step::AgentHeader,
            outcome,
            note,
        });
        agent
    }

    /// The header has decided; which number was dialled is kept for the record.
    fn note_number(&mut self, door: &Door<'_>) {
        let found = number::find(self.routes, door, self.invite);
        self.number = found.hit();
        self.receipt.checks.push(Check {
            step: Step::Number,
            outcome: Outcome::Skipped,
            note: found.note(),
        });
    }

    /// 4. Which number, and whose it is.
    fn by_number(&mut self, door: &Door<'_>) -> Result<&'a AgentRoute, Verdict> {
        if self.routes.trunk.is_none() {
            return Err(self.refuse(Step::Number, Note::NoTrunk, Refusal::NumberUnknown));
        }
        let found = number::find(self.routes, door, self.invite);
        let Some(number) = found.hit() else {
            self.receipt.near = self.receipt.near.take().or_else(|| found.near(self.routes));
            return Err(self.refuse(Step::Number, found.note(), Refusal::NumberUnknown));
        };
        self.pass(Step::Number, found.note());
        self.number = Some(number.clone());
        let assigned = self
            .routes
            .number(&number)
            .and_then(|route| route.agent)
            .and_then(|id| self.routes.agent(id));
        match (assigned, self.routes.default_agent()) {
            (Some(agent), _) if agent.enabled => {
                self.pass(
                    Step::Agent,
                    Note::Assigned {
                        name: agent.name.clone(),
                        number,
                    },
                );
                Ok(agent)
            }
            (assigned, Some(default)) if default.enabled => {
                let off = assigned.map(|agent| agent.name.clone());
                self.pass(
                    Step::Agent,
                    Note::FellToDefault {
                        name: default.name.clone(),
                        number,
                        off,
                    },
                );
                Ok(default)
            }
            (Some(off), _) => Err(self.refuse(
                Step::Agent,
                Note::AgentOff {
                    name: off.name.clone(),
                    number,
                },
                Refusal::NumberUnassigned,
            )),
            (None, _) => Err(self.refuse(
                Step::Agent,
                Note::Unassigned { number },
                Refusal::NumberUnassigned,
            )),
        }
    }

    /// 5. Can it talk.
    fn can_talk(&mut self, door: &Door<'_>, agent: &AgentRoute) -> Result<(), Verdict> {
        self.codec()?;
        let limits = [
            (
                self.routes
                    .trunk
                    .as_ref()
                    .and_then(|trunk| trunk.max_channels),
                self.load.inbound,
                Refusal::TrunkFull,
            ),
            match door.access {
                Some(access) => (
                    door.max_channels,
                    self.load.of_access(access),
                    Refusal::AccessFull,
                ),
                None => (door.max_channels, self.load.trunk, Refusal::TrunkFull),
            },
            (
                agent.max_channels,
                self.load.of_agent(agent.id),
                Refusal::AgentFull,
            ),
        ];
        for (limit, in_use, refusal) in limits {
            if let Some(limit) = limit.filter(|limit| in_use >= *limit) {
                return Err(self.refuse(Step::Lines, Note::AllLinesInUse { limit }, refusal));
            }
        }
        self.pass(Step::Lines, Note::LineFree);
        Ok(())
    }

    fn codec(&mut self) -> Result<(), Verdict> {
        let MediaOffer::Codecs { offered, lines } = &self.invite.media else {
            self.pass(Step::Codec, Note::LateOffer);
            return Ok(());
        };
        let codecs = self.routes.codecs(&self.invite.proof);
        let terms = AudioTerms {
            codecs,
            srtp: self.routes.srtp(&self.invite.proof, self.access),
            over_tls: self.invite.transport.is_encrypted(),
        };
        let (note, refusal) = match terms.choose(lines) {
            Ok(Chosen { codec, .. }) => {
                let codec = codec.to_string();
                self.pass(Step::Codec, Note::Codec { codec });
                return Ok(());
            }
            Err(why) if why.is_about_keys() => (Note::KeysDoNotFit, Refusal::SecureAudio),
            Err(_) => {
                let taken = codecs.cloned().unwrap_or_default();
                let note = Note::NoCommonCodec {
                    offered: offered.clone(),
                    taken: taken.iter().map(|codec| codec.to_string()).collect(),
                };
                (note, Refusal::NoCodec)
            }
        };
        Err(self.refuse(Step::Codec, note, refusal))
    }

    fn pass(&mut self, step: Step, note: Note) {
        self.receipt.checks.push(Check {
            step,
            outcome: Outcome::Passed,
            note,
        });
    }

    fn refuse(&mut self, step: Step, note: Note, refusal: Refusal) -> Verdict {
        self.receipt.checks.push(Check {
            step,
            outcome: Outcome::Failed,
            note,
        });
        Verdict::Refuse(refusal)
    }

    fn challenge(&mut self, note: Note, stale: bool) -> Verdict {
        self.receipt.checks.push(Check {
            step: Step::SignedIn,
            outcome: Outcome::Failed,
            note,
        });
        Verdict::Challenge { stale }
    }
}
