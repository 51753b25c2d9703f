//! The document around every page: head, frame, navigation, and the table of routes.
//! Rendered on the server for each request; the browser only hydrates islands in it.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::pages::{
    access, account, agents, audit, calls, destinations, inbox, numbers, outbound, overview,
    password, search, set_up, sign_in, sip, system, troubleshooting, webhooks,
};
use crate::text::text;
use crate::ui::feedback::set_status;
use crate::ui::icon::Icon;
use crate::ui::page::PageHead;
use crate::ui::palette::Dialogs;
use crate::ui::reader::reader;
use crate::ui::session::SessionEnd;

/// The hydration script waits until the browser is idle, for ever if need be: Chromium thinks itself never idle where
/// nothing is to be painted, and the page stays as the server sent it. Idle or not, it begins after half a second.
const SOON: &str = "const idle = window.requestIdleCallback; \
    if (idle) window.requestIdleCallback = (work) => idle.call(window, work, { timeout: 500 });";

/// The whole document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let reader = reader();
    provide_context(reader.language.text());
    forbid_what_is_not_ours();
    // All that search engines ever see is the doors.
    let is_stranger = reader.name.is_none();
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang=reader.language.code() data-theme=reader.theme.as_str() data-shortcuts=reader.shortcuts_off.then_some("off")>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="description" content=reader.language.text().frame.about/>
                {is_stranger.then(|| view! { <meta name="robots" content="noindex"/> })}
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=style/>
                <script nonce=leptos::nonce::use_nonce()>{SOON}</script>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Only our own files and the hydration script of this very answer may run.
fn forbid_what_is_not_ours() {
    #[cfg(feature = "ssr")]
    {
        use http::{HeaderValue, header};
        let (Some(nonce), Some(response)) = (
            leptos::nonce::use_nonce(),
            use_context::<leptos_axum::ResponseOptions>(),
        ) else {
            return;
        };
        let policy = format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// The routes.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Frame>
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=overview::OverviewPage/>
                    <Route path=path!("/sign-in") view=sign_in::SignInPage/>
                    <Route path=path!("/setup") view=set_up::SetUpPage/>
                    <Route path=path!("/password") view=password::PasswordPage/>
                    <Route path=path!("/account") view=account::AccountPage/>
                    <Route path=path!("/inbox") view=inbox::InboxPage/>
                    <Route path=path!("/inbox/:id") view=calls::CallPage/>
                    <Route path=path!("/channels/phone/agents") view=agents::AgentsPage/>
                    <Route path=path!("/channels/phone/agents/new") view=agents::NewAgentPage/>
                    <Route path=path!("/channels/phone/agents/:id") view=agents::AgentPage/>
                    <Route path=path!("/channels/phone/numbers") view=numbers::NumbersPage/>
                    <Route path=path!("/channels/phone/destinations") view=destinations::DestinationsPage/>
                    <Route path=path!("/channels/phone/destinations/new") view=destinations::NewDestinationPage/>
                    <Route path=path!("/channels/phone/destinations/:id") view=destinations::DestinationPage/>
                    <Route path=path!("/settings/sip") view=sip::SipPage/>
                    <Route path=path!("/settings/sip/outbound/new") view=outbound::NewOutboundPage/>
                    <Route path=path!("/settings/sip/outbound/:id") view=outbound::OutboundPage/>
                    <Route path=path!("/settings/access") view=access::AccessPage/>
                    <Route path=path!("/settings/webhooks") view=webhooks::WebhooksPage/>
                    <Route path=path!("/settings/webhooks/:id") view=webhooks::WebhookPage/>
                    <Route path=path!("/settings/system") view=system::SystemPage/>
                    <Route path=path!("/settings/audit") view=audit::AuditPage/>
                    <Route path=path!("/search") view=search::SearchPage/>
                    <Route path=path!("/troubleshooting") view=troubleshooting::TroubleshootingPage/>
                </Routes>
            </Frame>
        </Router>
    }
}

/// Whether a page stands alone, before anyone is signed in.
pub fn is_door(path: &str) -> bool {
    matches!(path, "/sign-in" | "/setup" | "/password")
}

