//! The guide by symptom: what one sees, its likely cause, what to do.

use leptos::prelude::*;

use crate::domain::routing::Refusal;
use crate::text::{Symptom, text};
use crate::ui::form::{LinkButton, Submit};
use crate::ui::page::{Empty, Section, query};
use crate::ui::table::{Cell, Column, Table};

/// The row of the guide that helps with a refusal.
pub(crate) fn row_for(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::WrongPassword | Refusal::UnknownUsername | Refusal::Md5Refused => "wrong-password",
        Refusal::NoCredentials => "no-password",
        Refusal::SourceNotAllowed => "not-allowed",
        Refusal::SourceBlocked => "still-silent",
        Refusal::UriMismatch => "other-address",
        Refusal::NumberUnknown => "number-unknown",
        Refusal::NumberUnassigned => "nobody-answers",
        Refusal::NoCodec | Refusal::SecureAudio => "no-codec",
        Refusal::InstallationFull
        | Refusal::TrunkFull
        | Refusal::AccessFull
        | Refusal::AgentFull
        | Refusal::Draining => "busy",
        Refusal::EngineDown => "slow",
    }
}

/// The row that helps on a page.
pub(crate) fn row_of_page(path: &str) -> Option<&'static str> {
    let starts = |with: &str| path.starts_with(with);
    Some(match path {
        _ if starts("/settings/sip/outbound") => "out-timeout",
        _ if starts("/settings/sip") => "nothing-arrives",
        _ if starts("/settings/access") => "api",
        _ if starts("/settings/system") => "no-audio",
        _ if starts("/channels/phone/numbers") => "number-unknown",
        _ if starts("/channels/phone/destinations") => "transfer",
        _ if starts("/channels/phone/agents") => "nobody-answers",
        _ if starts("/inbox") => "wrong-password",
        _ => return None,
    })
}

pub(super) fn section() -> impl IntoView {
    let say = &text().troubleshooting;
    let asked = query("q").unwrap_or_default();
    let rows: Vec<&Symptom> = text()
        .guide
        .iter()
        .filter(|row| row.is_about(&asked))
        .collect();
    let count = (say.guide_count)(&rows.len().to_string());
    let list = if rows.is_empty() {
        view! { <Empty why=say.guide_none><LinkButton href="/troubleshooting#guide" label=text().calls.clear/></Empty> }.into_any()
    } else {
        table(rows).into_any()
    };
    view! {
        <Section id="guide" title=say.guide>
            <form method="get" action="/troubleshooting#guide" class="filters" role="search">
                <div class="field"><label class="label" for="q">{say.guide_filter}</label><input id="q" name="q" type="search" class="input input-medium" value=asked/></div>
                <div class="form-actions"><Submit label=text().calls.filter/></div>
            </form>
            <p class="muted" role="status">{count}</p>
            {list}
        </Section>
    }
}

fn table(rows: Vec<&'static Symptom>) -> impl IntoView {
    let say = &text().troubleshooting;
    let columns = vec![Column(say.symptom), Column(say.cause), Column(say.remedy)];
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr role="row" id=format!("guide-{}", row.id) class="guide-row">
                    <td role="cell" class="lead">{row.symptom}</td>
                    <Cell head=say.cause>{row.cause}</Cell>
                    <Cell head=say.remedy>{row.remedy}</Cell>
                </tr>
            }
        })
        .collect_view();
    view! { <Table caption=say.guide columns>{rows}</Table> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn whoever_is_sent_to_the_guide_finds_the_row() {
        let guide = Language::English.text().guide;
        let ids = |language: Language| language.text().guide.iter().map(|row| row.id);
        for (language, _) in Language::ALL {
            assert!(ids(language).eq(ids(Language::English)), "{language:?}");
        }
        let has = |id: &str| guide.iter().filter(|row| row.id == id).count() == 1;
        for refusal in Refusal::ALL {
            assert!(has(row_for(refusal)), "{refusal:?}");
        }
        let pages = [
            "/settings/sip/outbound/new",
            "/settings/sip",
            "/settings/access",
            "/settings/system",
            "/channels/phone/numbers",
            "/channels/phone/destinations",
            "/channels/phone/agents/new",
            "/inbox",
        ];
        for page in pages {
            assert!(row_of_page(page).is_some_and(has), "{page}");
        }
        assert_eq!(row_of_page("/account"), None);
    }
}
