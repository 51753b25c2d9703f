//! Which agent answers, decided from plain values: `decide(routes, load, invite)`.
//! Pure. The SIP edge, the route test, the API and the replay all call it, and each
//! check leaves a line on the receipt (`design.md` §3).

mod check;
mod invite;
mod number;
mod routes;
#[cfg(test)]
mod tests;

pub use check::{Check, Near, Note, Outcome, Receipt, Refusal, Step};
pub use invite::{Failure, Invite, MediaOffer, Proof};
pub use routes::{AccessRoute, AgentRoute, Load, NumberRoute, Routes, Tally, TrunkRoute};

use std::net::IpAddr;

use crate::domain::id::{AccessId, AgentId};
use crate::domain::inbound::OtherSources;
use crate::domain::phone::PhoneNumber;

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

/// Decides. See the module's doc for the order; each step is a function below.
pub fn decide(routes: &Routes, load: &Load, invite: &Invite) -> Decision {
    let mut route = Route {
        routes,
        load,
        invite,
        receipt: Receipt::default(),
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
        let access = self.who()?;
        self.access = Some(access.id);
        let named = self.agent_header(access);
        let agent = match named {
            Some(agent) => {
                self.note_number(access);
                agent
            }
            None => self.by_number(access)?,
        };
        self.can_talk(access, agent)?;
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

    /// 2. Who.
    fn who(&mut self) -> Result<&'a AccessRoute, Verdict> {
        match &self.invite.proof {
            Proof::Digest {
                access,
                algorithm,
                moved_from,
            } => {
                let Some(access) = self.routes.access(*access).filter(|access| access.enabled)
                else {
                    // Removed between the check of the answer and now.
                    return Err(self.challenge(
                        Note::NoSuchUsername {
                            username: String::new(),
                        },
                        false,
                    ));
                };
                self.signed_in(access, algorithm, *moved_from)
            }
            Proof::Supposed { username } => {
                let Some(access) = self
                    .routes
                    .access_by_username(username)
                    .filter(|access| access.enabled)
                else {
                    return Err(self.refuse(
                        Step::SignedIn,
                        Note::NoSuchUsername {
                            username: username.clone(),
                        },
                        Refusal::UnknownUsername,
                    ));
                };
                self.signed_in(access, "MD5", None)
            }
            Proof::Failed(failure) => Err(self.not_signed_in(failure)),
            Proof::Absent => self.by_address(),
        }
    }

    fn signed_in(
        &mut self,
        access: &'a AccessRoute,
        algorithm: &str,
        moved_from: Option<IpAddr>,
    ) -> Result<&'a AccessRoute, Verdict> {
        if !access.networks.is_empty()
            && !access
                .networks
                .iter()
                .any(|net| net.contains(self.invite.source))
        {
            self.access = Some(access.id);
            let note = Note::OnlyFromElsewhere {
                label: access.label.clone(),
                source: self.invite.source,
                allowed: access.networks.clone(),
            };
            return Err(self.refuse(Step::SignedIn, note, Refusal::SourceNotAllowed));
        }
        self.pass(
            Step::SignedIn,
            Note::SignedIn {
                label: access.label.clone(),
                algorithm: algorithm.to_owned(),
                source: self.invite.source,
                moved_from,
            },
        );
        Ok(access)
    }

    fn not_signed_in(&mut self, failure: &Failure) -> Verdict {
        match failure {
            Failure::Stale => self.challenge(Note::StaleNonce, true),
            Failure::WrongPassword { username, access } => {
                self.access = Some(*access);
                self.refuse(
                    Step::SignedIn,
                    Note::WrongPassword {
                        username: username.clone(),
                    },
                    Refusal::WrongPassword,
                )
            }
            Failure::UnknownUsername { username } => self.refuse(
                Step::SignedIn,
                Note::NoSuchUsername {
                    username: username.clone(),
                },
                Refusal::UnknownUsername,
            ),
            Failure::UriMismatch { signed, called } => self.refuse(
                Step::SignedIn,
                Note::UriMismatch {
                    signed: signed.clone(),
                    called: called.clone(),
                },
                Refusal::UriMismatch,
            ),
            Failure::Unreadable { part } => self.refuse(
                Step::SignedIn,
                Note::UnreadableSignIn { part: part.clone() },
                Refusal::WrongPassword,
            ),
        }
    }

    /// Longest prefix first; among several ranges the host called tells which is meant,
    /// because a carrier's networks serve all its customers.
    fn by_address(&mut self) -> Result<&'a AccessRoute, Verdict> {
        let mut foreign = None;
        for (net, access) in self.routes.networks_of(self.invite.source) {
            let own_name = self
                .routes
                .endpoint_host_matches(access, &self.invite.target_host);
            if own_name || !access.own_endpoint_only {
                self.pass(
                    Step::SignedIn,
                    Note::ByAddress {
                        label: access.label.clone(),
                        network: net,
                        source: self.invite.source,
                    },
                );
                return Ok(access);
            }
            foreign.get_or_insert(access);
        }
        if let Some(access) = foreign {
            self.receipt.near = Some(Near::OtherEndpointName {
                label: access.label.clone(),
                expected: access.endpoint_name.clone(),
                found: self.invite.target_host.clone(),
            });
        }
        match self.routes.trunk.as_ref().map(|trunk| trunk.other_sources) {
            Some(OtherSources::Refuse) => Err(self.refuse(
                Step::SignedIn,
                Note::SourceUnknown {
                    source: self.invite.source,
                },
                Refusal::SourceNotAllowed,
            )),
            _ => Err(self.challenge(
                Note::NoPassword {
                    source: self.invite.source,
                },
                false,
            )),
        }
    }

    /// 3. Which agent, by header.
    fn agent_header(&mut self, access: &AccessRoute) -> Option<&'a AgentRoute> {
        let (outcome, note, agent) = match self.invite.agent_headers.as_slice() {
            [] => (Outcome::Skipped, Note::NoAgentHeader, None),
            [value] if !access.agent_header => (
                Outcome::Skipped,
                Note::AgentHeaderNotHonoured {
                    value: value.clone(),
                    label: access.label.clone(),
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
    fn note_number(&mut self, access: &AccessRoute) {
        let found = number::find(self.routes, access, self.invite);
        self.number = found.hit();
        self.receipt.checks.push(Check {
            step: Step::Number,
            outcome: Outcome::Skipped,
            note: found.note(),
        });
    }

    /// 4. Which number, and whose it is.
    fn by_number(&mut self, access: &AccessRoute) -> Result<&'a AgentRoute, Verdict> {
        if self.routes.trunk.is_none() {
            return Err(self.refuse(Step::Number, Note::NoTrunk, Refusal::NumberUnknown));
        }
        let found = number::find(self.routes, access, self.invite);
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
    fn can_talk(&mut self, access: &AccessRoute, agent: &AgentRoute) -> Result<(), Verdict> {
        match &self.invite.media {
            MediaOffer::Late => self.pass(Step::Codec, Note::LateOffer),
            MediaOffer::Codecs {
                common: Some(codec),
                ..
            } => self.pass(
                Step::Codec,
                Note::Codec {
                    codec: codec.clone(),
                },
            ),
            MediaOffer::Codecs {
                offered,
                common: None,
            } => {
                return Err(self.refuse(
                    Step::Codec,
                    Note::NoCommonCodec {
                        offered: offered.clone(),
                    },
                    Refusal::NoCodec,
                ));
            }
        }
        let limits = [
            (
                self.routes
                    .trunk
                    .as_ref()
                    .and_then(|trunk| trunk.max_channels),
                self.load.inbound,
                Refusal::TrunkFull,
            ),
            (
                access.max_channels,
                self.load.of_access(access.id),
                Refusal::AccessFull,
            ),
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
