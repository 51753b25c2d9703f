//! The filters that are on, each with a link that takes it off again.

use leptos::prelude::*;

use crate::text::text;
use crate::ui::returned::encode;

/// One value of a filter form.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// The query parameter.
    pub name: &'static str,
    /// What the form calls it.
    pub label: &'static str,
    /// As it stands in the address; nothing is no filter.
    pub value: String,
    /// As people read it, where that is another text.
    pub shown: Option<String>,
}

impl Filtered {
    /// A filter shown as it was typed.
    pub fn new(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            label,
            value: value.into(),
            shown: None,
        }
    }
}

/// The query that keeps these filters: `who=ada&thing=trunk`.
pub fn kept(filters: &[Filtered]) -> String {
    filters
        .iter()
        .filter(|filter| !filter.value.is_empty())
        .map(|filter| format!("{}={}", filter.name, encode(&filter.value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// What is on, and how to take it off.
#[component]
pub fn Chips(
    /// The page, without a query.
    home: &'static str,
    /// All filters of its form, those that are off too.
    filters: Vec<Filtered>,
    /// Kept whatever is taken off, such as the view.
    #[prop(optional, into)]
    always: String,
) -> impl IntoView {
    let word = text().audit.remove_filter;
    let on: Vec<_> = filters
        .iter()
        .filter(|filter| !filter.value.is_empty())
        .collect();
    let chips = on
        .iter()
        .map(|filter| {
            let rest: Vec<_> = filters
                .iter()
                .filter(|other| other.name != filter.name)
                .cloned()
                .collect();
            let query = [always.clone(), kept(&rest)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
            let to = format!("{home}?{query}");
            let said = format!("{}: {}", filter.label, filter.shown.as_ref().unwrap_or(&filter.value));
            let label = format!("{word} {said}");
            view! { <li><a class="chip" href=to aria-label=label>{said}<span class="chip-cross" aria-hidden="true">"×"</span></a></li> }
        })
        .collect_view();
    (!on.is_empty()).then(|| view! { <ul class="chips" role="list">{chips}</ul> })
}
