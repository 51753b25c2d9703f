//! What the outside can see of a run: log lines and counters.
//!
//! An [`Event`] writes its line and moves its counter in one call, so that the two
//! cannot drift apart. Labels are names from fixed sets, never a number, a host or
//! an id: those belong into the line. Nothing here may print a secret, a body, SDP
//! or a whole telephone number ([`masked`]).

use std::fmt;
use std::time::Duration;

use app::domain::quality::Quality;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{debug, error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

mod audio;
mod process;
pub mod request;

/// Upper bounds in seconds, from a cached file to a call of an hour.
const SECONDS: [f64; 12] = [
    0.001, 0.005, 0.015, 0.05, 0.15, 0.5, 1.5, 5.0, 30.0, 120.0, 600.0, 3600.0,
];

/// The SIP library logs whole messages, `Authorization` included, at INFO; no
/// setting may switch that on.
const NEVER: [&str; 1] = ["rsipstack=error"];

/// Counters for `/metrics`.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Why a run cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.filter: {0}")]
    Filter(#[from] ParseError),
    #[error("metrics: {0}")]
    Metrics(#[from] BuildError),
}

/// Starts logging to standard error; standard output belongs to commands.
pub fn start_logging(log: &Log) -> Result<(), TelemetryError> {
    let mut filter = EnvFilter::try_new(&log.filter)?;
    for directive in NEVER {
        filter = filter.add_directive(directive.parse()?);
    }
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // Already set means that a test runs several servers: the first one's stays.
    let _ = match log.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(lines.with_ansi(false)).try_init(),
    };
    Ok(())
}

impl Metrics {
    /// Counts from here on, in the whole process.
    pub fn install() -> Result<Self, TelemetryError> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
        let recorder = audio::buckets(builder)?.build_recorder();
        let handle = recorder.handle();
        // As above: a second server in one process counts into the first one's.
        let _ = metrics::set_global_recorder(recorder);
        Ok(Self(handle))
    }

    /// The text Prometheus reads.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        format!("{}{}", self.0.render(), process::render())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Who asked over HTTP, as far as a log may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    Nobody,
    User,
    Key,
}

impl Asker {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::User => "user",
            Self::Key => "key",
        }
    }
}

/// How a try to sign in went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    Done,
    Refused,
    Delayed,
}

impl SignInOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Delayed => "delayed",
        }
    }
}

/// Something worth a line and a count.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// One HTTP request was answered. `route` is the pattern, not the path.
    Request {
        method: &'static str,
        route: &'a str,
        status: u16,
        duration: Duration,
        asker: Asker,
        request: &'a str,
    },
    /// A trunk is up, degraded, down, or nobody knows.
    TrunkHealth {
        trunk: &'a dyn fmt::Display,
        state: &'static str,
    },
    /// How many outbound trunks are in a state now.
    Trunks {
        state: &'static str,
        trunks: u32,
    },
    /// A call has its final row: answered, refused or given up.
    CallEnded {
        call: &'a dyn fmt::Display,
        direction: &'static str,
        result: &'static str,
        reason: &'static str,
        sip_status: Option<u16>,
        from: &'a str,
        to: &'a str,
        duration: Duration,
        quality: Option<&'a Quality>,
    },
    /// Calls that a crash of this or another instance left without an end.
    CallsRecovered {
        calls: u64,
    },
    /// How many calls are up now.
    CallsLive {
        direction: &'static str,
        calls: u32,
    },
    SignIn {
        outcome: SignInOutcome,
    },
    /// A source is ignored from now on.
    SourceBanned {
        source: &'a dyn fmt::Display,
        seconds: u64,
    },
    /// A SIP request was answered without keeping anything.
    SipTurnedAway {
        status: u16,
    },
    /// The database did not do as asked, and may again later.
    StoreUnavailable {
        cause: &'a dyn fmt::Display,
    },
    /// A failure that a person should look at; `incident` is what the client was told.
    Incident {
        incident: &'a dyn fmt::Display,
        cause: &'a dyn fmt::Display,
    },
}

