//! The parts of a call's page.

use leptos::prelude::*;

use super::{engine, ladder, player};
use crate::domain::call::{
    CallDetail, CallState, Flow, Happening, OneWay, RecordingState, Said, SipMessageRecord,
    Speaker, TranscriptLine,
};
use crate::domain::routing::Outcome;
use crate::domain::waveform::Waveform;
use crate::text::text;
use crate::ui::feedback::Tone;
use crate::ui::page::{Empty, Section};
use crate::ui::reader::{decimal, position, reader};
use crate::ui::steps::{Step, Steps};
use crate::ui::table::{Cell, Column, Lead, Row, Table};

/// What was said, beside the recording.
pub(super) fn conversation(detail: &CallDetail, wave: Option<Waveform>) -> impl IntoView + use<> {
    let say = &text().calls;
    let call = &detail.call;
    let address = format!("/api/phone/calls/{}/recording", call.id);
    let player = match call.recording {
        RecordingState::Kept | RecordingState::CutShort => {
            player::player(address.clone(), wave).into_any()
        }
        RecordingState::Running => {
            view! { <p class="muted">{say.recording_running}</p> }.into_any()
        }
        RecordingState::None => {
            let why = if began_recording(detail) {
                say.recording_empty
            } else {
                say.no_recording
            };
            view! { <p class="muted">{why}</p> }.into_any()
        }
        RecordingState::Deleted => {
            view! { <p class="muted">{say.recording_deleted}</p> }.into_any()
        }
    };
    let troubles = engine::troubles(detail);
    let cut = (call.recording == RecordingState::CutShort)
        .then(|| view! { <p class="muted">{say.recording_cut}</p> });
    let can_play = matches!(
        call.recording,
        RecordingState::Kept | RecordingState::CutShort
    );
    let agent = call
        .agent_name
        .clone()
        .unwrap_or_else(|| say.agent.to_owned());
    let lines = detail
        .transcript
        .iter()
        .map(|line| transcript_line(line, &agent, can_play.then_some(address.as_str())))
        .collect_view();
    let transcript = if detail.transcript.is_empty() && call.state == CallState::Ended {
        view! { <Empty why=say.no_transcript/> }.into_any()
    } else {
        view! { <ol class="transcript" role="list" id="transcript">{lines}</ol> }.into_any()
    };
    view! { <Section id="conversation" title=say.conversation>{troubles}{player}{cut}{transcript}</Section> }
}

/// Whether it was on, even if the call ended before there was a frame to keep.
fn began_recording(detail: &CallDetail) -> bool {
    let mut timeline = detail.timeline.iter();
    timeline.any(|event| event.what == Happening::RecordingStarted)
}

fn transcript_line(
    line: &TranscriptLine,
    agent: &str,
    recording: Option<&str>,
) -> impl IntoView + use<> {
    let say = &text().calls;
    let who = match line.speaker {
        Speaker::Agent => agent.to_owned(),
        Speaker::Caller => say.caller.to_owned(),
    };
    let what = match &line.said {
        Said::Words(words) => words.clone(),
        Said::Digits(digits) => format!("({} {digits})", say.pressed),
        Said::Speech => format!("({})", say.spoke),
    };
    let at = position(line.start_ms.into());
    let place = match recording {
        Some(recording) => {
            let to = format!("{recording}#t={}", line.start_ms / 1000);
            let label = format!("{} {at}", say.play_from);
            view! { <a href=to aria-label=label data-plays=(line.start_ms / 1000).to_string()>{at}</a> }.into_any()
        }
        None => view! { <span class="muted">{at}</span> }.into_any(),
    };
    view! {
        <li>
            <span class="at">{place}</span>
            <div><span class="who">{who}</span><p class="wrap-anywhere">{what}</p></div>
        </li>
    }
}

/// The receipt.
pub(super) fn why(detail: &CallDetail, refused: bool) -> impl IntoView + use<> {
    let say = &text().calls;
    let receipt = receipt(&detail.receipt);
    let title = if refused { say.why_refused } else { say.why };
    view! { <Section id="why" title>{receipt}</Section> }
}

/// The checks of a receipt as a list, here and under Test a route.
pub(crate) fn receipt(receipt: &crate::domain::routing::Receipt) -> impl IntoView + use<> {
    let text = text();
    let last = receipt.checks.len().saturating_sub(1);
    let near = receipt.near.as_ref().map(|near| text.near(near));
    let steps = receipt
        .checks
        .iter()
        .enumerate()
        .map(|(at, check)| {
            let tone = match check.outcome {
                Outcome::Passed => Tone::Good,
                Outcome::Failed => Tone::Bad,
                Outcome::Skipped => Tone::Neutral,
            };
            let near = near.clone().filter(|_| at == last);
            let (title, word, note) = (text.step(check.step), text.outcome(check.outcome), text.note(&check.note));
            match near {
                Some(near) => view! { <Step tone title word note near_miss=view! { <p>{near}</p> }.into_any()/> }.into_any(),
                None => view! { <Step tone title word note/> }.into_any(),
            }
        })
        .collect_view();
    view! { <Steps label=text.calls.why>{steps}</Steps> }
}

