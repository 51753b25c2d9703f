//! What an agent does on the phone, with every default filled in.

use std::time::Duration;

/// Everything an engine needs to know of its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// BCP 47 tag: `en`, `de-AT`; or a voice of the engine's list, which is of a language.
    pub language: String,
    /// What an engine that follows instructions is to do.
    pub instructions: String,
    /// Said when the call is answered.
    pub first_message: String,
    /// Whether the caller may talk over the agent.
    pub interruptible: bool,
    /// Whether the call is recorded.
    pub recording: Keep,
    /// Whether keys show in transcript and recording beyond those that picked a menu entry.
    pub keep_digits: bool,
    /// How long nobody speaks before the agent asks.
    pub silence: Duration,
    /// Said then, twice.
    pub silence_prompt: String,
    /// Said when nobody has answered the second time.
    pub goodbye: String,
    /// Said when the engine is gone and nobody else takes the call.
    pub apology: String,
    /// The longest a call may last.
    pub max_duration: Duration,
}

/// Whether a call's audio is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// It is not.
    Nothing,
    /// It is, from the first word.
    Everything,
    /// It is, after this has been said to its end.
    AfterNotice(String),
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            language: "en".into(),
            instructions: String::new(),
            first_message: "Hello?".into(),
            interruptible: true,
            recording: Keep::Nothing,
            keep_digits: false,
            silence: Duration::from_secs(10),
            silence_prompt: "Are you still there?".into(),
            goodbye: "Goodbye.".into(),
            apology: "Sorry, I can't go on. Please call again.".into(),
            max_duration: super::DEFAULT_MAX_DURATION,
        }
    }
}
