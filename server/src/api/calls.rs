//! `/api/phone/calls`: the Inbox.

use app::domain::call::{
    Call, CallDetail, CallFilter, CallResult, CallSort, CallState, Direction, RecordingState,
};
use app::domain::id::{CallId, OutboundTrunkId, TrunkId};
use app::domain::page::Page;
use app::error::{Scope, Thing};
use app::ports::Caller;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::openapi::Object;
use utoipa::{PartialSchema as _, ToSchema};

use super::callers::{Asking, Standing};
use super::events::{self, Events};
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::receipt::{self, CallReceipt};
use super::routes::{Op, Routes, one_of};
use super::transfers::{self, CallTransfer};
use super::wire::{self, E164, Id, List, Time, words, words_or_null};
use super::{Api, live, recording, said};

const PATH: &str = "/api/phone/calls";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Calls", id, summary, scope);
    let directions = one_of(Direction::ALL.iter().map(|word| word.as_str()));
    let states = one_of(CallState::ALL.iter().map(|word| word.as_str()));
    let results = one_of(CallResult::ALL.iter().map(|word| word.as_str()));
    Routes::new()
        .on(&Method::GET, PATH, list, op("list_calls", "Calls, newest first, refused ones included", Scope::CallsRead)
            .note("With `Accept: text/event-stream` and no filter: each call whenever something about it changes.")
            .query("direction", directions, "Only those that go this way.")
            .query("state", states, "Only those that are so far.")
            .query("result", results, "Only those that ended like this.")
            .query("refused", bool::schema(), "Only those refused before they began, or none of them.")
            .query("number", String::schema(), "Part of the caller's or the dialled number.")
            .query("agent", Id::schema(), "Only those this agent answered.")
            .query("access", Id::schema(), "Only those that came by this credential.")
            .query("trunk", Id::schema(), "Only those that came or went by this trunk. What came by the registration of an outbound trunk came by that one.")
            .query("since", Time::schema(), "Only those that began then or later.")
            .query("until", Time::schema(), "Only those that began before.")
            .query("sort", one_of(CallSort::ALL.iter().map(|word| word.as_str())), "Default: `-started_at`, newest first.")
            .pages().answers_list::<PhoneCall>("A page of calls."))
        .on(&Method::GET, "/api/phone/calls/{id}", get, op("get_call", "One call, with its receipt and transcript", Scope::CallsRead)
            .answers::<PhoneCallDetail>("The call."))
        .on(&Method::GET, "/api/phone/calls/{id}/events", events::get, op("list_call_events", "What happened in a call, and what was said", Scope::CallsRead)
            .note("With `Accept: text/event-stream` the same events as they happen, until the call has ended; `Last-Event-ID` goes on where a stream broke off.")
            .answers::<Events>("The events, in the order in which they became known.").refuses(&[422]))
        .on(&Method::GET, "/api/phone/calls/{id}/recording", recording::get, op("get_call_recording", "A call's audio", Scope::CallsRead)
            .note("Stereo WAV: the caller left, the agent right. It has neither `ETag` nor `Last-Modified`: conditions are not looked at, and beside `If-Range` it comes whole. One that another key sealed is a 409.")
            .answers_in_parts("audio/wav", "The recording.").refuses(&[409]))
        .on(&Method::POST, "/api/phone/calls/{id}/hangup", hang_up, op("hang_up_call", "End a call", Scope::PhoneWrite)
            .note("At once, without a goodbye. A call that has ended already is a 409.")
            .answers::<PhoneCall>("The call; it may still be ending."))
}

