//! The form of an outbound trunk, new or standing, and what it will send.

use leptos::prelude::*;

use crate::domain::codec::CodecOrder;
use crate::domain::inbound::Srtp;
use crate::domain::outbound::{Assert, OutboundAuth, OutboundSettings, preview};
use crate::domain::phone::NumberFormat;
use crate::domain::seen::Facts;
use crate::domain::sip::Transport;
use crate::text::text;
use crate::ui::copy::CopyRow;
use crate::ui::form::{
    Actions, Choice, ErrorSummary, Form, Kind, LinkButton, Look, RadioGroup, Select, Submit,
    Switch, TextField,
};
use crate::ui::invite::{InvitePreview, InviteWords};
use crate::ui::page::{Disclosure, Section};
use crate::ui::returned::FormState;

/// What a new trunk starts from.
pub(super) fn defaults() -> Vec<(&'static str, String)> {
    vec![
        ("max_channels", "10".to_owned()),
        ("max_cps", "1".to_owned()),
        ("max_duration_s", "3600".to_owned()),
    ]
}

/// What stands, as the form shows it. The password never does.
pub(super) fn stored(settings: &OutboundSettings) -> Vec<(&'static str, String)> {
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    let shown = |value: Option<String>| value.unwrap_or_default();
    let (identity, limits) = (&settings.identity, &settings.limits);
    let username = match &settings.auth {
        OutboundAuth::Digest { username } => Some(username.to_string()),
        OutboundAuth::SourceIp => None,
    };
    let regions = limits.allowed_regions.iter().map(|country| country.iso());
    vec![
        ("name", settings.name.clone()),
        ("host", settings.host.to_string()),
        ("port", settings.port.to_string()),
        ("transport", settings.transport.as_str().to_owned()),
        ("digest", switch(username.is_some())),
        ("username", shown(username)),
        ("caller_number", settings.caller_number.to_string()),
        ("number_format", identity.number_format.as_str().to_owned()),
        ("caller_format", identity.caller_format.as_str().to_owned()),
        (
            "country",
            shown(identity.country.map(|country| country.to_string())),
        ),
        ("from_user", shown(identity.from_user.clone())),
        (
            "from_host",
            shown(identity.from_host.as_ref().map(ToString::to_string)),
        ),
        ("auth_realm", shown(identity.auth_realm.clone())),
        ("assert", identity.assert.as_str().to_owned()),
        ("user_phone", switch(identity.user_phone)),
        ("prefix", shown(identity.prefix.clone())),
        (
            "outbound_proxy",
            shown(settings.outbound_proxy.as_ref().map(ToString::to_string)),
        ),
        ("register", switch(settings.register)),
        ("codecs", order(settings.codecs.as_ref())),
        ("srtp", settings.srtp.as_str().to_owned()),
        ("max_channels", limits.max_channels.to_string()),
        ("max_cps", limits.max_cps.to_string()),
        ("max_duration_s", limits.max_duration_s.to_string()),
        (
            "daily_cap_minutes",
            shown(limits.daily_cap_minutes.map(|most| most.to_string())),
        ),
        ("allowed_regions", regions.collect::<Vec<_>>().join("\n")),
    ]
}

