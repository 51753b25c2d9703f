//! PJSIP as the peer, in a process of its own (`end2end/peers/pjsua.py`).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long it may take to say its next line.
const SLOW: Duration = Duration::from_secs(30);

/// The Python that has PJSIP, where `.ci/tools/peers` puts it.
pub(crate) fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("PATCHBAY_CACHE").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache/patchbay"),
        PathBuf::from,
    );
    let python = cache.join("peers-venv/bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("CI").is_none(), "CI must have PJSIP");
    eprintln!("left out: PJSIP is not installed (run .ci/tools/peers)");
    None
}

/// Killed with the test.
pub(crate) struct Pjsip {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
}

impl Pjsip {
    pub(crate) fn start(python: &Path, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/peers/pjsua.py");
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(python)
            .arg(script)
            .args(["--address", "127.0.0.1", "--record"])
            .arg(folder.path().join("heard.wav"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            process,
            lines,
            folder,
        }
    }

    /// The next line of JSON it prints, after what its library has to say before the log is ours.
    pub(crate) async fn tells(&mut self) -> Value {
        loop {
            let line = tokio::time::timeout(SLOW, self.lines.next_line());
            let line = line.await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| panic!("PJSIP ended without a word"));
            if line.starts_with('{') {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }

    /// What it has heard.
    pub(crate) fn heard(&self) -> PathBuf {
        self.folder.path().join("heard.wav")
    }

    pub(crate) async fn ends(&mut self) {
        let ended = tokio::time::timeout(SLOW, self.process.wait()).await;
        ended.unwrap().unwrap();
    }

    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}
