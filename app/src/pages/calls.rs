//! The page of a call: what was said, why this agent, how it went on the wire.

mod engine;
mod ladder;
mod parts;
mod player;

pub(crate) use parts::receipt;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_params_map;

use crate::domain::call::{
    Call, CallDetail, CallResult, CallState, CallerId, EndReason, RecordingState,
};
use crate::domain::transfer::Assigned;
use crate::domain::waveform::Waveform;
use crate::error::{AppError, Thing};
use crate::pages::asked;
use crate::pages::destinations::{attempts, list_agent_destinations, transfer_form};
use crate::pages::inbox::live;
use crate::pages::notice::{Done, Notice, done_at};
use crate::text::text;
use crate::ui::feedback::{Badge, Tone};
use crate::ui::form::LinkButton;
use crate::ui::page::{ByScript, Jump, PageHead, Question, query, whole_page};
use crate::ui::reader::{duration, reader};
use crate::ui::returned::FormState;

/// One call with everything known of it.
#[server(prefix = "/fn", endpoint = "get_call", input = GetUrl)]
pub async fn get_call(#[server(default)] id: String) -> Result<CallDetail, AppError> {
    let (services, caller) = asked()?;
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Call))?;
    services.calls.get(&caller, id).await
}

/// How loud a call's recording is along its length.
#[server(prefix = "/fn", endpoint = "get_waveform", input = GetUrl)]
pub async fn get_waveform(#[server(default)] id: String) -> Result<Option<Waveform>, AppError> {
    let (services, caller) = asked()?;
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Call))?;
    services.calls.waveform(&caller, id).await
}

/// What the page of a call shows.
type Seen = (CallDetail, Option<Waveform>, Option<Vec<Assigned>>);

/// The call, the drawing of its recording if there is one to play, and where it can be handed
/// on to while it goes on.
async fn look(id: String) -> Result<Seen, AppError> {
    let detail = get_call(id.clone()).await?;
    let wave = match detail.call.recording {
        RecordingState::Kept | RecordingState::CutShort => get_waveform(id).await.ok().flatten(),
        RecordingState::None | RecordingState::Running | RecordingState::Deleted => None,
    };
    let assigned = match (detail.call.state, detail.call.agent) {
        (CallState::Answered, Some(agent)) => list_agent_destinations(agent.to_string()).await.ok(),
        _ => None,
    };
    Ok((detail, wave, assigned))
}

/// Ends a call that runs.
#[server(prefix = "/fn", endpoint = "hang_up")]
pub async fn hang_up(#[server(default)] id: String) -> Result<Call, AppError> {
    let (services, caller) = asked()?;
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Call))?;
    let call = services.calls.hang_up(&caller, id).await?;
    leptos_axum::redirect(&done_at(&format!("/inbox/{id}"), Done::CallEnded, None));
    Ok(call)
}

/// Who called, in a few words. A name is shown only beside the number it came with.
pub(crate) fn caller_name(caller: &CallerId) -> String {
    let say = &text().calls;
    if caller.anonymous {
        return say.anonymous.to_owned();
    }
    match (&caller.number, &caller.name) {
        (Some(number), Some(name)) => format!("{name} {}", number.grouped()),
        (Some(number), None) => number.grouped(),
        (None, Some(name)) => name.clone(),
        // A PBX often calls as a user that is no number.
        (None, None) => user_of(&caller.raw_from)
            .unwrap_or(say.unknown_caller)
            .to_owned(),
    }
}

/// The user part of a From header as sent.
fn user_of(from: &str) -> Option<&str> {
    let (_, rest) = from
        .split_once("sip:")
        .or_else(|| from.split_once("sips:"))?;
    let (user, _) = rest.split_once('@')?;
    Some(user.split([':', ';']).next().unwrap_or(user))
        .filter(|user| !user.is_empty() && user.len() <= 80)
}

/// How a call stands, in a word.
pub(crate) fn badge(call: &Call) -> (Tone, &'static str) {
    let say = &text().calls;
    let Some(end) = call.end else {
        return match call.state {
            CallState::Answered => (Tone::Accent, say.in_progress),
            _ => (Tone::Accent, say.ringing),
        };
    };
    match (end.reason, end.result) {
        (EndReason::Refused(_), _) => (Tone::Bad, say.refused_badge),
        (EndReason::CallerGaveUp, _) => (Tone::Warn, say.missed),
        (_, CallResult::Success) => (Tone::Good, say.answered),
        _ if call.answered_at.is_some() => (Tone::Warn, say.answered),
        _ => (Tone::Bad, say.failed),
    }
}

/// Why it ended, where that says more than the badge.
pub(crate) fn result_words(call: &Call) -> String {
    match call.end {
        Some(end) if !matches!(end.reason, EndReason::CallerHungUp) => {
            text().end(end.reason).to_owned()
        }
        _ => String::new(),
    }
}

/// The number it went to, or what was sent instead of one.
pub(crate) fn dialled(call: &Call) -> String {
    let sent = || call.sent_as.parse().ok();
    let number = call.number.clone().or_else(sent);
    number.map_or_else(|| call.sent_as.clone(), |number| number.grouped())
}

