//! Search: pages, agents, numbers and calls by name or number; for the palette, and as a
//! page of its own.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::domain::call::CallFilter;
use crate::domain::number::NumberFilter;
use crate::domain::page::Limit;
use crate::domain::search::Found;
use crate::error::{AppError, Scope};
use crate::pages::asked;
use crate::pages::calls::caller_name;
use crate::text::text;
use crate::ui::feedback::loaded;
use crate::ui::form::Submit;
use crate::ui::page::{Empty, PageHead, query};
use crate::ui::reader::reader;
use crate::ui::returned::encode;

/// Of each kind so many.
const EACH: usize = 5;
/// Digits of a number before calls are looked through.
const LEAST_DIGITS: usize = 3;

/// Pages, agents, numbers and calls that match; pages alone for nothing.
#[server(prefix = "/fn", endpoint = "search", input = GetUrl)]
pub async fn search(#[server(default)] q: String) -> Result<Vec<Found>, AppError> {
    let (services, caller) = asked()?;
    caller.may(Scope::SipRead)?;
    let words = q.trim().to_lowercase();
    let mut found = pages(&words);
    if words.is_empty() {
        return Ok(found);
    }
    if caller.can(Scope::PhoneRead) {
        let agents = services.agents.list(&caller).await?;
        found.extend(
            agents
                .into_iter()
                .filter_map(|view| {
                    let name = view.agent.settings.name;
                    let matches = name.to_lowercase().contains(&words);
                    let to = format!("/channels/phone/agents/{}", view.agent.id);
                    matches.then(|| of(text().calls.agent, name, to))
                })
                .take(EACH),
        );
    }
    let few = Limit::try_from(5).unwrap_or_default();
    let digits: String = q.chars().filter(char::is_ascii_digit).collect();
    // A number is stored without what people put between its digits.
    let wanted = if digits.len() >= LEAST_DIGITS {
        digits.clone()
    } else {
        words
    };
    let filter = NumberFilter {
        query: Some(wanted.clone()),
        limit: Some(few),
        ..NumberFilter::default()
    };
    let numbers = services.numbers.list(&caller, filter).await?;
    let further = numbers.next.filter(|_| numbers.stopped_looking(few));
    let further = further.map(|_| {
        let to = format!("/channels/phone/numbers?q={}", encode(&wanted));
        of(text().sip.number, (text().keys.search_numbers)(&wanted), to)
    });
    found.extend(numbers.items.into_iter().map(|row| {
        let number = row.number.number;
        let label = match row.number.label {
            Some(label) => format!("{} {label}", number.grouped()),
            None => number.grouped(),
        };
        let to = format!("/channels/phone/numbers?q={}", number.digits());
        of(text().sip.number, label, to)
    }));
    found.extend(further);
    if caller.can(Scope::CallsRead) && digits.len() >= LEAST_DIGITS {
        let filter = CallFilter {
            number: Some(digits.clone()),
            limit: Some(few),
            ..CallFilter::default()
        };
        let calls = services.calls.list(&caller, filter).await?;
        let further = calls.next.filter(|_| calls.stopped_looking(few));
        let further = further.map(|_| in_inbox(&digits));
        found.extend(calls.items.into_iter().map(|call| {
            let label = format!(
                "{}, {}",
                caller_name(&call.caller),
                reader().short(call.started_at)
            );
            of(text().keys.call, label, format!("/inbox/{}", call.id))
        }));
        found.extend(further.into_iter().flatten());
    }
    Ok(found)
}

/// Looking further, where the Inbox shows answered calls and refused ones.
fn in_inbox(digits: &str) -> [Found; 2] {
    let (say, calls) = (&text().keys, &text().calls);
    [
        of(
            text().frame.inbox,
            (say.search_calls)(digits),
            format!("/inbox?number={digits}"),
        ),
        of(
            calls.refused,
            (say.search_refused)(digits),
            format!("/inbox?view=refused&number={digits}"),
        ),
    ]
}

fn of(kind: &str, label: String, to: String) -> Found {
    Found {
        kind: kind.to_owned(),
        label,
        to,
    }
}

/// Pages and what can be begun, by their names.
fn pages(words: &str) -> Vec<Found> {
    let (frame, say) = (&text().frame, &text().keys);
    let places = [
        (frame.overview, "/"),
        (frame.inbox, "/inbox"),
        (text().calls.live, "/inbox?view=live"),
        (text().calls.refused, "/inbox?view=refused"),
        (text().calls.strangers, "/inbox?view=strangers"),
        (frame.agents, "/channels/phone/agents"),
        (text().agents.new, "/channels/phone/agents/new"),
        (frame.numbers, "/channels/phone/numbers"),
        (text().sip.add_numbers, "/settings/sip#numbers"),
        (frame.sip, "/settings/sip"),
        (text().sip.who, "/settings/sip#who"),
        (text().ways_out.trunks, "/settings/sip#outbound"),
        (text().ways_out.add, "/settings/sip/outbound/new"),
        (text().handed_on.title, "/channels/phone/destinations"),
        (frame.access, "/settings/access"),
        (text().people.create_key, "/settings/access#keys"),
        (text().hooks.title, "/settings/webhooks"),
        (frame.system, "/settings/system"),
        (frame.audit, "/settings/audit"),
        (frame.help, "/troubleshooting"),
        (
            text().troubleshooting.test_a_route,
            "/troubleshooting#route",
        ),
        (frame.account, "/account"),
    ];
    places
        .into_iter()
        .filter(|(name, _)| name.to_lowercase().contains(words))
        .map(|(name, to)| of(say.page, name.to_owned(), to.to_owned()))
        .collect()
}

/// `/search?q=…`
#[component]
pub fn SearchPage() -> impl IntoView {
    let say = &text().keys;
    let q = query("q").unwrap_or_default();
    let asked = q.clone();
    let found = Resource::new(|| (), move |()| search(asked.clone()));
    view! {
        <div class="page">
            <PageHead title=say.search/>
            <form method="get" action="/search" class="filters" role="search">
                <div class="field"><label class="label" for="q">{say.palette_label}</label><input id="q" name="q" type="search" class="input input-medium" value=q/></div>
                <div class="form-actions"><Submit label=text().numbers.find/></div>
            </form>
            {loaded(found, list)}
        </div>
    }
}

fn list(found: Vec<Found>) -> impl IntoView {
    if found.is_empty() {
        return view! { <Empty why=text().keys.nothing_found/> }.into_any();
    }
    let rows = found
        .into_iter()
        .map(|one| view! { <li><a href=one.to class="wrap-anywhere">{one.label}</a>" "<span class="muted small">{one.kind}</span></li> })
        .collect_view();
    view! { <ul class="stack-tight" role="list">{rows}</ul> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::inbox::filter_of;

    #[test]
    fn looking_further_leaves_no_call_out() {
        let [taken, refused] = in_inbox("4155").map(|found| found.to);
        assert_eq!(taken, "/inbox?number=4155");
        assert_eq!(refused, "/inbox?view=refused&number=4155");
        let shows = |view| filter_of(view, "4155", "", "").unwrap().refused;
        assert_eq!(
            (shows("calls"), shows("refused")),
            (Some(false), Some(true)),
            "each shows what the other does not"
        );
    }
}
