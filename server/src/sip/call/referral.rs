//! A call handed on by its own peer: asked for by REFER, and followed by NOTIFY to its end
//! (RFC 3515). Nothing is a success because it was asked for: until the peer tells of one, the
//! caller is the agent's; and where it tells no end, the outcome is unknown.

use app::domain::call::{Direction, EndReason};
use app::domain::transfer::{Destination, Transfer, TransferMode, TransferState};
use tokio::time::Instant;

use super::saying::Pending;
use super::{Call, Ending};
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::message::address::{host_port_of, parameter};
use crate::sip::outbound::reason;
use crate::sip::stack::Answers;

const HANDED_ON: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// A REFER of ours, from its first word to its last.
pub(in crate::sip) struct Referral {
    pub transfer: Transfer,
    destination: Destination,
    /// As long as it has no final answer.
    pub pending: Option<Pending>,
    /// Its number, by which news may call it.
    number: Option<u32>,
    /// Once it has one: how long news of it is waited for.
    pub until: Option<Instant>,
}

impl Referral {
    /// Whether news under this Event is of it: what comes late of one before says so by its number
    /// (RFC 3515 §2.4.6).
    fn is_named_by(&self, event: &str) -> bool {
        let package = event.split(';').next().unwrap_or_default().trim();
        let id = parameter(event, "id");
        package.eq_ignore_ascii_case("refer") && id.is_none_or(|id| id.parse().ok() == self.number)
    }
}

/// What a NOTIFY says of the call we asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Trying,
    Ringing,
    Over(u16),
    /// No more will be told, and no end was.
    NoMore,
}

impl Call {
    /// The URI its peer is asked to call by itself, if that is wanted and can be: the peer knows
    /// REFER, its access says how it wants to be asked, and no password is needed there.
    pub(super) fn refer_to(&self, destination: &Destination) -> Option<String> {
        let wanted = destination.settings.mode != TransferMode::Bridge;
        let possible = self.direction == Direction::Inbound && self.invite.lists("Allow", "REFER");
        if !wanted || !possible {
            return None;
        }
        let host = host_port_of(self.dialog.remote_target()).unwrap_or_default();
        self.edge.desk.refer_to(self.access?, destination, host)
    }

    pub(super) async fn refer(
        &mut self,
        transfer: Transfer,
        destination: Destination,
        to: &str,
    ) -> Option<Ending> {
        let request = self
            .own_request("REFER")
            .with("Refer-To", format!("<{to}>"))
            .with("Referred-By", format!("<{}>", self.dialog.contact));
        let pending = self.ask(request).await;
        let referral = Referral {
            transfer,
            destination,
            until: None,
            number: pending.as_ref().and_then(Pending::number),
            pending,
        };
        if referral.pending.is_none() {
            return self.not_referred(referral, EndReason::PeerLost, None).await;
        }
        self.tell_transfer(&referral.transfer);
        self.referral = Some(referral);
        None
    }

    /// An answer to the REFER itself.
    pub(in crate::sip) async fn on_referred(
        &mut self,
        response: Option<Message>,
    ) -> Option<Ending> {
        let status = response
            .as_ref()
            .map_or(408, |said| said.status().unwrap_or_default());
        if status < 200 {
            return None;
        }
        let mut referral = self.referral.take()?;
        let pending = referral.pending.take();
        if let Some(response) = &response {
            self.step(response, Way::Received);
            if matches!(status, 401 | 407)
                && let Some(pending) = pending
                && let Some(again) = self.ask_again(pending, response).await
            {
                referral.number = again.number();
                referral.pending = Some(again);
                self.referral = Some(referral);
                return None;
            }
        }
        if (200..300).contains(&status) {
            referral.until = Some(Instant::now() + self.edge.config.news_for);
            self.referral = Some(referral);
            return None;
        }
        self.not_referred(referral, reason(status), Some(status))
            .await
    }

