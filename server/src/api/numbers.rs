//! `/api/phone/numbers`: the inventory.

use app::domain::number::{
    Added, AddedAs, NumberDraft, NumberFilter, NumberRow, NumberSort, NumbersDraft,
};
use app::error::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::{PartialSchema as _, ToSchema};

use super::Api;
use super::body::{Body, Draft};
use super::callers::Asking;
use super::params::Params;
use super::path::Path;
use super::problem::{FieldError, Problem};
use super::routes::{Op, Routes, one_of};
use super::wire::{self, E164, Id, List, Time, Versioned, words};

const PATH: &str = "/api/phone/numbers";

pub(super) fn routes() -> Routes {
    let op = |id, summary, scope| Op::new("Numbers", id, summary, scope);
    let one = "/api/phone/numbers/{phone_number}";
    Routes::new()
        .on(
            &Method::GET,
            PATH,
            list,
            op(
                "list_phone_numbers",
                "The inventory, by number",
                Scope::SipRead,
            )
            .query(
                "on_trunk",
                bool::schema(),
                "Only those on the inbound trunk, or only the others.",
            )
            .query("agent", Id::schema(), "Only those this agent answers.")
            .query("unassigned", bool::schema(), "Only those nobody answers.")
            .query(
                "query",
                String::schema(),
                "Part of the number or of the label.",
            )
            .query(
                "sort",
                one_of(NumberSort::ALL.iter().map(|word| word.as_str())),
                "Default: `phone_number`. Where it is the last call, those never called count as the oldest.",
            )
            .pages()
            .answers_list::<Number>("A page of numbers."),
        )
        .on(
            &Method::POST,
            PATH,
            add,
            op("add_phone_numbers", "Add many numbers", Scope::SipWrite)
                .note("Each is reported; those that can't be read do not keep the others out.")
                .takes::<AddNumbers>()
                .answers::<AddedNumbers>("What became of each."),
        )
        .on(
            &Method::GET,
            one,
            get,
            op("get_phone_number", "One number", Scope::SipRead).answers::<Number>("The number."),
        )
        .on(
            &Method::PATCH,
            one,
            update,
            op("update_phone_number", "Change a number", Scope::SipWrite)
                .takes::<UpdateNumber>()
                .answers::<Number>("The number."),
        )
        .on(
            &Method::DELETE,
            one,
            delete,
            op(
                "delete_phone_number",
                "Take a number out of the inventory",
                Scope::SipWrite,
            )
            .answers_nothing("It is gone.")
            .refuses(&[409]),
        )
}

/// A number of the inventory.
#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the API calls numbers phone numbers"
)]
pub(super) struct Number {
    phone_number: E164,
    #[schema(required = true)]
    label: Option<String>,
    /// Somebody vouched for it, or an authenticated call to it arrived.
    verified: bool,
    #[schema(required = true)]
    verified_at: Option<Time>,
    /// Whether calls to it are taken.
    on_trunk: bool,
    /// Who answers it.
    #[schema(required = true)]
    agent: Option<Id>,
    #[schema(required = true)]
    agent_name: Option<String>,
    #[schema(required = true)]
    last_call_at: Option<Time>,
    version: i64,
    created_at: Time,
}

/// Numbers to add, as a list or as lines of one text.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `NumbersDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct AddNumbers {
    phone_numbers: Option<Vec<String>>,
    lines: Option<String>,
    /// ISO code; reads those without a country code.
    country: Option<String>,
    /// Put them on the inbound trunk too. Default: true.
    on_trunk: Option<bool>,
    /// And let this agent answer them.
    agent: Option<Id>,
    /// Say what would happen, change nothing.
    preview: Option<bool>,
}

/// What is to be different. Absent leaves, null clears.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documents `NumberDraft`, which lives where there is no OpenAPI"
)]
pub(super) struct UpdateNumber {
    label: Option<String>,
    verified: Option<bool>,
    on_trunk: Option<bool>,
    agent: Option<Id>,
    /// The version the change is based on.
    version: Option<i64>,
}

