//! Settings → Access: people who sign in, keys for scripts, and where the API is described.

mod functions;
mod keys;
mod people;

use leptos::prelude::*;

pub use functions::*;

use crate::domain::account::{ApiKey, Person};
use crate::pages::notice::Notice;
use crate::text::text;
use crate::ui::feedback::loaded;
use crate::ui::page::{ByScript, Jump, PageHead, Section};

const HOME: &str = "/settings/access";

/// `/settings/access`
#[component]
pub fn AccessPage() -> impl IntoView {
    let say = &text().people;
    let seen = Resource::new(
        || (),
        |()| async move { Ok((list_users().await?, list_keys().await?)) },
    );
    let parts = vec![
        ("users", say.users),
        ("keys", say.keys),
        ("api", say.sip_api),
    ];
    view! {
        <div class="page">
            <PageHead title=say.title/>
            <Notice/>
            {loaded(seen, move |(people, keys): (Vec<Person>, Vec<ApiKey>)| view! {
                <Jump parts=parts.clone()/>
                {people::section(people)}
                {keys::section(keys)}
                {api()}
            })}
        </div>
    }
}

fn api() -> impl IntoView {
    let say = &text().people;
    let links = [
        (say.api_trunks, "/api/docs#get_inbound_trunk"),
        (say.api_agents, "/api/docs#list_agents"),
        (say.api_numbers, "/api/docs#list_phone_numbers"),
        (say.api_calls, "/api/docs#list_calls"),
        (say.api_reference, "/api/docs"),
    ];
    let links = links
        .map(|(name, to)| view! { <li><a href=to>{name}</a></li> })
        .collect_view();
    view! {
        <Section id="api" title=say.sip_api help=say.sip_api_help>
            <ul class="stack-tight">{links}</ul>
            <ByScript method="POST" path="/api/keys" body="{\"name\": \"ci\", \"scopes\": [\"sip:read\"]}"/>
        </Section>
    }
}
