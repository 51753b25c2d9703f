//! Settings → Audit: who changed what and when, before and after.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde_json::Value;

use crate::domain::account::{AuditEntry, AuditFilter};
use crate::domain::page::Page;
use crate::error::{AppError, FieldErrors, Reason};
use crate::pages::asked;
use crate::text::text;
use crate::ui::chips::{Chips, Filtered, kept};
use crate::ui::feedback::loaded;
use crate::ui::filters::Filters;
use crate::ui::form::{LinkButton, Submit};
use crate::ui::page::{ByScript, Empty, PageHead, Pager, counted, query};
use crate::ui::reader::{Moment, reader};
use crate::ui::table::{Cell, Column, Lead, Row, Table};

const HOME: &str = "/settings/audit";

/// Changes, newest first. `from` and `to` are days such as `2026-01-31`, both included.
#[server(prefix = "/fn", endpoint = "list_audit", input = GetUrl)]
pub async fn list_audit(
    #[server(default)] who: String,
    #[server(default)] thing: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] cursor: String,
) -> Result<Page<AuditEntry>, AppError> {
    let (services, caller) = asked()?;
    caller.may(crate::error::Scope::Full)?;
    let mut errors = FieldErrors::new();
    let filled = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut day = |field: &'static str, text: String| {
        let text = filled(text)?;
        let day = reader().day(&text);
        let why = || Reason::not_a_choice(&text, ["2026-01-31"]);
        errors.keep(field, day.ok_or_else(why))
    };
    let (since, until) = (day("from", from), day("to", to));
    let cursor = filled(cursor).and_then(|found| {
        let read = found.parse();
        errors.keep("cursor", read.map_err(|_| Reason::NotAnId { found }))
    });
    errors.none_or(Some(()))?;
    let filter = AuditFilter {
        who: filled(who),
        thing: filled(thing),
        since: since.map(|(begins, _)| begins),
        until: until.map(|(_, ends)| ends),
        cursor,
        limit: None,
    };
    services.audit.list(&caller, filter).await
}

/// `/settings/audit`
#[component]
pub fn AuditPage() -> impl IntoView {
    let say = &text().audit;
    let asked = |name: &str| query(name).unwrap_or_default();
    let filters = vec![
        Filtered::new("who", say.who, asked("who")),
        Filtered::new("thing", say.thing, asked("thing")),
        Filtered::new("from", say.from, asked("from")),
        Filtered::new("to", say.to, asked("to")),
    ];
    let values: Vec<String> = filters.iter().map(|filter| filter.value.clone()).collect();
    let cursor = asked("cursor");
    let page = Resource::new(|| (), {
        let (values, cursor) = (values.clone(), cursor.clone());
        move |()| {
            let of = |at: usize| values.get(at).cloned().unwrap_or_default();
            list_audit(of(0), of(1), of(2), of(3), cursor.clone())
        }
    });
    let query = kept(&filters);
    let filtered = !query.is_empty();
    let first = if cursor.is_empty() {
        String::new()
    } else {
        format!("{HOME}?{query}")
    };
    view! {
        <div class="page">
            <PageHead title=say.title below=view! { <p class="muted">{say.help}</p> }.into_any()/>
            {form(&filters)}
            <Chips home=HOME filters/>
            {loaded(page, move |page: Page<AuditEntry>| list(page, &query, filtered, &first))}
            <ByScript method="GET" path="/api/audit"/>
        </div>
    }
}

