//! The messages of the Realtime protocol (OpenAI, general availability): text frames of JSON with
//! a `type`, audio as µ-law at 8 kHz in Base64. Of the server's events only those that matter on
//! a telephone are read; the rest is none of ours.

use app::domain::id::DestinationId;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::responses::Ask;
use crate::media::codec::{Codec, Decoder, Encoder};

/// The model that writes down what the caller says.
const TRANSCRIBER: &str = "gpt-4o-mini-transcribe";

/// What a session is to be.
pub(super) struct Session<'a> {
    pub(super) instructions: &'a str,
    pub(super) voice: &'a str,
    /// BCP 47; the transcriber wants the language alone.
    pub(super) language: &'a str,
    pub(super) interruptible: bool,
    pub(super) destinations: &'a [(String, DestinationId)],
}

/// What a server says.
#[derive(Debug, PartialEq)]
pub(super) enum FromServer {
    SessionCreated,
    SessionUpdated,
    /// The caller began to speak, at so many milliseconds of what was sent.
    SpeechStarted {
        item: String,
        at_ms: u64,
    },
    SpeechStopped {
        item: String,
        at_ms: u64,
    },
    /// What the caller said.
    Heard {
        item: String,
        text: String,
    },
    /// A piece of the answer.
    Audio {
        item: String,
        part: u64,
        samples: Vec<i16>,
    },
    AudioDone {
        item: String,
    },
    /// What was answered.
    Said {
        item: String,
        text: String,
    },
    /// A tool is to be used.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    /// An answer has begun, asked for or not.
    AnswerBegan,
    /// It is over, complete or cut off.
    AnswerEnded,
    /// Something went wrong; most often the session goes on.
    Error {
        code: String,
        /// Our message that was wrong, where it had a name.
        about: Option<String>,
    },
    /// Everything else.
    Other,
}

/// Why a message means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonsense;

#[derive(Deserialize)]
struct Sent {
    r#type: String,
    #[serde(default)]
    item_id: String,
    #[serde(default)]
    content_index: u64,
    audio_start_ms: Option<u64>,
    audio_end_ms: Option<u64>,
    delta: Option<String>,
    transcript: Option<String>,
    item: Option<Item>,
    error: Option<Fault>,
}

#[derive(Deserialize)]
struct Item {
    r#type: Option<String>,
    status: Option<String>,
    call_id: Option<String>,
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    code: Option<String>,
    event_id: Option<String>,
    r#type: Option<String>,
}

/// `session.update`: everything about the conversation, the tools included.
pub(super) fn update(session: &Session<'_>) -> String {
    let language = session.language.split('-').next().unwrap_or_default();
    json!({
        "type": "session.update",
        "session": {
            "type": "realtime",
            "instructions": session.instructions,
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": { "type": "audio/pcmu" },
                    "transcription": { "model": TRANSCRIBER, "language": language },
                    "turn_detection": {
                        "type": "server_vad",
                        "create_response": true,
                        "interrupt_response": session.interruptible,
                    },
                },
                "output": { "format": { "type": "audio/pcmu" }, "voice": session.voice },
            },
            "tools": tools(session.destinations),
            "tool_choice": "auto",
        },
    })
    .to_string()
}

fn tools(destinations: &[(String, DestinationId)]) -> Vec<Value> {
    let mut tools = vec![json!({
        "type": "function",
        "name": END_CALL,
        "description": "Hang up, after saying goodbye.",
        "parameters": { "type": "object", "properties": {}, "required": [] },
    })];
    if !destinations.is_empty() {
        let names: Vec<_> = destinations.iter().map(|(name, _)| name).collect();
        tools.push(json!({
            "type": "function",
            "name": TRANSFER_CALL,
            "description": "Hand the caller on to somebody else, after saying so.",
            "parameters": {
                "type": "object",
                "properties": { "destination": { "type": "string", "enum": names } },
                "required": ["destination"],
            },
        }));
    }
    tools
}

/// The tools by name.
pub(super) const END_CALL: &str = "end_call";
pub(super) const TRANSFER_CALL: &str = "transfer_call";