impl Event<'_> {
    pub fn emit(&self) {
        match self {
            Self::Request { .. } => self.request(),
            Self::CallEnded { .. } => self.call_ended(),
            Self::CallsRecovered { calls } => {
                counter!("patchbay_calls_recovered_total").increment(*calls);
                warn!(
                    calls,
                    "Calls interrupted by the last end of an instance got their final row"
                );
            }
            Self::TrunkHealth { trunk, state } => {
                counter!("patchbay_trunk_health_changes_total", "state" => *state).increment(1);
                info!(trunk.id = %trunk, state, "trunk");
            }
            Self::Trunks { state, trunks } => {
                gauge!("patchbay_trunks", "state" => *state).set(f64::from(*trunks));
            }
            Self::CallsLive { direction, calls } => {
                gauge!("patchbay_calls_live", "direction" => *direction).set(f64::from(*calls));
            }
            Self::SignIn { outcome } => {
                counter!("patchbay_sign_ins_total", "outcome" => outcome.name()).increment(1);
                info!(outcome = outcome.name(), "sign-in");
            }
            Self::SourceBanned { source, seconds } => {
                counter!("patchbay_sip_bans_total").increment(1);
                warn!(source.ip = %source, seconds, "source blocked after wrong passwords");
            }
            Self::SipTurnedAway { status } => {
                counter!("patchbay_sip_turned_away_total", "status" => sip_status(*status))
                    .increment(1);
                debug!(status, "turned away");
            }
            Self::StoreUnavailable { cause } => {
                counter!("patchbay_store_unavailable_total").increment(1);
                error!(cause = %cause, "the database does not do as asked");
            }
            Self::Incident { incident, cause } => {
                counter!("patchbay_incidents_total").increment(1);
                error!(incident = %incident, cause = %cause, "internal error");
            }
        }
    }

    fn request(&self) {
        let Self::Request {
            method,
            route,
            status,
            duration,
            asker,
            request,
        } = self
        else {
            return;
        };
        counter!("patchbay_http_requests_total",
            "method" => *method, "route" => (*route).to_owned(), "status" => status.to_string())
        .increment(1);
        histogram!("patchbay_http_request_seconds", "route" => (*route).to_owned())
            .record(duration.as_secs_f64());
        let caller = asker.name();
        let duration_ms = milliseconds(*duration);
        if is_routine(route) {
            debug!(
                method,
                route,
                status,
                duration_ms,
                caller,
                request.id = request,
                "http"
            );
        } else {
            info!(
                method,
                route,
                status,
                duration_ms,
                caller,
                request.id = request,
                "http"
            );
        }
    }

    fn call_ended(&self) {
        let Self::CallEnded {
            call,
            direction,
            result,
            reason,
            sip_status,
            from,
            to,
            duration,
            quality,
        } = self
        else {
            return;
        };
        if let Some(quality) = quality {
            audio::record(quality);
        }
        counter!("patchbay_calls_total",
            "direction" => *direction, "result" => *result, "reason" => *reason)
        .increment(1);
        histogram!("patchbay_call_seconds", "direction" => *direction)
            .record(duration.as_secs_f64());
        info!(
            call.id = %call, direction, result, reason, sip.status = sip_status,
            from = %masked(from), to = %masked(to), duration_ms = milliseconds(*duration), "call"
        );
    }
}

/// Strangers make thousands of these a second: no text is built for them.
fn sip_status(status: u16) -> &'static str {
    match status {
        200 => "200",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        416 => "416",
        420 => "420",
        481 => "481",
        482 => "482",
        483 => "483",
        501 => "501",
        503 => "503",
        505 => "505",
        513 => "513",
        _ => "other",
    }
}

/// What a watcher asks for every few seconds says nothing by being asked for.
fn is_routine(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics") || route.starts_with("/pkg")
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// A telephone number or user name, reduced to what helps to find it again.
pub fn masked(number: &str) -> impl fmt::Display {
    let count = number.chars().count();
    let shown = if count > 6 { 4 } else { count.min(1) };
    let tail: String = number
        .chars()
        .skip(count - shown)
        .filter(|c| !c.is_control())
        .collect();
    if count == 0 {
        String::new()
    } else {
        format!("…{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_more_than_four_characters_of_a_number() {
        for (given, expect) in [
            ("+14155550100", "…0100"),
            ("sales", "…s"),
            ("", ""),
            ("+4144\r\n\u{1b}[0m", "…[0m"),
            ("1234567", "…4567"),
        ] {
            assert_eq!(masked(given).to_string(), expect, "{given:?}");
        }
    }

    #[test]
    fn counts_what_it_logs() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            Event::SignIn {
                outcome: SignInOutcome::Refused,
            }
            .emit();
            Event::CallEnded {
                call: &"c",
                direction: "inbound",
                result: "client_error",
                reason: "wrong_password",
                sip_status: Some(403),
                from: "+14155550100",
                to: "+14155550101",
                duration: Duration::from_millis(3),
                quality: None,
            }
            .emit();
        });
        let text = handle.render();
        assert!(
            text.contains("patchbay_sign_ins_total{outcome=\"refused\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("reason=\"wrong_password\"") && !text.contains("0100"),
            "{text}"
        );
    }

    #[test]
    fn process_figures_are_there_on_linux() {
        if cfg!(target_os = "linux") {
            assert!(process::render().contains("process_resident_memory_bytes "));
        }
    }
}
