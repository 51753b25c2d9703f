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
/// somebody there declined or was busy. Who has no room says so for himself alone; a server with a
/// fault is given one other chance in all, which `faults` counts.
pub(in crate::sip) fn tries_next(status: u16, heard: Heard, faults: &mut u32) -> bool {
    if heard == Heard::Ringing {
        return false;
    }
    match status {
        503 => true,
        500 | 502 | 504 => {
            *faults += 1;
            *faults == 1
        }
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
        for status in [401, 403, 404, 480, 486, 487, 501, 505, 600, 603] {
            assert!(!tries_next(status, Heard::Nothing, &mut 0), "{status}");
        }
        for status in [500, 502, 503, 504] {
            assert!(!tries_next(status, Heard::Ringing, &mut 0), "{status}");
        }
    }

    #[test]
    fn who_has_no_room_is_passed_by_and_a_fault_once() {
        let mut faults = 0;
        assert!(tries_next(503, Heard::Trying, &mut faults));
        assert!(tries_next(503, Heard::Nothing, &mut faults));
        assert!(tries_next(500, Heard::Trying, &mut faults));
        assert!(!tries_next(502, Heard::Nothing, &mut faults));
        assert!(tries_next(503, Heard::Nothing, &mut faults));
    }
}
