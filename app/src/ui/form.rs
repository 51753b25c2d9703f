//! Form fields. The only code that writes `label for`, `aria-invalid` and
//! `aria-describedby`; every form is a plain `POST` to the one door and works without
//! JavaScript.

use leptos::either::Either;
use leptos::prelude::*;

use crate::text::text;
use crate::ui::conflict;
use crate::ui::icon::Icon;
use crate::ui::page::here;
use crate::ui::returned::{FormState, input_id, input_name};

/// A form that posts to its server function and comes back to this page if refused.
#[component]
pub fn Form(
    /// What its fields hold.
    state: FormState,
    /// More hidden arguments: name and value.
    #[prop(optional)]
    hidden: Vec<(&'static str, String)>,
    /// `form` (fields one below the other), `inline-form` (one line) or none.
    #[prop(default = "form")]
    class: &'static str,
    /// A name for screen readers where the heading before it does not say enough.
    #[prop(optional, into)]
    label: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <form method="post" action=state.function() class=class novalidate=true aria-label=label data-returned=state.came_back().then_some("")>
            <input type="hidden" name="page" value=here()/>
            {hidden.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()}
            {children()}
        </form>
    }
}

/// What is wrong with the form, in the same words as beside the fields. The answer to a
/// refused form opens at `#problems`.
#[component]
pub fn ErrorSummary(state: FormState) -> impl IntoView {
    let text = text();
    let problems = state.errors().map(|errors| {
        let rows = errors
            .iter()
            .map(|(field, reason)| {
                let said = text.reason(reason);
                let said = match text.field(field) {
                    Some(name) => format!("{name}: {said}"),
                    None => said,
                };
                (format!("#{}", input_id(field)), said)
            })
            .collect::<Vec<_>>();
        let title = match rows.len() {
            1 => text.form.one_problem.to_owned(),
            many => (text.form.problems)(&many.to_string()),
        };
        view! {
            <div class="banner banner-bad" id="problems" role="alert" tabindex="-1" data-focus="problems">
                {Icon::Alert.draw()}
                <div class="banner-body">
                    <h2>{title}</h2>
                    <ul>
                        {rows.into_iter().map(|(to, said)| view! { <li><a href=to>{said}</a></li> }).collect_view()}
                    </ul>
                </div>
            </div>
        }
    });
    if let Some(question) = conflict::question(&state) {
        return question;
    }
    let failure = state.failure().map(|error| {
        view! {
            <div class="banner banner-bad" id="problems" role="alert" tabindex="-1" data-focus="problems">
                {Icon::Alert.draw()}
                <div class="banner-body"><p>{text.failure(error)}</p></div>
            </div>
        }
    });
    view! { {problems} {failure} }.into_any()
}

/// Which control types text into a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    #[default]
    Text,
    /// A phone number.
    Tel,
    /// A whole number.
    Number,
    /// An e-mail address.
    Email,
    /// Never echoed.
    Password,
    /// Several lines.
    Area,
}

/// A labelled text field with help and error.
#[component]
pub fn TextField(
    state: FormState,
    /// The draft's field; an argument of its own with a leading `=`.
    field: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] help: Option<String>,
    #[prop(optional)] kind: Kind,
    /// Says "(optional)" after the label.
    #[prop(optional)]
    optional: bool,
    /// Hosts, ids, numbers: fixed width, no correcting, no capitalising.
    #[prop(optional)]
    mono: bool,
    /// `input-short`, `input-medium` or nothing.
    #[prop(optional)]
    width: &'static str,
    /// Says what the browser may fill in; carrier values never.
    #[prop(default = "off")]
    autocomplete: &'static str,
    #[prop(default = 4)] rows: u32,
    #[prop(optional, into)] placeholder: Option<String>,
) -> impl IntoView {
    let id = input_id(field);
    let said = Said::of(&state, field, help);
    let value = if kind == Kind::Password {
        String::new()
    } else {
        state.value(field)
    };
    let class = format!("input {width}{}", if mono { " input-mono" } else { "" });
    let spell = if mono { "false" } else { "true" };
    let described = said.described_by(&id);
    let invalid = said.error.is_some().then_some("true");
    let control = if kind == Kind::Area {
        Either::Left(view! {
            <textarea id=id.clone() name=input_name(field) class=class rows=rows.to_string() placeholder=placeholder
                autocomplete=autocomplete spellcheck=spell autocapitalize=mono.then_some("none")
                aria-invalid=invalid aria-describedby=described>{value}</textarea>
        })
    } else {
        let (r#type, inputmode) = match kind {
            Kind::Tel => ("tel", None),
            Kind::Number => ("text", Some("numeric")),
            Kind::Email => ("email", None),
            Kind::Password => ("password", None),
            Kind::Text | Kind::Area => ("text", None),
        };
        Either::Right(view! {
            <input id=id.clone() name=input_name(field) class=class type=r#type inputmode=inputmode value=value placeholder=placeholder
                autocomplete=autocomplete spellcheck=spell autocapitalize=mono.then_some("none")
                aria-invalid=invalid aria-describedby=described/>
        })
    };
    view! {
        <div class="field">
            <label class="label" for=id.clone()>{label}{optional.then(optional_mark)}</label>
            {control}
            {said.below(&id)}
        </div>
    }
}

/// One thing that can be chosen: the value sent, its words, and help below them.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What the reader sees.
    pub label: String,
    /// Said below a radio button.
    pub help: Option<String>,
}

impl Choice {
    /// Without help.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            help: None,
        }
    }

    /// With a sentence below it.
    pub fn with_help(
        value: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            help: Some(help.into()),
            ..Self::new(value, label)
        }
    }
}

