//! Who calls: by the answer to a challenge, or by the address (`design.md` §3.2).

use std::net::IpAddr;

use super::{AccessRoute, Door, Failure, Near, Note, Proof, Refusal, Route, Step, Verdict};
use crate::domain::inbound::OtherSources;

impl<'a> Route<'a> {
    /// 2. Who.
    pub(super) fn who(&mut self) -> Result<Door<'a>, Verdict> {
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
                    .map(Door::from)
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
                self.signed_in(access, "MD5", None).map(Door::from)
            }
            Proof::Registered(by) => {
                let note = Note::ByRegistration {
                    label: by.name.clone(),
                    source: self.invite.source,
                };
                self.pass(Step::SignedIn, note);
                Ok(Door::from(&**by))
            }
            Proof::Failed(failure) => Err(self.not_signed_in(failure)),
            Proof::Absent => self.by_address().map(Door::from),
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
            Failure::Md5Refused { access } => {
                self.access = Some(*access);
                let access = self.routes.access(*access);
                let label = access
                    .map(|access| access.label.clone())
                    .unwrap_or_default();
                self.refuse(
                    Step::SignedIn,
                    Note::Md5Refused { label },
                    Refusal::Md5Refused,
                )
            }
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
}
