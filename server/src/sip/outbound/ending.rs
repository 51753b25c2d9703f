//! What a carrier's answer means: which end of a call, and whether another address is worth a try.

use app::domain::call::EndReason;

/// How far the other side had come when it said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sip) enum Heard {
    /// Nothing at all.
    Nothing,
    /// A provisional answer below 180.
    Trying,
    /// It rang, or early audio came.
    Ringing,
}

/// The end that follows from a final answer (RFC 3261 §21).
pub(in crate::sip) fn reason(status: u16) -> EndReason {
    match status {
        300..=399 => EndReason::Redirected,
        401 | 407 => EndReason::AuthFailed,
        403 => EndReason::Forbidden,
        404 | 410 | 484 | 485 | 604 => EndReason::NotFound,
        408 | 480 | 487 => EndReason::NoAnswer,
        486 | 600 => EndReason::Busy,
        488 | 606 => EndReason::Incompatible,
        603 | 607 | 608 => EndReason::Declined,
        _ => EndReason::CarrierError,
    }
}

/// Whether the next address is tried (`sip.md`, Retry): never after it rang, and never because
/// somebody there declined or was busy.
pub(in crate::sip) fn tries_next(status: u16, heard: Heard) -> bool {
    match status {
        500 | 502..=504 => heard != Heard::Ringing,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_end() {
        for (status, expect) in [
            (302, EndReason::Redirected),
            (401, EndReason::AuthFailed),
            (403, EndReason::Forbidden),
            (404, EndReason::NotFound),
            (408, EndReason::NoAnswer),
            (480, EndReason::NoAnswer),
            (484, EndReason::NotFound),
            (486, EndReason::Busy),
            (488, EndReason::Incompatible),
            (500, EndReason::CarrierError),
            (503, EndReason::CarrierError),
            (600, EndReason::Busy),
            (603, EndReason::Declined),
            (699, EndReason::CarrierError),
        ] {
            assert_eq!(reason(status), expect, "{status}");
        }
    }

    #[test]
    fn nobody_is_called_again_who_declined() {
        assert!(tries_next(503, Heard::Trying));
        assert!(tries_next(500, Heard::Nothing));
        assert!(!tries_next(503, Heard::Ringing));
        for status in [401, 403, 404, 480, 486, 487, 600, 603] {
            assert!(!tries_next(status, Heard::Nothing), "{status}");
        }
    }
}
