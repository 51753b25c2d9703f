//! Which agent would answer: the live decision, asked without a call.

use std::net::IpAddr;
use std::sync::Arc;

use app::domain::call::CallerId;
use app::domain::draft::Entry;
use app::domain::phone::PhoneNumber;
use app::domain::routing::{Invite, MediaOffer, Proof, Refusal, Verdict};
use app::domain::sip::Transport;
use app::error::{AppError, FieldErrors, Reason, Scope};
use app::ports::{Caller, ReplayDraft, Replayed, RouteTestDraft, RouteTested, RouteTests};
use async_trait::async_trait;

use crate::service::calls::CallDesk;
use crate::service::core::Core;
use crate::service::route_replay;

/// As many characters as a dialled number or a header may have here.
const LONGEST: u32 = 255;

/// Asks the desk; changes nothing.
pub struct RouteTest {
    desk: Arc<CallDesk>,
    core: Core,
}

impl RouteTest {
    pub fn new(desk: Arc<CallDesk>, core: Core) -> Self {
        Self { desk, core }
    }

    /// Without a username and a source, the call is supposed to come by the first digest
    /// access: a route test asks about numbers, not about passwords.
    fn proof(&self, username: Option<String>, source: Option<IpAddr>) -> Proof {
        match (username, source) {
            (Some(username), _) => Proof::Supposed { username },
            (None, Some(_)) => Proof::Absent,
            (None, None) => self
                .core
                .book
                .read(|routes| routes.any_username().map(str::to_owned))
                .map_or(Proof::Absent, |username| Proof::Supposed { username }),
        }
    }

    fn invite(&self, draft: &RouteTestDraft) -> Result<Invite, FieldErrors> {
        let mut errors = FieldErrors::new();
        let to = errors.keep(
            "to",
            line(&draft.to).and_then(|to| to.ok_or(Reason::Required)),
        );
        let from = errors.keep("from", line(&draft.from)).flatten();
        let source = errors.keep("source", address(&draft.source)).flatten();
        let username = errors.keep("username", line(&draft.username)).flatten();
        let host = errors.keep("host", line(&draft.host)).flatten();
        let agent = errors.keep("agent", line(&draft.agent)).flatten();
        let header = self.desk.agent_header();
        let mut agents: Vec<String> = agent.into_iter().collect();
        for (name, value) in &draft.headers {
            let value = errors
                .keep(format!("headers.{name}"), line(value))
                .flatten();
            if header
                .as_deref()
                .is_some_and(|header| header.eq_ignore_ascii_case(name))
            {
                agents.extend(value);
            }
        }
        let invite = to.map(|to| Invite {
            source: source.unwrap_or(IpAddr::from([127, 0, 0, 1])),
            transport: Transport::Udp,
            proof: self.proof(username, source),
            target_host: host.unwrap_or_default(),
            called_party: None,
            to_user: to.clone(),
            target_user: to,
            agent_headers: agents,
            media: MediaOffer::Late,
            caller: CallerId {
                number: from
                    .as_deref()
                    .and_then(|from| from.parse::<PhoneNumber>().ok()),
                raw_from: from.unwrap_or_default(),
                ..CallerId::default()
            },
        });
        errors.none_or(invite)
    }
}

#[async_trait]
impl RouteTests for RouteTest {
    async fn test(&self, caller: &Caller, draft: RouteTestDraft) -> Result<RouteTested, AppError> {
        caller.may(Scope::SipRead)?;
        let invite = self.invite(&draft)?;
        let decision = self.desk.suppose(&invite);
        let (agent, refusal) = match decision.verdict {
            Verdict::Answer(agent) => {
                let name = self
                    .core
                    .book
                    .read(|routes| routes.agent(agent).map(|agent| agent.name.clone()));
                (Some((agent, name.unwrap_or_default())), None)
            }
            Verdict::Challenge { .. } => (None, Some(Refusal::NoCredentials)),
            Verdict::Refuse(refusal) => (None, Some(refusal)),
        };
        Ok(RouteTested {
            agent,
            refusal,
            number: decision.number,
            receipt: decision.receipt,
        })
    }

    async fn replay(&self, caller: &Caller, draft: ReplayDraft) -> Result<Replayed, AppError> {
        caller.may(Scope::CallsRead)?;
        route_replay::replay(&self.core, &draft).await
    }
}

fn line(entry: &Entry) -> Result<Option<String>, Reason> {
    Ok(entry.line(LONGEST)?.map(str::to_owned))
}

fn address(entry: &Entry) -> Result<Option<IpAddr>, Reason> {
    line(entry)?
        .map(|text| {
            text.parse()
                .map_err(|_| Reason::NotAnAddress { found: text })
        })
        .transpose()
}
