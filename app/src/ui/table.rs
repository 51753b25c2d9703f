//! Tables that become lists of cards below 640 px. Roles are written out, because a
//! table drawn as cards loses its native ones.

use leptos::prelude::*;

/// One column: its heading, nothing for actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column(pub &'static str);

/// How a list is sorted, as its address says: `name`, or `-name` for downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorting {
    /// The page with all of its query but `sort` and `cursor`, ending in `?` or `&`.
    pub home: String,
    /// What the address says, or what counts without a word.
    pub now: String,
    /// By which columns one can sort: heading, name in the address, and whether downwards comes first.
    pub by: Vec<(&'static str, &'static str, bool)>,
}

impl Sorting {
    /// The heading as a link that sorts by it, or the other way round.
    fn head(&self, column: &'static str) -> Option<impl IntoView + use<>> {
        let (_, name, down_first) = self.by.iter().find(|(head, ..)| *head == column)?;
        let down = format!("-{name}");
        let (sorted, next) = match self.now.as_str() {
            now if now == *name => ("ascending", down),
            now if now == down => ("descending", (*name).to_owned()),
            _ if *down_first => ("none", down),
            _ => ("none", (*name).to_owned()),
        };
        let to = format!("{}sort={next}", self.home);
        Some(view! {
            <th role="columnheader" scope="col" aria-sort=sorted>
                <a class="sort" href=to>{column}<span class="sort-mark" aria-hidden="true"></span></a>
            </th>
        })
    }
}

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
    /// Columns that sort.
    #[prop(optional)]
    sorting: Option<Sorting>,
    children: Children,
) -> impl IntoView {
    let sorts = sorting.as_ref().map(|_| "sorts");
    let live = id.as_ref().map(|_| "parts");
    let heads = columns
        .into_iter()
        .map(|Column(name)| {
            if let Some(head) = sorting.as_ref().and_then(|sorting| sorting.head(name)) {
                head.into_any()
            } else if name.is_empty() {
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
                <thead role="rowgroup" class=sorts><tr role="row">{heads}</tr></thead>
                <tbody role="rowgroup" id=id data-live=live>{children()}</tbody>
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
