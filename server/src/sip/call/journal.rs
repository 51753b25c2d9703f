//! What an agent does on a call, told to the desk; and an agent's settings as its engine wants them.

use std::sync::Arc;
use std::time::Duration;

use app::domain::agent::AgentSettings;
use app::domain::call::{Happening, Said, Speaker, TimelineEvent, TranscriptLine};
use app::domain::id::CallId;
use app::text::Language;

use crate::agent::Speaker as EngineSpeaker;
use crate::agent::{Behaviour, Journal, Keep, Moment, Spoken, Words};
use crate::sip::desk::{CallEvent, Desk};

/// Stands for a key that must not be seen.
const MASKED: &str = "•";

/// Writes one call's transcript and timeline.
pub(in crate::sip) struct CallJournal {
    pub desk: Arc<dyn Desk>,
    pub call: CallId,
    /// When the line's clock stood at zero, unix milliseconds.
    pub connected_ms: i64,
}

impl Journal for CallJournal {
    fn spoken(&self, line: Spoken) {
        let speaker = match line.speaker {
            EngineSpeaker::Agent => Speaker::Agent,
            EngineSpeaker::Caller => Speaker::Caller,
        };
        let said = match line.words {
            Words::Text(text) | Words::CutOff(text) => Said::Words(text),
            Words::Unintelligible => Said::Speech,
            Words::Key(key) => {
                let digit = key.map_or_else(|| MASKED.to_owned(), |key| key.as_char().to_string());
                let what = Happening::Digit {
                    digit: digit.clone(),
                };
                self.happened(what, line.span.end_ms);
                Said::Digits(digit)
            }
        };
        let (start_ms, end_ms) = (short(line.span.start_ms), short(line.span.end_ms));
        let line = TranscriptLine {
            speaker,
            said,
            start_ms,
            end_ms,
        };
        self.desk.note(self.call, CallEvent::Said(line));
    }

    fn moment(&self, moment: Moment, at_ms: u64) {
        let what = match moment {
            Moment::RecordingStarted => Happening::RecordingStarted,
            Moment::RecordingStopped(why) => Happening::RecordingStopped {
                cause: why.to_string(),
            },
            Moment::Held => Happening::Held,
            Moment::Resumed => Happening::Resumed,
            Moment::FirstAudio => Happening::FirstAudioOut,
            Moment::EngineLost(cause) => Happening::EngineLost { cause },
            Moment::EngineBack => Happening::EngineBack,
            Moment::EngineOverflow => Happening::EngineOverflow,
            Moment::EngineNonsense => Happening::EngineNonsense,
            Moment::EngineSlow => Happening::EngineSlow,
            Moment::Interrupted | Moment::SilencePrompt(_) | Moment::TimeUp | Moment::Goodbye => {
                return;
            }
        };
        self.happened(what, at_ms);
    }
}

impl CallJournal {
    fn happened(&self, what: Happening, at_ms: u64) {
        let at = self
            .connected_ms
            .saturating_add(i64::try_from(at_ms).unwrap_or(i64::MAX));
        self.desk
            .note(self.call, CallEvent::Happened(TimelineEvent { at, what }));
    }
}

fn short(ms: u64) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}

/// An agent's settings with every default filled in.
pub(in crate::sip) fn behaviour(agent: &AgentSettings) -> Behaviour {
    let recording = match (agent.recording_enabled, &agent.recording_notice) {
        (false, _) => Keep::Nothing,
        (true, Some(notice)) if !notice.trim().is_empty() => Keep::AfterNotice(notice.clone()),
        (true, _) => Keep::Everything,
    };
    let first = agent.first_message.clone();
    let say = &Language::read(&agent.language)
        .unwrap_or_default()
        .text()
        .engines;
    Behaviour {
        // A voice of the engine's list brings its language with it.
        language: (agent.voice_id.as_ref())
            .filter(|voice| voice.contains('/'))
            .unwrap_or(&agent.language)
            .clone(),
        instructions: agent.instructions.join("\n\n"),
        first_message: first.unwrap_or_else(|| AgentSettings::FIRST_MESSAGE.to_owned()),
        interruptible: agent.interruptible,
        recording,
        keep_digits: agent.keep_digits,
        silence: Duration::from_secs(u64::from(agent.silence_seconds)),
        max_duration: Duration::from_secs(u64::from(agent.max_duration_s)),
        silence_prompt: say.still_there.to_owned(),
        goodbye: say.goodbye.to_owned(),
        apology: say.sorry.to_owned(),
    }
}
