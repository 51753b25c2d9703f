//! Why a call went where it went: the receipt, as JSON.

use app::domain::routing::{Check, Near, Note, Outcome, Receipt, Step};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::said;
use super::wire::words;

/// The ordered list of checks that decided a call.
#[derive(Serialize, ToSchema)]
pub(super) struct CallReceipt {
    checks: Vec<ReceiptCheck>,
    /// What would have let the call through, if something close would have.
    #[schema(required = true)]
    near_miss: Option<ReceiptFact>,
}

/// One check.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceiptCheck {
    /// What was looked at.
    #[schema(schema_with = step_words)]
    step: &'static str,
    #[schema(schema_with = outcome_words)]
    outcome: &'static str,
    #[serde(flatten)]
    found: ReceiptFact,
}

/// What was expected and found.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceiptFact {
    /// For scripts; stable.
    code: String,
    /// For people.
    message: String,
    /// The facts that the message tells, by name.
    #[schema(value_type = Object)]
    facts: Map<String, Value>,
}

const STEPS: [Step; 12] = [
    Step::Room,
    Step::SignedIn,
    Step::AgentHeader,
    Step::Number,
    Step::Agent,
    Step::Codec,
    Step::Lines,
    Step::Trunk,
    Step::Allowed,
    Step::Target,
    Step::Carrier,
    Step::Engine,
];

fn step_words() -> utoipa::openapi::Object {
    words(STEPS.map(step))
}

fn outcome_words() -> utoipa::openapi::Object {
    words([Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(outcome))
}

fn step(step: Step) -> &'static str {
    match step {
        Step::Room => "room",
        Step::SignedIn => "signed_in",
        Step::AgentHeader => "agent_header",
        Step::Number => "number",
        Step::Agent => "agent",
        Step::Codec => "codec",
        Step::Lines => "lines",
        Step::Trunk => "trunk",
        Step::Allowed => "allowed",
        Step::Target => "target",
        Step::Carrier => "carrier",
        Step::Engine => "engine",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    }
}

pub(super) fn shown(receipt: &Receipt) -> CallReceipt {
    CallReceipt {
        checks: receipt.checks.iter().map(check).collect(),
        near_miss: receipt.near.as_ref().map(near),
    }
}

fn check(check: &Check) -> ReceiptCheck {
    ReceiptCheck {
        step: step(check.step),
        outcome: outcome(check.outcome),
        found: note(&check.note),
    }
}

fn note(note: &Note) -> ReceiptFact {
    fact(note, said::note(note))
}

fn near(near: &Near) -> ReceiptFact {
    fact(near, said::near(near))
}

/// The domain's enums are tagged with `code`; their other fields are the facts.
fn fact<T: Serialize>(tagged: &T, message: String) -> ReceiptFact {
    let mut facts = match serde_json::to_value(tagged) {
        Ok(Value::Object(facts)) => facts,
        _ => Map::new(),
    };
    let code = match facts.remove("code") {
        Some(Value::String(code)) => code,
        _ => String::new(),
    };
    ReceiptFact {
        code,
        message,
        facts,
    }
}
