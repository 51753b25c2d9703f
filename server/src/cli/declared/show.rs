//! A plan as people and scripts read it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::calls::Calls;
use super::file::titled;
use super::kind::is_blank;
use super::plan::{Action, Change, Plan, Step};
use crate::cli::table;

pub(super) const NO_CHANGES: &str = "No changes: the server is as the file says.";

pub(super) fn text(plan: &Plan, calls: Option<&Calls>) -> String {
    let mut text = String::new();
    for step in plan.steps() {
        _ = writeln!(text, "{}", line(step));
        for change in &step.changes {
            _ = writeln!(text, "    {}", told(step, change));
        }
    }
    if plan.is_empty() {
        return NO_CHANGES.to_owned();
    }
    let count = |action| plan.count(action);
    _ = write!(
        text,
        "\n{} to add, {} to change, {} to remove.",
        count(Action::Add),
        count(Action::Change),
        count(Action::Remove)
    );
    if let Some(calls) = calls {
        text.push_str("\n\n");
        text.push_str(&of_calls(calls));
    }
    text
}

/// `~ agent "Sales"`.
pub(super) fn line(step: &Step) -> String {
    let mark = match step.action {
        Action::Add => '+',
        Action::Change => '~',
        Action::Remove => '-',
    };
    format!("{mark} {}", titled(step.kind, &step.name))
}

fn told(step: &Step, change: &Change) -> String {
    let Change {
        field,
        before,
        after,
    } = change;
    match step.action {
        _ if step.kind.secret() == Some(field) => {
            format!("{field}: {} is sent", reference(after))
        }
        Action::Add => format!("{field}: {}", value(after)),
        _ => format!("{field}: {} -> {}", value(before), value(after)),
    }
}

fn reference(value: &Value) -> String {
    let named = |kind: &str| value[kind].as_str().map(|name| format!("{kind} {name}"));
    named("env").or_else(|| named("file")).unwrap_or_default()
}

/// Nothing that was sent may move the cursor of a terminal.
fn value(value: &Value) -> String {
    match value {
        blank if is_blank(blank) => "none".to_owned(),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let item = |item: &Value| match item["digit"].as_str() {
                Some(digit) => format!("{} ({digit})", table::text(&item["name"])),
                None => table::text(&item["name"]),
            };
            items.iter().map(item).collect::<Vec<_>>().join(", ")
        }
        other => table::text(other),
    }
}

fn of_calls(calls: &Calls) -> String {
    let answer = match calls {
        Calls::Unasked(why) => return format!("Who would answer was not asked: {why}"),
        Calls::Replayed { days, answer, .. } => (days, answer),
    };
    let (days, answer) = answer;
    let (replayed, changed) = (&answer["replayed"], &answer["changed"]);
    let which = if answer["complete"] == false {
        "newest calls"
    } else {
        "calls"
    };
    let last = if *days == 1 {
        "the last day".to_owned()
    } else {
        format!("the last {days} days")
    };
    if *changed == 0 {
        return format!("Who answers stays the same for all {which} of {last}: {replayed}.");
    }
    let mut text =
        format!("Of the {which} of {last}, {changed} of {replayed} would be answered otherwise:");
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    for call in items {
        _ = write!(
            text,
            "\n  {}  {} to {}  {} -> {}",
            table::text(&call["started_at"]),
            table::text(&call["from"]),
            table::text(&call["to_sent"]),
            who(&call["now"]),
            who(&call["then"]),
        );
    }
    let told = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let more = changed.as_u64().unwrap_or_default().saturating_sub(told);
    if more > 0 {
        _ = write!(text, "\n  and {more} more");
    }
    text
}

fn who(answer: &Value) -> String {
    match answer["agent_name"].as_str() {
        Some(_) => table::text(&answer["agent_name"]),
        None => format!("refused ({})", table::text(&answer["refusal"])),
    }
}

pub(super) fn json(plan: &Plan, calls: Option<&Calls>) -> Value {
    let change = |change: &Change| json!({ "field": change.field, "before": change.before, "after": change.after });
    let step = |step: &Step| {
        let action = match step.action {
            Action::Add => "add",
            Action::Change => "change",
            Action::Remove => "remove",
        };
        json!({
            "action": action, "kind": step.kind.table(), "name": step.name,
            "changes": step.changes.iter().map(change).collect::<Vec<_>>(),
        })
    };
    let calls = match calls {
        Some(Calls::Replayed { answer, .. }) => answer.clone(),
        Some(Calls::Unasked(_)) | None => Value::Null,
    };
    json!({ "steps": plan.steps().iter().map(step).collect::<Vec<_>>(), "calls": calls })
}
