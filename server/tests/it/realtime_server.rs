//! A server of the Realtime protocol as strict as the public one: it refuses what its specification does not name
//! (`realtime_shapes`), begins one answer at a time, knows its items and calls, and sends every event of a turn,
//! those that nobody here needs among them.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use crate::engine_bot::{Bot, Stream};
use crate::realtime_shapes::fault;

/// The other side of one session.
pub(crate) struct Server {
    pub(crate) stream: Stream,
    /// The answer under way.
    active: Option<String>,
    events: u64,
    responses: u64,
    /// How long each item of ours sounds, in milliseconds.
    spoken: HashMap<String, u64>,
    /// Function calls that want an output.
    called: HashSet<String>,
    /// Messages that were taken while something else was waited for.
    waiting: VecDeque<Value>,
}

impl Server {
    /// Shakes hands, makes the session, and tells what was wanted of it.
    pub(crate) async fn serves(bot: &Bot) -> (Self, Value) {
        let mut server = Self::of(bot.is_called().await);
        let session = json!({
            "type": "realtime", "object": "realtime.session", "id": "sess_1", "model": "gpt-realtime",
            "output_modalities": ["audio"],
        });
        let created = json!({ "session": session });
        server.says("session.created", created).await;
        let update = server.hears("session.update").await;
        let mut session = update["session"].clone();
        session["object"] = json!("realtime.session");
        session["id"] = json!("sess_1");
        let updated = json!({ "session": session });
        server.says("session.updated", updated).await;
        (server, update["session"].clone())
    }

