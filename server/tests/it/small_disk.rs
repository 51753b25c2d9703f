//! The binary on a disk that is soon full: a tmpfs that only the server's own mount namespace has,
//! so that neither root nor a clean-up is needed. Reached from here by way of `/proc`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::{BINARY, Installation};

const SIZE: &str = "size=16m";
/// What takes the room away.
const FILLER: &str = "filler";

impl Installation {
    /// Starts the server on a copy of `data` that stands on the small disk.
    pub(crate) async fn start_on_a_small_disk(&mut self) {
        fs::create_dir(self.folder().join("small")).unwrap();
        let script = format!(
            "mount -t tmpfs -o {SIZE} tmpfs small && cp -a data/. small/ && exec \"$0\" serve"
        );
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c"])
            .args([&script, BINARY]);
        self.start(command, &[("PATCHBAY_DATA__DIR", "small")])
            .await;
    }

    fn small_disk(&self) -> PathBuf {
        let here = self.folder().canonicalize().unwrap();
        let here = here.strip_prefix("/").unwrap().join("small");
        Path::new(&format!("/proc/{}/root", self.process_id())).join(here)
    }

    /// Takes every byte that is left.
    pub(crate) fn fill_disk(&self) {
        let mut file = File::create(self.small_disk().join(FILLER)).unwrap();
        for size in [65_536, 4_096, 1] {
            let chunk = vec![0; size];
            while file.write_all(&chunk).map_err(full).is_ok() {}
        }
    }

    pub(crate) fn empty_disk(&self) {
        fs::remove_file(self.small_disk().join(FILLER)).unwrap();
    }

    /// Kills the server, and puts what it left on the small disk in the place of `data`.
    pub(crate) fn kill_nine_and_rescue(&mut self) {
        // The namespace goes with the process; an open folder keeps what was mounted.
        let disk = File::open(self.small_disk()).unwrap();
        self.kill_nine();
        fs::remove_dir_all(self.data("")).unwrap();
        let left = format!("/proc/self/fd/{}/", disk.as_raw_fd());
        copy(Path::new(&left), &self.data(""));
    }
}

fn full(error: std::io::Error) {
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &place),
            _ if entry.file_name() == FILLER => {}
            // With its mode: the key file is its owner's alone.
            _ => _ = fs::copy(entry.path(), place).unwrap(),
        }
    }
}
