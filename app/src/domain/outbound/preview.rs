//! What a trunk's INVITE will say, read from a form that is not sent yet. Pure: the page shows it of what is
//! stored, and the browser of what is being typed, in the same lines.

use super::{OutboundDraft, presented};
use crate::domain::draft::Entry;
use crate::domain::phone::PhoneNumber;

/// Whom the preview calls: a number that is kept free for examples.
const EXAMPLE: &str = "+493023125012";

/// The INVITE's own lines, and where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Request line, To, From and who vouches.
    pub lines: String,
    /// `sip.acme.example:5060`.
    pub target: String,
    /// `UDP`.
    pub transport: String,
}

/// Of what the form's fields hold; none while host or caller number can't be read. Only what the INVITE shows is
/// read: a name or a limit that is wrong takes nothing away, and no password is needed.
pub fn preview(field: impl Fn(&str) -> String) -> Option<Preview> {
    let entry = |name: &str| Entry::text(field(name));
    let draft = OutboundDraft {
        name: Entry::text("-"),
        digest: Entry::text("off"),
        host: entry("host"),
        port: entry("port"),
        transport: absent_if_blank(entry("transport")),
        caller_number: entry("caller_number"),
        country: entry("country"),
        number_format: absent_if_blank(entry("number_format")),
        caller_format: absent_if_blank(entry("caller_format")),
        from_user: entry("from_user"),
        from_host: entry("from_host"),
        assert: absent_if_blank(entry("assert")),
        user_phone: entry("user_phone"),
        prefix: entry("prefix"),
        ..OutboundDraft::default()
    };
    let settings = draft.parse().ok()?.settings;
    let callee: PhoneNumber = EXAMPLE.parse().ok()?;
    let sent = presented(&settings, &callee, &settings.caller_number);
    let vouched = sent
        .asserted
        .map(|(header, value)| format!("\n{header}: {value}"));
    Some(Preview {
        lines: format!(
            "INVITE {}\nTo: {}\nFrom: {}{}",
            sent.uri,
            sent.to,
            sent.from,
            vouched.unwrap_or_default()
        ),
        target: format!("{}:{}", settings.host, settings.port),
        transport: settings.transport.as_str().to_uppercase(),
    })
}

/// A form that has no such field yet shows what a new trunk starts from.
fn absent_if_blank(entry: Entry) -> Entry {
    if entry.is_blank() {
        Entry::Absent
    } else {
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, &str)]) -> Option<Preview> {
        preview(|name| {
            let found = fields.iter().find(|(field, _)| *field == name);
            found
                .map(|(_, value)| (*value).to_owned())
                .unwrap_or_default()
        })
    }

    #[test]
    fn host_and_caller_number_are_enough() {
        let fields = [
            ("host", "sip.acme.example"),
            ("caller_number", "+14155550100"),
        ];
        let shown = of(&fields).unwrap();
        assert_eq!(
            shown.lines,
            "INVITE sip:+493023125012@sip.acme.example\nTo: <sip:+493023125012@sip.acme.example>\n\
             From: <sip:+14155550100@sip.acme.example>\n\
             P-Asserted-Identity: <sip:+14155550100@sip.acme.example>"
        );
        assert_eq!(
            (&*shown.target, &*shown.transport),
            ("sip.acme.example:5060", "UDP")
        );
        assert_eq!(of(&fields[..1]), None);
    }

    #[test]
    fn what_the_invite_does_not_show_takes_nothing_away() {
        let fields = [
            ("host", "sip.acme.example"),
            ("caller_number", "+14155550100"),
            ("max_channels", "lots"),
            ("digest", "on"),
            ("prefix", "9"),
            ("transport", "tls"),
        ];
        let shown = of(&fields).unwrap();
        assert!(
            shown
                .lines
                .starts_with("INVITE sip:9+493023125012@sip.acme.example;transport=tls")
        );
        assert_eq!(shown.target, "sip.acme.example:5061");
    }
}
