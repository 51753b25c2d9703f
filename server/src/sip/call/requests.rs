//! Requests inside a dialog: re-INVITE, UPDATE, INFO, PRACK, OPTIONS, BYE (RFC 3261 §12.2.2).
//! Each is answered, whatever state the call is in.

use app::domain::call::{Direction, EndReason, Happening};

use super::offer::description;
use super::{Call, Ending, Phase, Reinvite};
use crate::media::Digit;
use crate::media::sdp::Offer;
use crate::sip::ladder::Way;
use crate::sip::message::Message;
use crate::sip::options;
use crate::sip::stack::{Answers, Arrival, ServerEvent};
use crate::sip::timer::SessionTimer;

impl Call {
    pub(in crate::sip) async fn on_request(&mut self, arrival: Box<Arrival>) -> Option<Ending> {
        let (request, _, answers, events) = arrival.run();
        self.step(&request, Way::Received);
        let method = request.method().unwrap_or_default().to_owned();
        if self.dialog.in_order(&request).is_err() {
            self.reply(&answers, &request, 500);
            return None;
        }
        match method.as_str() {
            "BYE" => return self.on_bye(&answers, &request),
            "REFER" => self.on_refer(&answers, &request),
            "INVITE" => self.on_new_offer(&answers, &request, events),
            "UPDATE" => self.on_new_offer(&answers, &request, None),
            "INFO" => self.on_info(&answers, &request),
            "PRACK" => {
                let status = if self.acknowledge(&request) { 200 } else { 481 };
                self.reply(&answers, &request, status);
            }
            "NOTIFY" => return self.on_notify(&answers, &request).await,
            "OPTIONS" => {
                let reply = options::describe(self.dialog.reply(&request, 200));
                self.answer(&answers, &reply);
            }
            _ => self.reply(&answers, &request, 405),
        }
        None
    }

    fn on_bye(&mut self, answers: &Answers, request: &Message) -> Option<Ending> {
        self.reply(answers, request, 200);
        if self.peer_has_moved_us() {
            return None;
        }
        if matches!(self.phase, Phase::Ringing(_)) {
            self.refuse(487);
            return Some(Ending::quiet(EndReason::CallerGaveUp));
        }
        Some(Ending::quiet(match self.direction {
            Direction::Inbound => EndReason::CallerHungUp,
            Direction::Outbound => EndReason::CalleeHungUp,
        }))
    }

    /// re-INVITE and UPDATE: hold, resume, another address, a refresh, or all at once.
    fn on_new_offer(
        &mut self,
        answers: &Answers,
        request: &Message,
        events: Option<tokio::sync::mpsc::UnboundedReceiver<ServerEvent>>,
    ) {
        let is_invite = events.is_some();
        // One offer at a time (RFC 3261 §14.2, RFC 3311 §5.2).
        let ours_is_open = self.sources.refresh.is_some()
            || (self.late_offer && !matches!(self.phase, Phase::Confirmed));
        let body = description(request);
        if matches!(self.phase, Phase::Ringing(_)) && (is_invite || body.is_some()) {
            let reply = self.dialog.reply(request, 500).with("Retry-After", "1");
            return self.answer(answers, &reply);
        }
        if (ours_is_open && (is_invite || body.is_some())) || self.sources.reinvite.is_some() {
            return self.reply(answers, request, 491);
        }
        let now = self.edge.clock.now_ms();
        let timer = match SessionTimer::accept(request, self.edge.config.timer, now) {
            Ok(timer) => timer,
            Err(small) => {
                let reply = self.dialog.reply(request, 422);
                let reply = reply.with("Min-SE", small.min_se_s.to_string());
                return self.answer(answers, &reply);
            }
        };
        let Ok(ours) = self.negotiate(body, is_invite) else {
            return self.reply(answers, request, 488);
        };
        self.dialog.retarget(request);
        let mut reply = options::describe(self.dialog.reply(request, 200));
        if let Some(timer) = &timer {
            timer.describe(&mut reply);
        }
        if self.timer.is_some() && timer.is_some() {
            self.happened(Happening::SessionRefreshed);
        }
        self.timer = timer;
        if let Some(ours) = ours {
            reply = reply.with_body("application/sdp", ours);
        }
        self.answer(answers, &reply);
        if let Some(events) = events {
            self.sources.reinvite = Some(Reinvite {
                events,
                expects_answer: body.is_none(),
            });
        }
    }

    /// Our description for the 2xx; `None` for an UPDATE that changes nothing.
    fn negotiate(&mut self, body: Option<&[u8]>, is_invite: bool) -> Result<Option<String>, ()> {
        match body {
            Some(body) => {
                let offer = Offer::parse(body).map_err(drop)?;
                self.session.answer(&offer).map(Some).map_err(drop)
            }
            None if is_invite => Ok(Some(self.session.offer())),
            None => Ok(None),
        }
    }

    /// Digits by INFO, in the two forms that are about; anything else is not understood.
    fn on_info(&mut self, answers: &Answers, request: &Message) {
        let kind = request
            .get("Content-Type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let body = String::from_utf8_lossy(&request.body);
        let key = match kind.split(';').next().unwrap_or_default().trim() {
            "application/dtmf-relay" => body.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case("signal")
                    .then(|| value.trim().to_owned())
            }),
            "application/dtmf" => Some(body.trim().to_owned()),
            "" if request.body.is_empty() => return self.reply(answers, request, 200),
            _ => {
                let reply = self.dialog.reply(request, 415);
                let reply = reply.with("Accept", "application/dtmf-relay, application/dtmf");
                return self.answer(answers, &reply);
            }
        };
        match key.as_deref().and_then(digit) {
            Some(digit) => {
                self.session.press(digit);
                self.reply(answers, request, 200);
            }
            None => self.reply(answers, request, 400),
        }
    }

    pub(super) fn reply(&mut self, answers: &Answers, request: &Message, status: u16) {
        let reply = self.dialog.reply(request, status);
        self.answer(answers, &reply);
    }

    fn answer(&mut self, answers: &Answers, reply: &Message) {
        self.step(reply, Way::Sent);
        answers.send(reply);
    }
}

/// `5`, `*`, or the event number some equipment writes (10 is `*`, 11 is `#`).
fn digit(key: &str) -> Option<Digit> {
    let key = match key {
        "10" => "*",
        "11" => "#",
        other => other,
    };
    let mut characters = key.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Digit::new(character),
        _ => None,
    }
}
