//! Settings → SIP: the way in, its numbers, who may call in, who did not get in.

mod access;
mod connection;
mod functions;
mod numbers;
mod others;
mod recipes;

use leptos::prelude::*;

pub(crate) use connection::region_name;
pub use functions::*;
pub(crate) use numbers::add_form as add_numbers_form;
pub(crate) use others::list as source_list;

use crate::domain::endpoint::TrunkView;
use crate::domain::inbound::Access;
use crate::domain::number::{Added, NumberRow};
use crate::domain::outbound::OutboundView;
use crate::domain::page::Page;
use crate::domain::phone::PhoneNumber;
use crate::domain::seen::{Facts, Source};
use crate::domain::test_call::TestCall;
use crate::error::AppError;
use crate::pages::asked;
use crate::pages::notice::{Done, Notice, number_of_query};
use crate::pages::outbound::{self, list_outbound_trunks};
use crate::pages::overview::get_facts;
use crate::pages::test_call;
use crate::text::text;
use crate::ui::copy::{CopyButton, CopyWords};
use crate::ui::feedback::loaded;
use crate::ui::form::{Actions, ErrorSummary, Form, LinkButton, Look, Submit};
use crate::ui::page::{ByScript, Disclosure, Empty, Jump, PageHead, Section, query};
use crate::ui::returned::{FormState, Returned};

/// As many numbers are shown here; all of them are under Numbers.
const SHOWN: u32 = 10;

/// Everything the page shows.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Seen {
    trunk: Option<TrunkView>,
    accesses: Vec<Access>,
    numbers: Page<NumberRow>,
    /// The number that is asked about before it goes.
    leaving: Option<NumberRow>,
    sources: Vec<Source>,
    facts: Facts,
    outbound: Vec<OutboundView>,
    /// What adding the pasted lines would do.
    preview: Vec<Added>,
    /// The test call that was just placed.
    test: Option<TestCall>,
}

async fn look(
    paste: Option<String>,
    country: String,
    test: Option<String>,
    q: String,
    leaving: Option<PhoneNumber>,
) -> Result<Seen, AppError> {
    let trunk = get_inbound_trunk().await?;
    let numbers = list_trunk_numbers(SHOWN, q).await?;
    let leaving = match leaving {
        Some(number) => on_trunk(number).await?,
        None => None,
    };
    let preview = match paste {
        Some(lines) => preview_numbers(lines, country).await?,
        None => Vec::new(),
    };
    Ok(Seen {
        preview,
        test: test_call::named(test).await?,
        accesses: list_accesses().await?,
        sources: list_sources().await?,
        facts: get_facts().await?,
        outbound: list_outbound_trunks().await?,
        numbers,
        leaving,
        trunk,
    })
}

