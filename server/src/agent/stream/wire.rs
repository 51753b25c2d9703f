//! The messages, in the format of Twilio Media Streams (both ways, version 1.0.0): text frames of
//! JSON, audio as µ-law at 8 kHz in Base64. One of our own: `transcript`, by which a bot may say
//! what was said.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::agent::Speaker;
use crate::media::Digit;
use crate::media::codec::{Codec, Decoder, Encoder};

/// The longest transcript line that is kept.
const MOST_WORDS: usize = 4_000;
/// The longest name of a mark.
const MOST_NAME: usize = 500;

/// Writes one stream's messages, counted.
pub(super) struct Writer {
    stream: String,
    call: String,
    sequence: u64,
    chunk: u64,
    encoder: Encoder,
    sound: Vec<u8>,
}

/// What a bot says.
#[derive(Debug, PartialEq)]
pub(super) enum FromBot {
    /// Sound for the caller, 8 kHz.
    Media(Vec<i16>),
    /// To be told back once everything before it has sounded.
    Mark(String),
    /// What has not sounded yet is not to.
    Clear,
    /// Something that was said.
    Transcript(Transcript),
}

/// A line of the transcript, as a bot tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transcript {
    pub(super) speaker: Speaker,
    pub(super) text: String,
    /// Milliseconds as in the timestamps of `media`.
    pub(super) start_ms: Option<u64>,
    pub(super) end_ms: Option<u64>,
}

/// Why a message means nothing. Whoever gets one counts it and goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of Media Streams")]
pub(super) struct Nonsense;

#[derive(Serialize)]
struct Sound<'a> {
    event: &'static str,
    #[serde(rename = "sequenceNumber")]
    sequence: String,
    media: Piece<'a>,
    #[serde(rename = "streamSid")]
    stream: &'a str,
}

#[derive(Serialize)]
struct Piece<'a> {
    track: &'static str,
    chunk: String,
    timestamp: String,
    payload: &'a str,
}

#[derive(Deserialize)]
struct Sent {
    event: String,
    media: Option<Payload>,
    mark: Option<Named>,
    transcript: Option<Line>,
}

#[derive(Deserialize)]
struct Payload {
    payload: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Line {
    speaker: String,
    text: String,
    start_ms: Option<u64>,
    end_ms: Option<u64>,
}

impl Writer {
    /// A new stream of a call. Its ids have the form bots know; the call's own id is among the
    /// parameters.
    pub(super) fn new(call: Uuid) -> Self {
        Self {
            stream: format!("MZ{:032x}", rand::random::<u128>()),
            call: format!("CA{}", call.simple()),
            sequence: 0,
            chunk: 0,
            encoder: Encoder::new(Codec::Pcmu),
            sound: Vec::new(),
        }
    }

    pub(super) fn connected() -> String {
        json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }).to_string()
    }

    pub(super) fn start(&mut self, parameters: &BTreeMap<String, String>) -> String {
        let sequence = self.next();
        json!({
            "event": "start",
            "sequenceNumber": sequence,
            "start": {
                "accountSid": account(),
                "streamSid": self.stream,
                "callSid": self.call,
                "tracks": ["inbound"],
                "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
                "customParameters": parameters,
            },
            "streamSid": self.stream,
        })
        .to_string()
    }

    /// 20 ms of what the caller says.
    pub(super) fn media(&mut self, samples: &[i16], timestamp_ms: u64) -> String {
        let sequence = self.next();
        self.chunk += 1;
        self.sound.clear();
        self.encoder.push(samples, &mut self.sound);
        let message = Sound {
            event: "media",
            sequence,
            media: Piece {
                track: "inbound",
                chunk: self.chunk.to_string(),
                timestamp: timestamp_ms.to_string(),
                payload: &BASE64_STANDARD.encode(&self.sound),
            },
            stream: &self.stream,
        };
        serde_json::to_string(&message).unwrap_or_default()
    }

    pub(super) fn dtmf(&mut self, digit: Digit) -> String {
        let digit = digit.as_char().to_string();
        let body = json!({ "track": "inbound_track", "digit": digit });
        self.message("dtmf", body)
    }

    pub(super) fn mark(&mut self, name: &str) -> String {
        self.message("mark", json!({ "name": name }))
    }

    pub(super) fn stop(&mut self) -> String {
        let body = json!({ "accountSid": account(), "callSid": self.call });
        self.message("stop", body)
    }

    fn message(&mut self, event: &str, body: serde_json::Value) -> String {
        let sequence = self.next();
        json!({
            "event": event, "sequenceNumber": sequence, "streamSid": self.stream, event: body,
        })
        .to_string()
    }

    fn next(&mut self) -> String {
        self.sequence += 1;
        self.sequence.to_string()
    }
}

/// There is one account: the installation.
fn account() -> String {
    format!("AC{:032x}", 0)
}