/// One sentence for every end.
fn sentence(call: &Call) -> String {
    let say = &text().calls;
    let Some(end) = call.end else {
        return badge(call).1.to_owned();
    };
    let since = |from: i64, to: Option<i64>| duration(to.unwrap_or(from) - from);
    let reason = text().end(end.reason);
    match end.reason {
        EndReason::Refused(_) => {
            let number = dialled(call);
            (say.refused_because)(reason, &number)
        }
        EndReason::CallerGaveUp => (say.missed_after)(&since(call.started_at, call.ended_at)),
        _ => match (call.answered_at, &call.agent_name) {
            (Some(answered), Some(agent)) => {
                let rest = (say.lasted)(&since(answered, call.ended_at), reason);
                (say.answered_sentence)(agent, &since(call.started_at, Some(answered)), &rest)
            }
            (Some(answered), None) => {
                let rest = (say.lasted)(&since(answered, call.ended_at), reason);
                (say.answered_plainly)(&since(call.started_at, Some(answered)), &rest)
            }
            _ => (say.failed_because)(reason, &since(call.started_at, call.ended_at)),
        },
    }
}

/// `/inbox/{id}`
#[component]
pub fn CallPage() -> impl IntoView {
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let call = Resource::new(move || id.clone(), look);
    whole_page(call, one)
}

/// What a carrier asks for when a call went wrong.
fn evidence(id: &str) -> impl IntoView + use<> {
    let say = &text().calls;
    let (report, capture) = (
        format!("/inbox/{id}/report.txt"),
        format!("/inbox/{id}/signalling.pcap"),
    );
    view! {
        <details class="menu">
            <summary class="button">{say.for_carrier}</summary>
            <ul class="menu-list">
                <li><a href=report download="">{say.report}</a></li>
                <li><a href=capture download="">{say.capture}</a></li>
            </ul>
        </details>
    }
}

fn one((detail, wave, assigned): Seen) -> impl IntoView {
    let say = &text().calls;
    let call = &detail.call;
    let (tone, word) = badge(call);
    let title = (say.call_from)(&caller_name(&call.caller));
    let running = call.state != CallState::Ended;
    let refused = call
        .end
        .is_some_and(|end| matches!(end.reason, EndReason::Refused(_)));
    let id = call.id.to_string();
    let number = dialled(call);
    let when = reader().date_time(call.started_at);
    let utc = reader().utc_time(call.started_at);
    let utc = if when.ends_with("UTC") {
        String::new()
    } else {
        format!(" ({utc})")
    };
    let machine = reader().machine(call.started_at);
    let ask = (query("confirm").as_deref() == Some("hang-up") && running).then(|| {
        view! {
            <Question title=say.hang_up_q consequence=say.hang_up_why yes=say.end_call no=say.keep_call
                back=format!("/inbox/{id}") state=FormState::of("/fn/hang_up") hidden=vec![("id", id.clone())]/>
        }
    });
    let hang_up = running.then(|| view! { <LinkButton href=format!("/inbox/{id}?confirm=hang-up#question") label=say.hang_up/> }.into_any());
    let mut jumps = vec![
        ("why", say.why),
        ("signalling", say.signalling),
        ("details", say.details),
    ];
    if refused {
        jumps[0].1 = say.why_refused;
    } else {
        jumps.insert(0, ("conversation", say.conversation));
        jumps.insert(3, ("quality", say.quality));
    }
    let (conversation, why) = (
        parts::conversation(&detail, wave),
        parts::why(&detail, refused),
    );
    let main = if refused {
        why.into_any()
    } else {
        view! { {conversation} {why} }.into_any()
    };
    let transfer = assigned.map(|assigned| transfer_form(call.id, &assigned));
    let attempts = attempts(&detail.transfers);
    let following = running.then(|| live("calls"));
    let beside = view! { <Badge tone word/> }.into_any();
    let actions = view! { {hang_up}{evidence(&id)} }.into_any();
    view! {
        // Each part has an id, by which it is renewed in place; what has nothing to say is there too.
        <div class="page" data-live="parts">
            <div id="call-head"><PageHead title up=("/inbox".to_owned(), say.title.to_owned()) beside actions/></div>
            <div id="call-notice" class="page"><Notice/>{ask}</div>
            {following}
            <div id="call-transfer">{transfer}</div>
            <div id="call-summary" class="call-summary">
                <p>{sentence(call)}</p>
                <p class="muted"><time datetime=machine>{when}</time>{utc}" · "{(say.on_trunk_number)(&number)}</p>
            </div>
            <div id="call-parts"><Jump parts=jumps/></div>
            {main}
            <div id="call-attempts">{attempts}</div>
            {parts::signalling(&detail)}
            {(!refused).then(|| parts::quality(&detail))}
            {parts::details(&detail)}
        </div>
        <ByScript method="GET" path=format!("/api/phone/calls/{id}")/>
    }
}