fn form(filters: &[Filtered]) -> impl IntoView + use<> {
    let say = &text().audit;
    let fields = filters
        .iter()
        .map(|filter| {
            let day = matches!(filter.name, "from" | "to");
            let r#type = if day { "date" } else { "search" };
            let (name, label, value) = (filter.name, filter.label, filter.value.clone());
            let class = if day { "input" } else { "input input-medium" };
            view! { <div class="field"><label class="label" for=name>{label}</label><input id=name name=name type=r#type class=class value=value/></div> }
        })
        .collect_view();
    view! {
        <Filters action=HOME filters=filters.to_vec()>
            {fields}
            <div class="form-actions"><Submit label=say.find/></div>
        </Filters>
    }
}

fn list(page: Page<AuditEntry>, query: &str, filtered: bool, first: &str) -> impl IntoView + use<> {
    let say = &text().audit;
    if page.items.is_empty() {
        return if filtered {
            view! { <Empty why=say.no_match><LinkButton href=HOME label=text().calls.clear/></Empty> }.into_any()
        } else {
            view! { <Empty why=say.none/> }.into_any()
        };
    }
    let count = match page.items.len() {
        1 => say.one.to_owned(),
        many => (say.many)(&many.to_string()),
    };
    let count = counted(count, first.is_empty() && page.next.is_none());
    let next = page
        .next
        .map(|cursor| format!("{HOME}?{query}&cursor={cursor}"))
        .unwrap_or_default();
    let columns = vec![
        Column(say.what),
        Column(say.who),
        Column(say.when),
        Column(text().common.details),
    ];
    let rows = page.items.into_iter().map(row).collect_view();
    let first = first.to_owned();
    view! {
        <Table caption=say.title columns>{rows}</Table>
        <Pager count first next/>
    }
    .into_any()
}

fn row(entry: AuditEntry) -> impl IntoView {
    let say = &text().audit;
    let what = text().change(&entry.what, &entry.label);
    let changes = changes(&entry);
    view! {
        <Row>
            <Lead><span class="wrap-anywhere">{what}</span></Lead>
            <Cell head=say.who><span class="wrap-anywhere">{entry.who}</span></Cell>
            <Cell head=say.when><Moment ms=entry.at/></Cell>
            <Cell head=text().common.details>{changes}</Cell>
        </Row>
    }
}

/// The fields that differ; everything, where there is only a before or an after.
fn changes(entry: &AuditEntry) -> AnyView {
    let say = &text().audit;
    let (before, after) = (
        facts(entry.before.as_deref()),
        facts(entry.after.as_deref()),
    );
    let title = match (before.is_empty(), after.is_empty()) {
        (true, true) => return "–".into_any(),
        (true, false) => say.made,
        (false, true) => say.gone,
        (false, false) => say.details,
    };
    let names: std::collections::BTreeSet<&String> =
        before.iter().chain(&after).map(|(name, _)| name).collect();
    let of = |facts: &[(String, String)], wanted: &str| {
        let found = facts.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let rows: Vec<_> = names
        .into_iter()
        .map(|name| (name.clone(), of(&before, name), of(&after, name)))
        .filter(|(name, old, new)| old != new && !is_housekeeping(name))
        .collect();
    if rows.is_empty() {
        return "–".into_any();
    }
    let rows = rows
        .into_iter()
        .map(|(name, old, new)| {
            let change = match (old, new) {
                (Some(old), Some(new)) => format!("{old} → {new}"),
                (one, other) => one.or(other).unwrap_or_default(),
            };
            view! { <div class="fact"><dt class="mono">{name}</dt><dd class="wrap-anywhere">{change}</dd></div> }
        })
        .collect_view();
    view! { <details><summary>{title}</summary><dl class="facts-small">{rows}</dl></details> }
        .into_any()
}

/// What no person changed.
fn is_housekeeping(name: &str) -> bool {
    ["id", "version", "created_at", "updated_at"]
        .iter()
        .any(|own| name == *own || name.ends_with(&format!(".{own}")))
}

/// A JSON value as flat names and texts: `settings.name`, `Front desk`.
fn facts(json: Option<&str>) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if let Some(value) = json.and_then(|text| serde_json::from_str(text).ok()) {
        flatten("", &value, &mut facts);
    }
    facts
}

fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() {
                    field.clone()
                } else {
                    format!("{name}.{field}")
                };
                flatten(&name, value, into);
            }
        }
        Value::Null => {}
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            into.push((name.to_owned(), items.join(", ")));
        }
        other => into.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_flat_facts() {
        let json = r#"{"id": "1", "settings": {"name": "Front desk", "on": true, "none": null}, "numbers": ["+1", "+2"]}"#;
        let mut facts = facts(Some(json));
        facts.sort();
        let expect = [
            ("id", "1"),
            ("numbers", "+1, +2"),
            ("settings.name", "Front desk"),
            ("settings.on", "true"),
        ];
        assert_eq!(
            facts,
            expect.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(super::facts(Some("no json")).is_empty());
    }
}
