//! Loading: layers, every problem at once, advice.

use super::*;

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("patchbay.toml");
    std::fs::write(&file, toml).unwrap();
    Config::load(
        Some(&file),
        &Environment::from_pairs(variables.iter().copied()),
    )
}

fn keys(problems: &Problems) -> Vec<&str> {
    problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect()
}

#[test]
fn the_manual_is_a_whole_configuration() {
    let config = Config::built_in().unwrap();
    assert_eq!(config.http.addr.to_string(), "127.0.0.1:3000");
    assert_eq!(
        config.sip.rtp_ports,
        PortRange {
            first: 20000,
            last: 29999
        }
    );
    assert_eq!(
        config.sip.digest.0,
        [DigestAlgorithm::Md5, DigestAlgorithm::Sha256]
    );
    assert_eq!(config.database_url().to_string(), "sqlite:data/patchbay.db");
    assert_eq!(config.sip.regions.eu.get(), None);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let loaded = load(
        "[http]\naddr = '127.0.0.1:4000'\n[sip]\nt1_ms = 50\n",
        &[
            ("PATCHBAY_HTTP__ADDR", "127.0.0.1:5000"),
            ("PATCHBAY_SIP__REGIONS__EU", "eu.example.com"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.config.http.addr.port(), 5000);
    assert_eq!(loaded.config.sip.t1_ms, 50);
    assert_eq!(
        loaded
            .config
            .sip
            .regions
            .eu
            .get()
            .map(ToString::to_string)
            .as_deref(),
        Some("eu.example.com")
    );
}

#[test]
fn lists_come_with_commas_from_the_environment() {
    let loaded = load(
        "",
        &[
            ("PATCHBAY_SIP__DIGEST", "sha-256"),
            ("PATCHBAY_HTTP__TRUSTED_PROXIES", "127.0.0.1, ::1"),
        ],
    );
    let Config { sip, http, .. } = loaded.unwrap().config;
    assert_eq!(sip.digest.0, [DigestAlgorithm::Sha256]);
    assert_eq!(http.trusted_proxies.len(), 2);
}

#[test]
fn every_problem_is_named_at_once() {
    let toml = "
        [http]
        addr = 'localhost'
        adr = 'x'
        public_url = 'ftp://x'
        [sip]
        rtp_ports = '9-1'
        local_networks = ['10.0.0.0/8', '10.0.0.0/33', 'here']
        agent_id_header = 'X Agent'
        t1_ms = 'soon'
        [sip.regions]
        mars = 'a.example.com'
        [limit]
        x = 1
    ";
    let problems = load(toml, &[("PATCHBAY_SIP__MAX_CALLS", "-1")]).unwrap_err();
    let mut found = keys(&problems);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "http.addr",
            "http.adr",
            "http.public_url",
            "limit",
            "sip.agent_id_header",
            "sip.local_networks",
            "sip.max_calls",
            "sip.regions.mars",
            "sip.rtp_ports",
            "sip.t1_ms",
        ]
    );
    let text = problems.to_string();
    for part in [
        "did you mean addr?",
        "PATCHBAY_SIP__MAX_CALLS",
        "10.0.0.0/33",
        "\"here\"",
        "\"soon\"",
        "did you mean limits?",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
}

#[test]
fn rules_between_settings_are_told_with_the_rest() {
    let problems = load(
        "[sip]\ntls_addr = '127.0.0.1:5061'\nmin_se_s = 30\ndigest = []\nmax_calls = 'many'\n",
        &[],
    )
    .unwrap_err();
    let found = keys(&problems);
    for key in [
        "sip.tls_cert",
        "sip.tls_key",
        "sip.min_se_s",
        "sip.digest",
        "sip.max_calls",
    ] {
        assert!(found.contains(&key), "{key} is not in {found:?}");
    }
}

#[test]
fn a_password_in_a_bad_url_is_not_repeated() {
    let problems = load("[database]\nurl = 'mysql://me:hunter2@db/x'\n", &[]).unwrap_err();
    assert!(!problems.to_string().contains("hunter2"));
    let url: DatabaseUrl = "postgres://me:hunter2@db/x?sslmode=require"
        .parse()
        .unwrap();
    assert_eq!(
        format!("{url} {url:?}"),
        "postgres://db/x DatabaseUrl(postgres://db/x)"
    );
}

#[test]
fn broken_toml_and_a_missing_file_are_problems_like_any_other() {
    assert_eq!(load("[http\n", &[]).unwrap_err().iter().count(), 1);
    let missing =
        Config::load(Some(Path::new("/nowhere/p.toml")), &Environment::empty()).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/p.toml"));
}

#[test]
fn a_section_that_is_no_section_is_named() {
    let problems = load("http = 5\n[sip]\nregions = 'eu'\n", &[]).unwrap_err();
    let mut found = keys(&problems);
    found.sort_unstable();
    assert_eq!(found, ["http", "sip.regions"]);
}

#[test]
fn advice_names_what_is_unwise() {
    let loaded = load(
        "[http]\npublic_url = 'http://10.0.0.1'\n[sip]\nexternal_ip = '10.1.2.3'\nrtp_ports = '20000-20099'\n",
        &[("PATCHBAY_HTTP_ADDR", "x")],
    )
    .unwrap();
    let text = loaded.advice.join("\n");
    for part in [
        "10.1.2.3 is private",
        "room for 50 calls",
        "plain http",
        "PATCHBAY_HTTP__ADDR",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
}

#[test]
fn public_urls_are_compared_as_browsers_write_origins() {
    let origin = |text: &str| text.parse::<PublicUrl>().map(|url| url.origin().to_owned());
    assert_eq!(
        origin("https://Phone.Example.com:443/").unwrap(),
        "https://phone.example.com"
    );
    assert_eq!(
        origin("http://127.0.0.1:3000").unwrap(),
        "http://127.0.0.1:3000"
    );
    for bad in [
        "phone.example.com",
        "https://x/path",
        "https://a@b",
        "https://",
        "javascript:1",
    ] {
        assert!(origin(bad).is_err(), "{bad}");
    }
}
