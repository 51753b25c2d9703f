//! Who calls: what the headers say, and how much of it is believed (`sip.md`, Who calls).
//!
//! Pure. Only an authenticated peer may assert somebody else's identity (RFC 3325 §4).

use app::domain::call::CallerId;
use app::domain::phone::PhoneNumber;
use app::domain::phone::readings;

use super::message::Message;
use super::message::address::{Address, user_of};

/// Most characters kept of a display name.
const NAME: usize = 80;
/// Most characters kept of a raw header.
const RAW: usize = 512;

/// May this peer speak for others?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Authenticated,
    Stranger,
}

/// Reads the caller out of an INVITE.
pub fn caller(invite: &Message, trust: Trust) -> CallerId {
    let raw_from = invite.get("From").unwrap_or_default();
    let asserted = (trust == Trust::Authenticated)
        .then(|| assertion(invite))
        .flatten();
    let from = Address::read(raw_from);
    let said = asserted.map(Address::read);
    let number = said
        .as_ref()
        .and_then(|said| number_of(said.uri))
        .or_else(|| number_of(from.uri));
    let name = said
        .as_ref()
        .and_then(|said| name_of(&said.display))
        .or_else(|| name_of(&from.display));
    CallerId {
        number,
        name,
        anonymous: wants_privacy(invite) || is_anonymous(&from),
        raw_from: cut(raw_from, RAW),
        asserted: asserted.map(|value| cut(value, RAW)),
        diverted_from: diverted_from(invite),
    }
}

/// First P-Asserted-Identity with a number, else Remote-Party-ID.
fn assertion(invite: &Message) -> Option<&str> {
    let has_number = |value: &&str| number_of(Address::read(value).uri).is_some();
    invite
        .list("P-Asserted-Identity")
        .find(has_number)
        .or_else(|| invite.list("Remote-Party-ID").find(has_number))
}

/// RFC 3323 §4.2; Remote-Party-ID has a parameter of its own for it.
fn wants_privacy(invite: &Message) -> bool {
    let asked = invite
        .all("Privacy")
        .flat_map(|value| value.split([';', ',']))
        .any(|value| {
            let value = value.trim();
            value.eq_ignore_ascii_case("id") || value.eq_ignore_ascii_case("user")
        });
    let party = invite.list("Remote-Party-ID").next().map(Address::read);
    asked
        || party
            .and_then(|party| party.parameter("privacy"))
            .is_some_and(|value| !value.eq_ignore_ascii_case("off"))
}

/// RFC 3323 §4.1.1.3, and what older equipment writes instead.
fn is_anonymous(from: &Address<'_>) -> bool {
    let host = from.host_port().unwrap_or_default();
    let user = from.user().unwrap_or_default();
    host.eq_ignore_ascii_case("anonymous.invalid")
        || user.eq_ignore_ascii_case("anonymous")
        || (from.display.eq_ignore_ascii_case("anonymous") && number_of(from.uri).is_none())
}

/// First Diversion (RFC 5806), else the entry of History-Info (RFC 7044) the call was sent on from.
fn diverted_from(invite: &Message) -> Option<String> {
    let diversion = invite.list("Diversion").next();
    let history = || {
        let entries: Vec<&str> = invite.list("History-Info").collect();
        // A single entry is where the call was first sent: no diversion.
        (entries.len() > 1).then(|| entries[0])
    };
    let value = diversion.or_else(history)?;
    let address = Address::read(value);
    let party = match number_of(address.uri) {
        Some(number) => number.as_str().to_owned(),
        None => address.user().unwrap_or(address.uri).to_owned(),
    };
    Some(cut(&party, NAME)).filter(|party| !party.is_empty())
}

/// The number a URI's user part is; without a country only international spellings count.
pub fn number_of(uri: &str) -> Option<PhoneNumber> {
    let user = user_of(uri)?;
    readings(user, None)
        .into_iter()
        .map(|(_, number)| number)
        .next()
}

