//! Kamailio as a carrier (`end2end/peers/kamailio/carrier.cfg`): it challenges, relays to the callee
//! behind it over UDP, and registers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::binary::free_port;
use crate::sip_tls::Authority;

pub(crate) const USER: &str = "patch";
pub(crate) const PASSWORD: &str = "s3cret";

/// Killed with the test, and its children with it.
pub(crate) struct Kamailio {
    _process: Child,
    folder: tempfile::TempDir,
    /// UDP and TCP.
    pub(crate) at: SocketAddr,
    pub(crate) tls: SocketAddr,
}

impl Kamailio {
    /// `None` where it is not installed, which CI does not allow.
    pub(crate) async fn before(callee: SocketAddr, digest: &str, by: &Authority) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let here = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (at, tls) = (here(), here());
        by.issue_into(folder.path(), "127.0.0.1", 2999);
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let template =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/peers/kamailio/carrier.cfg");
        let mut text = std::fs::read_to_string(template).unwrap();
        for (word, value) in [
            ("address", at.to_string()),
            ("tls_address", tls.to_string()),
            ("folder", folder.path().display().to_string()),
            ("digest", digest.to_owned()),
            ("username", USER.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("callee_port", callee.port().to_string()),
        ] {
            text = text.replace(&format!("{{{{{word}}}}}"), &value);
        }
        let config = folder.path().join("carrier.cfg");
        std::fs::write(&config, text).unwrap();
        let log = std::fs::File::create(folder.path().join("log.txt")).unwrap();
        let started = Command::new("kamailio")
            .arg("-f")
            .arg(&config)
            // In the foreground, on stderr, with a run folder of its own.
            .args(["-DD", "-E", "-Y"])
            .arg(folder.path().join("run"))
            .arg("-P")
            .arg(folder.path().join("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        let process = match started {
            Ok(process) => process,
            Err(missing) => {
                assert!(std::env::var_os("CI").is_none(), "no Kamailio: {missing}");
                eprintln!("SKIPPED: Kamailio is not installed (run .ci/tools/peers)");
                return None;
            }
        };
        let carrier = Self {
            _process: process,
            folder,
            at,
            tls,
        };
        carrier.listens().await;
        Some(carrier)
    }

    async fn listens(&self) {
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(self.tls).await.is_ok()
                && tokio::net::TcpStream::connect(self.at).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("Kamailio does not listen:\n{}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log.txt")).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Kamailio {
    /// Its children leave with it only if it is asked.
    fn drop(&mut self) {
        if let Ok(pid) = std::fs::read_to_string(self.folder.path().join("pid")) {
            let _ = std::process::Command::new("kill").arg(pid.trim()).status();
        }
    }
}
