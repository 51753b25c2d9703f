//! The built-in voice: espeak-ng if there is one, else a chime.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use app::domain::agent;
use app::domain::engine::EngineType;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use crate::media::codec::SAMPLE_RATE;
use crate::media::tone::tone;

/// A sentence that takes longer than this to be made is a chime.
const PATIENCE: Duration = Duration::from_secs(5);
/// As much sound as one sentence may be: ten minutes at 22 kHz, two bytes a sample.
const MOST_BYTES: u64 = 26_460_000;
/// Sentences kept, because most are said again and again.
const KEPT: usize = 200;

/// Turns text into sound.
#[derive(Debug)]
pub struct Voice {
    program: Option<PathBuf>,
    said: Mutex<HashMap<Sentence, Arc<[i16]>>>,
}

/// Language and words.
type Sentence = (String, String);

/// Why a sentence was not spoken.
#[derive(Debug, thiserror::Error)]
enum Mute {
    #[error("it can't be run: {0}")]
    Run(#[from] std::io::Error),
    #[error("it ended with {0}")]
    Failed(std::process::ExitStatus),
    #[error("it took too long")]
    TooSlow,
    #[error("it gave no sound that can be read: {0}")]
    Unreadable(#[from] hound::Error),
}

impl Voice {
    /// Looks for the program named in the settings, by path or on `PATH`.
    pub fn find(program: &str) -> Self {
        let by_path = program.contains('/').then(|| PathBuf::from(program));
        let on_path = || {
            let folders = std::env::var_os("PATH")?;
            std::env::split_paths(&folders)
                .map(|folder| folder.join(program))
                .find(|file| file.is_file())
        };
        let found = by_path.or_else(on_path);
        Self {
            program: found.filter(|file| !program.is_empty() && file.is_file()),
            said: Mutex::default(),
        }
    }

    /// The voices there are; waits for the program.
    pub fn list(&self) -> Vec<agent::Voice> {
        let Some(program) = &self.program else {
            return Vec::new();
        };
        let told = std::process::Command::new(program).arg("--voices").output();
        let told = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
        let told = told.unwrap_or_default();
        told.lines().skip(1).filter_map(listed).collect()
    }

    /// Whether words can be spoken, or only a chime played.
    pub fn can_speak(&self) -> bool {
        self.program.is_some()
    }

    /// The sound of `text` at 8 kHz. Never fails: what cannot be spoken is a chime.
    pub async fn say(&self, text: &str, language: &str) -> Arc<[i16]> {
        let key = (text.to_owned(), language.to_owned());
        if let Some(known) = self.said.lock().get(&key) {
            return Arc::clone(known);
        }
        let Some(program) = &self.program else {
            return chime();
        };
        match timeout(PATIENCE, speak(program, text, language))
            .await
            .unwrap_or(Err(Mute::TooSlow))
        {
            Ok(samples) => {
                let samples: Arc<[i16]> = samples.into();
                let mut said = self.said.lock();
                if said.len() >= KEPT {
                    said.clear();
                }
                said.insert(key, Arc::clone(&samples));
                samples
            }
            Err(error) => {
                tracing::warn!(%error, "agent.voice.mute");
                chime()
            }
        }
    }
}

/// A line of espeak-ng's list: priority, language, age and gender, name, file.
fn listed(line: &str) -> Option<agent::Voice> {
    let mut columns = line.split_whitespace().skip(1);
    let (language, name, file) = (columns.next()?, columns.nth(1)?, columns.next()?);
    Some(agent::Voice {
        id: file.to_owned(),
        name: name.replace('_', " "),
        language: language.to_owned(),
        engine: EngineType::Builtin.as_str().to_owned(),
    })
}

/// Two notes, so that a caller hears that somebody is there.
fn chime() -> Arc<[i16]> {
    let mut samples = tone(880.0, 180, 9_000);
    samples.extend(tone(660.0, 320, 9_000));
    samples.into()
}

/// The text goes in by standard input, never as an argument: it is the operator's, and may
/// begin with a dash.
async fn speak(program: &Path, text: &str, language: &str) -> Result<Vec<i16>, Mute> {
    let mut child = Command::new(program)
        .args(["-v", voice_of(language), "--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await?;
        stdin.write_all(b"\n").await?;
    }
    let mut wav = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MOST_BYTES).read_to_end(&mut wav).await?;
    }
    let status = child.wait().await?;
    if !status.success() {
        return Err(Mute::Failed(status));
    }
    // Changing the rate of a long text takes its time.
    let decoding = tokio::task::spawn_blocking(move || decode(wav));
    decoding.await.map_err(std::io::Error::other)?
}

/// espeak-ng writes to a pipe, so that the header's length is a guess; what is there counts.
fn decode(wav: Vec<u8>) -> Result<Vec<i16>, Mute> {
    let mut reader = hound::WavReader::new(Cursor::new(wav))?;
    let rate = reader.spec().sample_rate;
    let samples: Vec<i16> = reader.samples().map_while(Result::ok).collect();
    if samples.is_empty() || rate == 0 {
        return Err(hound::Error::FormatError("no samples").into());
    }
    Ok(audio_codec::resample(&samples, rate, SAMPLE_RATE))
}

/// espeak-ng's name of a language; an unknown one is read as English rather than not at all.
fn voice_of(named: &str) -> &str {
    // A voice of the list is named by its file.
    if named.contains('/') {
        return named;
    }
    let language = named.to_ascii_lowercase();
    let base = language.split('-').next().unwrap_or_default();
    match (base, language.as_str()) {
        ("en", "en-gb") => "en-gb",
        ("pt", "pt-br") => "pt-br",
        ("pt", _) => "pt",
        ("zh", _) => "cmn",
        ("de", _) => "de",
        ("fr", "fr-ch") => "fr-ch",
        ("fr", _) => "fr-fr",
        ("es", "es-es" | "es") => "es",
        ("es", _) => "es-419",
        ("it", _) => "it",
        ("nl", _) => "nl",
        ("pl", _) => "pl",
        ("ru", _) => "ru",
        ("sv", _) => "sv",
        ("da", _) => "da",
        ("nb" | "no", _) => "nb",
        ("fi", _) => "fi",
        ("cs", _) => "cs",
        ("el", _) => "el",
        ("hu", _) => "hu",
        ("ro", _) => "ro",
        ("tr", _) => "tr",
        ("uk", _) => "uk",
        ("hi", _) => "hi",
        ("ar", _) => "ar",
        ("ja", _) => "ja",
        ("ko", _) => "ko",
        ("eu", _) => "eu",
        ("qu", _) => "qu",
        _ => "en-us",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_program_a_chime_is_heard() {
        let voice = Voice::find("no-such-voice-anywhere");
        assert!(!voice.can_speak());
        let sound = voice.say("Hello?", "en").await;
        assert!(sound.iter().any(|sample| sample.unsigned_abs() > 5_000));
    }

    #[test]
    fn a_voice_is_read_from_the_programs_list() {
        let line = " 5  en-gb           --/M      English_(Great_Britain) gmw/en        (en 2)";
        let voice = listed(line).unwrap();
        let told = [voice.id, voice.name, voice.language];
        assert_eq!(told, ["gmw/en", "English (Great Britain)", "en-gb"]);
        assert_eq!(listed(""), None);
        assert_eq!(voice_of("gmw/en"), "gmw/en");
    }

    #[tokio::test]
    async fn a_program_that_fails_is_a_chime_too() {
        let voice = Voice::find("/bin/false");
        assert!(voice.can_speak());
        assert_eq!(voice.say("Hello?", "en").await, chime());
    }

    #[tokio::test]
    async fn words_are_spoken_and_remembered() {
        let voice = Voice::find("espeak-ng");
        if !voice.can_speak() {
            assert!(std::env::var_os("CI").is_none(), "CI must have espeak-ng");
            return;
        }
        let sound = voice.say("-v Hello, how can I help?", "xx").await;
        assert!(sound.len() > 8_000, "{} samples", sound.len());
        assert!(sound.iter().any(|sample| sample.unsigned_abs() > 1_000));
        assert!(Arc::ptr_eq(
            &sound,
            &voice.say("-v Hello, how can I help?", "xx").await
        ));
    }
}