/// One call, either way, accepted or refused.
#[derive(Serialize, ToSchema)]
pub(super) struct PhoneCall {
    id: Id,
    #[schema(schema_with = direction_words)]
    direction: &'static str,
    #[schema(schema_with = state_words)]
    state: &'static str,
    /// Whose doing the end was; null while it goes on.
    #[schema(schema_with = result_words)]
    result: Option<&'static str>,
    /// Why it ended, for scripts; stable.
    #[schema(required = true)]
    reason: Option<&'static str>,
    /// The same for people.
    #[schema(required = true)]
    reason_message: Option<String>,
    #[schema(required = true)]
    sip_status: Option<u16>,
    /// The phrase that came with it, as the other side wrote it.
    #[schema(required = true)]
    sip_phrase: Option<String>,
    /// The caller's number; null if there is none or the caller asked for privacy.
    #[schema(required = true)]
    from: Option<E164>,
    #[schema(required = true)]
    from_name: Option<String>,
    anonymous: bool,
    #[schema(required = true)]
    diverted_from: Option<String>,
    /// The number the call was read as being for.
    #[schema(required = true)]
    to: Option<E164>,
    /// The dialled number as it was sent.
    to_sent: String,
    /// The trunk it went out by, or whose registration it came by.
    #[schema(required = true)]
    outbound_trunk_id: Option<Id>,
    #[schema(required = true)]
    outbound_trunk_name: Option<String>,
    /// The call this is a further leg of.
    #[schema(required = true)]
    parent_id: Option<Id>,
    /// The credential it came by.
    #[schema(required = true)]
    access_id: Option<Id>,
    #[schema(required = true)]
    access_label: Option<String>,
    #[schema(required = true)]
    agent_id: Option<Id>,
    #[schema(required = true)]
    agent_name: Option<String>,
    #[schema(required = true)]
    source: Option<String>,
    #[schema(required = true)]
    transport: Option<&'static str>,
    /// What the other side calls itself.
    #[schema(required = true)]
    software: Option<String>,
    sip_call_id: String,
    /// Identical refusals within a minute are one call with a count.
    repeats: u32,
    started_at: Time,
    #[schema(required = true)]
    ringing_at: Option<Time>,
    #[schema(required = true)]
    answered_at: Option<Time>,
    #[schema(required = true)]
    ended_at: Option<Time>,
    /// From the answer to the end.
    #[schema(required = true)]
    duration_s: Option<i64>,
    #[schema(required = true)]
    codec: Option<String>,
    #[schema(schema_with = recording_words)]
    recording: &'static str,
    /// Where it is, once it is there.
    #[schema(required = true)]
    recording_url: Option<String>,
}

/// A call with what decided it and what was said.
#[derive(Serialize, ToSchema)]
pub(super) struct PhoneCallDetail {
    #[serde(flatten)]
    call: PhoneCall,
    receipt: CallReceipt,
    /// What was said, in order.
    transcript: Vec<events::Line>,
    /// Codecs the other side offered.
    offered_codecs: Vec<String>,
    /// How the audio was, per direction; null before it ended.
    #[schema(required = true)]
    quality: Option<Quality>,
    /// Attempts to hand it on, oldest first.
    transfers: Vec<CallTransfer>,
    /// Further legs that descend from it.
    legs: Vec<PhoneCall>,
}

/// How the audio was.
#[derive(Serialize, ToSchema)]
pub(super) struct Quality {
    from_caller: AudioFlow,
    to_caller: AudioFlow,
    /// There and back in milliseconds; null if the other side sends no reports.
    #[schema(required = true)]
    round_trip_ms: Option<f64>,
}

/// One direction of audio.
#[derive(Serialize, ToSchema)]
pub(super) struct AudioFlow {
    packets: u64,
    bytes: u64,
    lost: u64,
    jitter_ms: f64,
    /// Estimated opinion of a listener (ITU-T G.107), 1 to 4.5; null if nothing could be judged.
    #[schema(required = true)]
    mos: Option<f64>,
}

fn direction_words() -> Object {
    words(Direction::ALL.iter().map(|word| word.as_str()))
}

fn state_words() -> Object {
    words(CallState::ALL.iter().map(|word| word.as_str()))
}

fn result_words() -> Object {
    words_or_null(CallResult::ALL.iter().map(|word| word.as_str()))
}

fn recording_words() -> Object {
    words(RecordingState::ALL.iter().map(|word| word.as_str()))
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    standing: Standing,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    if live::is_wanted(&headers) {
        params.done()?;
        return live::follow(api, &caller, standing);
    }
    let trunk: Option<TrunkId> = params.id("trunk");
    let mut filter = CallFilter {
        direction: params.word("direction"),
        state: params.word("state"),
        result: params.word("result"),
        refused: params.switch("refused"),
        number: params.number_part("number"),
        agent: params.id("agent"),
        access: params.id("access"),
        trunk: None,
        since: params.time("since"),
        until: params.time("until"),
        limit: params.limit(),
        cursor: params.cursor(),
        live: false,
        sort: params.word("sort").unwrap_or_default(),
    };
    params.done()?;
    if let Some(trunk) = trunk {
        // There is one trunk in; any other is one out.
        if api.services.trunks.is(&caller, trunk).await? {
            return came_in(&api, &caller, filter).await;
        }
        // Out, and in by its registration.
        filter.trunk = Some(OutboundTrunkId::from_uuid(trunk.as_uuid()));
    }
    let page = api.services.calls.list(&caller, filter).await?;
    Ok(Json(List::of(page, shown)).into_response())
}

