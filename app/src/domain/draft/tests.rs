use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Draft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    name: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    numbers: EntryList,
}

fn json(text: &str) -> Draft {
    serde_json::from_str(text).unwrap()
}

fn form(text: &str) -> Draft {
    serde_qs::from_str(text).unwrap()
}

#[test]
fn every_json_value_becomes_an_entry() {
    for (given, expect) in [
        ("{}", Entry::Absent),
        (r#"{"name":null}"#, Entry::Null),
        (r#"{"name":"Acme"}"#, Entry::text("Acme")),
        (r#"{"name":""}"#, Entry::text("")),
        (r#"{"name":5060}"#, Entry::Bare("5060".to_owned())),
        (r#"{"name":-1.5}"#, Entry::Bare("-1.5".to_owned())),
        (r#"{"name":true}"#, Entry::Bare("true".to_owned())),
        (r#"{"name":[1,{"a":[]}]}"#, Entry::Other(Kind::List)),
        (r#"{"name":{"a":{"b":null}}}"#, Entry::Other(Kind::Object)),
    ] {
        assert_eq!(json(given).name, expect, "{given}");
    }
}

#[test]
fn lists_come_as_arrays_as_brackets_and_as_pasted_text() {
    let two = EntryList::of(["+14155550100", "+14155550101"]);
    assert_eq!(
        json(r#"{"numbers":["+14155550100","+14155550101"]}"#).numbers,
        two
    );
    assert_eq!(
        json(r#"{"numbers":"+14155550100\r\n+14155550101\n\n"}"#).numbers,
        two
    );
    assert_eq!(
        form("numbers[0]=%2B14155550100&numbers[1]=%2B14155550101").numbers,
        two
    );
    assert_eq!(
        form("numbers=%2B14155550100%0D%0A%2B14155550101").numbers,
        two
    );
    assert_eq!(json(r#"{"numbers":null}"#).numbers, EntryList::Null);
    assert_eq!(
        json(r#"{"numbers":{}}"#).numbers,
        EntryList::Other(Kind::Object)
    );
    assert_eq!(form("name=x").numbers, EntryList::Absent);
    let odd = json(r#"{"numbers":[1,null,[]]}"#).numbers;
    assert_eq!(
        odd,
        EntryList::Items(vec![
            Entry::Bare("1".to_owned()),
            Entry::Null,
            Entry::Other(Kind::List)
        ])
    );
}

#[test]
fn accessors_refuse_what_a_field_cannot_hold() {
    use DraftProblem::{
        ForbiddenCharacter, NotAChoice, NotASwitch, NotAnInteger, OutOfRange, Required, TooLong,
        WrongKind,
    };
    let text = |text: &str| Entry::text(text);
    assert_eq!(text("  ").required(), Err(Required));
    assert_eq!(text(" Acme ").required(), Ok("Acme"));
    assert_eq!(
        Entry::Other(Kind::List).required(),
        Err(WrongKind { found: Kind::List })
    );
    assert_eq!(text("abc").line(2), Err(TooLong { max: 2, has: 3 }));
    assert_eq!(text("äöü").line(3), Ok(Some("äöü")));
    for character in ['\r', '\0', '\u{202e}', '\u{200f}', '\u{7f}'] {
        let name = format!("a{character}b");
        assert_eq!(
            text(&name).line(9),
            Err(ForbiddenCharacter { character }),
            "{name:?}"
        );
    }
    assert_eq!(text("a\nb").lines(9), Ok(Some("a\nb")));
    assert_eq!(
        text("a\0b").lines(9),
        Err(ForbiddenCharacter { character: '\0' })
    );
    assert_eq!(text("on").switch(), Ok(Some(true)));
    assert_eq!(text("false").switch(), Ok(Some(false)));
    assert_eq!(text("yes").switch(), Err(NotASwitch));
    assert_eq!(text("5060").integer(1..=65_535), Ok(Some(5060)));
    assert_eq!(
        text("0").integer(1..=65_535),
        Err(OutOfRange {
            min: 1,
            max: 65_535
        })
    );
    assert_eq!(
        text(&"9".repeat(4_000)).integer(0..=9),
        Err(OutOfRange { min: 0, max: 9 })
    );
    for odd in ["1.5", "1e3", "+5", "٣", "-", "0x10"] {
        assert_eq!(text(odd).integer(0..=9_999), Err(NotAnInteger), "{odd}");
    }
    assert_eq!(
        text("up").choice(|word| (word == "down").then_some(())),
        Err(NotAChoice)
    );
    assert_eq!(text(" p ").verbatim(), Ok(Some(" p ")));
}

#[test]
fn a_number_of_json_is_a_number_and_no_name() {
    let bare = |text: &str| Entry::Bare(text.to_owned());
    let refused = DraftProblem::WrongKind { found: Kind::Bare };
    assert_eq!(bare("7").integer(1..=9), Ok(Some(7)));
    assert_eq!(bare("1.5").integer(1..=9), Err(DraftProblem::NotAnInteger));
    assert_eq!(bare("true").switch(), Ok(Some(true)));
    assert_eq!(bare("7").line(9), Err(refused.clone()));
    assert_eq!(bare("7").lines(9), Err(refused.clone()));
    assert_eq!(bare("7").verbatim(), Err(refused.clone()));
    assert_eq!(bare("7").change(), Err(refused));
    assert_eq!((bare("7").shown(), bare("7").is_blank()), ("7", false));
}

#[test]
fn absent_leaves_null_and_empty_clear() {
    assert_eq!(Entry::Absent.change(), Ok(Change::Leave));
    assert_eq!(Entry::Null.change(), Ok(Change::Clear));
    assert_eq!(Entry::text(" ").change(), Ok(Change::Clear));
    assert_eq!(
        Entry::text("x")
            .change()
            .map(|change| change.applied_to(None)),
        Ok(Some("x"))
    );
}

proptest! {
    #[test]
    fn a_draft_reads_what_it_writes(name: String, numbers: Vec<String>) {
        let draft = Draft { name: name.into(), numbers: EntryList::of(numbers) };
        let text = serde_json::to_string(&draft).unwrap();
        prop_assert_eq!(json(&text), draft);
    }
}
