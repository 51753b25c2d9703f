//! The report: what happened, why, when, and every message, as plain text.

use std::fmt::Write as _;

use app::domain::call::{Call, CallDetail, Flow};
use app::domain::phone::PhoneNumber;
use app::ui::reader::Reader;

/// In the reader's language and zone; every time in UTC too, for the carrier.
pub(super) fn write(detail: &CallDetail, reader: &Reader) -> String {
    let mut out = String::new();
    head(&mut out, &detail.call, reader);
    times(&mut out, &detail.call, reader);
    receipt(&mut out, detail, reader);
    quality(&mut out, detail, reader);
    messages(&mut out, detail, reader);
    out
}

fn head(out: &mut String, call: &Call, reader: &Reader) {
    let say = &reader.language.text().calls;
    let number = call
        .number
        .as_ref()
        .map_or_else(|| call.sent_as.clone(), PhoneNumber::to_string);
    let end = call.end.map(|end| {
        let status = end.status.map(|status| format!(" ({status})"));
        let reason = reader.language.text().end(end.reason);
        format!("{reason}{}", status.unwrap_or_default())
    });
    let facts = [
        (say.id, Some(call.id.to_string())),
        (say.call_id, Some(call.sip_call_id.clone())),
        (say.to, Some(number)),
        (say.sent_as, Some(call.sent_as.clone())),
        (say.raw_from, Some(call.caller.raw_from.clone())),
        (say.source, call.source.map(|source| source.to_string())),
        (say.transport, call.transport.map(|over| over.to_string())),
        (say.software, call.software.clone()),
        (say.access, call.access_label.clone()),
        (say.agent, call.agent_name.clone()),
        (say.codec, call.codec.clone()),
        (say.result, end),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            let _ = writeln!(out, "{name}: {}", line(&value));
        }
    }
}

fn times(out: &mut String, call: &Call, reader: &Reader) {
    let say = &reader.language.text().calls;
    let times = [
        (say.began, Some(call.started_at)),
        (say.ringing, call.ringing_at),
        (say.answered, call.answered_at),
        (say.first_audio, call.first_audio_at),
        (say.ended, call.ended_at),
    ];
    let _ = writeln!(out, "\n== {} ==", say.timings);
    for (name, at) in times {
        if let Some(at) = at {
            let after = app::ui::reader::duration(at - call.started_at);
            let _ = writeln!(out, "{}  +{after:<8} {name}", reader.machine_ms(at));
        }
    }
}

fn receipt(out: &mut String, detail: &CallDetail, reader: &Reader) {
    let text = reader.language.text();
    let _ = writeln!(out, "\n== {} ==", text.calls.why);
    for (at, check) in detail.receipt.checks.iter().enumerate() {
        let (step, outcome) = (text.step(check.step), text.outcome(check.outcome));
        let note = line(&text.note(&check.note));
        let _ = writeln!(out, "{}. {step}: {outcome}. {note}", at + 1);
    }
    if let Some(near) = &detail.receipt.near {
        let _ = writeln!(out, "   {}: {}", text.calls.near, line(&text.near(near)));
    }
}

fn quality(out: &mut String, detail: &CallDetail, reader: &Reader) {
    let say = &reader.language.text().calls;
    let Some(quality) = &detail.quality else {
        return;
    };
    let _ = writeln!(out, "\n== {} ==", say.quality);
    let mut flow = |name: &str, flow: &Flow| {
        let _ = writeln!(
            out,
            "{name}: {} {}, {} {}, {} {:.1} ms",
            flow.packets, say.packets, flow.lost, say.lost, say.jitter, flow.jitter_ms
        );
    };
    flow(say.from_caller, &quality.from_caller);
    flow(say.to_caller, &quality.to_caller);
}

fn messages(out: &mut String, detail: &CallDetail, reader: &Reader) {
    let say = &reader.language.text().calls;
    let _ = writeln!(out, "\n== {} ==", say.signalling);
    for message in &detail.messages {
        let way = if message.sent {
            say.direction_out
        } else {
            say.direction_in
        };
        let at = reader.machine_ms(message.at);
        let (over, peer) = (message.transport, &message.peer);
        let _ = writeln!(out, "\n-- {at} {way} ({over} {peer})");
        for text in message.text.lines() {
            let _ = writeln!(out, "{}", line(text));
        }
    }
}

/// One line, whatever a peer put into it.
fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
