//! The filters of a list: in one line where there is room, folded on a phone.

use leptos::prelude::*;

use crate::text::text;
use crate::ui::chips::Filtered;

/// A form that asks for the same page, narrowed. Folded, it says how many filters are on.
#[component]
pub fn Filters(
    action: &'static str,
    /// All filters of the form.
    filters: Vec<Filtered>,
    children: Children,
) -> impl IntoView {
    let word = text().calls.filters;
    let on = filters.iter().filter(|filter| !filter.value.is_empty());
    let label = match on.count() {
        0 => word.to_owned(),
        on => format!("{word} ({on})"),
    };
    view! {
        <details class="fold">
            <summary class="button">{label}</summary>
            <form method="get" action=action class="filters" role="search">{children()}</form>
        </details>
    }
}
