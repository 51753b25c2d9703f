//! Starting SIPp. It leaves with whoever holds it, and says what went wrong in a file of its folder.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

const ERRORS: &str = "errors.log";
const SAID: &str = "stderr.log";

/// Runs a scenario in this folder; `None` where SIPp is not installed, which CI does not allow.
pub(crate) fn start(folder: &Path, scenario: &Path, args: &[&str]) -> Option<Child> {
    let started = Command::new("sipp")
        .current_dir(folder)
        .arg("-sf")
        .arg(scenario)
        .args(args)
        .args(["-nostdin", "-timeout_error", "-trace_err"])
        .args(["-error_file", ERRORS])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join(SAID)).unwrap())
        .kill_on_drop(true)
        .spawn();
    match started {
        Ok(child) => Some(child),
        Err(missing) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "SIPp is not installed: {missing}"
            );
            eprintln!("SKIPPED: SIPp is not installed (apt-get install sip-tester)");
            None
        }
    }
}

/// What it wrote there.
pub(crate) fn errors(folder: &Path) -> String {
    let read = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}\n{}", read(ERRORS), read(SAID))
}
