//! `/api/chat/sessions`: calls in the shape in which the reference API keeps its call records.
//! A session is a call and has its id; `/api/phone/calls/{id}` knows more of it.

use app::domain::conversation::{
    Channel, Closure, Conversation, ConversationFilter, ConversationStatus, Part, SortBy, SortOrder,
};
use app::domain::page::{Cursor, Limit};
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::Object;
use utoipa::{PartialSchema as _, ToSchema};

use super::Api;
use super::body::Body;
use super::callers::Asking;
use super::calls::id_of;
use super::history::{self, HistoryItem};
use super::params::Params;
use super::path::Path;
use super::problem::Problem;
use super::routes::{Op, Routes, one_of};
use super::session_filter::{FilterSessions, SessionsDraft};
use super::wire::{E164, Id, List, Time, words, words_or_null};

const PATH: &str = "/api/chat/sessions";

pub(super) fn routes() -> Routes {
    let op = |id, summary| Op::new("Chat sessions", id, summary, Scope::CallsRead);
    let statuses = one_of(ConversationStatus::ALL.iter().map(|word| word.as_str()));
    let channels = one_of(Channel::ALL.iter().map(|word| word.as_str()));
    Routes::new()
        .on(&Method::GET, PATH, list, op("list_sessions", "Calls as chat sessions, newest first")
            .query("handed_off", bool::schema(), "Only those that went on elsewhere, or none of them.")
            .query("status", statuses, "Only those that stand like this.")
            .query("channel_type", channels, "Only those of this channel; all there are is `phone_voice`.")
            .query("created_after", Time::schema(), "Only those that began later.")
            .query("created_before", Time::schema(), "Only those that began before.")
            .query("updated_after", Time::schema(), "Only those in which something happened later.")
            .query("updated_before", Time::schema(), "Only those in which nothing happened since.")
            .pages().answers_list::<Session>("A page of sessions."))
        .on(&Method::POST, "/api/chat/sessions/filter", filter, op("filter_sessions", "The same, sorted and by number of page")
            .note("Filters are those of the list.")
            .takes::<FilterSessions>().answers::<SessionPage>("A page of sessions."))
        .on(&Method::GET, "/api/chat/sessions/{id}", get, op("get_session", "One session")
            .answers::<Session>("The session."))
        .on(&Method::GET, "/api/chat/sessions/{id}/history", history::get, op("list_session_history", "What was said in a session")
            .note("The transcript, line by line; the recording is attached to the last item, once there is one.")
            .pages().answers_list::<HistoryItem>("A page of the history, oldest first."))
}

/// One call, as a conversation with a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// The call's.
    id: Id,
    #[schema(schema_with = status_words)]
    status: &'static str,
    /// By whom it was brought to an end; null while it goes on, and for what never was a conversation.
    #[schema(schema_with = closure_words)]
    ai_closure_type: Option<&'static str>,
    /// Always null: nobody judges it here.
    #[schema(schema_with = sentiment_words)]
    sentiment: Option<&'static str>,
    channel: SessionChannel,
    /// A number that people can say to each other. It stays.
    ticket_number: i64,
    assist_mode: bool,
    created_at: Time,
    updated_at: Time,
    contact: Contact,
    #[schema(required = true)]
    language: Option<String>,
    #[schema(required = true)]
    assignee_id: Option<Id>,
    #[schema(value_type = Object, nullable, required = true)]
    custom_data: Value,
    #[schema(required = true)]
    team: Option<Team>,
    #[schema(required = true)]
    handoff: Option<Handoff>,
    #[schema(required = true)]
    ticketing_system: Option<TicketingSystem>,
}

/// Where it took place.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionChannel {
    #[schema(schema_with = channel_words)]
    r#type: &'static str,
}

/// Who called. The same number is the same contact, whenever it calls.
#[derive(Serialize, ToSchema)]
pub(super) struct Contact {
    id: Id,
    #[schema(required = true)]
    email: Option<String>,
    /// Null if there is none or the caller asked for privacy.
    #[schema(required = true)]
    phone_number: Option<E164>,
    #[schema(required = true)]
    name: Option<String>,
    #[schema(value_type = Object, nullable, required = true)]
    custom_data: Value,
    /// The name the carrier sent.
    #[schema(required = true)]
    non_verified_name: Option<String>,
    #[schema(required = true)]
    non_verified_email: Option<String>,
    #[schema(value_type = Object, nullable, required = true)]
    non_verified_custom_data: Value,
}