/// Header, navigation, main; or, at the door, main alone.
#[component]
fn Frame(children: Children) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    if is_door(&path) {
        return view! { <div class="door"><main id="main">{children()}</main></div> }.into_any();
    }
    let text = text();
    view! {
        <a class="skip" href="#main">{text.frame.skip}</a>
        <div class="frame">
            <header class="top">
                <div class="top-bar"><Brand/></div>
                <nav aria-label=text.frame.main_nav>
                    <div class="nav-wide"><Places path=path.clone()/></div>
                    <details class="nav-narrow">
                        <summary>{Icon::Menu.draw()}{text.frame.menu}</summary>
                        <Places path/>
                    </details>
                </nav>
            </header>
            <main id="main" tabindex="-1">{children()}</main>
        </div>
        <Dialogs/>
        <SessionEnd/>
    }
    .into_any()
}

/// The name, which leads home.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
                <circle cx="5" cy="6" r="2.5"></circle>
                <circle cx="5" cy="18" r="2.5"></circle>
                <circle cx="19" cy="12" r="2.5"></circle>
                <path d="M7.5 6c6 0 3 6 9 6M7.5 18h4"></path>
            </svg>
            {text().frame.brand}
        </a>
    }
}

/// The places of the console, with the one shown marked.
#[component]
fn Places(path: String) -> AnyView {
    let frame = &text().frame;
    let link = |to: &'static str, icon: Icon, name: String| {
        let here = if to == "/" {
            path == "/"
        } else {
            path.starts_with(to)
        };
        view! { <li><a href=to aria-current=here.then_some("page")>{icon.draw()}<span>{name}</span></a></li> }.into_any()
    };
    // Help stands last and opens the row that fits the page.
    let help = |path: &str| {
        let to = match crate::pages::troubleshooting::row_of_page(path) {
            Some(row) => format!("/troubleshooting#guide-{row}"),
            None => "/troubleshooting".to_owned(),
        };
        let here = path.starts_with("/troubleshooting");
        view! { <li><a href=to aria-current=here.then_some("page")>{Icon::Help.draw()}<span>{frame.help}</span></a></li> }.into_any()
    };
    let name = reader().name.unwrap_or_else(|| frame.account.to_owned());
    view! {
        <ul class="nav-list">
            <li><a href="/search" data-opens="palette" aria-current=(path == "/search").then_some("page")>{Icon::Search.draw()}<span>{text().keys.search}</span><kbd class="needs-script">"Ctrl K"</kbd></a></li>
            {link("/", Icon::Overview, frame.overview.to_owned())}
            {link("/inbox", Icon::Inbox, frame.inbox.to_owned())}
            <li>
                <p class="nav-group">{frame.channels_phone}</p>
                <ul>
                    {link("/channels/phone/agents", Icon::Agent, frame.agents.to_owned())}
                    {link("/channels/phone/numbers", Icon::Number, frame.numbers.to_owned())}
                    {link("/channels/phone/destinations", Icon::Phone, text().handed_on.title.to_owned())}
                </ul>
            </li>
            <li>
                <p class="nav-group">{frame.settings}</p>
                <ul>
                    {link("/settings/sip", Icon::Sip, frame.sip.to_owned())}
                    {link("/settings/access", Icon::Key, frame.access.to_owned())}
                    {link("/settings/webhooks", Icon::Hook, text().hooks.title.to_owned())}
                    {link("/settings/system", Icon::System, frame.system.to_owned())}
                    {link("/settings/audit", Icon::Audit, frame.audit.to_owned())}
                </ul>
            </li>
        </ul>
        <ul class="nav-list nav-foot">
            {link("/account", Icon::Account, name)}
            {help(&path)}
        </ul>
    }
    .into_any()
}

/// No such page; says so with its status.
#[component]
fn NotFound() -> impl IntoView {
    set_status(404);
    let frame = &text().frame;
    view! {
        <div class="page">
            <PageHead title=frame.not_found/>
            <p>{frame.not_found_why}</p>
            <p><a class="button" href="/">{frame.to_overview}</a></p>
        </div>
    }
}
