//! Tables that become lists of cards below 640 px. Roles are written out, because a
//! table drawn as cards loses its native ones.

use leptos::prelude::*;

/// One column: its heading, nothing for actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column(pub &'static str);

/// A captioned table around its rows.
#[component]
pub fn Table(
    /// Read before the table, not shown.
    #[prop(into)]
    caption: String,
    columns: Vec<Column>,
    /// For live lists: the body whose rows are renewed in place.
    #[prop(optional, into)]
    id: Option<String>,
    children: Children,
) -> impl IntoView {
    let heads = columns
        .into_iter()
        .map(|Column(name)| {
            if name.is_empty() {
                view! { <th role="columnheader" scope="col"><span class="sr-only">{crate::text::text().common.actions}</span></th> }.into_any()
            } else {
                view! { <th role="columnheader" scope="col">{name}</th> }.into_any()
            }
        })
        .collect_view();
    view! {
        <div class="table-frame">
            <table class="table" role="table">
                <caption class="sr-only">{caption}</caption>
                <thead role="rowgroup"><tr role="row">{heads}</tr></thead>
                <tbody role="rowgroup" id=id>{children()}</tbody>
            </table>
        </div>
    }
}

/// One row; live lists find it again by its id.
#[component]
pub fn Row(#[prop(optional, into)] id: Option<String>, children: Children) -> impl IntoView {
    view! { <tr role="row" id=id>{children()}</tr> }
}

/// The first cell: who or what.
#[component]
pub fn Lead(children: Children) -> impl IntoView {
    view! { <td role="cell" class="lead">{children()}</td> }
}

/// A cell that carries its heading along into the card.
#[component]
pub fn Cell(head: &'static str, children: Children) -> impl IntoView {
    view! { <td role="cell"><span class="cell-label" aria-hidden="true">{head}</span><div>{children()}</div></td> }
}

/// What can be done with the row.
#[component]
pub fn RowActions(children: Children) -> impl IntoView {
    view! { <td role="cell" class="actions">{children()}</td> }
}
