//! The challenge and what its answer proves. The only place that meets passwords.

use std::net::IpAddr;

use app::domain::routing::{Failure, Proof};

use super::Guard;
use crate::sip::desk::Credential;
use crate::sip::digest::{
    Addressee, Algorithm, Answer, Asked, InvalidAnswer, Offer, Outcome, UriRule, Wrong,
};
use crate::sip::message::Message;
use crate::sip::message::address::{host_port_of, split_host_port};
use crate::sip::sources::Trouble;
use crate::telemetry::Event;

impl Guard {
    /// What the Authorization of an INVITE proves.
    pub(super) fn prove(&self, message: &Message, source: IpAddr, now: i64) -> Proof {
        let mut answers = message.all("Authorization").map(<str>::parse::<Answer>);
        let answer = match answers.find(|answer| self.is_for_us(answer)) {
            None => return Proof::Absent,
            Some(Ok(answer)) => answer,
            Some(Err(why)) => {
                self.note(source, Some(message), Trouble::UnreadableSignIn);
                return Proof::Failed(Failure::Unreadable {
                    part: why.to_string(),
                });
            }
        };
        let credential = self.desk.credential(&answer.username);
        let password = credential.as_ref().map(|found| found.password.expose());
        let strict = credential.as_ref().is_some_and(|found| found.strict_uri);
        let rule = if strict {
            UriRule::Strict
        } else {
            UriRule::SameNumber
        };
        let request_uri = message.uri().unwrap_or_default();
        let method = message.method().unwrap_or_default();
        let asked = Asked {
            method,
            request_uri,
            source,
            now_ms: now,
            offer: self.offer(message),
        };
        let outcome = self.challenger.judge(&answer, asked, password, rule);
        match (outcome, credential) {
            (Outcome::Right(addressee), Some(found)) => {
                let algorithm = algorithm(&answer).unwrap_or(Algorithm::Md5);
                if found.sha256_only && algorithm == Algorithm::Md5 {
                    let failure = Failure::Md5Refused {
                        access: found.access,
                    };
                    self.note(source, Some(message), trouble(&failure));
                    return Proof::Failed(failure);
                }
                self.limits.right(source, now);
                self.sources.forget(source);
                let moved_from = match addressee {
                    Addressee::Same => None,
                    Addressee::Other(address) => Some(address),
                };
                Proof::Digest {
                    access: found.access,
                    algorithm: algorithm.token(),
                    moved_from,
                }
            }
            (Outcome::Stale(_), _) => Proof::Failed(Failure::Stale),
            (Outcome::Wrong(wrong, addressee), found) => {
                let failure = failure(wrong, &answer, request_uri, found.as_ref());
                self.failed(message, source, &failure, addressee, now);
                Proof::Failed(failure)
            }
            // Nobody's password can be right.
            (Outcome::Right(_), None) => Proof::Failed(Failure::UnknownUsername {
                username: answer.username,
            }),
        }
    }

    /// Is this an answer to a challenge of this realm? Proxies on the way have realms of their own.
    fn is_for_us(&self, answer: &Result<Answer, InvalidAnswer>) -> bool {
        (answer.as_ref()).map_or(true, |answer| answer.realm == self.challenger.realm())
    }

    /// A nonce is sent to the address it names, so only who really has that address can fail by it.
    fn failed(
        &self,
        message: &Message,
        source: IpAddr,
        failure: &Failure,
        addressee: Addressee,
        now: i64,
    ) {
        self.note(source, Some(message), trouble(failure));
        let counts =
            addressee == Addressee::Same && !self.is_proxy(source) && !self.desk.trusts(source);
        if counts && let Some(until) = self.limits.wrong(source, now) {
            self.sources.block(source, until);
            let seconds = u64::try_from((until - now) / 1000).unwrap_or_default();
            Event::SourceBanned {
                source: &source,
                seconds,
            }
            .emit();
        }
    }

    /// 401 with fresh challenges.
    pub fn challenge(&self, message: &Message, source: IpAddr, stale: bool) -> Message {
        let mut reply = self.reply(message, 401);
        let now = self.clock.now_ms();
        let offer = self.offer(message);
        for challenge in self.challenger.challenges(source, now, stale, offer) {
            reply.push("WWW-Authenticate", challenge);
        }
        reply
    }

    /// By the name that was called, never by the user (RFC 8760 §2.4).
    fn offer(&self, message: &Message) -> Offer {
        let host = message.uri().and_then(host_port_of).map(split_host_port);
        match host {
            Some((host, _)) if !self.desk.offers_md5(host) => Offer::Sha256Only,
            _ => Offer::Configured,
        }
    }
}

fn failure(
    wrong: Wrong,
    answer: &Answer,
    request_uri: &str,
    found: Option<&Credential>,
) -> Failure {
    let username = answer.username.clone();
    let is_md5 = algorithm(answer) == Some(Algorithm::Md5);
    let part = match (wrong, found) {
        (Wrong::Password, Some(Credential { access, .. })) => {
            let access = *access;
            return Failure::WrongPassword { username, access };
        }
        (Wrong::Algorithm, Some(found)) if is_md5 && found.sha256_only => {
            let access = found.access;
            return Failure::Md5Refused { access };
        }
        (Wrong::User | Wrong::Password, _) => return Failure::UnknownUsername { username },
        (Wrong::Uri, _) => {
            let (signed, called) = (answer.uri.clone(), request_uri.to_owned());
            return Failure::UriMismatch { signed, called };
        }
        (Wrong::Realm, _) => "realm",
        (Wrong::Algorithm | Wrong::Session, _) => "algorithm",
        (Wrong::Qop, _) => "qop",
        (Wrong::Count, _) => "nc",
    };
    Failure::Unreadable {
        part: part.to_owned(),
    }
}

/// What the answer was computed with: MD5 if it does not say (RFC 7616 §3.4).
fn algorithm(answer: &Answer) -> Option<Algorithm> {
    match &answer.algorithm {
        None => Some(Algorithm::Md5),
        Some(token) => Algorithm::from_token(token),
    }
}

fn trouble(failure: &Failure) -> Trouble {
    match failure {
        Failure::UnknownUsername { .. } => Trouble::UnknownUsername,
        Failure::UriMismatch { .. } => Trouble::UriMismatch,
        Failure::Md5Refused { .. } => Trouble::Md5Refused,
        Failure::Unreadable { .. } => Trouble::UnreadableSignIn,
        Failure::WrongPassword { .. } | Failure::Stale => Trouble::WrongPassword,
    }
}
