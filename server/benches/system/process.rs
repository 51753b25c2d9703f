//! A program under test: what it costs, read from `/proc`, and its end by its own id.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;

/// Linux tells CPU time in these on every common build.
const TICKS_PER_SECOND: f64 = 100.0;

pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Its output goes to a file, which a failed part may be asked about.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let out = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; false when it had to be stopped.
    pub(crate) fn wait(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if self.ended() {
                return true;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }

    /// Two signals: the first lets calls go on, the second ends at once.
    pub(crate) fn end(&mut self) {
        for _ in 0..2 {
            if self.ended() {
                return;
            }
            let _ = Command::new("kill")
                .args(["-TERM", &self.id().to_string()])
                .status();
            if self.wait(Duration::from_millis(1500)) {
                return;
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// CPU seconds of the program and its children (Kamailio works in children).
    pub(crate) fn cpu_seconds(&self) -> f64 {
        family(self.id()).into_iter().map(cpu_of).sum()
    }

    pub(crate) fn resident_mib(&self) -> f64 {
        family(self.id()).into_iter().map(resident_of).sum()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

fn family(root: u32) -> Vec<u32> {
    let mut members = vec![root];
    let mut at = 0;
    while let Some(&id) = members.get(at) {
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        members.extend(
            children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
        at += 1;
    }
    members
}

/// Fields 14 and 15 of `/proc/ID/stat`; the name before them may hold blanks.
fn cpu_of(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_PER_SECOND
}

fn resident_of(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(0.0, |kib| kib / 1024.0)
}
