use super::*;
use crate::domain::draft::{Change, Entry, EntryList};
use crate::error::{FieldErrors, Reason};

fn acme() -> OutboundDraft {
    OutboundDraft {
        name: Entry::text("Acme"),
        host: Entry::text("sip.acme.example"),
        username: Entry::text("patch"),
        password: Entry::text(" s3cret "),
        caller_number: Entry::text("+14155550100"),
        ..OutboundDraft::default()
    }
}

fn settings() -> OutboundSettings {
    acme().parse().unwrap().settings
}

fn codes(errors: &FieldErrors) -> Vec<(String, &'static str)> {
    errors
        .iter()
        .map(|(field, reason)| (field.to_owned(), reason.code()))
        .collect()
}

#[test]
fn a_trunk_starts_from_what_most_carriers_want() {
    let new = acme().parse().unwrap();
    let trunk = new.settings;
    assert_eq!((trunk.port, trunk.transport), (5060, Transport::Udp));
    assert_eq!(trunk.limits.max_channels, 10);
    assert_eq!(trunk.limits.max_cps, 1);
    let home = trunk.limits.allowed_regions;
    assert_eq!(home, ["US".parse().unwrap()]);
    assert_eq!(trunk.identity.assert, Assert::Pai);
    // Blanks at the ends of a password may belong to it.
    assert!(matches!(new.password, Change::Set(secret) if secret.expose() == " s3cret "));
}

#[test]
fn every_wrong_field_is_refused_at_once() {
    let draft = OutboundDraft {
        host: Entry::text("acme sip"),
        port: Entry::text("65536"),
        transport: Entry::text("sctp"),
        caller_number: Entry::text("415-555-0100"),
        from_user: Entry::text("a@b"),
        prefix: Entry::text("9 or so"),
        allowed_regions: EntryList::of(["US", "Atlantis"]),
        max_cps: Entry::text("0"),
        ..OutboundDraft::default()
    };
    let errors = draft.parse().unwrap_err();
    assert_eq!(
        codes(&errors),
        [
            ("name".to_owned(), "required"),
            ("host".to_owned(), "bad_host"),
            ("transport".to_owned(), "not_a_choice"),
            ("port".to_owned(), "out_of_range"),
            ("username".to_owned(), "credentials_missing"),
            ("password".to_owned(), "credentials_missing"),
            ("caller_number".to_owned(), "not_e164"),
            ("from_user".to_owned(), "bad_sip_uri"),
            ("prefix".to_owned(), "not_digits"),
            ("max_cps".to_owned(), "out_of_range"),
            ("allowed_regions.1".to_owned(), "no_such"),
        ]
    );
}

#[test]
fn a_pasted_uri_is_taken_apart() {
    let draft = OutboundDraft {
        host: Entry::text("sip:acme.example:5081;transport=tls"),
        ..acme()
    };
    assert!(draft.is_pasted() && !acme().is_pasted());
    let trunk = draft.parse().unwrap().settings;
    assert_eq!(trunk.host.to_string(), "acme.example");
    assert_eq!((trunk.port, trunk.transport), (5081, Transport::Tls));
}

#[test]
fn the_port_follows_the_transport_until_somebody_sets_it() {
    let tls = OutboundDraft {
        transport: Entry::text("tls"),
        ..OutboundDraft::default()
    };
    assert_eq!(tls.over(&settings()).unwrap().settings.port, 5061);
    let mut odd = settings();
    odd.port = 5080;
    assert_eq!(tls.over(&odd).unwrap().settings.port, 5080);
}