/// 20 ms of what the caller says.
pub(super) fn append(samples: &[i16]) -> String {
    let mut sound = Vec::with_capacity(samples.len());
    Encoder::new(Codec::Pcmu).push(samples, &mut sound);
    let audio = BASE64_STANDARD.encode(sound);
    json!({ "type": "input_audio_buffer.append", "audio": audio }).to_string()
}

/// Something is to be said now, in this sense. A refusal names it by its id.
pub(super) fn respond(ask: &Ask) -> String {
    let mut create = json!({ "type": "response.create", "event_id": ask.id });
    if let Some(sense) = &ask.sense {
        create["response"] = json!({ "instructions": sense });
    }
    create.to_string()
}

/// The code of a refusal to begin an answer beside another.
pub(super) const UNDER_WAY: &str = "conversation_already_has_active_response";

/// Only so much of an answer was heard.
pub(super) fn truncate(item: &str, part: u64, audio_end_ms: u64) -> String {
    json!({
        "type": "conversation.item.truncate",
        "item_id": item, "content_index": part, "audio_end_ms": audio_end_ms,
    })
    .to_string()
}

/// What came of a tool.
pub(super) fn output(call: &str, output: &Value) -> String {
    let item = json!({
        "type": "function_call_output", "call_id": call, "output": output.to_string(),
    });
    json!({ "type": "conversation.item.create", "item": item }).to_string()
}

/// Something the caller did without a word.
pub(super) fn note(text: &str) -> String {
    let item = json!({
        "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }],
    });
    json!({ "type": "conversation.item.create", "item": item }).to_string()
}

pub(super) fn read(text: &str) -> Result<FromServer, Nonsense> {
    let sent: Sent = serde_json::from_str(text).map_err(|_| Nonsense)?;
    let item = sent.item_id;
    Ok(match sent.r#type.as_str() {
        "session.created" => FromServer::SessionCreated,
        "session.updated" => FromServer::SessionUpdated,
        "input_audio_buffer.speech_started" => FromServer::SpeechStarted {
            item,
            at_ms: sent.audio_start_ms.ok_or(Nonsense)?,
        },
        "input_audio_buffer.speech_stopped" => FromServer::SpeechStopped {
            item,
            at_ms: sent.audio_end_ms.ok_or(Nonsense)?,
        },
        "conversation.item.input_audio_transcription.completed" => FromServer::Heard {
            item,
            text: plain(sent.transcript)?,
        },
        // The second name is that of servers that follow the protocol's first edition.
        "response.output_audio.delta" | "response.audio.delta" => {
            let sound = BASE64_STANDARD.decode(sent.delta.ok_or(Nonsense)?);
            let mut samples = Vec::new();
            Decoder::new(Codec::Pcmu).push(&sound.map_err(|_| Nonsense)?, &mut samples);
            FromServer::Audio {
                item,
                part: sent.content_index,
                samples,
            }
        }
        "response.output_audio.done" | "response.audio.done" => FromServer::AudioDone { item },
        "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
            FromServer::Said {
                item,
                text: plain(sent.transcript)?,
            }
        }
        "response.output_item.done" => match sent.item {
            Some(Item {
                r#type: Some(kind),
                status,
                call_id: Some(id),
                name: Some(name),
                arguments,
            }) if kind == "function_call" && is_whole(status.as_deref()) => FromServer::Call {
                id,
                name,
                arguments: arguments.unwrap_or_default(),
            },
            _ => FromServer::Other,
        },
        "response.created" => FromServer::AnswerBegan,
        "response.done" => FromServer::AnswerEnded,
        "error" => {
            let fault = sent.error.ok_or(Nonsense)?;
            FromServer::Error {
                about: fault.event_id,
                code: fault.code.or(fault.r#type).unwrap_or_default(),
            }
        }
        _ => FromServer::Other,
    })
}

/// A tool that was about to be used when the caller interrupted is not to be used.
fn is_whole(status: Option<&str>) -> bool {
    status.is_none_or(|status| status == "completed")
}

/// Text that may stand in a transcript.
fn plain(text: Option<String>) -> Result<String, Nonsense> {
    const MOST: usize = 4_000;
    let text = text.ok_or(Nonsense)?;
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect();
    Ok(text.trim().to_owned())
}
