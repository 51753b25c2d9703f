//! What every page is framed by: heading, jump links, empty states, questions, pages of a
//! list, and how to do the same by script.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_query_map};

use crate::error::AppError;
use crate::text::text;
use crate::ui::feedback::{Failure, loaded_or};
use crate::ui::form::{Form, Look, Submit};
use crate::ui::reader::reader;
use crate::ui::returned::{FormState, Returned};

/// This page's own address: path and query.
pub fn here() -> String {
    let location = use_location();
    let path = location.pathname.get_untracked();
    let query = location.search.get_untracked();
    let query = query.trim_start_matches('?');
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

/// One value of the query, if it is there and not empty.
pub fn query(name: &str) -> Option<String> {
    use_query_map()
        .get_untracked()
        .get(name)
        .filter(|value| !value.is_empty())
}

/// "Front desk · Agents · Patchbay", with "Error: " before it when a form came back.
#[component]
pub fn PageTitle(#[prop(into)] title: String) -> impl IntoView {
    let error = use_context::<Returned>().is_some_and(|returned| returned.error.is_some());
    let mark = if error { text().form.title_error } else { "" };
    view! { <Title text=format!("{mark}{title} · Patchbay")/> }
}

/// The one `h1`, where it stands, and what can be done with it.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    /// Address and name of the page above.
    #[prop(optional, into)]
    up: Option<(String, String)>,
    /// Beside the heading: badges.
    #[prop(optional)]
    beside: Option<AnyView>,
    /// Below it: one line of facts.
    #[prop(optional)]
    below: Option<AnyView>,
    /// At the other end: buttons.
    #[prop(optional)]
    actions: Option<AnyView>,
) -> impl IntoView {
    let whole = match &up {
        Some((_, name)) => format!("{title} · {name}"),
        None => title.clone(),
    };
    view! {
        <PageTitle title=whole/>
        <div class="page-head">
            <div class="page-head-text">
                {up.map(|(to, name)| view! { <p class="crumbs"><a href=to>{name}</a></p> })}
                <div class="page-head-title"><h1>{title}</h1>{beside}</div>
                {below}
            </div>
            {actions.map(|actions| view! { <div class="page-head-actions row">{actions}</div> })}
        </div>
    }
}

/// A page whose heading comes with what it shows; without that, the failure is given one.
pub fn whole_page<T, V, F>(resource: Resource<Result<T, AppError>>, show: F) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
{
    let page = loaded_or(resource, show, |error| {
        let frame = &text().frame;
        let title = match error {
            AppError::NotFound(_) => frame.not_found,
            _ => frame.not_shown,
        };
        view! { <PageHead title/> <Failure error/> }
    });
    view! { <div class="page">{page}</div> }
}

/// Links to the parts of a long page.
#[component]
pub fn Jump(
    /// Ids and names.
    parts: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let label = text().common.on_this_page;
    view! {
        <nav aria-label=label>
            <ul class="jump">
                <li class="muted" aria-hidden="true">{label}":"</li>
                {parts.into_iter().map(|(id, name)| view! { <li><a href=format!("#{id}")>{name}</a></li> }).collect_view()}
            </ul>
        </nav>
    }
}

/// A part of a page with its own heading.
#[component]
pub fn Section(
    id: &'static str,
    #[prop(into)] title: String,
    #[prop(optional, into)] help: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="section" id=id aria-labelledby=format!("{id}-title")>
            <div class="section-head">
                <h2 id=format!("{id}-title") tabindex="-1">{title}</h2>
                {help.map(|help| view! { <p class="help">{help}</p> })}
            </div>
            {children()}
        </section>
    }
}

/// Nothing here yet: why, and what to do about it.
#[component]
pub fn Empty(
    #[prop(into)] why: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! { <div class="empty"><p>{why}</p>{children.map(|children| view! { <div class="row">{children()}</div> })}</div> }
}

/// More, on demand, script or no script.
#[component]
pub fn Disclosure(
    #[prop(into)] title: String,
    #[prop(optional)] open: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="disclosure" open=open>
            <summary>{title}</summary>
            <div class="disclosure-body">{children()}</div>
        </details>
    }
}

/// A question before something is taken away. Stands where its row was asked from, at
/// `?confirm=…`; "Keep" is a link back.
#[component]
pub fn Question(
    #[prop(into)] title: String,
    #[prop(into)] consequence: String,
    /// Does it.
    #[prop(into)]
    yes: String,
    /// Leaves everything as it is.
    #[prop(into)]
    no: String,
    /// Where "no" leads.
    #[prop(into)]
    back: String,
    state: FormState,
    #[prop(optional)] hidden: Vec<(&'static str, String)>,
    #[prop(default = Look::Danger)] look: Look,
    /// More fields, such as what has to be typed.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let failure = state
        .failure()
        .map(|error| view! { <p class="error">{text().failure(error)}</p> });
    view! {
        <section class="question" id="question" aria-labelledby="question-title" tabindex="-1" data-focus="question">
            <h2 id="question-title">{title}</h2>
            <p>{consequence}</p>
            {failure}
            <Form state hidden class="stack">
                {children.map(|children| children())}
                <div class="form-actions">
                    <Submit label=yes look/>
                    <a class="button" href=back data-safe="">{no}</a>
                </div>
            </Form>
        </section>
    }
}

/// To the next page of a list.
#[component]
pub fn Pager(
    /// Said first, such as "214 calls".
    #[prop(into)]
    count: String,
    #[prop(optional, into)] first: Option<String>,
    #[prop(optional, into)] next: Option<String>,
    /// The next page is not known to hold anything: one looks further there.
    #[prop(optional)]
    search: bool,
) -> impl IntoView {
    let text = text();
    let onward = if search {
        text.common.search_on
    } else {
        text.common.next_page
    };
    view! {
        <div class="pager">
            <p class="muted">{count}</p>
            <div class="row">
                {first.filter(|to| !to.is_empty()).map(|to| view! { <a class="button" href=to>{text.common.first_page}</a> })}
                {next.filter(|to| !to.is_empty()).map(|to| view! { <a class="button" href=to rel="next">{onward}</a> })}
            </div>
        </div>
    }
}

/// What a page of a list says of itself, whose length nobody counted: "25 calls on this page", or "3 calls".
pub fn counted(count: String, is_all: bool) -> String {
    if is_all {
        count
    } else {
        (text().common.on_one_page)(&count)
    }
}

/// The same by `curl`, with this server's address and the values of the moment.
#[component]
pub fn ByScript(
    method: &'static str,
    #[prop(into)] path: String,
    /// JSON, if there is a body.
    #[prop(optional, into)]
    body: Option<String>,
) -> impl IntoView {
    let base = reader().base_url;
    let body = body
        .map(|body| {
            format!(
                " \\\n  -H 'Content-Type: application/json' \\\n  -d '{}'",
                body.replace('\'', "'\\''")
            )
        })
        .unwrap_or_default();
    let method = if method == "GET" {
        String::new()
    } else {
        format!(" -X {method}")
    };
    let command =
        format!("curl{method} {base}{path} \\\n  -H \"Authorization: Bearer $PATCHBAY_KEY\"{body}");
    view! { <Disclosure title=text().common.by_script><pre tabindex="0">{command}</pre></Disclosure> }
}
