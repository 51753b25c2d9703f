//! What a refused form brings back, and the form fields' view of it: the values that were
//! typed and the reasons against them, so that server and browser start from one state.

use leptos::prelude::use_context;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, FieldErrors, Reason};

/// A server function that wants what it was sent to be looked at first sets this header to the
/// page that shows it; the door puts [`Returned`] into that page's context, without an error.
/// However much was sent: no address could carry it.
pub const ASKS: &str = "x-asks";

/// The door puts this into the context of the page a refused form names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The server function that refused, such as `/fn/create_agent`.
    pub function: String,
    /// What was sent, form-encoded, without its secrets.
    pub body: String,
    /// Why it was refused; nothing when a sign-in came between, or when it is asked back.
    pub error: Option<AppError>,
}

impl Returned {
    /// A field of the draft that a form of this function sent and is asked about.
    pub fn asked(function: &str, field: &str) -> Option<String> {
        let returned = use_context::<Self>()
            .filter(|returned| returned.function == function && returned.error.is_none())?;
        let name = input_name(field);
        pairs(&returned.body)
            .into_iter()
            .find(|(sent, _)| *sent == name)
            .map(|(_, value)| value)
    }
}

/// One form's state: what its fields hold and what is wrong with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormState {
    function: &'static str,
    typed: Option<Vec<(String, String)>>,
    stored: Vec<(&'static str, String)>,
    error: Option<AppError>,
}

impl FormState {
    /// The state of the form that posts to `function`; `mark` tells several forms of one
    /// function on one page apart by a field they must have sent.
    pub fn of(function: &'static str) -> Self {
        Self::matching(function, |_| true)
    }

    /// As [`FormState::of`], if the fields sent include this one with this value.
    pub fn of_one(function: &'static str, field: &str, value: &str) -> Self {
        Self::matching(function, |typed| {
            typed
                .iter()
                .any(|(name, sent)| name == field && sent == value)
        })
    }

    fn matching(function: &'static str, is_ours: impl FnOnce(&[(String, String)]) -> bool) -> Self {
        let empty = Self {
            function,
            ..Self::default()
        };
        let Some(returned) =
            use_context::<Returned>().filter(|returned| returned.function == function)
        else {
            return empty;
        };
        let typed = pairs(&returned.body);
        if is_ours(&typed) {
            Self {
                typed: Some(typed),
                error: returned.error,
                ..empty
            }
        } else {
            empty
        }
    }

    /// A form of that function which never shows what came back.
    #[must_use]
    pub fn posting_to(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    /// Starts from what is stored, for a form that edits.
    #[must_use]
    pub fn or_stored(mut self, stored: Vec<(&'static str, String)>) -> Self {
        self.stored = stored;
        self
    }

    /// The address the form posts to.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Whether this form was sent and came back.
    pub fn came_back(&self) -> bool {
        self.typed.is_some()
    }

    /// What the field holds: as typed, else as stored, else nothing.
    pub fn value(&self, field: &str) -> String {
        let field = bare(field);
        let input = input_name(field);
        match &self.typed {
            Some(typed) => typed
                .iter()
                .find(|(name, _)| *name == input || name == field)
                .map(|(_, value)| value.clone()),
            None => self
                .stored
                .iter()
                .find(|(name, _)| *name == field)
                .map(|(_, value)| value.clone()),
        }
        .unwrap_or_default()
    }

    /// Everything that was sent.
    pub fn typed(&self) -> &[(String, String)] {
        self.typed.as_deref().unwrap_or_default()
    }

    /// Every value of a field that may be sent or stored several times.
    pub fn values(&self, field: &str) -> Vec<String> {
        let name = format!("{}[]", input_name(field));
        match &self.typed {
            Some(typed) => typed
                .iter()
                .filter(|(sent, _)| *sent == name)
                .map(|(_, value)| value.clone())
                .collect(),
            None => self
                .stored
                .iter()
                .filter(|(name, _)| *name == bare(field))
                .map(|(_, value)| value.clone())
                .collect(),
        }
    }

    /// Why the field was refused.
    pub fn reason(&self, field: &str) -> Option<&Reason> {
        self.errors()?.of(bare(field).trim_start_matches('='))
    }

    /// All refused fields.
    pub fn errors(&self) -> Option<&FieldErrors> {
        match &self.error {
            Some(AppError::Invalid(errors)) => Some(errors),
            _ => None,
        }
    }

    /// A refusal that belongs to the whole form.
    pub fn failure(&self) -> Option<&AppError> {
        self.error
            .as_ref()
            .filter(|error| !matches!(error, AppError::Invalid(_)))
    }
}

/// The name an input has for a field of the draft: `name` is `draft[name]`, `engine.url` is
/// `draft[engine][url]`. Arguments of their own keep their names with a leading `=`.
pub fn input_name(field: &str) -> String {
    let field = bare(field);
    match field.strip_prefix('=') {
        Some(own) => own.to_owned(),
        None => format!("draft[{}]", field.replace('.', "][")),
    }
}

/// A field's name without what tells two forms of one page apart: `label#address`.
fn bare(field: &str) -> &str {
    field.split('#').next().unwrap_or(field)
}

/// An id for the input of a field; one field name occurs once a page.
pub fn input_id(field: &str) -> String {
    field
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect::<String>()
        .trim_matches('-')
        .to_owned()
}

/// Reads a form-encoded text. Unreadable escapes stay as they are.
pub fn pairs(body: &str) -> Vec<(String, String)> {
    body.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Writes a form-encoded text.
pub fn encode(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| hex(bytes.get(at + 1..at + 3)?))
            .flatten();
        match (byte, escaped) {
            (_, Some(decoded)) => {
                out.push(decoded);
                at += 2;
            }
            (b'+', None) => out.push(b' '),
            (other, None) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        assert_eq!(
            pairs("draft%5Bname%5D=Front+desk&draft[host]=%C3%A4&odd=%zz&bare"),
            [
                ("draft[name]", "Front desk"),
                ("draft[host]", "ä"),
                ("odd", "%zz"),
                ("bare", "")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn writes_what_it_reads() {
        let text = "a b&c=d+é%\r\n";
        assert_eq!(
            pairs(&format!("x={}", encode(text))),
            [("x".to_owned(), text.to_owned())]
        );
    }

    #[test]
    fn a_field_of_a_field_has_its_name() {
        assert_eq!(input_name("engine.url"), "draft[engine][url]");
        assert_eq!(input_name("name#2"), "draft[name]");
        assert_eq!(input_name("=number"), "number");
    }

    #[test]
    fn survives_escapes_cut_short() {
        assert_eq!(decode("%"), "%");
        assert_eq!(decode("%4"), "%4");
        assert_eq!(decode("%é"), "%é");
    }
}