/// Every SIP message, redacted before it was kept.
pub(super) fn signalling(detail: &CallDetail) -> impl IntoView + use<> {
    let say = &text().calls;
    let columns = vec![Column(say.at), Column(say.peer), Column(say.message)];
    let rows = detail.messages.iter().map(message).collect_view();
    let list = if detail.messages.is_empty() {
        view! { <Empty why=text().common.nothing_yet/> }.into_any()
    } else {
        let picture = ladder::picture(&detail.messages);
        view! {
            <div class="ladder-frame">
                <div class="ladder-table"><Table caption=say.signalling columns>{rows}</Table></div>
                {picture}
            </div>
        }
        .into_any()
    };
    view! { <Section id="signalling" title=say.signalling>{list}</Section> }
}

fn message(message: &SipMessageRecord) -> impl IntoView + use<> {
    let say = &text().calls;
    let way = if message.sent {
        say.direction_out
    } else {
        say.direction_in
    };
    let at = reader().clock_time(message.at);
    let peer = format!("{} {}", message.transport, message.peer);
    let (summary, whole) = (message.summary.clone(), message.text.clone());
    view! {
        <Row>
            <Lead><span class="digits">{at}</span></Lead>
            <Cell head=say.peer>{way}<p class="help mono wrap-anywhere">{peer}</p></Cell>
            <Cell head=say.message>
                <details><summary class="wrap-anywhere">{summary}</summary><pre tabindex="0">{whole}</pre></details>
            </Cell>
        </Row>
    }
}

/// How the audio was, per direction.
pub(super) fn quality(detail: &CallDetail) -> impl IntoView + use<> {
    let say = &text().calls;
    let body = match &detail.quality {
        Some(quality) => {
            let columns = vec![
                Column(""),
                Column(say.packets),
                Column(say.lost),
                Column(say.jitter),
                Column(say.score),
            ];
            let (from, to) = (
                flow(say.from_caller, &quality.from_caller),
                flow(say.to_caller, &quality.to_caller),
            );
            let round_trip = quality.round_trip_ms.map(|ms| {
                let sentence = (say.round_trip)(&format!("{ms:.0} ms"));
                view! { <p class="muted">{sentence}</p> }
            });
            view! { <Table caption=say.quality columns>{from}{to}</Table>{round_trip} }.into_any()
        }
        None => view! { <Empty why=text().common.nothing_yet/> }.into_any(),
    };
    let silent = one_way(detail).map(|sentence| view! { <p>{sentence}</p> });
    view! { <Section id="quality" title=say.quality>{silent}{body}</Section> }
}

/// The last thing the timeline says of a side that hears nothing.
fn one_way(detail: &CallDetail) -> Option<&'static str> {
    let say = &text().calls;
    let cause = detail
        .timeline
        .iter()
        .rev()
        .find_map(|event| match event.what {
            Happening::NoAudioFromCaller { cause, .. } => {
                Some(cause.unwrap_or(OneWay::NothingReceived))
            }
            Happening::NoAudioToCaller { cause } => Some(cause),
            _ => None,
        })?;
    Some(match cause {
        OneWay::NothingReceived => say.nothing_received,
        OneWay::PrivateAddress => say.private_address,
        OneWay::WrongCodec => say.wrong_codec,
        OneWay::WrongKeys => say.wrong_keys,
        OneWay::PeerHearsNothing => say.peer_hears_nothing,
    })
}

fn flow(name: &'static str, flow: &Flow) -> impl IntoView + use<> {
    let say = &text().calls;
    let (packets, lost, jitter) = (
        flow.packets.to_string(),
        flow.lost.to_string(),
        decimal(&format!("{:.1} ms", flow.jitter_ms)),
    );
    let score = flow
        .mos
        .map_or("–".to_owned(), |mos| decimal(&format!("{mos:.1}")));
    view! {
        <Row>
            <Lead>{name}</Lead>
            <Cell head=say.packets>{packets}</Cell>
            <Cell head=say.lost>{lost}</Cell>
            <Cell head=say.jitter>{jitter}</Cell>
            <Cell head=say.score>{score}</Cell>
        </Row>
    }
}

/// Ids and raw values, for whoever compares with the carrier's.
pub(super) fn details(detail: &CallDetail) -> impl IntoView + use<> {
    let say = &text().calls;
    let call = &detail.call;
    let none = || "–".to_owned();
    let facts = vec![
        (say.id, call.id.to_string()),
        (say.call_id, call.sip_call_id.clone()),
        (say.access, call.access_label.clone().unwrap_or_else(none)),
        (
            say.source,
            call.source.map_or_else(none, |source| source.to_string()),
        ),
        (
            say.transport,
            call.transport
                .map_or_else(none, |transport| transport.to_string()),
        ),
        (say.software, call.software.clone().unwrap_or_else(none)),
        (say.sent_as, call.sent_as.clone()),
        (say.raw_from, call.caller.raw_from.clone()),
        (
            say.diverted,
            call.caller.diverted_from.clone().unwrap_or_else(none),
        ),
        (say.codec, call.codec.clone().unwrap_or_else(none)),
        (
            say.offered,
            if detail.offered.is_empty() {
                none()
            } else {
                detail.offered.join(", ")
            },
        ),
    ];
    let rows = facts
        .into_iter()
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    let late = call.late.then(|| view! { <p class="muted">{say.late}</p> });
    view! { <Section id="details" title=say.details><dl class="facts">{rows}</dl>{late}</Section> }
}
