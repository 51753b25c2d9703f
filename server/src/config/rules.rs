//! Settings that are each fine and do not go together.

use super::{Config, Origin, Problem, Problems};

pub(super) fn check(config: &Config, problems: &mut Problems) {
    let mut say = |key: &str, found: String, allowed: &str| {
        problems.add(Problem {
            key: key.into(),
            found,
            allowed: allowed.into(),
            origin: Origin::Together,
        });
    };
    let sip = &config.sip;
    if sip.tls_addr.get().is_some() {
        for (key, file) in [
            ("sip.tls_cert", &sip.tls_cert),
            ("sip.tls_key", &sip.tls_key),
        ] {
            if file.get().is_none() {
                say(
                    key,
                    "nothing".into(),
                    "a PEM file, since sip.tls_addr is set",
                );
            }
        }
    }
    if sip.digest.is_empty() {
        say("sip.digest", "an empty list".into(), "MD5, SHA-256 or both");
    }
    if sip.addr == config.http.addr && sip.addr.port() != 0 {
        say(
            "sip.addr",
            sip.addr.to_string(),
            "another port than http.addr",
        );
    }
    // RFC 4028 §5: 90 seconds is the least a Min-SE may say.
    if sip.min_se_s < 90 {
        say(
            "sip.min_se_s",
            sip.min_se_s.to_string(),
            "90 or more (RFC 4028)",
        );
    }
    if sip.session_expires_s < sip.min_se_s {
        say(
            "sip.session_expires_s",
            sip.session_expires_s.to_string(),
            "sip.min_se_s or more",
        );
    }
    if config.media.jitter_min_ms > config.media.jitter_max_ms {
        say(
            "media.jitter_min_ms",
            config.media.jitter_min_ms.to_string(),
            "media.jitter_max_ms or less",
        );
    }
    // It stands in every message we send.
    let product = &sip.product;
    let visible = product.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if product.trim().is_empty() || product.len() > 64 || !visible {
        say(
            "sip.product",
            format!("{product:?}"),
            "1 to 64 visible ASCII characters",
        );
    }
    if config.data.dir.as_os_str().is_empty() {
        say("data.dir", "nothing".into(), "a folder");
    }
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log.filter) {
        say(
            "log.filter",
            format!("{:?} ({error})", config.log.filter),
            "like info,server=debug",
        );
    }
    for (key, found, least) in positive(config) {
        if found < least {
            say(key, found.to_string(), &format!("{least} or more"));
        }
    }
}

/// Settings for which zero would mean that nothing works.
fn positive(config: &Config) -> [(&'static str, u32, u32); 17] {
    let (sip, guard) = (&config.sip, &config.sip.guard);
    [
        ("sign_in.idle_minutes", config.sign_in.idle_minutes, 1),
        ("sign_in.max_hours", config.sign_in.max_hours, 1),
        ("sign_in.parallel_hashes", config.sign_in.parallel_hashes, 1),
        ("sip.t1_ms", sip.t1_ms, 1),
        ("sip.max_calls", sip.max_calls, 1),
        ("sip.guard.rate_per_s", guard.rate_per_s, 1),
        ("sip.guard.burst", guard.burst, 1),
        ("sip.guard.known_rate_per_s", guard.known_rate_per_s, 1),
        ("sip.guard.known_burst", guard.known_burst, 1),
        ("sip.guard.ban_after", guard.ban_after, 1),
        (
            "sip.guard.connections_per_source",
            guard.connections_per_source,
            1,
        ),
        ("sip.guard.max_connections", guard.max_connections, 1),
        ("sip.guard.connection_idle_s", guard.connection_idle_s, 1),
        ("sip.guard.handshake_s", guard.handshake_s, 1),
        ("media.timeout_s", config.media.timeout_s, 1),
        ("limits.api_per_minute", config.limits.api_per_minute, 1),
        ("limits.body_kib", config.limits.body_kib, 1),
    ]
}