/// Always null here.
#[derive(Serialize, ToSchema)]
pub(super) struct Team {
    id: Id,
    name: String,
    #[schema(required = true)]
    description: Option<String>,
}

/// Always null here.
#[derive(Serialize, ToSchema)]
pub(super) struct Handoff {
    #[schema(required = true)]
    summary: Option<String>,
    #[schema(schema_with = sentiment_words)]
    sentiment: Option<&'static str>,
}

/// Always null here.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketingSystem {
    name: String,
    external_id: String,
    #[schema(required = true)]
    id_type: Option<String>,
}

/// A page of sessions, by its number.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionPage {
    data: Vec<Session>,
    page: u32,
    limit: u32,
    has_next: bool,
    has_previous: bool,
}

pub(super) fn status_words() -> Object {
    words(ConversationStatus::ALL.iter().map(|word| word.as_str()))
}

fn closure_words() -> Object {
    words_or_null(Closure::ALL.iter().map(|word| word.as_str()))
}

fn sentiment_words() -> Object {
    words_or_null(["angry", "happy", "neutral"])
}

pub(super) fn channel_words() -> Object {
    words(Channel::ALL.iter().map(|word| word.as_str()))
}

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<Session>>, Problem> {
    let filter = ConversationFilter {
        handed_off: params.switch("handed_off"),
        status: params.word("status"),
        channel: params.word("channel_type"),
        created_after: params.time("created_after"),
        created_before: params.time("created_before"),
        updated_after: params.time("updated_after"),
        updated_before: params.time("updated_before"),
    };
    let part = Part::From {
        limit: params.limit().unwrap_or_default(),
        cursor: params.cursor(),
    };
    params.done()?;
    let (found, more) = api
        .services
        .conversations
        .list(&caller, filter, part)
        .await?;
    let last = found.last().filter(|_| more).map(|last| Cursor {
        at_ms: last.call.started_at,
        id: last.call.id.as_uuid(),
    });
    Ok(Json(List {
        items: found.into_iter().map(shown).collect(),
        next: last.map(|cursor| cursor.to_string()),
    }))
}

async fn filter(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<SessionsDraft>,
) -> Result<Json<SessionPage>, Problem> {
    let (filter, by, order, page, limit): (_, SortBy, SortOrder, u32, Limit) = draft.parse()?;
    let part = Part::Page {
        by,
        order,
        page,
        limit,
    };
    let (found, more) = api
        .services
        .conversations
        .list(&caller, filter, part)
        .await?;
    Ok(Json(SessionPage {
        data: found.into_iter().map(shown).collect(),
        page,
        limit: limit.into(),
        has_next: more,
        has_previous: page > 1,
    }))
}

async fn get(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Json<Session>, Problem> {
    let found = api.services.conversations.get(&caller, id_of(&id)?).await?;
    Ok(Json(shown(found)))
}

fn shown(found: Conversation) -> Session {
    let status = found.status().as_str();
    let closure = found.closure().map(Closure::as_str);
    let updated_at = Time(found.updated_at());
    let Conversation { call, ticket } = found;
    let (id, created_at) = (Id::of(call.id.as_uuid()), Time(call.started_at));
    Session {
        contact: contact(call),
        id,
        status,
        ai_closure_type: closure,
        sentiment: None,
        channel: SessionChannel {
            r#type: Channel::PhoneVoice.as_str(),
        },
        ticket_number: ticket,
        assist_mode: false,
        created_at,
        updated_at,
        language: None,
        assignee_id: None,
        custom_data: Value::Null,
        team: None,
        handoff: None,
        ticketing_system: None,
    }
}

/// Nobody who asked for privacy is recognised: each such call is a contact of its own.
fn contact(call: app::domain::call::Call) -> Contact {
    let caller = call.caller;
    let number = caller.number.filter(|_| !caller.anonymous);
    let id = match &number {
        Some(number) => Id::derived("contact", number.as_str()),
        None => Id::derived("contact", &call.id.to_string()),
    };
    Contact {
        id,
        email: None,
        phone_number: number.map(E164),
        name: None,
        custom_data: Value::Null,
        non_verified_name: caller.name.filter(|_| !caller.anonymous),
        non_verified_email: None,
        non_verified_custom_data: Value::Null,
    }
}
