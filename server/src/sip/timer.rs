//! Session timers (RFC 4028): how long a call may go without a sign of life, and who gives it.
//!
//! Pure: the call asks what is due and when.

use super::message::Message;
use super::message::address::parameter;

/// What we ask for and the least we accept, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct TimerRules {
    pub expires_s: u32,
    pub min_se_s: u32,
}

impl Default for TimerRules {
    fn default() -> Self {
        Self {
            expires_s: 1800,
            min_se_s: 90,
        }
    }
}

/// Who sends the refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    Us,
    Peer,
}

/// A running session timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    pub interval_s: u32,
    pub refresher: Refresher,
    /// Did the peer say it knows the extension? Then it is held to it by `Require`.
    peer_knows: bool,
    since_ms: i64,
    asked: bool,
}

/// The peer's interval is below our least: 422 with our Min-SE (RFC 4028 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    pub min_se_s: u32,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Nothing,
    /// Our turn to refresh.
    Refresh,
    /// Nobody did: the call is dead.
    Expired,
}

impl SessionTimer {
    /// Settles on a timer as the server of a request (RFC 4028 §9). `None`: neither side wants one.
    pub fn accept(
        request: &Message,
        rules: TimerRules,
        now_ms: i64,
    ) -> Result<Option<Self>, TooSmall> {
        let peer_knows = request.lists("Supported", "timer") || request.lists("Require", "timer");
        let asked = request.get("Session-Expires").and_then(read_expires);
        let least = request
            .get("Min-SE")
            .and_then(seconds)
            .unwrap_or(0)
            .max(rules.min_se_s);
        let Some((interval, refresher)) = asked else {
            // A peer that knows timers gets one of ours; one that does not could not be held to it.
            let interval = rules.expires_s.max(least);
            return Ok(peer_knows.then(|| Self::new(interval, Refresher::Us, true, now_ms)));
        };
        if interval < rules.min_se_s {
            return Err(TooSmall {
                min_se_s: rules.min_se_s,
            });
        }
        let interval = interval.min(rules.expires_s.max(least));
        let refresher = match refresher {
            Some(Role::Uac) => Refresher::Peer,
            // Where the choice is ours we refresh: then a dead peer shows at half-time.
            Some(Role::Uas) | None => Refresher::Us,
        };
        Ok(Some(Self::new(interval, refresher, peer_knows, now_ms)))
    }

    /// Settles on a timer as the client of an INVITE (RFC 4028 §7.2). `None`: the peer wants none.
    pub fn begun(response: &Message, now_ms: i64) -> Option<Self> {
        let (interval, role) = response.get("Session-Expires").and_then(read_expires)?;
        let refresher = match role {
            Some(Role::Uas) => Refresher::Peer,
            Some(Role::Uac) | None => Refresher::Us,
        };
        Some(Self::new(interval.max(1), refresher, true, now_ms))
    }

    fn new(interval_s: u32, refresher: Refresher, peer_knows: bool, now_ms: i64) -> Self {
        Self {
            interval_s,
            refresher,
            peer_knows,
            since_ms: now_ms,
            asked: false,
        }
    }

