//! What went wrong with an agent's engine, in sentences.

use crate::domain::call::{Happening, TimelineEvent};
use crate::domain::engine::EngineFault;
use crate::text::Text;

impl Text {
    /// Why an engine could not be had.
    pub fn engine_fault(&self, why: EngineFault) -> &'static str {
        let say = &self.engines;
        match why {
            EngineFault::NoAddress => say.no_address,
            EngineFault::NotPublic => say.not_public,
            EngineFault::Unreachable => say.unreachable,
            EngineFault::TlsFailed => say.tls_failed,
            EngineFault::Refused => say.refused,
            EngineFault::TooLate => say.too_late,
            EngineFault::Lost => say.lost,
            EngineFault::Unresponsive => say.unresponsive,
            EngineFault::Busy => say.busy,
            EngineFault::NoAnswer => say.no_answer,
        }
    }

    /// Each trouble of a call with its engine, and when; one that came back is told as one.
    pub fn engine_troubles(&self, timeline: &[TimelineEvent]) -> Vec<(i64, String)> {
        let say = &self.engines;
        let mut told: Vec<(i64, String)> = Vec::new();
        let mut gone = false;
        for TimelineEvent { at, what } in timeline {
            let sentence = match what {
                Happening::EngineAway { cause } => (say.away)(self.engine_fault(*cause)),
                Happening::EngineLost { cause } => {
                    gone = true;
                    (say.went)(self.engine_fault(*cause))
                }
                Happening::EngineBack => {
                    gone = false;
                    told.pop();
                    say.back.to_owned()
                }
                // How it ended is a trouble only if it is a fault, and news only if nothing told of it.
                Happening::EngineEnded { cause } if !gone => match cause.parse() {
                    Ok(cause) => (say.went)(self.engine_fault(cause)),
                    Err(_) => continue,
                },
                Happening::EngineOverflow => say.overflow.to_owned(),
                Happening::EngineNonsense => say.nonsense.to_owned(),
                Happening::EngineSlow => say.slow.to_owned(),
                _ => continue,
            };
            told.push((*at, sentence));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    fn troubles(happened: &[Happening]) -> Vec<String> {
        let timeline: Vec<_> = (0_i64..)
            .zip(happened)
            .map(|(at, what)| TimelineEvent {
                at,
                what: what.clone(),
            })
            .collect();
        let told = Language::default().text().engine_troubles(&timeline);
        told.into_iter().map(|(_, sentence)| sentence).collect()
    }

    fn ended(cause: &str) -> Happening {
        Happening::EngineEnded {
            cause: cause.to_owned(),
        }
    }

    #[test]
    fn a_call_without_trouble_has_nothing_to_tell() {
        for cause in ["goodbye", "time_up", "caller_gone"] {
            assert_eq!(troubles(&[Happening::Answered, ended(cause)]), [""; 0]);
        }
    }

    #[test]
    fn each_trouble_is_told_once_and_one_that_passed_as_one() {
        let lost = || Happening::EngineLost {
            cause: EngineFault::Lost,
        };
        let once = troubles(&[lost(), ended("lost")]);
        assert_eq!(once, ["The engine went away in mid-call: it hung up."]);
        let back = troubles(&[lost(), Happening::EngineBack, Happening::EngineSlow]);
        assert_eq!(back.len(), 2, "{back:?}");
        assert!(back[0].contains("reached again"));
        let again = troubles(&[lost(), Happening::EngineBack, lost(), ended("lost")]);
        assert_eq!(again.len(), 2, "{again:?}");
        let cause = EngineFault::Busy;
        assert_eq!(
            troubles(&[Happening::EngineAway { cause }]),
            ["The engine was not there: it was busy."]
        );
        assert_eq!(troubles(&[ended("unresponsive")]).len(), 1);
    }
}
