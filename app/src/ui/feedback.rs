//! How things stand, said out loud: banners, badges, the status line, failures.

use leptos::either::Either;
use leptos::prelude::*;

use crate::error::AppError;
use crate::text::text;
use crate::ui::icon::Icon;

/// How something stands. Colour never says it alone: a word and an icon go with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Unknown or not of interest.
    #[default]
    Neutral,
    /// Going on now.
    Accent,
    /// Shown to work.
    Good,
    /// Wants a look.
    Warn,
    /// Wrong.
    Bad,
}

impl Tone {
    fn icon(self) -> Icon {
        match self {
            Self::Neutral => Icon::Dash,
            Self::Accent => Icon::Dot,
            Self::Good => Icon::Check,
            Self::Warn => Icon::Alert,
            Self::Bad => Icon::Cross,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A word about how something stands.
#[component]
pub fn Badge(tone: Tone, #[prop(into)] word: String) -> impl IntoView {
    view! { <span class=format!("badge badge-{}", tone.name())>{tone.icon().draw()}{word}</span> }
}

/// Something the reader should know: cause, since when, one action.
#[component]
pub fn Banner(tone: Tone, children: Children) -> impl IntoView {
    let (class, icon) = match tone {
        Tone::Bad => ("banner banner-bad", Icon::Alert),
        Tone::Warn => ("banner banner-warn", Icon::Alert),
        Tone::Good => ("banner banner-good", Icon::Check),
        Tone::Accent | Tone::Neutral => ("banner banner-info", Icon::Info),
    };
    view! { <div class=class>{icon.draw()}<div class="banner-body">{children()}</div></div> }
}

/// What was done a moment ago, until the next page.
#[component]
pub fn StatusLine(
    #[prop(into)] said: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="status-line" role="status">
            {Icon::Check.draw()}
            <span>{said}</span>
            {children.map(|children| children())}
        </div>
    }
}

/// A failure in place of what was asked for, with the page's status to match.
#[component]
pub fn Failure(error: AppError) -> impl IntoView {
    set_status(error.status());
    view! {
        <div class="banner banner-bad" role="alert">
            {Icon::Alert.draw()}
            <div class="banner-body"><p>{text().failure(&error)}</p></div>
        </div>
    }
}

/// Shows what was asked for, once it is there, or why it is not.
pub fn loaded<T, V, F>(resource: Resource<Result<T, AppError>>, show: F) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
{
    loaded_or(resource, show, |error| view! { <Failure error/> })
}

/// The same with another way to say why it is not there.
pub fn loaded_or<T, V, F, W>(
    resource: Resource<Result<T, AppError>>,
    show: F,
    failed: fn(AppError) -> W,
) -> impl IntoView
where
    W: IntoView + 'static,
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
{
    view! {
        <Suspense fallback=|| ()>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => Either::Left(show(value)),
                        Err(error) => Either::Right(failed(error)),
                    }
                })
            }}
        </Suspense>
    }
}

/// Gives the page being rendered a status.
#[cfg_attr(
    not(feature = "ssr"),
    expect(unused_variables, reason = "only a server answers with a status")
)]
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) = (
        use_context::<leptos_axum::ResponseOptions>(),
        http::StatusCode::from_u16(status),
    ) {
        response.set_status(status);
    }
}