    /// Writes the agreed timer on our 2xx.
    pub fn describe(&self, response: &mut Message) {
        let refresher = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Peer => "uac",
        };
        response.push(
            "Session-Expires",
            format!("{};refresher={refresher}", self.interval_s),
        );
        if self.peer_knows {
            response.push("Require", "timer");
        }
    }

    /// Writes it on a refresh of ours: there we are the client.
    pub fn ask(&mut self, request: &mut Message, rules: TimerRules) {
        self.asked = true;
        request.push("Supported", "timer");
        request.push(
            "Session-Expires",
            format!("{};refresher=uac", self.interval_s),
        );
        request.push("Min-SE", rules.min_se_s.to_string());
    }

    /// Takes the answer to our refresh (RFC 4028 §7.2). `None`: the peer wants no timer any more.
    pub fn answered(&self, response: &Message, now_ms: i64) -> Option<Self> {
        let (interval, role) = response.get("Session-Expires").and_then(read_expires)?;
        let refresher = match role {
            Some(Role::Uas) => Refresher::Peer,
            _ => Refresher::Us,
        };
        Some(Self::new(
            interval.max(1),
            refresher,
            self.peer_knows,
            now_ms,
        ))
    }

    /// A 422 to our refresh: ask again for at least what the peer wants.
    pub fn raise(&mut self, response: &Message) -> bool {
        match response.get("Min-SE").and_then(seconds) {
            Some(least) if least > self.interval_s => {
                self.interval_s = least;
                self.asked = false;
                true
            }
            _ => false,
        }
    }

    /// The refresh met one of the peer's: ask again.
    pub fn try_again(&mut self) {
        self.asked = false;
    }

    /// Half-way it is time to refresh; a third, at most 32 s, before the end it is over (§10).
    pub fn due(&self, now_ms: i64) -> Due {
        let interval = i64::from(self.interval_s) * 1000;
        let passed = now_ms - self.since_ms;
        if passed >= interval - (interval / 3).min(32_000) {
            return Due::Expired;
        }
        match self.refresher {
            Refresher::Us if !self.asked && passed >= interval / 2 => Due::Refresh,
            _ => Due::Nothing,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Uac,
    Uas,
}

fn read_expires(value: &str) -> Option<(u32, Option<Role>)> {
    let role = match parameter(value, "refresher") {
        Some(role) if role.eq_ignore_ascii_case("uac") => Some(Role::Uac),
        Some(role) if role.eq_ignore_ascii_case("uas") => Some(Role::Uas),
        _ => None,
    };
    Some((seconds(value)?, role))
}

fn seconds(value: &str) -> Option<u32> {
    value.split(';').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: TimerRules = TimerRules {
        expires_s: 1800,
        min_se_s: 90,
    };

    type Case = (&'static str, Vec<(&'static str, &'static str)>, Settled);
    type Settled = Result<Option<(u32, Refresher)>, TooSmall>;

    fn accepted(headers: &[(&str, &str)]) -> Settled {
        let mut request = Message::request("INVITE", "sip:h");
        for (name, value) in headers {
            request.push(name, *value);
        }
        let timer = SessionTimer::accept(&request, RULES, 0)?;
        Ok(timer.map(|timer| (timer.interval_s, timer.refresher)))
    }

    #[test]
    fn settles_on_a_timer() {
        use Refresher::{Peer, Us};
        let knows = ("Supported", "timer");
        let cases: [Case; 9] = [
            ("nobody asks", vec![], Ok(None)),
            ("the peer could", vec![knows], Ok(Some((1800, Us)))),
            (
                "the peer asks",
                vec![knows, ("Session-Expires", "600")],
                Ok(Some((600, Us))),
            ),
            (
                "a proxy asks",
                vec![("Session-Expires", "600")],
                Ok(Some((600, Us))),
            ),
            (
                "too long is cut",
                vec![knows, ("Session-Expires", "7200;refresher=uac")],
                Ok(Some((1800, Peer))),
            ),
            (
                "but not below its least",
                vec![knows, ("Session-Expires", "7200"), ("Min-SE", "3600")],
                Ok(Some((3600, Us))),
            ),
            (
                "our turn",
                vec![knows, ("Session-Expires", "90;refresher=uas")],
                Ok(Some((90, Us))),
            ),
            (
                "too small",
                vec![knows, ("Session-Expires", "60")],
                Err(TooSmall { min_se_s: 90 }),
            ),
            ("nonsense", vec![("Session-Expires", "soon")], Ok(None)),
        ];
        for (name, headers, expected) in cases {
            assert_eq!(accepted(&headers), expected, "{name}");
        }
    }

    #[test]
    fn says_what_is_due() {
        let ours = SessionTimer::new(1800, Refresher::Us, true, 0);
        assert_eq!(ours.due(899_999), Due::Nothing);
        assert_eq!(ours.due(900_000), Due::Refresh);
        assert_eq!(ours.due(1_768_000), Due::Expired);
        let theirs = SessionTimer::new(90, Refresher::Peer, true, 0);
        assert_eq!(theirs.due(59_999), Due::Nothing);
        assert_eq!(theirs.due(60_000), Due::Expired);
    }

    #[test]
    fn refreshes_once_and_starts_anew_with_the_answer() {
        let mut timer = SessionTimer::new(1800, Refresher::Us, true, 0);
        let mut request = Message::request("UPDATE", "sip:h");
        timer.ask(&mut request, RULES);
        assert_eq!(request.get("Session-Expires"), Some("1800;refresher=uac"));
        assert_eq!(timer.due(950_000), Due::Nothing);
        let yes = Message::response(200, "OK").with("Session-Expires", "600;refresher=uas");
        let renewed = timer.answered(&yes, 950_000).unwrap();
        assert_eq!(
            (renewed.interval_s, renewed.refresher),
            (600, Refresher::Peer)
        );
        assert!(
            timer
                .answered(&Message::response(200, "OK"), 950_000)
                .is_none()
        );
        assert!(timer.raise(&Message::response(422, "").with("Min-SE", "3600")));
        assert_eq!(timer.interval_s, 3600);
    }
}
