//! The one log line, and the counters, that each call leaves when it is over.

use std::time::Duration;

use app::domain::call::Call;
use app::domain::quality::Quality;

use crate::telemetry::Event;

pub(super) fn ended(call: &Call, quality: Option<&Quality>) {
    let Some(end) = call.end else { return };
    // Who asked for privacy has it in the log too.
    let from = call
        .caller
        .number
        .as_ref()
        .filter(|_| !call.caller.anonymous)
        .map_or_else(String::new, ToString::to_string);
    let to = call
        .number
        .as_ref()
        .map_or_else(|| call.sent_as.clone(), ToString::to_string);
    let lasted = call.ended_at.unwrap_or(call.started_at) - call.started_at;
    Event::CallEnded {
        call: &call.id,
        direction: call.direction.as_str(),
        result: end.result.as_str(),
        reason: end.reason.code(),
        sip_status: end.status,
        from: &from,
        to: &to,
        duration: Duration::from_millis(u64::try_from(lasted).unwrap_or(0)),
        quality,
    }
    .emit();
}
