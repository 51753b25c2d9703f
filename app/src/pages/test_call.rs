//! A test call: the form that places one, on Settings → SIP and on the page of a trunk, and what
//! it showed, step by step. Its address keeps the call, so that it can be looked at again.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::call::RecordingState;
use crate::domain::id::OutboundTrunkId;
use crate::domain::outbound::CheckVerdict;
use crate::domain::test_call::{TestCall, TestCallDraft, TestStep, TestedStep};
use crate::error::{AppError, Thing};
use crate::pages::asked;
use crate::pages::calls::dialled;
use crate::text::text;
use crate::ui::feedback::Tone;
use crate::ui::form::{Actions, ErrorSummary, Form, Kind, Submit, TextField};
use crate::ui::page::{Section, query};
use crate::ui::returned::FormState;
use crate::ui::steps::{Step, Steps};

const PLACE: &str = "/fn/place_test_call";

/// Tries the way with a call, and shows it where it was asked for.
#[server(prefix = "/fn", endpoint = "place_test_call")]
pub async fn place_test_call(
    #[server(default)] draft: TestCallDraft,
) -> Result<TestCall, AppError> {
    let (services, caller) = asked()?;
    let by = draft.parse().ok().and_then(|new| new.trunk);
    let test = services.dialling.test(&caller, draft).await?;
    let page = by.map_or_else(
        || "/settings/sip".to_owned(),
        |trunk| format!("/settings/sip/outbound/{trunk}"),
    );
    leptos_axum::redirect(&format!("{page}?test={}#test-call", test.call.id));
    Ok(test)
}

/// What a test call showed.
#[server(prefix = "/fn", endpoint = "get_test_call", input = GetUrl)]
pub async fn get_test_call(#[server(default)] id: String) -> Result<TestCall, AppError> {
    let (services, caller) = asked()?;
    let id = id.parse().map_err(|_| AppError::NotFound(Thing::Call))?;
    services.dialling.tested(&caller, id).await
}

/// The test call that the address of the page names, if there was one.
pub(crate) async fn named(id: Option<String>) -> Result<Option<TestCall>, AppError> {
    match id {
        None => Ok(None),
        Some(id) => match get_test_call(id).await {
            Ok(test) => Ok(Some(test)),
            // Deleted since, or never a test: the page itself is still right.
            Err(AppError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// Which one the address names.
pub(crate) fn asked_for() -> Option<String> {
    query("test")
}

/// A call to a number of one's own, which `has_number` says there is.
pub(crate) fn inside(has_number: bool, seen: Option<&TestCall>) -> impl IntoView + use<> {
    let say = &text().test_call;
    let state = FormState::of(PLACE);
    let form = if has_number {
        form(state, Vec::new(), say.number_inside_help, true).into_any()
    } else {
        view! { <p class="muted">{say.no_number}</p> }.into_any()
    };
    let seen = seen.map(showed);
    view! { <Section id="test-call" title=say.title help=say.help>{seen}{form}</Section> }
}

/// A call to a number by a trunk.
pub(crate) fn by_trunk(trunk: OutboundTrunkId, seen: Option<&TestCall>) -> impl IntoView + use<> {
    let say = &text().test_call;
    let hidden = vec![("draft[outbound_trunk_id]", trunk.to_string())];
    let form = form(FormState::of(PLACE), hidden, say.number_outside_help, false);
    let seen = seen.map(showed);
    view! { <Section id="test-call" title=say.title help=say.by_trunk_help>{seen}{form}</Section> }
}

fn form(
    state: FormState,
    hidden: Vec<(&'static str, String)>,
    help: &'static str,
    optional: bool,
) -> impl IntoView + use<> {
    let say = &text().test_call;
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden class="inline-form">
            <TextField state field="to" label=text().ways_out.call_number help kind=Kind::Tel mono=true optional width="input-medium"/>
            <Actions><Submit label=say.place/></Actions>
        </Form>
    }
}

/// What it showed: a sentence, the steps, and what the caller heard.
fn showed(test: &TestCall) -> impl IntoView + use<> {
    let say = &text().test_call;
    let number = dialled(&test.call);
    let sentence = if test.passed() {
        (say.passed)(&number)
    } else {
        (say.stopped)(&number)
    };
    let steps = test.steps.iter().map(|step| one(step, test)).collect_view();
    let kept = matches!(
        test.call.recording,
        RecordingState::Kept | RecordingState::CutShort
    );
    let heard = kept.then(|| {
        let address = format!("/api/phone/calls/{}/recording", test.call.id);
        view! { <p class="row"><audio controls=true preload="metadata" src=address aria-label=say.what_was_heard></audio></p> }
    });
    let call = format!("/inbox/{}", test.call.id);
    let other = test.answered_by.as_ref().map(|call| {
        let to = format!("/inbox/{}", call.id);
        view! { " · "<a href=to>{say.open_other}</a> }
    });
    view! {
        <div class="stack" id="tested" tabindex="-1" data-focus="">
            <p>{sentence}</p>
            <Steps label=say.title>{steps}</Steps>
            {heard}
            <p><a href=call>{say.open_call}</a>{other}</p>
        </div>
    }
}

fn one(step: &TestedStep, test: &TestCall) -> impl IntoView + use<> {
    let (say, ways) = (&text().test_call, &text().ways_out);
    let title = match step.what {
        TestStep::Sent => say.sent,
        TestStep::SignedIn => say.signed_in,
        TestStep::Routed => say.routed,
        TestStep::Answered => say.answered,
        TestStep::Heard => say.heard,
    };
    let (tone, word) = match step.verdict {
        CheckVerdict::Passed => (Tone::Good, ways.passed),
        CheckVerdict::Failed => (Tone::Bad, ways.failed),
        CheckVerdict::Unknown => (Tone::Warn, ways.unknown),
        CheckVerdict::Skipped => (Tone::Neutral, ways.skipped),
    };
    let at = step.at_ms.map(|ms| (say.after)(&ms.to_string()));
    let note = match step.verdict {
        CheckVerdict::Failed => why(test),
        _ => [
            Some(step.found.clone()).filter(|found| !found.is_empty()),
            at,
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", "),
    };
    if note.is_empty() {
        view! { <Step tone title word/> }.into_any()
    } else {
        view! { <Step tone title word note/> }.into_any()
    }
}

/// Why it stopped, in the words of the call's end; what the other side wrote is beside it.
fn why(test: &TestCall) -> String {
    let say = &text().test_call;
    let Some(end) = test.call.end else {
        return say.goes_on.to_owned();
    };
    let reason = text().end(end.reason);
    match (end.status, &test.call.phrase) {
        (Some(status), Some(phrase)) => format!("{reason}: {status} {phrase}"),
        _ => reason.to_owned(),
    }
}