/// Nothing, if it is not there any more.
async fn on_trunk(number: PhoneNumber) -> Result<Option<NumberRow>, AppError> {
    let (services, caller) = asked()?;
    match services.numbers.get(&caller, number).await {
        Ok(row) => Ok(Some(row).filter(|row| row.number.on_trunk)),
        Err(AppError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `/settings/sip`
#[component]
pub fn SipPage() -> impl IntoView {
    let text = text();
    let paste = Returned::asked("/fn/add_numbers", "lines");
    let country = Returned::asked("/fn/add_numbers", "country").unwrap_or_default();
    let add_outbound =
        view! { <LinkButton href="/settings/sip/outbound/new" label=text.ways_out.add/> }
            .into_any();
    let test = test_call::asked_for();
    let q = query("q").unwrap_or_default();
    let leaving = numbers::asked_about();
    let seen = Resource::new(
        || (),
        move |()| {
            look(
                paste.clone(),
                country.clone(),
                test.clone(),
                q.clone(),
                leaving.clone(),
            )
        },
    );
    view! {
        <div class="page">
            <PageHead title=text.sip.title actions=add_outbound/>
            <Notice>{undo()}</Notice>
            {loaded(seen, |mut seen| {
                let outbound = outbound::section(std::mem::take(&mut seen.outbound));
                match seen.trunk.clone() {
                    Some(trunk) => whole(trunk, seen, outbound.into_any()).into_any(),
                    None => view! { {empty()}{outbound} }.into_any(),
                }
            })}
        </div>
    }
}

/// Puts back the number that was just taken off.
fn undo() -> Option<impl IntoView> {
    query("done").filter(|done| done == Done::NumberRemoved.code())?;
    let number = number_of_query("number")?;
    let about = number.grouped();
    let hidden = vec![("draft[lines]", number.to_string())];
    Some(view! {
        <Form state=FormState::default().posting_to("/fn/add_numbers") hidden class="row">
            <Submit label=text().sip.undo look=Look::Link about/>
        </Form>
    })
}

fn empty() -> impl IntoView {
    let text = text();
    let state = FormState::of("/fn/create_inbound_trunk");
    view! {
        <ErrorSummary state=state.clone()/>
        <Empty why=text.sip.empty>
            <Form state class="row"><Submit label=text.sip.create_trunk look=Look::Primary/></Form>
        </Empty>
        <Section id="ask" title=text.sip.ask_first>
            <ul class="ask-list">{text.sip.questions.lines().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
            <p class="row"><CopyButton value=text.sip.questions.to_owned() label=text.sip.copy_questions.to_owned() words=CopyWords::of(text.sip.copy_questions)/></p>
        </Section>
        <p class="muted">{text.sip.own_numbers}</p>
        <ByScript method="POST" path="/api/phone/sip/inbound-trunk" body="{}"/>
    }
}

fn whole(trunk: TrunkView, seen: Seen, outbound: AnyView) -> impl IntoView {
    let say = &text().sip;
    let parts = vec![
        ("connection", say.connection),
        ("numbers", say.numbers),
        ("test-call", text().test_call.title),
        ("who", say.who),
        ("others", say.not_let_in),
        ("outbound", text().ways_out.trunks),
        ("advanced", say.advanced),
    ];
    let host = trunk.endpoint.host.clone();
    let test = test_call::inside(seen.facts.numbers_on_trunk > 0, seen.test.as_ref()).into_any();
    view! {
        <Jump parts/>
        {connection::section(&trunk, &seen.accesses, &seen.facts)}
        {numbers::section(seen.facts.numbers_on_trunk, seen.numbers, seen.leaving, &seen.preview)}
        {test}
        {access::section(&trunk, seen.accesses, &host)}
        {others::section(seen.sources)}
        {outbound}
        {advanced(&trunk)}
    }
}

fn advanced(trunk: &TrunkView) -> impl IntoView + use<> {
    use crate::ui::form::{Kind, Select, Switch, TextField};
    use crate::ui::page::Question;
    let say = &text().sip;
    let settings = &trunk.trunk.settings;
    let stored = vec![
        (
            "krisp_enabled",
            if settings.krisp_enabled { "on" } else { "off" }.to_owned(),
        ),
        (
            "max_channels",
            settings
                .max_channels
                .map(|most| most.to_string())
                .unwrap_or_default(),
        ),
        ("agent_id_header", settings.agent_id_header.to_string()),
        ("codecs", outbound::order(settings.codecs.as_ref())),
    ];
    let state = FormState::of_one("/fn/update_inbound_trunk", "part", "advanced").or_stored(stored);
    let hidden = vec![
        ("part", "advanced".to_owned()),
        ("draft[version]", trunk.trunk.version.to_string()),
    ];
    let removing = FormState::of("/fn/delete_inbound_trunk");
    let asked = (query("confirm").as_deref() == Some("remove-trunk")).then(|| {
        view! {
            <Question title=say.remove_trunk consequence=say.remove_trunk_why yes=say.remove_trunk no=text().common.keep
                back="/settings/sip#advanced" state=removing.clone()>
                <TextField state=removing.clone() field="=typed" label=(say.type_to_confirm)(functions::TRUNK_BY_NAME) width="input-medium"/>
            </Question>
        }
    });
    view! {
        <Section id="advanced" title=say.advanced>
            <ErrorSummary state=state.clone()/>
            <Form state=state.clone() hidden>
                <Switch state=state.clone() field="krisp_enabled" label=say.krisp help=say.krisp_help on=true/>
                <TextField state=state.clone() field="max_channels" label=say.max_channels help=say.max_channels_help kind=Kind::Number optional=true width="input-short"/>
                <TextField state=state.clone() field="agent_id_header" label=say.agent_header help=say.agent_header_help mono=true width="input-medium"/>
                <Select state=state.clone() field="codecs" label=text().ways_out.codecs help=text().ways_out.codecs_in_help choices=outbound::orders()/>
                <Actions><Submit label=text().form.save look=Look::Primary/></Actions>
            </Form>
            {asked}
            <p><a class="button button-link button-link-bad" href="/settings/sip?confirm=remove-trunk#question">{say.remove_trunk}</a></p>
            <Disclosure title=text().common.by_script>
                <pre tabindex="0">"curl -X PATCH \"$PATCHBAY/api/phone/sip/inbound-trunk\" -H \"Authorization: Bearer $PATCHBAY_KEY\" -H 'Content-Type: application/json' -d '{\"max_channels\": 10}'"</pre>
            </Disclosure>
        </Section>
    }
}
