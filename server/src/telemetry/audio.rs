//! How the audio of calls was, as histograms: one value a call and direction, once it is over.

use app::domain::quality::{Flow, Quality};
use metrics::histogram;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

const MOS: &str = "patchbay_call_mos";
const LOSS: &str = "patchbay_call_loss_ratio";
const JITTER: &str = "patchbay_call_jitter_seconds";
const ROUND_TRIP: &str = "patchbay_call_round_trip_seconds";

/// Upper bounds. People begin to complain below 3.6, and at some percent of loss.
const OPINIONS: [f64; 10] = [1.5, 2.0, 2.6, 3.1, 3.6, 3.8, 4.0, 4.2, 4.3, 4.5];
const PARTS: [f64; 9] = [0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0];
const JITTERS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
const ROUND_TRIPS: [f64; 9] = [0.005, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];

pub(super) fn buckets(builder: PrometheusBuilder) -> Result<PrometheusBuilder, BuildError> {
    let full = |name: &str| Matcher::Full(name.to_owned());
    builder
        .set_buckets_for_metric(full(MOS), &OPINIONS)?
        .set_buckets_for_metric(full(LOSS), &PARTS)?
        .set_buckets_for_metric(full(JITTER), &JITTERS)?
        .set_buckets_for_metric(full(ROUND_TRIP), &ROUND_TRIPS)
}

/// A direction that nobody could judge counts nowhere: nothing heard is no audio without loss.
pub(super) fn record(quality: &Quality) {
    for (way, flow) in [
        ("from_caller", &quality.from_caller),
        ("to_caller", &quality.to_caller),
    ] {
        let Some(mos) = flow.mos else { continue };
        histogram!(MOS, "way" => way).record(mos);
        histogram!(LOSS, "way" => way).record(loss(flow));
        histogram!(JITTER, "way" => way).record(flow.jitter_ms / 1_000.0);
    }
    if let Some(round_trip_ms) = quality.round_trip_ms {
        histogram!(ROUND_TRIP).record(round_trip_ms / 1_000.0);
    }
}

/// Of what should have come, what did not.
#[expect(clippy::cast_precision_loss, reason = "packets of one call")]
fn loss(flow: &Flow) -> f64 {
    let all = (flow.packets + flow.lost).max(1);
    flow.lost as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_is_counted_where_it_could_be_judged() {
        let recorder = buckets(PrometheusBuilder::new()).unwrap().build_recorder();
        let handle = recorder.handle();
        let heard = Flow {
            packets: 980,
            bytes: 1,
            lost: 20,
            jitter_ms: 4.0,
            mos: Some(4.25),
        };
        let quality = Quality {
            from_caller: heard,
            to_caller: Flow::default(),
            round_trip_ms: Some(80.0),
        };
        metrics::with_local_recorder(&recorder, || record(&quality));
        let text = handle.render();
        for line in [
            "patchbay_call_mos_bucket{way=\"from_caller\",le=\"4.2\"} 0",
            "patchbay_call_mos_bucket{way=\"from_caller\",le=\"4.3\"} 1",
            "patchbay_call_loss_ratio_bucket{way=\"from_caller\",le=\"0.01\"} 0",
            "patchbay_call_loss_ratio_bucket{way=\"from_caller\",le=\"0.02\"} 1",
            "patchbay_call_jitter_seconds_bucket{way=\"from_caller\",le=\"0.005\"} 1",
            "patchbay_call_round_trip_seconds_bucket{le=\"0.1\"} 1",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
        assert!(!text.contains("to_caller"), "nobody judged it:\n{text}");
    }
}