#[test]
fn a_password_that_is_not_sent_stays_and_one_without_use_goes() {
    let unchanged = OutboundDraft {
        password: Entry::text(""),
        ..OutboundDraft::default()
    };
    let kept = unchanged.over(&settings()).unwrap();
    assert_eq!(kept.password, Change::Leave);
    let off = OutboundDraft {
        digest: Entry::text("off"),
        ..OutboundDraft::default()
    };
    let gone = off.over(&settings()).unwrap();
    assert_eq!(gone.settings.auth, OutboundAuth::SourceIp);
    assert_eq!(gone.password, Change::Clear);
    let cleared = OutboundDraft {
        password: Entry::Null,
        ..OutboundDraft::default()
    };
    let refused = cleared.over(&settings()).unwrap_err();
    assert_eq!(refused.of("password"), Some(&Reason::CredentialsMissing));
}

#[test]
fn carriers_are_shown_what_they_want() {
    let callee = "+41446681800".parse().unwrap();
    let plain = settings();
    let shown = presented(&plain, &callee, &plain.caller_number);
    assert_eq!(shown.uri, "sip:+41446681800@sip.acme.example");
    assert_eq!(shown.to, "<sip:+41446681800@sip.acme.example>");
    assert_eq!(shown.from, "<sip:+14155550100@sip.acme.example>");
    assert_eq!(
        shown.asserted,
        Some((
            "P-Asserted-Identity",
            "<sip:+14155550100@sip.acme.example>".to_owned()
        ))
    );
    let mut odd = settings();
    odd.port = 5080;
    odd.transport = Transport::Tcp;
    odd.identity = Identity {
        country: "CH".parse().ok(),
        number_format: NumberFormat::National,
        caller_format: NumberFormat::Digits,
        from_user: Some("patch".to_owned()),
        from_host: "acme.example".parse().ok(),
        assert: Assert::Ppi,
        user_phone: true,
        prefix: Some("9".to_owned()),
        ..Identity::default()
    };
    let shown = presented(&odd, &callee, &odd.caller_number);
    assert_eq!(
        shown.uri,
        "sip:90446681800@sip.acme.example:5080;user=phone;transport=tcp"
    );
    assert_eq!(shown.from, "<sip:patch@acme.example;user=phone>");
    let (header, value) = shown.asserted.unwrap();
    assert_eq!(header, "P-Preferred-Identity");
    assert_eq!(value, "<sip:14155550100@acme.example;user=phone>");
}

#[test]
fn a_trunk_is_used_for_what_it_may_be() {
    let mut trunk = settings();
    trunk.limits.daily_cap_minutes = Some(10);
    let busy = |calls, begun, seconds_today| Busyness {
        calls,
        begun,
        seconds_today,
    };
    let jamaica = "JM".parse().ok();
    for (callee, busy, expect) in [
        ("+12125550100", busy(0, 0, 0), Ok(())),
        // +1, and yet not the United States.
        (
            "+18765550100",
            busy(0, 0, 0),
            Err(Forbidden::Country { country: jamaica }),
        ),
        (
            "+80012345678",
            busy(0, 0, 0),
            Err(Forbidden::Country { country: None }),
        ),
        ("+19005550100", busy(0, 0, 0), Err(Forbidden::Premium)),
        (
            "+12125550100",
            busy(10, 0, 0),
            Err(Forbidden::Channels { limit: 10 }),
        ),
        (
            "+12125550100",
            busy(0, 1, 0),
            Err(Forbidden::Rate { limit: 1 }),
        ),
        (
            "+12125550100",
            busy(0, 0, 600),
            Err(Forbidden::DailyCap { limit: 10 }),
        ),
    ] {
        let callee = callee.parse().unwrap();
        assert_eq!(may_dial(&trunk, &callee, busy), expect, "{callee}");
    }
}

#[test]
fn secure_audio_can_be_insisted_upon_over_tls_alone() {
    for (transport, wrong) in [
        ("udp", vec![("srtp".to_owned(), "not_a_choice")]),
        ("tcp", vec![("srtp".to_owned(), "not_a_choice")]),
        ("tls", vec![]),
    ] {
        let draft = OutboundDraft {
            transport: Entry::text(transport),
            srtp: Entry::text("required"),
            ..acme()
        };
        let found = draft.parse().err();
        assert_eq!(found.as_ref().map(codes).unwrap_or_default(), wrong);
    }
}
