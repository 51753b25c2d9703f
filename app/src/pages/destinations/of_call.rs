//! Handing a live call on, and what became of each attempt.

use leptos::prelude::*;

use super::leads_to;
use crate::domain::call::EndReason;
use crate::domain::id::CallId;
use crate::domain::transfer::{Assigned, Transfer, TransferState};
use crate::text::text;
use crate::ui::feedback::Tone;
use crate::ui::form::{Actions, Choice, ErrorSummary, Form, Select, Submit};
use crate::ui::page::Section;
use crate::ui::reader::reader;
use crate::ui::returned::FormState;
use crate::ui::steps::{Step, Steps};

/// Where a call that is answered can go.
pub(crate) fn form(call: CallId, assigned: &[Assigned]) -> impl IntoView + use<> {
    let say = &text().handed_on;
    let state = FormState::of("/fn/transfer_call");
    let choices: Vec<Choice> = assigned
        .iter()
        .map(|one| &one.destination)
        .map(|one| Choice::new(one.id.to_string(), one.settings.name.clone()))
        .collect();
    let body = if choices.is_empty() {
        view! { <p class="muted">{say.none_assigned}</p> }.into_any()
    } else {
        let hidden = vec![("id", call.to_string())];
        let state = state.clone();
        view! {
            <Form state=state.clone() hidden class="inline-form">
                <Select state field="destination_id" label=say.transfer_to choices/>
                <Actions><Submit label=say.hand_on/></Actions>
            </Form>
        }
        .into_any()
    };
    view! { <Section id="transfer" title=say.transfer><ErrorSummary state/>{body}</Section> }
}

/// Every attempt to hand the call on, in words; nothing where there was none.
pub(crate) fn attempts(transfers: &[Transfer]) -> Option<impl IntoView + use<>> {
    let say = &text().handed_on;
    if transfers.is_empty() {
        return None;
    }
    let rows = transfers
        .iter()
        .map(|transfer| {
            let (tone, word) = match transfer.state {
                TransferState::Trying => (Tone::Accent, say.trying),
                TransferState::Ringing => (Tone::Accent, say.ringing),
                TransferState::Completed => (Tone::Good, say.completed),
                TransferState::Failed => (Tone::Bad, say.failed),
                TransferState::Unknown => (Tone::Warn, say.unknown),
            };
            let at = reader().clock_time(transfer.started_at);
            let status = transfer.status.map(|status| status.to_string());
            let facts = [Some(at), Some(leads_to(&transfer.target.place)), status];
            let why = transfer.reason.as_deref().and_then(EndReason::from_code);
            let why = why.map(|why| text().end(why).to_owned());
            let facts = facts.into_iter().flatten().chain(why);
            let note = facts.collect::<Vec<_>>().join(" · ");
            let title = (say.attempt)(&transfer.target.name);
            view! { <Step tone title word note/> }
        })
        .collect_view();
    Some(
        view! { <Section id="transfers" title=say.transfers><Steps label=say.transfers>{rows}</Steps></Section> },
    )
}
