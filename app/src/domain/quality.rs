//! How a call's audio was: counts per direction, and what a listener would have thought of it.

use serde::{Deserialize, Serialize};

use crate::domain::words;

/// How the audio was, per direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// What we heard of the caller.
    pub from_caller: Flow,
    /// What the caller heard of us, as its receiver reports say.
    pub to_caller: Flow,
    /// There and back, as reports measure it (RFC 3550 §6.4.1); none if the other side sends none.
    #[serde(default)]
    pub round_trip_ms: Option<f64>,
}

/// One direction of audio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// RTP packets.
    pub packets: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Packets that never came.
    pub lost: u64,
    /// RFC 3550 §6.4.1 interarrival jitter.
    pub jitter_ms: f64,
    /// Estimated opinion of a listener, 1 to 4.5; none if nothing was heard that could be judged.
    #[serde(default)]
    pub mos: Option<f64>,
}

/// Why one side hears nothing, as far as can be told from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneWay {
    /// Not one packet came: a firewall or a NAT on the way, or a peer that does not send.
    NothingReceived,
    /// Not one packet came, and the peer describes itself by an address only its own network knows.
    PrivateAddress,
    /// Packets came, in no codec that was agreed to.
    WrongCodec,
    /// Packets came, and no key opened one.
    WrongKeys,
    /// The peer's reports say that it hears nothing of us.
    PeerHearsNothing,
}
words!(
    OneWay,
    NothingReceived = "nothing_received",
    PrivateAddress = "private_address",
    WrongCodec = "wrong_codec",
    WrongKeys = "wrong_keys",
    PeerHearsNothing = "peer_hears_nothing"
);

/// The opinion of an average listener (MOS) by the E-model of ITU-T G.107, simplified as by Cole
/// and Rosenbluth, with its defaults for all that is not measured: `loss` as a part of one, `delay_ms` from mouth to ear.
pub fn opinion(loss: f64, delay_ms: f64) -> f64 {
    /// A faultless call of G.711 over a line without echo.
    const BEST: f64 = 93.2;
    /// How much one percent of random loss matters where gaps are concealed (G.113 appendix I).
    const ROBUSTNESS: f64 = 25.1;
    let late = (delay_ms - 177.3).max(0.0);
    let delay = 0.024 * delay_ms + 0.11 * late;
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    let impaired = 95.0 * percent / (percent + ROBUSTNESS);
    let rating = (BEST - delay - impaired).clamp(0.0, 100.0);
    let opinion = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    opinion.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opinions_are_those_of_the_simplified_e_model() {
        for (loss, delay_ms, expected) in [
            (0.0, 0.0, 4.41),
            (0.0, 150.0, 4.33),
            (0.01, 20.0, 4.32),
            (0.05, 20.0, 3.90),
            (0.0, 400.0, 3.05),
            (1.0, 0.0, 1.18),
        ] {
            let found = opinion(loss, delay_ms);
            let near = (found - expected).abs() < 0.02;
            assert!(near, "{loss} {delay_ms}: {found:.2}, {expected} expected");
        }
    }

    #[test]
    fn it_never_gets_better_by_loss_or_delay() {
        let mut before = 5.0;
        for n in 0..100 {
            let found = opinion(f64::from(n) / 100.0, f64::from(n) * 10.0);
            assert!(
                found <= before && (1.0..=4.5).contains(&found),
                "{n}: {found}"
            );
            before = found;
        }
    }

    #[test]
    fn a_row_written_before_there_were_opinions_is_read() {
        let old = r#"{"from_caller":{"packets":1,"bytes":2,"lost":3,"jitter_ms":0.5},
            "to_caller":{"packets":1,"bytes":2,"lost":3,"jitter_ms":0.5}}"#;
        let read: Quality = serde_json::from_str(old).unwrap();
        assert_eq!((read.round_trip_ms, read.from_caller.mos), (None, None));
    }
}