    /// Before anything was said.
    pub(crate) fn of(stream: Stream) -> Self {
        Self {
            stream,
            active: None,
            events: 0,
            responses: 0,
            spoken: HashMap::new(),
            called: HashSet::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(crate) async fn says(&mut self, kind: &str, mut event: Value) {
        self.events += 1;
        event["type"] = json!(kind);
        event["event_id"] = json!(format!("event_{}", self.events));
        self.stream.says(&event).await;
    }

    /// What went wrong, with the message that it is about.
    async fn refuses(&mut self, about: &Value, code: &str) {
        let error = json!({
            "type": "invalid_request_error", "code": code, "message": "no", "param": null,
            "event_id": about["event_id"],
        });
        self.says("error", json!({ "error": error })).await;
    }

    /// The next message that is not audio, after it was looked at; the sound of audio is kept.
    pub(crate) async fn next(&mut self) -> Value {
        if let Some(message) = self.waiting.pop_front() {
            return message;
        }
        loop {
            if let Some(message) = self.takes().await {
                return message;
            }
        }
    }

    /// One message, if it is not audio.
    async fn takes(&mut self) -> Option<Value> {
        let message = self.stream.next().await.unwrap();
        if let Some(fault) = fault(&message) {
            panic!("{fault} in {message}");
        }
        if message["type"] == "input_audio_buffer.append" {
            self.stream.takes(message["audio"].as_str().unwrap());
            return None;
        }
        self.judges(&message);
        Some(message)
    }

    /// What no shape tells: whether what it refers to is there.
    fn judges(&mut self, message: &Value) {
        let item = &message["item"];
        if item["type"] == "function_call_output" {
            let call = item["call_id"].as_str().unwrap();
            assert!(self.called.remove(call), "nothing called {call}: {message}");
        }
        if message["type"] == "conversation.item.truncate" {
            let item = message["item_id"].as_str().unwrap();
            let sounds = self.spoken.get(item);
            let sounds = sounds.unwrap_or_else(|| panic!("there is no {item}: {message}"));
            let end = message["audio_end_ms"].as_u64().unwrap();
            assert!(end <= *sounds, "{item} lasts {sounds} ms: {message}");
        }
    }

    /// Waits until so much of the caller was heard; nothing else may come meanwhile.
    pub(crate) async fn listens(&mut self, ms: usize) {
        while self.stream.heard.len() < 8 * ms {
            if let Some(message) = self.takes().await {
                panic!("{message} while the caller is listened to");
            }
        }
    }

    /// What comes within so much of the caller's audio.
    pub(crate) async fn collects(&mut self, ms: usize) -> Vec<String> {
        let until = self.stream.heard.len() + 8 * ms;
        while self.stream.heard.len() < until {
            if let Some(message) = self.takes().await {
                self.waiting.push_back(message);
            }
        }
        let kinds = self.waiting.iter().map(|one| one["type"].as_str().unwrap());
        kinds.map(str::to_owned).collect()
    }

    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Is asked for an answer, and begins it.
    pub(crate) async fn is_asked(&mut self) -> Value {
        let create = self.hears("response.create").await;
        assert_eq!(self.active, None, "one is under way: {create}");
        self.begins().await;
        create
    }

    /// Is asked for an answer just after it began one of its own.
    pub(crate) async fn is_asked_too_late(&mut self) {
        let create = self.hears("response.create").await;
        assert!(self.active.is_some());
        let code = "conversation_already_has_active_response";
        self.refuses(&create, code).await;
    }

    /// Is asked for an answer, and refuses without naming what.
    pub(crate) async fn is_asked_in_vain(&mut self) {
        self.hears("response.create").await;
        self.refuses(&Value::Null, "rate_limit_exceeded").await;
    }

    /// Begins an answer, as it does by itself when the caller has finished.
    pub(crate) async fn begins(&mut self) {
        self.responses += 1;
        let id = format!("resp_{}", self.responses);
        let response = response(&id, "in_progress");
        self.active = Some(id);
        let created = json!({ "response": response });
        self.says("response.created", created).await;
    }

    /// The answer under way is over.
    pub(crate) async fn ends(&mut self, status: &str) {
        let id = self.active.take().unwrap();
        let done = json!({ "response": response(&id, status) });
        self.says("response.done", done).await;
        let limits = json!([{ "name": "tokens", "limit": 40_000, "remaining": 39_000, "reset_seconds": 1.5 }]);
        let limits = json!({ "rate_limits": limits });
        self.says("rate_limits.updated", limits).await;
    }

    fn place(&self, item: &str) -> Value {
        let response = self.active.as_deref().unwrap();
        json!({ "response_id": response, "item_id": item, "output_index": 0, "content_index": 0 })
    }

    fn with(&self, item: &str, name: &str, value: Value) -> Value {
        let mut event = self.place(item);
        event[name] = value;
        event
    }

    /// A message of the answer under way, all at once, as models do.
    pub(crate) async fn answers(&mut self, item: &str, samples: &[i16], words: &str) {
        self.adds(&message(item, "in_progress", words)).await;
        let part = json!({ "type": "audio", "transcript": "" });
        let added = self.with(item, "part", part);
        self.says("response.content_part.added", added).await;
        let delta = self.with(item, "delta", json!(words));
        self.says("response.output_audio_transcript.delta", delta)
            .await;
        for piece in samples.chunks(4_000) {
            self.sounds(item, piece).await;
        }
        let done = self.place(item);
        self.says("response.output_audio.done", done).await;
        let done = self.with(item, "transcript", json!(words));
        self.says("response.output_audio_transcript.done", done)
            .await;
        let part = json!({ "type": "audio", "transcript": words });
        let done = self.with(item, "part", part);
        self.says("response.content_part.done", done).await;
        self.is_done_with(&message(item, "completed", words)).await;
    }

    /// A piece of sound of an item.
    pub(crate) async fn sounds(&mut self, item: &str, piece: &[i16]) {
        *self.spoken.entry(item.to_owned()).or_default() += piece.len() as u64 / 8;
        let mut delta = json!({
            "response_id": format!("resp_{}", self.responses), "item_id": item, "output_index": 0,
            "content_index": 0,
        });
        delta["delta"] = json!(Stream::written(piece));
        self.says("response.output_audio.delta", delta).await;
    }

    /// The answer under way uses a tool.
    pub(crate) async fn calls(&mut self, name: &str, arguments: &Value, status: &str) {
        let call = format!("call_{}", self.events);
        let item = |status: &str| {
            json!({
                "id": format!("item_{call}"), "object": "realtime.item", "type": "function_call",
                "status": status, "call_id": call, "name": name, "arguments": arguments.to_string(),
            })
        };
        self.adds(&item("in_progress")).await;
        let mut done = json!({
            "item_id": format!("item_{call}"), "output_index": 0, "call_id": call, "name": name,
            "arguments": arguments.to_string(),
        });
        done["response_id"] = self.place("")["response_id"].clone();
        self.says("response.function_call_arguments.done", done)
            .await;
        self.called.insert(call.clone());
        self.is_done_with(&item(status)).await;
    }

    async fn adds(&mut self, item: &Value) {
        let mut added = json!({ "output_index": 0, "item": item });
        added["response_id"] = self.place("")["response_id"].clone();
        self.says("response.output_item.added", added).await;
        let added = json!({ "previous_item_id": null, "item": item });
        self.says("conversation.item.added", added).await;
    }

    async fn is_done_with(&mut self, item: &Value) {
        let mut done = json!({ "output_index": 0, "item": item });
        done["response_id"] = self.place("")["response_id"].clone();
        self.says("response.output_item.done", done).await;
        let done = json!({ "previous_item_id": null, "item": item });
        self.says("conversation.item.done", done).await;
    }

    /// The caller begins to speak: what is being answered is cancelled.
    pub(crate) async fn is_interrupted(&mut self, item: &str, at_ms: u64) {
        let began = json!({ "audio_start_ms": at_ms, "item_id": item });
        self.says("input_audio_buffer.speech_started", began).await;
        if self.active.is_some() {
            self.ends("cancelled").await;
        }
    }

    /// The caller has finished, and this is what was said.
    pub(crate) async fn understands(&mut self, item: &str, until_ms: u64, words: &str) {
        let stopped = json!({ "audio_end_ms": until_ms, "item_id": item });
        self.says("input_audio_buffer.speech_stopped", stopped)
            .await;
        let committed = json!({ "previous_item_id": null, "item_id": item });
        self.says("input_audio_buffer.committed", committed).await;
        let said = json!({
            "id": item, "object": "realtime.item", "type": "message", "role": "user", "status": "completed",
            "content": [{ "type": "input_audio", "transcript": null }],
        });
        let added = json!({ "previous_item_id": null, "item": said });
        self.says("conversation.item.added", added).await;
        let kind = "conversation.item.input_audio_transcription";
        let delta = json!({ "item_id": item, "content_index": 0, "delta": words });
        self.says(&format!("{kind}.delta"), delta).await;
        let usage =
            json!({ "type": "tokens", "input_tokens": 9, "output_tokens": 4, "total_tokens": 13 });
        let completed = json!({
            "item_id": item, "content_index": 0, "transcript": words, "usage": usage, "logprobs": null,
        });
        self.says(&format!("{kind}.completed"), completed).await;
    }

    pub(crate) async fn is_truncated(&mut self, truncate: &Value) {
        let truncated = json!({
            "item_id": truncate["item_id"], "content_index": truncate["content_index"],
            "audio_end_ms": truncate["audio_end_ms"],
        });
        self.says("conversation.item.truncated", truncated).await;
    }
}

fn response(id: &str, status: &str) -> Value {
    json!({
        "id": id, "object": "realtime.response", "status": status, "status_details": null, "output": [],
        "conversation_id": "conv_1", "output_modalities": ["audio"], "max_output_tokens": "inf",
        "audio": { "output": { "format": { "type": "audio/pcmu" }, "voice": "cedar" } }, "usage": null,
        "metadata": null,
    })
}

fn message(item: &str, status: &str, words: &str) -> Value {
    let content = match status {
        "completed" => json!([{ "type": "output_audio", "transcript": words }]),
        _ => json!([]),
    };
    json!({
        "id": item, "object": "realtime.item", "type": "message", "role": "assistant", "status": status,
        "content": content,
    })
}