/// What became of each line.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedNumbers {
    items: Vec<AddedNumber>,
}

/// What became of one line.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedNumber {
    /// As it was sent.
    sent: String,
    /// What it was read as.
    #[schema(required = true)]
    phone_number: Option<E164>,
    #[schema(schema_with = outcome_words)]
    outcome: &'static str,
    /// Why it was refused.
    #[schema(required = true)]
    error: Option<FieldError>,
}

impl Draft for NumbersDraft {}
impl Draft for NumberDraft {}

fn outcome_words() -> utoipa::openapi::Object {
    words(
        [
            AddedAs::New,
            AddedAs::AlreadyHere,
            AddedAs::Twice,
            AddedAs::Refused,
        ]
        .map(outcome),
    )
}

fn outcome(what: AddedAs) -> &'static str {
    match what {
        AddedAs::New => "new",
        AddedAs::AlreadyHere => "already_here",
        AddedAs::Twice => "twice",
        AddedAs::Refused => "refused",
    }
}

type Answer = Result<Versioned<Number>, Problem>;

async fn list(
    State(api): State<Api>,
    Asking(caller): Asking,
    mut params: Params,
) -> Result<Json<List<Number>>, Problem> {
    let filter = NumberFilter {
        on_trunk: params.switch("on_trunk"),
        agent: params.id("agent"),
        unassigned: params.switch("unassigned").unwrap_or_default(),
        query: params.number_part("query"),
        sort: params.word("sort").unwrap_or_default(),
        limit: params.limit(),
        cursor: params.cursor(),
    };
    params.done()?;
    let page = api.services.numbers.list(&caller, filter).await?;
    Ok(Json(List::of(page, shown)))
}

async fn add(
    State(api): State<Api>,
    Asking(caller): Asking,
    Body(draft): Body<NumbersDraft>,
) -> Result<Json<AddedNumbers>, Problem> {
    let added = api.services.numbers.add(&caller, draft).await?;
    let items = added.into_iter().enumerate().map(reported).collect();
    Ok(Json(AddedNumbers { items }))
}

async fn get(State(api): State<Api>, Asking(caller): Asking, Path(number): Path<String>) -> Answer {
    let row = api
        .services
        .numbers
        .get(&caller, wire::number(&number)?)
        .await?;
    Ok(Versioned(row.number.version, shown(row)))
}

async fn update(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(number): Path<String>,
    headers: HeaderMap,
    Body(mut draft): Body<NumberDraft>,
) -> Answer {
    draft.version = wire::version(&headers, draft.version)?;
    let row = api
        .services
        .numbers
        .update(&caller, wire::number(&number)?, draft)
        .await?;
    Ok(Versioned(row.number.version, shown(row)))
}

async fn delete(
    State(api): State<Api>,
    Asking(caller): Asking,
    Path(number): Path<String>,
) -> Result<StatusCode, Problem> {
    api.services
        .numbers
        .delete(&caller, wire::number(&number)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(row: NumberRow) -> Number {
    let number = row.number;
    Number {
        phone_number: E164(number.number),
        label: number.label,
        verified: number.verified_at.is_some(),
        verified_at: number.verified_at.map(Time),
        on_trunk: number.on_trunk,
        agent: number.agent.map(|agent| Id::of(agent.as_uuid())),
        agent_name: row.agent_name,
        last_call_at: number.last_call_at.map(Time),
        version: number.version,
        created_at: Time(number.created_at),
    }
}

fn reported((index, added): (usize, Added)) -> AddedNumber {
    let (number, error) = match added.number {
        Ok(number) => (Some(E164(number)), None),
        Err(reason) => (
            None,
            Some(FieldError::of(&format!("phone_numbers.{index}"), &reason)),
        ),
    };
    AddedNumber {
        sent: added.sent,
        phone_number: number,
        outcome: outcome(added.what),
        error,
    }
}
