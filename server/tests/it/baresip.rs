//! baresip as a desk phone: it answers by itself or dials, with real audio both ways, counted, and
//! what it heard as a file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::binary::free_port;

/// A call ends within this, or never.
const SLOW: Duration = Duration::from_secs(40);

/// How its account is to be.
pub(crate) struct Plan<'a> {
    pub(crate) codecs: &'a str,
    /// What it says into its microphone.
    pub(crate) hertz: f64,
    /// Who it is, at whom it dials.
    pub(crate) login: Option<(&'a str, &'a str)>,
    /// More parameters of its account, such as `;mediaenc=srtp-mand`.
    pub(crate) more: &'a str,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self {
            codecs: "PCMA/8000/1",
            hertz: 1_000.0,
            login: None,
            more: "",
        }
    }
}

/// Killed with the test.
pub(crate) struct Baresip {
    process: Child,
    folder: tempfile::TempDir,
    pub(crate) at: SocketAddr,
    control: SocketAddr,
}

/// Sent and received, by its own count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packets {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Baresip {
    /// `None` where it is not installed, which CI does not allow.
    pub(crate) async fn start(plan: &Plan<'_>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let here = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (at, control) = (here(free_port()), here(free_port()));
        write_folder(folder.path(), at, control, plan);
        let output = std::fs::File::create(folder.path().join("output.txt")).unwrap();
        let started = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn();
        let process = match started {
            Ok(process) => process,
            Err(missing) => {
                assert!(std::env::var_os("CI").is_none(), "no baresip: {missing}");
                eprintln!("SKIPPED: baresip is not installed (run .ci/tools/peers)");
                return None;
            }
        };
        let phone = Self {
            process,
            folder,
            at,
            control,
        };
        phone.says("baresip is ready").await;
        Some(phone)
    }

    /// Waits for these words.
    pub(crate) async fn says(&self, words: &str) {
        let began = std::time::Instant::now();
        while !self.output().contains(words) {
            assert!(began.elapsed() < SLOW, "no {words:?}:\n{}", self.output());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn output(&self) -> String {
        let file = self.folder.path().join("output.txt");
        String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()
    }

    /// A command, as its menu knows it.
    pub(crate) async fn does(&self, command: &str, what: &str) {
        let mut control = TcpStream::connect(self.control).await.unwrap();
        let text = serde_json::json!({ "command": command, "params": what }).to_string();
        let framed = format!("{}:{text},", text.len());
        control.write_all(framed.as_bytes()).await.unwrap();
        control.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// What it counted of the first call that is over.
    pub(crate) async fn packets(&self) -> Packets {
        self.says("packets:").await;
        let output = self.output();
        let line = output
            .lines()
            .find(|line| line.contains("packets:"))
            .unwrap();
        let mut counts = line
            .split_whitespace()
            .filter_map(|word| word.parse::<u64>().ok());
        Packets {
            sent: counts.next().unwrap(),
            received: counts.next().unwrap(),
        }
    }

    /// What came out of its loudspeaker.
    pub(crate) fn heard(&self) -> Vec<i16> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let file: PathBuf = files
            .map(|file| file.unwrap().path())
            .find(|file| file.to_string_lossy().ends_with("-dec.wav"))
            .unwrap_or_else(|| panic!("it heard nothing:\n{}", self.output()));
        let mut reader = hound::WavReader::open(file).unwrap();
        reader.samples().map_while(Result::ok).collect()
    }

    /// Leaves in good order, so that its files are whole.
    pub(crate) async fn quits(&mut self) {
        self.does("quit", "").await;
        let _ = tokio::time::timeout(Duration::from_secs(5), self.process.wait()).await;
    }
}

fn write_folder(folder: &Path, at: SocketAddr, control: SocketAddr, plan: &Plan<'_>) {
    let says = folder.join("says.wav");
    crate::media_pjsip::write_tone(&says, plan.hertz, 20_000);
    let ip = at.ip();
    let config = format!(
        "poll_method epoll\nsip_listen {at}\nnet_interface {ip}\naudio_player aubridge,heard\n\
         audio_source aufile,{}\nausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\n\
         auplay_channels 1\nrtp_ports 35000-39000\nrtp_stats yes\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n\
         module aubridge.so\nmodule sndfile.so\nmodule srtp.so\nsnd_path {}\n\
         module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen {control}\n",
        says.display(),
        folder.display(),
    );
    std::fs::write(folder.join("config"), config).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
    let (user, login) = match plan.login {
        Some((user, password)) => (user, format!(";auth_user={user};auth_pass={password}")),
        None => ("desk", String::new()),
    };
    let account = format!(
        "\"Desk phone\" <sip:{user}@{at}>;regint=0;answermode=auto;audio_codecs={}{login}{}\n",
        plan.codecs, plan.more
    );
    std::fs::write(folder.join("accounts"), account).unwrap();
}