/// One of many, in a list that opens.
#[component]
pub fn Select(
    state: FormState,
    field: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = "input-medium")] width: &'static str,
) -> impl IntoView {
    let id = input_id(field);
    let said = Said::of(&state, field, help);
    let chosen = state.value(field);
    view! {
        <div class="field">
            <label class="label" for=id.clone()>{label}</label>
            <select id=id.clone() name=input_name(field) class=format!("input {width}")
                aria-invalid=said.error.is_some().then_some("true") aria-describedby=said.described_by(&id)>
                {choices
                    .into_iter()
                    .map(|choice| {
                        let selected = choice.value == chosen;
                        view! { <option value=choice.value selected=selected>{choice.label}</option> }
                    })
                    .collect_view()}
            </select>
            {said.below(&id)}
        </div>
    }
}

/// One of a few, all in sight.
#[component]
pub fn RadioGroup(
    state: FormState,
    field: &'static str,
    #[prop(into)] label: String,
    choices: Vec<Choice>,
    #[prop(optional, into)] help: Option<String>,
    /// Chosen if nothing is stored or typed.
    #[prop(optional, into)]
    default: Option<String>,
    /// Beside one another.
    #[prop(optional)]
    inline: bool,
) -> impl IntoView {
    let id = input_id(field);
    let said = Said::of(&state, field, help);
    let chosen = Some(state.value(field))
        .filter(|value| !value.is_empty())
        .or(default)
        .unwrap_or_default();
    let described = said.described_by(&id);
    let radios = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            let own = if at == 0 { id.clone() } else { format!("{id}-{at}") };
            let checked = choice.value == chosen;
            let help_id = format!("{own}-hint");
            let hint = choice.help.map(|help| view! { <p class="help" id=help_id.clone()>{help}</p> });
            let hinted = hint.is_some().then(|| help_id.clone());
            view! {
                <div class="choice">
                    <input type="radio" id=own.clone() name=input_name(field) value=choice.value checked=checked aria-describedby=hinted/>
                    <label for=own>{choice.label}</label>
                    {hint}
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field" aria-describedby=described>
            <legend class="label">{label}</legend>
            <div class=if inline { "choices choices-inline" } else { "choices" }>{radios}</div>
            {said.below(&id)}
        </fieldset>
    }
}

/// On or off, as a pair: an unchecked box would look like a field that was not sent.
/// What depends on it stands inside and is shown by CSS while it is on.
#[component]
pub fn Switch(
    state: FormState,
    field: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] help: Option<String>,
    /// What counts if nothing is stored.
    #[prop(default = false)]
    on: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let text = text();
    let choices = vec![
        Choice::new("on", text.form.on),
        Choice::new("off", text.form.off),
    ];
    let default = if on { "on" } else { "off" };
    let depends = children.map(|children| view! { <div class="depends">{children()}</div> });
    view! {
        <div class="when-on stack">
            <RadioGroup state field label help=help.unwrap_or_default() choices default inline=true/>
            {depends}
        </div>
    }
}

/// The line below a form: its buttons, and where "Saving…" appears.
#[component]
pub fn Actions(children: Children) -> impl IntoView {
    let form = &text().form;
    view! {
        <div class="form-actions">
            {children()}
            <span class="form-status" role="status" data-status=form.saving data-unsaved=form.one_unsaved data-unsaved-many=form.many_unsaved></span>
        </div>
    }
}

/// What a button stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// The one main thing of the page.
    Primary,
    /// Everything else.
    #[default]
    Secondary,
    /// Takes something away.
    Danger,
    /// In a row of a table.
    Link,
    /// In a row of a table, and takes something away.
    LinkBad,
}

impl Look {
    /// The classes of a button or of a link that looks like one.
    pub fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button",
            Self::Danger => "button button-danger",
            Self::Link => "button button-link",
            Self::LinkBad => "button button-link button-link-bad",
        }
    }
}

/// Sends its form.
#[component]
pub fn Submit(
    #[prop(into)] label: String,
    #[prop(optional)] look: Look,
    /// Read after the label: which of many rows is meant.
    #[prop(optional, into)]
    about: Option<String>,
) -> impl IntoView {
    view! { <button type="submit" class=look.class()>{label}{about.map(|about| view! { <span class="sr-only">" "{about}</span> })}</button> }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    #[prop(into)] label: String,
    #[prop(optional)] look: Look,
    #[prop(optional, into)] about: Option<String>,
) -> impl IntoView {
    view! { <a href=href class=look.class()>{label}{about.map(|about| view! { <span class="sr-only">" "{about}</span> })}</a> }
}

fn optional_mark() -> impl IntoView {
    view! { <span class="optional">" "{text().form.optional}</span> }
}

/// Help and error of one field.
struct Said {
    help: Option<String>,
    error: Option<String>,
}

impl Said {
    fn of(state: &FormState, field: &str, help: Option<String>) -> Self {
        Self {
            help: help.filter(|help| !help.is_empty()),
            error: state.reason(field).map(|reason| text().reason(reason)),
        }
    }

    fn described_by(&self, id: &str) -> Option<String> {
        let help = self.help.as_ref().map(|_| format!("{id}-help"));
        let error = self.error.as_ref().map(|_| format!("{id}-error"));
        let ids = help.into_iter().chain(error).collect::<Vec<_>>();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn below(self, id: &str) -> impl IntoView + use<> {
        let help = self
            .help
            .map(|help| view! { <p class="help" id=format!("{id}-help")>{help}</p> });
        let error = self.error.map(|error| {
            view! { <p class="error" id=format!("{id}-error")>{Icon::Alert.draw()}<span>{error}</span></p> }
        });
        view! { {help} {error} }
    }
}
