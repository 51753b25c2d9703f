//! Bad settings, as the binary tells of them: every key by its name, all of them at once.

use figment::Provider as _;
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Value};

use crate::binary::Installation;

/// `sip.guard.burst` for every value of the manual.
fn keys() -> Vec<String> {
    let manual = Toml::string(server::config::MANUAL).data().unwrap();
    let mut keys = Vec::new();
    for sections in manual.into_values() {
        walk("", sections, &mut keys);
    }
    keys
}

fn walk(above: &str, section: Dict, keys: &mut Vec<String>) {
    for (name, value) in section {
        let key = format!("{above}{name}");
        match value {
            Value::Dict(_, inner) => walk(&format!("{key}."), inner, keys),
            _ => keys.push(key),
        }
    }
}

#[test]
fn every_key_that_holds_what_none_can_hold_is_named_at_once() {
    let keys = keys();
    assert!(keys.len() > 50, "{keys:?}");
    let house = Installation::new();
    // A section where a value belongs: no key allows it. In dotted notation, in any order.
    let wrong: String = keys
        .iter()
        .map(|key| format!("{key}.wrong = 1\n"))
        .collect();
    house.write("patchbay.toml", &wrong);
    // What the test itself sets by environment would stand above the file.
    let failed = house.run_bare(&["check-config"]);
    failed.refused_naming(&[&format!("{} problems", keys.len())]);
    for key in &keys {
        let told = failed.stderr();
        let line = told
            .lines()
            .find(|line| line.trim().starts_with(&format!("{key}: ")));
        let line = line.unwrap_or_else(|| panic!("{key} is not in:\n{told}"));
        let (_, allowed) = line.split_once("; allowed: ").unwrap();
        assert!(line.contains("found a section"), "{line}");
        assert!(!allowed.trim().is_empty(), "{line}");
    }
}

#[test]
fn a_value_of_the_right_kind_that_cannot_be_is_told_with_what_can() {
    let cases = [
        (
            "http.addr",
            "'localhost'",
            "\"localhost\"",
            "127.0.0.1:3000",
        ),
        (
            "http.public_url",
            "'console.example.com'",
            "\"console.example.com\"",
            "http",
        ),
        (
            "http.trusted_proxies",
            "['10.0.0.0/40']",
            "10.0.0.0/40",
            "10.0.0.0/8",
        ),
        ("data.dir", "''", "nothing", "a folder"),
        (
            "database.url",
            "'mysql://db/x'",
            "mysql://db/x",
            "sqlite:PATH",
        ),
        ("sign_in.max_hours", "0", "0", "1 or more"),
        (
            "sip.addr",
            "'0.0.0.0'",
            "\"0.0.0.0\"",
            "an address and a port",
        ),
        ("sip.external_host", "'a b'", "\"a b\"", ""),
        (
            "sip.rtp_ports",
            "'30000-20000'",
            "\"30000-20000\"",
            "the lower first",
        ),
        ("sip.digest", "['MD6']", "MD6", "MD5, SHA-256"),
        ("sip.t1_ms", "-5", "-5", "a whole number, 0 or more"),
        ("sip.max_calls", "0", "0", "1 or more"),
        ("sip.min_se_s", "30", "30", "90 or more"),
        ("sip.agent_id_header", "'X Agent'", "\"X Agent\"", ""),
        (
            "sip.product",
            "\"Patchbay\\r\\nVia: me\"",
            "Via: me",
            "visible ASCII",
        ),
        (
            "sip.allow_local_targets",
            "'perhaps'",
            "\"perhaps\"",
            "true or false",
        ),
        ("sip.regions.eu", "'a b'", "\"a b\"", ""),
        ("sip.guard.known_burst", "0", "0", "1 or more"),
        ("sip.guard.handshake_s", "0", "0", "1 or more"),
        (
            "media.jitter_min_ms",
            "900",
            "900",
            "media.jitter_max_ms or less",
        ),
        ("media.timeout_s", "0", "0", "1 or more"),
        ("limits.body_kib", "0", "0", "1 or more"),
        (
            "retention.calls_days",
            "-1",
            "-1",
            "a whole number, 0 or more",
        ),
        ("log.format", "'xml'", "\"xml\"", "text, json"),
        ("log.filter", "'server=loud'", "server=loud", "info"),
        (
            "shutdown.drain_s",
            "1.5",
            "1.5",
            "a whole number, 0 or more",
        ),
    ];
    let house = Installation::new();
    let wrong: String = cases
        .iter()
        .map(|(key, value, ..)| format!("{key} = {value}\n"))
        .collect();
    house.write("patchbay.toml", &wrong);
    let failed = house.run_bare(&["serve"]);
    failed.refused_naming(&[&format!("{} problems", cases.len())]);
    let told = failed.stderr();
    for (key, _, found, allowed) in cases {
        let line = told
            .lines()
            .find(|line| line.trim().starts_with(&format!("{key}: ")));
        let line = line.unwrap_or_else(|| panic!("{key} is not in:\n{told}"));
        let (has, can) = line.split_once("; allowed: ").unwrap();
        assert!(has.contains(found) && can.contains(allowed), "{line}");
    }
}

#[test]
fn a_value_from_the_environment_is_told_by_the_variables_name() {
    let house = Installation::new();
    let failed = house.run_with(
        &["check-config"],
        "",
        &[
            ("PATCHBAY_SIP__GUARD__BURST", "lots"),
            ("PATCHBAY_SIP__REGIONS__MARS", "x"),
            ("PATCHBAY_HTTP__TRUSTED_PROXIES", "10.0.0.1,here"),
        ],
    );
    failed.refused_naming(&[
        "sip.guard.burst (from PATCHBAY_SIP__GUARD__BURST): found \"lots\"",
        "sip.regions.mars (from PATCHBAY_SIP__REGIONS__MARS)",
        "\"here\"",
        "3 problems",
    ]);
}