/// The form. `stands` is the trunk it changes, if it is no new one.
pub(super) fn form(
    state: &FormState,
    hidden: Vec<(&'static str, String)>,
    stands: Option<&OutboundSettings>,
    facts: &Facts,
) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let state = state.clone();
    let (submit, is_new) = match stands {
        Some(_) => (text().form.save, false),
        None => (say.create, true),
    };
    let cancel = is_new
        .then(|| view! { <LinkButton href="/settings/sip#outbound" label=text().common.cancel/> });
    let transports = vec![
        Choice::with_help("udp", "UDP", say.udp_help),
        Choice::with_help("tcp", "TCP", say.tcp_help),
        Choice::with_help("tls", "TLS", say.tls_help),
    ];
    let (digest, limits) = (digest(&state, is_new, facts), limits(&state));
    let (identity, more) = (identity(&state), more(&state, is_new));
    view! {
        <ErrorSummary state=state.clone()/>
        <Form state=state.clone() hidden>
            <TextField state=state.clone() field="name" label=text().agents.name help=say.name_help width="input-medium"/>
            <TextField state=state.clone() field="host" label=say.host help=say.host_help mono=true/>
            <TextField state=state.clone() field="port" label=say.port help=say.port_help kind=Kind::Number optional=true width="input-short"/>
            {digest}
            <TextField state=state.clone() field="caller_number" label=say.caller_number help=say.caller_help kind=Kind::Tel mono=true width="input-medium"/>
            <RadioGroup state=state.clone() field="transport" label=say.transport choices=transports default=Transport::Udp.as_str()/>
            <Select state=state.clone() field="number_format" label=say.number_format choices=formats()/>
            <Select state=state.clone() field="country" label=say.country choices=countries()/>
            <TextField state=state.clone() field="allowed_regions" label=say.allowed help=say.allowed_help kind=Kind::Area mono=true rows=2 optional=true width="input-medium"/>
            {limits}
            {identity}
            {more}
            <Actions>
                <Submit label=submit look=Look::Primary/>
                <button type="submit" name="preview" value="on" class=Look::Secondary.class()>{say.preview_now}</button>
                {cancel}
            </Actions>
        </Form>
    }
}

/// How the carrier knows us; off tells which addresses it must allow.
fn digest(state: &FormState, is_new: bool, facts: &Facts) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let state = state.clone();
    let choices = vec![
        Choice::new("on", text().form.on),
        Choice::new("off", text().form.off),
    ];
    let placeholder = if is_new { "" } else { say.unchanged };
    let address = facts.external_host.clone();
    view! {
        <div class="when-on stack">
            <RadioGroup state=state.clone() field="digest" label=say.digest help=say.digest_help choices default="on" inline=true/>
            <div class="depends">
                <TextField state=state.clone() field="username" label=say.username mono=true width="input-medium"/>
                <TextField state field="password" label=say.password kind=Kind::Password autocomplete="new-password" placeholder width="input-medium"/>
            </div>
            <div class="depends-off stack">
                <p class="help">{say.no_password}</p>
                <div class="copy-rows"><CopyRow label=say.allow_these value=address/></div>
            </div>
        </div>
    }
}

fn limits(state: &FormState) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let fields = [
        "max_channels",
        "max_cps",
        "max_duration_s",
        "daily_cap_minutes",
    ];
    let open = is_wrong(state, &fields);
    let state = state.clone();
    view! {
        <Disclosure title=say.limits open>
            <div class="stack">
                <TextField state=state.clone() field="max_channels" label=say.most_calls kind=Kind::Number width="input-short"/>
                <TextField state=state.clone() field="max_cps" label=say.calls_a_second kind=Kind::Number width="input-short"/>
                <TextField state=state.clone() field="max_duration_s" label=say.longest help=say.longest_help kind=Kind::Number width="input-short"/>
                <TextField state field="daily_cap_minutes" label=say.minutes_a_day kind=Kind::Number optional=true width="input-short"/>
            </div>
        </Disclosure>
    }
}

fn identity(state: &FormState) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let open = is_wrong(state, &["from_user", "from_host", "assert", "user_phone"]);
    let vouching = vec![
        Choice::new(Assert::Pai.as_str(), say.pai),
        Choice::new(Assert::Ppi.as_str(), say.ppi),
        Choice::new(Assert::None.as_str(), say.no_assert),
    ];
    let state = state.clone();
    view! {
        <Disclosure title=say.identity open>
            <div class="stack">
                <p class="help">{say.identity_help}</p>
                <TextField state=state.clone() field="from_user" label=say.from_user optional=true mono=true width="input-medium"/>
                <TextField state=state.clone() field="from_host" label=say.from_host optional=true mono=true width="input-medium"/>
                <Select state=state.clone() field="caller_format" label=say.caller_format choices=formats()/>
                <Select state=state.clone() field="assert" label=say.assert choices=vouching/>
                <Switch state field="user_phone" label=say.user_phone/>
            </div>
        </Disclosure>
    }
}