    /// It will not call there, so that nobody is called twice if we do.
    async fn not_referred(
        &mut self,
        mut referral: Referral,
        reason: EndReason,
        status: Option<u16>,
    ) -> Option<Ending> {
        if referral.destination.settings.mode == TransferMode::Auto {
            referral.transfer.mode = TransferMode::Bridge;
            self.bridge_to(referral.transfer, referral.destination);
            return None;
        }
        self.come_back(referral.transfer, reason, status).await
    }

    /// NOTIFY: how the call goes that we asked for.
    pub(super) async fn on_notify(
        &mut self,
        answers: &Answers,
        request: &Message,
    ) -> Option<Ending> {
        let event = request.get("Event").unwrap_or_default();
        let Some(mut referral) = self.referral.take_if(|asked| asked.is_named_by(event)) else {
            self.reply(answers, request, 481);
            return None;
        };
        self.reply(answers, request, 200);
        match news(request) {
            News::Ringing if referral.transfer.state == TransferState::Trying => {
                self.tell_ringing(&mut referral.transfer);
            }
            News::Trying | News::Ringing => {}
            News::Over(status @ 200..300) => {
                referral.transfer.status = Some(status);
                self.conclude(&mut referral.transfer, TransferState::Completed);
                self.bot_hears_of(&referral.transfer);
                return Some(Ending::bye(EndReason::HandedOn, HANDED_ON));
            }
            News::Over(status) => {
                return self
                    .come_back(referral.transfer, reason(status), Some(status))
                    .await;
            }
            News::NoMore => return self.lose_sight(referral.transfer),
        }
        self.referral = Some(referral);
        None
    }

    /// Nothing was told for too long.
    pub(in crate::sip) fn on_silence(&mut self) -> Option<Ending> {
        let referral = self.referral.take()?;
        self.lose_sight(referral.transfer)
    }

    /// Nobody is called instead: somebody may have the call. Until then the caller is the agent's,
    /// or hears that it is not there any more.
    fn lose_sight(&mut self, mut transfer: Transfer) -> Option<Ending> {
        self.conclude(&mut transfer, TransferState::Unknown);
        self.bot_hears_of(&transfer);
        self.rejoin_telephone();
        self.say_sorry()
    }
}

fn news(notify: &Message) -> News {
    let state = notify.get("Subscription-State").unwrap_or_default();
    let state = state.split(';').next().unwrap_or_default().trim();
    let over = state.eq_ignore_ascii_case("terminated");
    match status_of(&notify.body) {
        Some(status) if status >= 200 => News::Over(status),
        _ if over => News::NoMore,
        Some(180..=199) => News::Ringing,
        _ => News::Trying,
    }
}

/// The status line of a `message/sipfrag` (RFC 3420).
fn status_of(body: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(body).ok()?;
    let status = text.trim_start().strip_prefix("SIP/2.0 ")?.get(..3)?;
    status
        .parse()
        .ok()
        .filter(|status| (100..700).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_what_the_fragment_says_and_an_end_without_one_is_unknown() {
        for (state, body, expect) in [
            ("active;expires=60", "SIP/2.0 100 Trying", News::Trying),
            ("active", "SIP/2.0 180 Ringing\r\n", News::Ringing),
            ("active", "SIP/2.0 183 Session Progress\r\n", News::Ringing),
            (
                "terminated;reason=noresource",
                "SIP/2.0 200 OK\r\n",
                News::Over(200),
            ),
            ("active", "SIP/2.0 200 OK", News::Over(200)),
            ("Terminated", "SIP/2.0 486 Busy Here\r\n", News::Over(486)),
            (
                "terminated;reason=timeout",
                "SIP/2.0 100 Trying\r\n",
                News::NoMore,
            ),
            ("terminated", "", News::NoMore),
            ("active", "nonsense", News::Trying),
            ("active", "SIP/2.0 20", News::Trying),
            ("active", "SIP/2.0 99\u{e4}", News::Trying),
            ("", "SIP/2.0 999 x", News::Trying),
        ] {
            let notify = Message::request("NOTIFY", "sip:us")
                .with("Subscription-State", state)
                .with_body("message/sipfrag", body);
            assert_eq!(news(&notify), expect, "{state} {body}");
        }
    }
}