/// Reads what a bot says. Which stream it names does not matter: a connection has one.
pub(super) fn read(text: &str) -> Result<FromBot, Nonsense> {
    let sent: Sent = serde_json::from_str(text).map_err(|_| Nonsense)?;
    match sent.event.as_str() {
        "media" => {
            let payload = sent.media.ok_or(Nonsense)?.payload;
            let sound = BASE64_STANDARD.decode(payload).map_err(|_| Nonsense)?;
            if sound.is_empty() {
                return Err(Nonsense);
            }
            let mut samples = Vec::with_capacity(sound.len());
            Decoder::new(Codec::Pcmu).push(&sound, &mut samples);
            Ok(FromBot::Media(samples))
        }
        "mark" => {
            let name = sent.mark.ok_or(Nonsense)?.name;
            if name.len() > MOST_NAME {
                return Err(Nonsense);
            }
            Ok(FromBot::Mark(name))
        }
        "clear" => Ok(FromBot::Clear),
        "transcript" => sent.transcript.ok_or(Nonsense)?.line(),
        _ => Err(Nonsense),
    }
}

impl Line {
    fn line(self) -> Result<FromBot, Nonsense> {
        let speaker = match self.speaker.as_str() {
            "agent" | "assistant" | "bot" => Speaker::Agent,
            "caller" | "user" => Speaker::Caller,
            _ => return Err(Nonsense),
        };
        let plain = self.text.chars().filter(|c| !c.is_control());
        let text: String = plain.take(MOST_WORDS).collect();
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(Nonsense);
        }
        Ok(FromBot::Transcript(Transcript {
            speaker,
            text,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap()
    }

    /// The fields and types of Twilio's documentation of its WebSocket messages.
    #[test]
    fn messages_have_the_fields_bots_know() {
        let mut writer = Writer::new(Uuid::from_u128(0xca11));
        writer.stream = "MZ1".to_owned();
        assert_eq!(
            written(&Writer::connected()),
            json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" })
        );
        let parameters = BTreeMap::from([("to".to_owned(), "+14155550100".to_owned())]);
        let start = written(&writer.start(&parameters));
        let call = "CA0000000000000000000000000000ca11";
        assert_eq!(
            start,
            json!({
                "event": "start",
                "sequenceNumber": "1",
                "start": {
                    "accountSid": "AC00000000000000000000000000000000",
                    "streamSid": "MZ1",
                    "callSid": call,
                    "tracks": ["inbound"],
                    "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
                    "customParameters": { "to": "+14155550100" },
                },
                "streamSid": "MZ1",
            })
        );
        assert_eq!(
            written(&writer.media(&[0; 3], 40)),
            json!({
                "event": "media", "sequenceNumber": "2", "streamSid": "MZ1",
                "media": { "track": "inbound", "chunk": "1", "timestamp": "40", "payload": "////" },
            })
        );
        assert_eq!(
            written(&writer.dtmf(Digit::new('#').unwrap())),
            json!({
                "event": "dtmf", "sequenceNumber": "3", "streamSid": "MZ1",
                "dtmf": { "track": "inbound_track", "digit": "#" },
            })
        );
        assert_eq!(
            written(&writer.mark("end")),
            json!({
                "event": "mark", "sequenceNumber": "4", "streamSid": "MZ1", "mark": { "name": "end" },
            })
        );
        let stop = written(&writer.stop());
        assert_eq!(
            (&stop["sequenceNumber"], &stop["stop"]["callSid"]),
            (&json!("5"), &json!(call))
        );
    }

    #[test]
    fn what_a_bot_says_is_read() {
        let media = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#;
        assert_eq!(read(media), Ok(FromBot::Media(vec![0, 0])));
        let mark = r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"end"}}"#;
        assert_eq!(read(mark), Ok(FromBot::Mark("end".to_owned())));
        let clear = r#"{"event":"clear","streamSid":"MZ1"}"#;
        assert_eq!(read(clear), Ok(FromBot::Clear));
        let line = r#"{"event":"transcript","transcript":{"speaker":"caller","text":" one\u0007 two ","start_ms":5}}"#;
        let line = read(line).unwrap();
        let wanted = Transcript {
            speaker: Speaker::Caller,
            text: "one two".to_owned(),
            start_ms: Some(5),
            end_ms: None,
        };
        assert_eq!(line, FromBot::Transcript(wanted));
    }

    #[test]
    fn everything_else_is_nonsense() {
        let long = format!(
            r#"{{"event":"mark","mark":{{"name":"{}"}}}}"#,
            "x".repeat(600)
        );
        for text in [
            "",
            "hello",
            "[]",
            "{}",
            r#"{"event":7}"#,
            r#"{"event":"dance"}"#,
            r#"{"event":"media"}"#,
            r#"{"event":"media","media":{}}"#,
            r#"{"event":"media","media":{"payload":""}}"#,
            r#"{"event":"media","media":{"payload":"not base64!"}}"#,
            r#"{"event":"mark"}"#,
            r#"{"event":"transcript","transcript":{"speaker":"parrot","text":"x"}}"#,
            r#"{"event":"transcript","transcript":{"speaker":"agent","text":" "}}"#,
            &long,
        ] {
            assert_eq!(read(text), Err(Nonsense), "{text}");
        }
    }
}