/// What few carriers ask for. A new trunk's audio follows its transport.
fn more(state: &FormState, is_new: bool) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let open = is_wrong(
        state,
        &[
            "prefix",
            "auth_realm",
            "outbound_proxy",
            "register",
            "codecs",
            "srtp",
        ],
    );
    let state = state.clone();
    let srtp = (!is_new).then(|| {
        let choices = vec![
            Choice::new(Srtp::Off.as_str(), say.srtp_off),
            Choice::new(Srtp::Optional.as_str(), say.srtp_optional),
            Choice::new(Srtp::Required.as_str(), say.srtp_required),
        ];
        view! { <Select state=state.clone() field="srtp" label=say.srtp choices/> }
    });
    view! {
        <Disclosure title=say.more open>
            <div class="stack">
                <Switch state=state.clone() field="register" label=say.register/>
                <TextField state=state.clone() field="outbound_proxy" label=say.outbound_proxy optional=true mono=true/>
                <TextField state=state.clone() field="prefix" label=say.prefix optional=true mono=true width="input-short"/>
                <TextField state=state.clone() field="auth_realm" label=say.auth_realm optional=true mono=true width="input-medium"/>
                <Select state=state.clone() field="codecs" label=say.codecs help=say.codecs_out_help choices=orders()/>
                {srtp}
            </div>
        </Disclosure>
    }
}

fn is_wrong(state: &FormState, fields: &[&str]) -> bool {
    fields.iter().any(|field| state.reason(field).is_some())
}

/// What stands in the field of a trunk's codecs.
pub(in crate::pages) fn order(codecs: Option<&CodecOrder>) -> String {
    codecs.map(ToString::to_string).unwrap_or_default()
}

/// Every order of codecs there is: few enough to choose one at once, and none can be wrong.
pub(in crate::pages) fn orders() -> Vec<Choice> {
    let unset = Choice::new("", text().ways_out.codecs_unset);
    let every = CodecOrder::every().into_iter();
    let every = every.map(|order| Choice::new(order.to_string(), order.spoken()));
    std::iter::once(unset).chain(every).collect()
}

fn formats() -> Vec<Choice> {
    let say = &text().ways_out;
    NumberFormat::ALL
        .into_iter()
        .map(|format| {
            let words = match format {
                NumberFormat::E164 => say.as_e164,
                NumberFormat::Digits => say.as_digits,
                NumberFormat::National => say.as_national,
            };
            Choice::new(format.as_str(), words)
        })
        .collect()
}

fn countries() -> Vec<Choice> {
    let none = Choice::new("", text().ways_out.no_country);
    let all = text().countries().into_iter();
    let all = all.map(|(country, name)| Choice::new(country.iso(), name));
    std::iter::once(none).chain(all).collect()
}

/// The INVITE's own lines, of what was typed or else of what stands; the browser follows the typing.
pub(super) fn invite(state: &FormState) -> impl IntoView + use<> {
    let say = &text().ways_out;
    let words = InviteWords {
        why: say.preview_why.to_owned(),
        over: (say.over)("{}", "{}"),
    };
    let shown = preview(|field| state.value(field));
    let initial = shown.map_or(String::new(), |shown| words.shown(&shown));
    let looked = state.came_back() && state.errors().is_none() && state.failure().is_none();
    let looked = looked.then(|| view! { <p class="help">{say.preview_password}</p> });
    let function = state.function().to_owned();
    view! {
        <Section id="preview" title=say.preview>
            <InvitePreview initial function words/>
            {looked}
        </Section>
    }
}