fn name_of(display: &str) -> Option<String> {
    let name: String = display
        .chars()
        .filter(|c| !c.is_control() && !is_bidi(*c))
        .take(NAME)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Marks that could turn the text around them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        name: &'static str,
        headers: &'static [(&'static str, &'static str)],
        trust: Trust,
        number: Option<&'static str>,
        display: Option<&'static str>,
        anonymous: bool,
        diverted: Option<&'static str>,
    }

    const FROM: (&str, &str) = ("From", "\"Ann\" <sip:+442079460000@c.example>;tag=1");

    fn case(name: &'static str, headers: &'static [(&'static str, &'static str)]) -> Case {
        Case {
            name,
            headers,
            trust: Trust::Authenticated,
            number: Some("+442079460000"),
            display: Some("Ann"),
            anonymous: false,
            diverted: None,
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn reads_who_calls() {
        let cases = [
            case("From alone", &[FROM]),
            Case {
                number: Some("+14155550123"),
                display: Some("Bob"),
                ..case(
                    "an assertion goes before From",
                    &[
                        FROM,
                        (
                            "P-Asserted-Identity",
                            "\"Bob\" <sip:+14155550123@c.example>",
                        ),
                    ],
                )
            },
            Case {
                number: Some("+14155550123"),
                ..case(
                    "the first assertion with a number",
                    &[
                        FROM,
                        (
                            "P-Asserted-Identity",
                            "<sip:bob@c.example>, <tel:+14155550123>",
                        ),
                    ],
                )
            },
            Case {
                trust: Trust::Stranger,
                ..case(
                    "a stranger asserts nothing",
                    &[
                        FROM,
                        (
                            "P-Asserted-Identity",
                            "\"Bob\" <sip:+14155550123@c.example>",
                        ),
                    ],
                )
            },
            Case {
                number: Some("+14155550124"),
                ..case(
                    "Remote-Party-ID in its place",
                    &[
                        FROM,
                        (
                            "Remote-Party-ID",
                            "<sip:+14155550124@c.example>;party=calling;privacy=off",
                        ),
                    ],
                )
            },
            Case {
                anonymous: true,
                ..case("privacy asked for", &[FROM, ("Privacy", "id;critical")])
            },
            case("privacy for something else", &[FROM, ("Privacy", "none")]),
            Case {
                anonymous: true,
                number: None,
                display: Some("Anonymous"),
                ..case(
                    "an anonymous From",
                    &[(
                        "From",
                        "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1",
                    )],
                )
            },
            Case {
                diverted: Some("+14155550199"),
                ..case(
                    "diverted",
                    &[
                        FROM,
                        (
                            "Diversion",
                            "<sip:+14155550199@c.example>;reason=unconditional, <sip:+1@x>",
                        ),
                    ],
                )
            },
            Case {
                diverted: Some("204"),
                ..case(
                    "diverted by history",
                    &[
                        FROM,
                        (
                            "History-Info",
                            "<sip:204@c.example>;index=1, <sip:+1@x>;index=1.1",
                        ),
                    ],
                )
            },
            case(
                "a history of one is no diversion",
                &[FROM, ("History-Info", "<sip:+14155550100@x>;index=1")],
            ),
        ];
        for case in cases {
            let mut invite = Message::request("INVITE", "sip:h");
            for (name, value) in case.headers {
                invite.push(name, *value);
            }
            let caller = caller(&invite, case.trust);
            assert_eq!(
                caller.number.as_ref().map(PhoneNumber::as_str),
                case.number,
                "{}",
                case.name
            );
            assert_eq!(caller.name.as_deref(), case.display, "{}", case.name);
            assert_eq!(caller.anonymous, case.anonymous, "{}", case.name);
            assert_eq!(
                caller.diverted_from.as_deref(),
                case.diverted,
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn names_lose_what_could_turn_the_page_around() {
        let invite = Message::request("INVITE", "sip:h")
            .with("From", "\"\u{202e}lave\u{7}\" <sip:a@h>;tag=1");
        assert_eq!(
            caller(&invite, Trust::Stranger).name.as_deref(),
            Some("lave")
        );
    }
}