/// The calls that came by the trunk in. Those that came by the registration of one out came in too, but not by it; a
/// page is shorter by as many.
async fn came_in(api: &Api, caller: &Caller, filter: CallFilter) -> Result<Response, Problem> {
    if filter.direction == Some(Direction::Outbound) {
        let none = Page {
            items: Vec::new(),
            next: None,
        };
        return Ok(Json(List::of(none, shown)).into_response());
    }
    let inward = CallFilter {
        direction: Some(Direction::Inbound),
        ..filter
    };
    let mut page = api.services.calls.list(caller, inward).await?;
    page.items.retain(|call| call.trunk.is_none());
    Ok(Json(List::of(page, shown)).into_response())
}

async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Json<PhoneCallDetail>, Problem> {
    let detail = api.services.calls.get(&caller, id_of(&id)?).await?;
    Ok(Json(in_detail(detail)))
}

async fn hang_up(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Json<PhoneCall>, Problem> {
    Ok(Json(shown(
        api.services.calls.hang_up(&caller, id_of(&id)?).await?,
    )))
}

pub(super) fn id_of(text: &str) -> Result<CallId, Problem> {
    wire::id(text, Thing::Call)
}

fn in_detail(detail: CallDetail) -> PhoneCallDetail {
    let flow = |flow: app::domain::call::Flow| AudioFlow {
        packets: flow.packets,
        bytes: flow.bytes,
        lost: flow.lost,
        jitter_ms: flow.jitter_ms,
        mos: flow.mos,
    };
    PhoneCallDetail {
        receipt: receipt::shown(&detail.receipt),
        transcript: detail.transcript.iter().map(events::line).collect(),
        offered_codecs: detail.offered,
        quality: detail.quality.map(|quality| Quality {
            from_caller: flow(quality.from_caller),
            to_caller: flow(quality.to_caller),
            round_trip_ms: quality.round_trip_ms,
        }),
        transfers: detail.transfers.into_iter().map(transfers::shown).collect(),
        legs: detail.legs.into_iter().map(shown).collect(),
        call: shown(detail.call),
    }
}

pub(super) fn shown(call: Call) -> PhoneCall {
    let kept = matches!(
        call.recording,
        RecordingState::Kept | RecordingState::CutShort
    );
    let caller = call.caller;
    let number = caller.number.filter(|_| !caller.anonymous);
    PhoneCall {
        id: Id::of(call.id.as_uuid()),
        direction: call.direction.as_str(),
        state: call.state.as_str(),
        result: call.end.map(|end| end.result.as_str()),
        reason: call.end.map(|end| end.reason.code()),
        reason_message: call.end.map(|end| said::end(end.reason)),
        sip_status: call.end.and_then(|end| end.status),
        sip_phrase: call.phrase,
        from: number.map(E164),
        from_name: caller.name.filter(|_| !caller.anonymous),
        anonymous: caller.anonymous,
        diverted_from: caller.diverted_from,
        to: call.number.map(E164),
        to_sent: call.sent_as,
        outbound_trunk_id: call.trunk.map(|trunk| Id::of(trunk.as_uuid())),
        outbound_trunk_name: call.trunk_label,
        parent_id: call.parent.map(|parent| Id::of(parent.as_uuid())),
        access_id: call.access.map(|access| Id::of(access.as_uuid())),
        access_label: call.access_label,
        agent_id: call.agent.map(|agent| Id::of(agent.as_uuid())),
        agent_name: call.agent_name,
        source: call.source.map(|source| source.to_string()),
        transport: call.transport.map(app::domain::sip::Transport::as_str),
        software: call.software,
        sip_call_id: call.sip_call_id,
        repeats: call.repeats,
        started_at: Time(call.started_at),
        ringing_at: call.ringing_at.map(Time),
        answered_at: call.answered_at.map(Time),
        ended_at: call.ended_at.map(Time),
        duration_s: call
            .answered_at
            .zip(call.ended_at)
            .map(|(from, to)| (to - from) / 1_000),
        codec: call.codec,
        recording: call.recording.as_str(),
        recording_url: kept.then(|| format!("{PATH}/{}/recording", call.id)),
    }
}
