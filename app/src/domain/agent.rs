//! Who answers. Knows what an agent is and what a form may say of it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Change, Entry, EntryList};
use crate::domain::engine::{Engine, EngineDraft};
use crate::domain::id::{AgentId, DestinationId, OutboundTrunkId};
use crate::domain::phone::PhoneNumber;
use crate::domain::sip::Secret;
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

/// Whether it takes or places calls. A word of the reference API; routing does not ask it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentType {
    /// Takes calls.
    #[default]
    Inbound,
    /// Places them.
    Outbound,
}
words!(AgentType, Inbound = "inbound", Outbound = "outbound");

/// What callers hear who wait: for somebody they are handed on to, or on hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldMusic {
    /// That it rings; on hold nothing.
    #[default]
    None,
    /// A melody that is built in.
    Melody,
}
words!(HoldMusic, None = "none", Melody = "melody");

/// What can be set on an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of one form"
)]
pub struct AgentSettings {
    /// What the operator calls it.
    pub name: String,
    /// Takes or places calls.
    pub r#type: AgentType,
    /// Language tag such as `en` or `de-CH`; says how the text is spoken.
    pub language: String,
    /// The id of a voice of the engine's list; none lets the language choose.
    pub voice_id: Option<String>,
    /// Spoken when the call is answered. `Hello?` if it says nothing.
    pub first_message: Option<String>,
    /// For engines that follow instructions.
    pub instructions: Vec<String>,
    /// What speaks.
    pub engine: Engine,
    /// Whether the caller may talk over it.
    pub interruptible: bool,
    /// Off: its numbers fall to the default agent or are refused.
    pub enabled: bool,
    /// Answers any number on the trunk that has no agent. One at most is.
    pub is_default: bool,
    /// Whether its calls are recorded; the operator must choose.
    pub recording_enabled: bool,
    /// Spoken before audio is kept.
    pub recording_notice: Option<String>,
    /// Keep digits in transcript and audio instead of masking them.
    pub keep_digits: bool,
    /// What callers hear who wait.
    pub hold_music: HoldMusic,
    /// Seconds without a word before it asks "Are you still there?".
    pub silence_seconds: u32,
    /// Longest call in seconds.
    pub max_duration_s: u32,
    /// Most calls at once.
    pub max_channels: Option<u32>,
    /// Where callers go when its engine is away or a transfer fails.
    #[serde(rename = "failover_transfer_destination_id")]
    pub failover: Option<DestinationId>,
}

impl AgentSettings {
    /// What the caller hears first when nothing else was said.
    pub const FIRST_MESSAGE: &'static str = "Hello?";

    /// What an agent speaks unless told.
    pub const LANGUAGE: &'static str = "en";

    /// What an agent starts from. Recording starts off: keeping people's voices is a choice.
    pub fn starting() -> Self {
        Self {
            name: String::new(),
            r#type: AgentType::Inbound,
            language: Self::LANGUAGE.to_owned(),
            voice_id: None,
            first_message: None,
            instructions: Vec::new(),
            engine: Engine::Builtin,
            interruptible: true,
            enabled: true,
            is_default: false,
            recording_enabled: false,
            recording_notice: None,
            keep_digits: false,
            hold_music: HoldMusic::None,
            silence_seconds: 10,
            max_duration_s: 3600,
            max_channels: None,
            failover: None,
        }
    }

    /// What the caller hears first.
    pub fn greeting(&self) -> &str {
        self.first_message.as_deref().unwrap_or(Self::FIRST_MESSAGE)
    }
}

/// The agent as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Goes in the agent header.
    pub id: AgentId,
    /// What can be set.
    pub settings: AgentSettings,
    /// By which trunk it places calls.
    pub outbound_trunk: Option<OutboundTrunkId>,
    /// Raised by each change.
    pub version: i64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// An agent with what the list and its page say of its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The agent.
    pub agent: Agent,
    /// The first few of the numbers it answers.
    pub numbers: Vec<PhoneNumber>,
    /// How many it answers.
    pub number_count: u64,
    /// The header that may name it.
    pub header: Option<String>,
    /// What its outbound trunk is called.
    pub outbound_trunk_name: Option<String>,
}

/// An agent's numbers and trunk as they are, under the names that [`RoutingDraft`] has for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentRouting {
    /// The numbers it answers, all of them, sorted.
    pub phone_numbers: Vec<PhoneNumber>,
    /// By which trunk it places calls.
    pub outbound_trunk_id: Option<OutboundTrunkId>,
}

impl AgentRouting {
    /// Another one after each change, whoever made it: numbers also change hands where no agent
    /// is saved, so that the agent's own version does not tell. FNV-1a over what it says, as many
    /// bits of it as every JSON number can hold, and never 0.
    #[must_use]
    pub fn version(&self) -> i64 {
        let trunk = self.outbound_trunk_id.iter().map(ToString::to_string);
        let numbers = self.phone_numbers.iter().map(ToString::to_string);
        let bytes = trunk.chain(numbers).flat_map(String::into_bytes);
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 11).cast_signed().max(1)
    }
}

