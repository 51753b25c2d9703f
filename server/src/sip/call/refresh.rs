//! Signs of life (RFC 4028): ours when it is our turn, and the end when nobody gives one.

use app::domain::call::{EndReason, Happening};

use super::{Call, Ending, Phase};
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::timer::Due;

const EXPIRED: &str = "SIP;cause=408;text=\"Session timer expired\"";

impl Call {
    pub(in crate::sip) async fn on_tick(&mut self) -> Option<Ending> {
        if !matches!(self.phase, Phase::Confirmed) {
            return None;
        }
        match self.timer.map(|timer| timer.due(self.edge.clock.now_ms())) {
            None | Some(Due::Nothing) => None,
            Some(Due::Expired) => Some(Ending::bye(EndReason::SessionExpired, EXPIRED)),
            Some(Due::Refresh) => {
                self.refresh().await;
                None
            }
        }
    }

    /// UPDATE where the peer takes it, else a re-INVITE that changes nothing.
    async fn refresh(&mut self) {
        if self.sources.refresh.is_some() || self.sources.reinvite.is_some() {
            return;
        }
        let method = if self.allows_update {
            "UPDATE"
        } else {
            "INVITE"
        };
        let mut request = self.own_request(method);
        if let Some(timer) = &mut self.timer {
            timer.ask(&mut request, self.edge.config.timer);
        }
        if !self.allows_update {
            request = request.with_body("application/sdp", self.session.offer());
        }
        self.sources.refresh = self.ask(request).await;
    }

    pub(in crate::sip) async fn on_refreshed(
        &mut self,
        response: Option<Message>,
    ) -> Option<Ending> {
        let Some(response) = response else {
            self.sources.refresh = None;
            return None;
        };
        let status = response.status().unwrap_or_default();
        if status < 200 {
            return None;
        }
        let pending = self.sources.refresh.take();
        self.step(&response, Way::Received);
        match status {
            401 | 407 => {
                if let Some(pending) = pending {
                    self.sources.refresh = self.ask_again(pending, &response).await;
                }
            }
            200..300 => self.renew(&response).await,
            // RFC 3261 §12.2.1.2: the dialog is gone over there, or nobody is.
            408 | 481 => return Some(Ending::bye(EndReason::SessionExpired, EXPIRED)),
            422 => {
                let raised = self
                    .timer
                    .as_mut()
                    .is_some_and(|timer| timer.raise(&response));
                if !raised {
                    self.timer = None;
                }
            }
            // The peer was about to do the same: once more a little later.
            491 | 500 => {
                if let Some(timer) = &mut self.timer {
                    timer.try_again();
                }
            }
            _ => {}
        }
        None
    }

    async fn renew(&mut self, response: &Message) {
        self.dialog.retarget(response);
        let is_invite = response
            .cseq()
            .is_some_and(|(_, method)| method == "INVITE");
        if is_invite {
            self.confirm(response).await;
            if !self.accept(&response.body) {
                tracing::warn!(call.id = %self.id, "The answer to our re-INVITE cannot be used");
            }
        }
        let now = self.edge.clock.now_ms();
        self.timer = self.timer.and_then(|timer| timer.answered(response, now));
        self.happened(Happening::SessionRefreshed);
    }
}
