//! What went wrong with the agent's engine, where the conversation is shown: who listens to it wonders.

use leptos::prelude::*;

use crate::domain::call::CallDetail;
use crate::text::text;
use crate::ui::feedback::Tone;
use crate::ui::reader::{position, reader};
use crate::ui::steps::{Step, Steps};

/// Nothing where all was well.
pub(super) fn troubles(detail: &CallDetail) -> Option<impl IntoView + use<>> {
    let say = &text().engines;
    let answered = detail.call.answered_at;
    let troubles = text().engine_troubles(&detail.timeline);
    if troubles.is_empty() {
        return None;
    }
    let steps = troubles.into_iter().map(|(at, note)| {
        // By the clock of the recording, as the transcript; before the answer there is none.
        let word = match answered {
            Some(answered) if at >= answered => position(at - answered),
            _ => reader().clock_time(at),
        };
        view! { <Step tone=Tone::Warn title=say.trouble word note/> }
    });
    let steps = steps.collect_view();
    Some(view! { <Steps label=say.troubles>{steps}</Steps> })
}