/// What a form or a script says of an agent's numbers and trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoutingDraft {
    /// The numbers it answers, all of them.
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub phone_numbers: EntryList,
    /// By which trunk it places calls; `null` takes it away.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub outbound_trunk_id: Entry,
    /// The version it is based on.
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// Something an agent can speak with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// Goes into `voice_id`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The language it is made for, as a tag.
    pub language: String,
    /// Which engine has it.
    pub engine: String,
}

/// How a number is given to an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assign {
    /// Take it from whoever holds it.
    pub moving: bool,
    /// Put it into inventory and trunk if it is not there.
    pub adding: bool,
}

/// What a form or a script says of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `AgentSettings`, as sent")]
pub struct AgentDraft {
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub name: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub r#type: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub language: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub voice_id: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub first_message: Entry,
    #[serde(skip_serializing_if = "EntryList::is_absent")]
    pub instructions: EntryList,
    #[serde(skip_serializing_if = "EngineDraft::is_absent")]
    pub engine: EngineDraft,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub interruptible: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub is_default: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub recording_enabled: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub recording_notice: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub keep_digits: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub hold_music: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub silence_seconds: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_duration_s: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub max_channels: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub failover_transfer_destination_id: Entry,
    #[serde(skip_serializing_if = "Entry::is_absent")]
    pub version: Entry,
}

/// What a draft comes to: the settings, and what becomes of the engine's secret.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAgent {
    /// What can be read.
    pub settings: AgentSettings,
    /// What can't: `Leave` keeps the stored one.
    pub secret: Change<Secret>,
}

impl AgentDraft {
    /// A new agent.
    pub fn parse(&self) -> Result<NewAgent, FieldErrors> {
        self.over(&AgentSettings::starting())
    }

    /// What results when this is said over `base`: absent leaves, null clears.
    pub fn over(&self, base: &AgentSettings) -> Result<NewAgent, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = errors.keep("name", self.name.line_or(&base.name, 120));
        let kind = errors.keep("type", self.r#type.choice_or(base.r#type));
        let language = match self.language {
            // The reference clears it; there is no agent that speaks none.
            Entry::Null => Ok(Language(AgentSettings::LANGUAGE.to_owned())),
            _ => self.language.choice_or(Language(base.language.clone())),
        };
        let language = errors.keep("language", language);
        let voice = errors.keep(
            "voice_id",
            self.voice_id
                .optional_text_or(base.voice_id.as_deref(), 100),
        );
        let first_message = errors.keep(
            "first_message",
            self.first_message
                .optional_text_or(base.first_message.as_deref(), 1000),
        );
        let instructions = errors.keep(
            "instructions",
            self.instructions.texts_or(&base.instructions, 20_000),
        );
        let engine = self.engine.over(&base.engine, &mut errors);
        let interruptible = errors.keep(
            "interruptible",
            self.interruptible.switch_or(base.interruptible),
        );
        let enabled = errors.keep("enabled", self.enabled.switch_or(base.enabled));
        let is_default = errors.keep("is_default", self.is_default.switch_or(base.is_default));
        let recording = errors.keep(
            "recording_enabled",
            self.recording_enabled.switch_or(base.recording_enabled),
        );
        let notice = errors.keep(
            "recording_notice",
            self.recording_notice
                .optional_text_or(base.recording_notice.as_deref(), 500),
        );
        let keep_digits = errors.keep("keep_digits", self.keep_digits.switch_or(base.keep_digits));
        let hold_music = errors.keep("hold_music", self.hold_music.choice_or(base.hold_music));
        let silence = errors.keep(
            "silence_seconds",
            self.silence_seconds
                .integer_or(base.silence_seconds, 1, 600),
        );
        let longest = errors.keep(
            "max_duration_s",
            self.max_duration_s
                .integer_or(base.max_duration_s, 10, 86_400),
        );
        let channels = errors.keep(
            "max_channels",
            self.max_channels
                .optional_integer_or(base.max_channels, 1, 100_000),
        );
        let failover = errors.keep(
            "failover_transfer_destination_id",
            self.failover_transfer_destination_id
                .optional_or(base.failover, |found, _| Reason::NotAnId { found }),
        );
        let new = (|| {
            let (engine, secret) = engine?;
            let settings = AgentSettings {
                name: name?,
                r#type: kind?,
                language: language?.0,
                voice_id: voice?,
                first_message: first_message?,
                instructions: instructions?,
                engine,
                interruptible: interruptible?,
                enabled: enabled?,
                is_default: is_default?,
                recording_enabled: recording?,
                recording_notice: notice?,
                keep_digits: keep_digits?,
                hold_music: hold_music?,
                silence_seconds: silence?,
                max_duration_s: longest?,
                max_channels: channels?,
                failover: failover?,
            };
            Some(NewAgent { settings, secret })
        })();
        errors.none_or(new)
    }
}

/// The shape of a language tag (RFC 5646): letters, then groups of letters and digits.
struct Language(String);

impl FromStr for Language {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        let mut groups = text.split('-');
        let first = groups.next().unwrap_or_default();
        let shaped = (2..=3).contains(&first.len())
            && first.bytes().all(|byte| byte.is_ascii_alphabetic())
            && groups.all(|group| {
                (1..=8).contains(&group.len())
                    && group.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if shaped && text.len() <= 35 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Reason::not_a_choice(
                text,
                ["en", "de", "fr", "es", "de-CH", "pt-BR"],
            ))
        }
    }
}
