//! The end of a session, told before it comes: somebody who writes a long form is asked whether they are still
//! there. Only a browser can tell; without JavaScript the form survives all the same, because a sign-in in between
//! gives it back.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::text::text;
use crate::ui::reader::reader;

/// The words of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionWords {
    title: String,
    soon: String,
    last: String,
    over: String,
    stay: String,
    sign_in: String,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser sees time go by")
)]
enum Phase {
    /// It goes on for a good while.
    #[default]
    Quiet,
    /// It ends soon, unless somebody says that they are here.
    Soon,
    /// It ends soon, whatever anybody says.
    Last,
    /// It has ended.
    Over,
}

/// For whoever is signed in; nobody else has a session that could end.
#[component]
pub fn SessionEnd() -> impl IntoView {
    let reader = reader();
    let say = &text().door;
    let left = reader.session_ends_ms? - reader.now_ms;
    let words = SessionWords {
        title: say.session_title.to_owned(),
        soon: say.session_soon.to_owned(),
        last: say.session_last.to_owned(),
        over: say.session_over.to_owned(),
        stay: say.session_stay.to_owned(),
        sign_in: say.sign_in.to_owned(),
    };
    Some(view! { <SessionWatch left words/> })
}

/// Counts down, in all tabs together.
#[island]
fn SessionWatch(
    /// Milliseconds.
    left: i64,
    words: SessionWords,
) -> impl IntoView {
    let phase = RwSignal::new(Phase::Quiet);
    Effect::new(move |_| {
        #[cfg(feature = "hydrate")]
        watch::from_now_on(left, phase);
        #[cfg(not(feature = "hydrate"))]
        let _ = left;
    });
    let on_stay = move |_| {
        #[cfg(feature = "hydrate")]
        watch::stay(phase);
    };
    let SessionWords {
        title,
        soon,
        last,
        over,
        stay,
        sign_in,
    } = words;
    let said = move || match phase.get() {
        Phase::Quiet => String::new(),
        Phase::Soon => soon.clone(),
        Phase::Last => last.clone(),
        Phase::Over => over.clone(),
    };
    view! {
        <section class="session-end" aria-label=title hidden=move || phase.get() == Phase::Quiet>
            <p role="alert">{said}</p>
            <div class="row">
                <button type="button" class="button button-primary" hidden=move || phase.get() != Phase::Soon on:click=on_stay>{stay}</button>
                <a class="button" href="/sign-in" target="_blank" rel="noopener" hidden=move || phase.get() != Phase::Over>{sign_in}</a>
            </div>
        </section>
    }
}

#[cfg(feature = "hydrate")]
mod watch {
    use std::time::Duration;

    use leptos::prelude::*;

    use super::Phase;
    use crate::error::AppError;
    use crate::ui::browser::post;

    /// So long before the end it is told: two minutes to find the button (WCAG 2.2.1 asks for twenty seconds).
    const WARNING_MS: f64 = 120_000.0;
    /// How often it is looked at most: a laptop may have slept meanwhile.
    const LOOK_MS: f64 = 30_000.0;
    /// Where the tabs of one browser tell each other.
    const SHARED: &str = "session-ends";

    pub(super) fn from_now_on(left: i64, phase: RwSignal<Phase>) {
        tell_others(left);
        look(phase);
    }

    /// Looks again whenever there may be something to say.
    fn look(phase: RwSignal<Phase>) {
        let left = ends() - js_sys::Date::now();
        let next = if left <= 0.0 {
            Phase::Over
        } else if left > WARNING_MS {
            Phase::Quiet
        } else if phase.get_untracked() == Phase::Last {
            Phase::Last
        } else {
            Phase::Soon
        };
        if phase.get_untracked() != next {
            phase.set(next);
        }
        let until = if left > WARNING_MS {
            left - WARNING_MS
        } else {
            left
        };
        let wait = if left <= 0.0 {
            LOOK_MS
        } else {
            until.min(LOOK_MS)
        };
        let wait = Duration::from_secs_f64(wait.max(250.0) / 1_000.0);
        set_timeout(move || look(phase), wait);
    }

    pub(super) fn stay(phase: RwSignal<Phase>) {
        wasm_bindgen_futures::spawn_local(async move {
            match post::<i64>("/fn/stay_signed_in", String::new()).await {
                Ok(left) => {
                    tell_others(left);
                    #[expect(clippy::cast_precision_loss, reason = "a few days in milliseconds")]
                    let soon = (left as f64) <= WARNING_MS;
                    phase.set(if soon { Phase::Last } else { Phase::Quiet });
                }
                Err(AppError::Unauthenticated) => phase.set(Phase::Over),
                // The network is away; the question stays.
                Err(_) => {}
            }
        });
    }

    fn storage() -> Option<web_sys::Storage> {
        window().local_storage().ok().flatten()
    }

    fn tell_others(left: i64) {
        #[expect(clippy::cast_precision_loss, reason = "a few days in milliseconds")]
        let ends = js_sys::Date::now() + left as f64;
        if let Some(storage) = storage() {
            let _ = storage.set_item(SHARED, &ends.to_string());
        }
    }

    fn ends() -> f64 {
        let told = storage().and_then(|storage| storage.get_item(SHARED).ok().flatten());
        told.and_then(|told| told.parse().ok())
            .unwrap_or(f64::INFINITY)
    }
}
