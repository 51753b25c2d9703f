//! What is heard of an INVITE of ours before its answer: whether it rings, whose audio comes early,
//! and which provisional answers still want an acknowledgement. Pure.

use std::collections::HashMap;

use super::ending::Heard;
use crate::sip::message::Message;

/// How one INVITE goes.
#[derive(Debug)]
pub(super) struct Course {
    pub heard: Heard,
    /// Whose description was taken, by tag: one fork's at a time.
    described: Option<String>,
    /// The last reliable answer of each fork that was acknowledged.
    acknowledged: HashMap<String, u32>,
    early: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            heard: Heard::Nothing,
            described: None,
            acknowledged: HashMap::new(),
            early: false,
        }
    }
}

impl Course {
    /// Something was said, but nothing rings.
    pub(super) fn tries(&mut self) {
        if self.heard == Heard::Nothing {
            self.heard = Heard::Trying;
        }
    }

    /// Whether the one who says this has described its audio already.
    pub(super) fn is_described_by(&self, response: &Message) -> bool {
        self.described.is_some() && self.described.as_deref() == response.to_tag()
    }

    /// Its description was taken; whether that is the first early audio of this call.
    pub(super) fn described_by(&mut self, response: &Message) -> bool {
        self.described = response.to_tag().map(str::to_owned);
        !std::mem::replace(&mut self.early, true)
    }

    /// The number of a reliable answer that is to be acknowledged: each once, and only in order
    /// (RFC 3262 §4). One that comes again is not: its PRACK is sent again by itself.
    pub(super) fn acknowledges(&mut self, response: &Message) -> Option<u32> {
        if !response.lists("Require", "100rel") {
            return None;
        }
        let number: u32 = response.get("RSeq")?.trim().parse().ok()?;
        let tag = response.to_tag()?;
        let last = self.acknowledged.get(tag).copied();
        if last.is_some_and(|last| last.checked_add(1) != Some(number)) {
            return None;
        }
        self.acknowledged.insert(tag.to_owned(), number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reliable(tag: &str, number: &str) -> Message {
        Message::response(183, "Session Progress")
            .with("To", format!("<sip:1@h>;tag={tag}"))
            .with("Require", "100rel")
            .with("RSeq", number)
    }

    #[test]
    fn each_reliable_answer_is_acknowledged_once_and_in_order() {
        let mut course = Course::default();
        for (tag, number, expect) in [
            ("a", "7", Some(7)),
            ("a", "7", None),
            ("b", "900", Some(900)),
            ("a", "9", None),
            ("a", "8", Some(8)),
            ("a", "9", Some(9)),
            ("b", "nonsense", None),
            ("c", "4294967295", Some(u32::MAX)),
            ("c", "0", None),
        ] {
            let found = course.acknowledges(&reliable(tag, number));
            assert_eq!(found, expect, "{tag} {number}");
        }
        let plain = Message::response(180, "Ringing").with("RSeq", "1");
        assert_eq!(course.acknowledges(&plain), None);
    }

    #[test]
    fn early_audio_is_told_once_and_belongs_to_who_described_it() {
        let mut course = Course::default();
        assert!(!course.is_described_by(&Message::response(183, "x")));
        assert!(course.described_by(&reliable("a", "1")));
        assert!(course.is_described_by(&reliable("a", "2")));
        assert!(!course.is_described_by(&reliable("b", "1")));
        assert!(!course.described_by(&reliable("b", "1")));
    }
}
