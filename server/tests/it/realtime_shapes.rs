//! The shapes of what a client may send in OpenAI's Realtime protocol (general availability), after the public
//! specification (`RealtimeClientEvent` and what it refers to; state of August 2026): which fields there are, which
//! must be there, of what type, with which words. Whatever the specification does not name is refused, and so
//! is what it names but we never send: who sends it first looks it up.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// What a value is to be.
enum Is {
    Text,
    /// Text of that many characters at most.
    Short(usize),
    Whole,
    Number,
    Truth,
    /// Bytes in Base64, 15 MiB at most.
    Sound,
    /// What takes a function's arguments: a JSON schema of an object.
    Arguments,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these, with so many at least.
    Some(usize, &'static Is),
    Object(&'static [Field]),
    /// One of these.
    Either(&'static [Is]),
}

struct Field {
    name: &'static str,
    must: bool,
    is: Is,
}

const fn must(name: &'static str, is: Is) -> Field {
    Field {
        name,
        must: true,
        is,
    }
}

const fn may(name: &'static str, is: Is) -> Field {
    Field {
        name,
        must: false,
        is,
    }
}

/// The fields of each event beside `type` and `event_id`.
const EVENTS: &[(&str, &[Field])] = &[
    (
        "session.update",
        &[must(
            "session",
            Is::Object(&[
                must("type", Is::Word(&["realtime"])),
                may("instructions", Is::Text),
                may("model", Is::Text),
                // Both at once are not allowed.
                may("output_modalities", Is::Either(&[TEXT_ALONE, AUDIO_ALONE])),
                may("audio", Is::Object(AUDIO)),
                may("tools", Is::Some(0, &TOOL)),
                may("tool_choice", Is::Word(&["none", "auto", "required"])),
                may("parallel_tool_calls", Is::Truth),
                may("max_output_tokens", MOST_TOKENS),
            ]),
        )],
    ),
    ("input_audio_buffer.append", &[must("audio", Is::Sound)]),
    ("input_audio_buffer.commit", &[]),
    ("input_audio_buffer.clear", &[]),
    (
        "conversation.item.create",
        &[
            must("item", Is::Either(&[MESSAGE, OUTPUT])),
            may("previous_item_id", Is::Text),
        ],
    ),
    (
        "conversation.item.truncate",
        &[
            must("item_id", Is::Text),
            must("content_index", Is::Whole),
            must("audio_end_ms", Is::Whole),
        ],
    ),
    ("conversation.item.delete", &[must("item_id", Is::Text)]),
    ("conversation.item.retrieve", &[must("item_id", Is::Text)]),
    (
        "response.create",
        &[may(
            "response",
            Is::Object(&[
                may("instructions", Is::Text),
                may("output_modalities", Is::Either(&[TEXT_ALONE, AUDIO_ALONE])),
                may("conversation", Is::Word(&["auto", "none"])),
                may("tools", Is::Some(0, &TOOL)),
                may("tool_choice", Is::Word(&["none", "auto", "required"])),
                may("max_output_tokens", MOST_TOKENS),
            ]),
        )],
    ),
    ("response.cancel", &[may("response_id", Is::Text)]),
];

const TEXT_ALONE: Is = Is::Some(1, &Is::Word(&["text"]));
const AUDIO_ALONE: Is = Is::Some(1, &Is::Word(&["audio"]));
const MOST_TOKENS: Is = Is::Either(&[Is::Whole, Is::Word(&["inf"])]);
const FORMAT: Is = Is::Either(&[
    Is::Object(&[must("type", Is::Word(&["audio/pcmu", "audio/pcma"]))]),
    Is::Object(&[
        must("type", Is::Word(&["audio/pcm"])),
        must("rate", Is::Whole),
    ]),
]);
const AUDIO: &[Field] = &[
    may(
        "input",
        Is::Object(&[
            may("format", FORMAT),
            may(
                "noise_reduction",
                Is::Object(&[must("type", Is::Word(&["near_field", "far_field"]))]),
            ),
            may(
                "transcription",
                Is::Object(&[
                    may("model", Is::Text),
                    may("language", Is::Text),
                    may("prompt", Is::Text),
                ]),
            ),
            may(
                "turn_detection",
                Is::Either(&[
                    Is::Object(&[
                        must("type", Is::Word(&["server_vad"])),
                        may("create_response", Is::Truth),
                        may("interrupt_response", Is::Truth),
                        may("idle_timeout_ms", Is::Whole),
                        may("prefix_padding_ms", Is::Whole),
                        may("silence_duration_ms", Is::Whole),
                        may("threshold", Is::Number),
                    ]),
                    Is::Object(&[
                        must("type", Is::Word(&["semantic_vad"])),
                        may("create_response", Is::Truth),
                        may("interrupt_response", Is::Truth),
                        may("eagerness", Is::Word(&["low", "medium", "high", "auto"])),
                    ]),
                ]),
            ),
        ]),
    ),
    may(
        "output",
        Is::Object(&[
            may("format", FORMAT),
            may("voice", Is::Text),
            may("speed", Is::Number),
        ]),
    ),
];
const TOOL: Is = Is::Object(&[
    must("type", Is::Word(&["function"])),
    must("name", Is::Short(64)),
    may("description", Is::Text),
    may("parameters", Is::Arguments),
]);
const STATUS: Is = Is::Word(&["completed", "incomplete", "in_progress"]);
const MESSAGE: Is = Is::Object(&[
    must("type", Is::Word(&["message"])),
    must("role", Is::Word(&["user"])),
    must(
        "content",
        Is::Some(
            1,
            &Is::Object(&[
                must("type", Is::Word(&["input_text"])),
                must("text", Is::Text),
            ]),
        ),
    ),
    may("id", Is::Short(32)),
    may("status", STATUS),
]);
const OUTPUT: Is = Is::Object(&[
    must("type", Is::Word(&["function_call_output"])),
    must("call_id", Is::Text),
    must("output", Is::Text),
    may("id", Is::Short(32)),
    may("status", STATUS),
]);

/// What is wrong with a message of a client's, if anything is.
pub(crate) fn fault(event: &Value) -> Option<String> {
    let Some(kind) = event["type"].as_str() else {
        return Some("type: is missing".to_owned());
    };
    let Some((_, fields)) = EVENTS.iter().find(|(name, _)| *name == kind) else {
        return Some(format!("type: there is no {kind}"));
    };
    let mut rest = event.clone();
    let named = rest.as_object_mut()?;
    named.remove("type");
    if let Some(id) = named.remove("event_id")
        && let Some(why) = Is::Short(512).fault(&id, "event_id")
    {
        return Some(why);
    }
    object(&rest, fields, kind)
}

fn object(value: &Value, fields: &[Field], at: &str) -> Option<String> {
    let Some(there) = value.as_object() else {
        return Some(format!("{at}: is no object"));
    };
    let strange = |name: &&String| !fields.iter().any(|field| field.name == **name);
    if let Some(name) = there.keys().find(strange) {
        return Some(format!("{at}.{name}: is unknown"));
    }
    fields.iter().find_map(|field| {
        let at = format!("{at}.{}", field.name);
        match there.get(field.name) {
            Some(value) => field.is.fault(value, &at),
            None => field.must.then(|| format!("{at}: is missing")),
        }
    })
}

impl Is {
    fn fault(&self, value: &Value, at: &str) -> Option<String> {
        let unless = |fits: bool, what: &str| (!fits).then(|| format!("{at}: {what}"));
        match self {
            Self::Text => unless(value.is_string(), "is no text"),
            Self::Short(most) => {
                let fits = |text: &str| (1..=*most).contains(&text.chars().count());
                unless(value.as_str().is_some_and(fits), "is no short text")
            }
            Self::Whole => unless(value.is_u64(), "is no whole number"),
            Self::Number => unless(value.is_number(), "is no number"),
            Self::Truth => unless(value.is_boolean(), "is neither true nor false"),
            Self::Sound => {
                let bytes = value.as_str().map(|text| BASE64_STANDARD.decode(text));
                let fits = |bytes: Vec<u8>| !bytes.is_empty() && bytes.len() <= 15 << 20;
                unless(bytes.is_some_and(|bytes| bytes.is_ok_and(fits)), "no sound")
            }
            Self::Arguments => {
                let fits = value["type"] == "object" && value["properties"].is_object();
                unless(fits, "is no schema of an object")
            }
            Self::Word(words) => {
                let fits = value.as_str().is_some_and(|word| words.contains(&word));
                unless(fits, &format!("is none of {words:?}"))
            }
            Self::Some(least, each) => {
                let Some(items) = value.as_array() else {
                    return Some(format!("{at}: is no list"));
                };
                if items.len() < *least {
                    return Some(format!("{at}: has less than {least}"));
                }
                items.iter().find_map(|item| each.fault(item, at))
            }
            Self::Object(fields) => object(value, fields, at),
            Self::Either(each) => {
                let faults: Option<Vec<_>> = each.iter().map(|is| is.fault(value, at)).collect();
                faults.map(|faults| faults.join(" or "))
            }
        }
    }
}

#[test]
fn shapes_are_strict() {
    use serde_json::json;
    let wrong = |event: Value, what: &str| {
        let found = fault(&event).unwrap_or_else(|| panic!("{event} is taken"));
        assert!(found.contains(what), "{found}");
    };
    assert_eq!(fault(&json!({ "type": "response.create" })), None);
    wrong(json!({ "type": "response.make" }), "no response.make");
    wrong(
        json!({ "type": "response.create", "voice": "a" }),
        "response.create.voice: is unknown",
    );
    wrong(
        json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 0 }),
        "audio_end_ms: is missing",
    );
    wrong(
        json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1.5 }),
        "audio_end_ms: is no whole number",
    );
    wrong(
        json!({ "type": "session.update", "session": { "type": "realtime", "output_modalities": ["audio", "text"] } }),
        "is none of",
    );
    wrong(
        json!({ "type": "session.update", "session": { "type": "realtime", "modalities": ["audio"] } }),
        "session.modalities: is unknown",
    );
    wrong(
        json!({ "type": "input_audio_buffer.append", "audio": "?" }),
        "no sound",
    );
}
