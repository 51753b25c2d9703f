//! A bot that has a telephone hands its caller on: by a REFER inside its leg (RFC 3515), which names
//! one of its agent's own destinations, by number, address, or the key of the agent's menu.
//!
//! It is the caller's call that goes there, as if the agent had chosen it; the bot is told how it
//! goes, and keeps the caller until somebody has answered. Nobody else is called for a bot, however
//! well it knows its own host.

use app::domain::call::EndReason;
use app::domain::id::AgentId;
use app::domain::transfer::{
    Destination, Place, ReferTo, Transfer, TransferMode, TransferState, TransferTarget,
};
use tokio::sync::mpsc::UnboundedSender;

use super::{Call, Ending, Phase};
use crate::agent::Choice;
use crate::sip::calls::ToCall;
use crate::sip::message::Message;
use crate::sip::message::address::Address;
use crate::sip::outbound::FarEvent;
use crate::sip::stack::Answers;

/// As many refusals are kept on a row: a bot may ask for ever.
const MOST_REFUSALS: u32 = 10;

/// What a bot has asked for, while that is under way.
pub(in crate::sip) struct Wish {
    /// The call whose place its caller is to take (RFC 3891).
    pub replaces: Option<String>,
}

/// At the other end of a leg: the bot that speaks for an agent.
pub(in crate::sip) struct Bot {
    pub agent: AgentId,
    /// It has asked to hand the caller on, and is to be told how that goes, under this Event.
    asked: Option<String>,
}

impl Bot {
    pub(in crate::sip) fn of(agent: AgentId) -> Self {
        Self { agent, asked: None }
    }
}

/// On the leg to the bot.
impl Call {
    /// Whether it was the bot's to answer.
    pub(super) fn on_bots_refer(
        &mut self,
        answers: &Answers,
        request: &Message,
        event: &str,
    ) -> bool {
        let Some(bot) = &self.bot else { return false };
        let (agent, asked) = (bot.agent, bot.asked.is_some());
        let mut named = request.all("Refer-To");
        let to = match (named.next(), named.next()) {
            (Some(value), None) => Address::read(value).uri.parse::<ReferTo>().ok(),
            _ => None,
        };
        let Some(to) = to else {
            self.reply(answers, request, 400);
            return true;
        };
        if asked {
            self.reply(answers, request, 491);
            return true;
        }
        let destination = match self.may_hand_on(agent, &to) {
            Ok(destination) => destination,
            Err(why) => {
                self.reply(answers, request, 603);
                self.tell_near(FarEvent::AsksTooMuch(Box::new(to), why));
                return true;
            }
        };
        self.reply(answers, request, 202);
        self.tell_peer(event, 100);
        self.bot = Some(Bot {
            agent,
            asked: Some(event.to_owned()),
        });
        self.tell_near(FarEvent::HandsOn(Box::new(destination), to.replaces));
        true
    }

    /// Another call's place can be taken where the bot may have called by itself: not behind a trunk.
    fn may_hand_on(&self, agent: AgentId, to: &ReferTo) -> Result<Destination, EndReason> {
        let chosen = self.edge.desk.chosen(agent, to);
        let destination = chosen.ok_or(EndReason::NotADestination)?;
        match (&to.replaces, &destination.settings.place) {
            (None, _) | (Some(_), Place::Sip(..)) => Ok(destination),
            (Some(_), Place::Phone(_) | Place::Hangup) => Err(EndReason::NotReplaceable),
        }
    }

    /// The caller's call has come further on the way that the bot asked for.
    pub(super) fn tell_bot(&mut self, status: u16) {
        let Some(event) = self.bot.as_mut().and_then(|bot| bot.asked.take()) else {
            return;
        };
        if status >= 200 {
            let near = self.near.as_ref().map(UnboundedSender::downgrade);
            return self.tell_peer_and(&event, status, move || {
                if let Some(near) = near.and_then(|near| near.upgrade()) {
                    let _ = near.send(FarEvent::Told);
                }
            });
        }
        self.tell_peer(&event, status);
        if let Some(bot) = &mut self.bot {
            bot.asked = Some(event);
        }
    }
}

/// On the caller's call.
impl Call {
    pub(super) async fn hand_on_for_bot(
        &mut self,
        destination: Destination,
        replaces: Option<String>,
    ) -> Option<Ending> {
        self.telephone.asks = Some(Wish { replaces });
        self.telephone.disappointed = false;
        if !matches!(self.phase, Phase::Confirmed) {
            // It is quicker than the caller's ACK, as a model may be.
            self.sources.chosen = Some(Choice::Destination(destination.id));
            return None;
        }
        let (begun, ending) = self.hand_on(destination).await;
        if begun.is_none() {
            // It is on its way somewhere already.
            self.bot_hears(491);
        }
        ending
    }

    /// What the bot asked for can't be had: the row says so.
    pub(super) fn refuse_bot(&mut self, to: &ReferTo, why: EndReason) {
        self.telephone.refusals += 1;
        if self.telephone.refusals > MOST_REFUSALS {
            return;
        }
        let now = self.edge.clock.now_ms();
        let mut transfer = Transfer {
            id: self.edge.clock.new_id(),
            call: self.id,
            target: TransferTarget {
                destination: None,
                name: to.place().value(),
                place: to.place(),
            },
            mode: TransferMode::Bridge,
            state: TransferState::Trying,
            leg: None,
            status: Some(603),
            reason: Some(why.code().to_owned()),
            started_at: now,
            ended_at: None,
        };
        self.conclude(&mut transfer, TransferState::Failed);
    }

    /// How it goes, if it was the bot that asked.
    pub(super) fn bot_hears(&mut self, status: u16) {
        let Some(bot) = self
            .telephone
            .call()
            .filter(|_| self.telephone.asks.is_some())
        else {
            return;
        };
        if status >= 200 {
            self.telephone.asks = None;
        }
        self.telephone.disappointed = status >= 300;
        self.edge.calls.tell(bot, ToCall::BotHears(status));
    }

    /// The same, of a transfer that is over.
    pub(super) fn bot_hears_of(&mut self, transfer: &Transfer) {
        self.bot_hears(match transfer.state {
            TransferState::Trying => 100,
            TransferState::Ringing => 180,
            TransferState::Completed => 200,
            TransferState::Failed | TransferState::Unknown => transfer
                .status
                .filter(|status| *status >= 300)
                .unwrap_or(503),
        });
    }
}
