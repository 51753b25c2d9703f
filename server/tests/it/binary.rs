//! The real binary in a folder of its own.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_patchbay");
/// For what takes a moment on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder, settings, and maybe a server at work on them.
pub(crate) struct Installation {
    folder: TempDir,
    http: u16,
    sip: u16,
    settings: Vec<(String, String)>,
    server: Option<Child>,
}

/// What a command left behind.
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    output: Output,
}

pub(crate) fn free_port() -> u16 {
    // Free for both, as SIP wants it.
    loop {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        if std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Installation {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            http: free_port(),
            sip: free_port(),
            settings: Vec::new(),
            server: None,
        }
    }

    pub(crate) async fn serve() -> Self {
        Self::serve_with(&[]).await
    }

    pub(crate) async fn serve_with(settings: &[(&str, &str)]) -> Self {
        let mut house = Self::with(settings);
        house.start_again().await;
        house
    }

    /// Not started yet.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut house = Self::new();
        house.settings = settings.iter().map(owned).collect();
        house
    }

    /// One more setting, from the next start on.
    pub(crate) fn set(&mut self, (name, value): (&str, &str)) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn start_again(&mut self) {
        let mut command = Command::new(BINARY);
        command.arg("serve");
        self.start(command, &[]).await;
    }

    /// Starts whatever becomes the server.
    pub(crate) async fn start(&mut self, mut command: Command, settings: &[(&str, &str)]) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let out = File::options()
            .create(true)
            .append(true)
            .open(self.out_file())
            .unwrap();
        self.settle(&mut command, settings);
        let child = command.stdout(out).stderr(log).spawn().unwrap();
        self.server = Some(child);
        let began = Instant::now();
        let url = format!("http://127.0.0.1:{}/readyz", self.http);
        while !reqwest::get(&url)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(
                began.elapsed() < PATIENCE && self.is_running(),
                "not ready:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments);
        self.settle(&mut command, settings);
        command
    }

    /// In this folder, with these settings and no others.
    fn settle(&self, command: &mut Command, settings: &[(&str, &str)]) {
        let foreign = std::env::vars().filter(|(name, _)| name.starts_with("PATCHBAY_"));
        for (name, _) in foreign {
            command.env_remove(name);
        }
        let rtp = 20_000 + self.http % 20_000 / 100 * 100;
        command
            .current_dir(self.folder.path())
            .env("PATCHBAY_HTTP__ADDR", format!("127.0.0.1:{}", self.http))
            .env(
                "PATCHBAY_HTTP__PUBLIC_URL",
                format!("http://127.0.0.1:{}", self.http),
            )
            .env("PATCHBAY_SIP__ADDR", format!("127.0.0.1:{}", self.sip))
            .env("PATCHBAY_SIP__RTP_PORTS", format!("{rtp}-{}", rtp + 99))
            .env("PATCHBAY_DATA__DIR", "data")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(settings.iter().copied())
            .stdin(Stdio::piped());
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Done {
        self.run_with(arguments, input, &[])
    }

    pub(crate) fn run_with(
        &self,
        arguments: &[&str],
        input: &str,
        settings: &[(&str, &str)],
    ) -> Done {
        run(self.command(arguments, settings), input)
    }

    /// With the settings of the file alone.
    pub(crate) fn run_bare(&self, arguments: &[&str]) -> Done {
        let mut command = self.command(arguments, &[]);
        let ours: Vec<_> = command
            .get_envs()
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in ours {
            command.env_remove(name);
        }
        run(command, "")
    }

    pub(crate) fn key(&self, rights: &[&str]) -> String {
        let made = self.run(&[&["key", "create", "test"], rights].concat(), "");
        assert!(made.status.success(), "{}", made.stderr());
        made.stdout().trim().to_owned()
    }

    /// As a browser writes it in `Origin`.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    pub(crate) fn sip(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.sip).into()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn out_file(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    pub(crate) async fn log_says(&self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            assert!(
                began.elapsed() < PATIENCE,
                "no {text:?} in:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Of the link that a first start prints.
    pub(crate) async fn set_up_token(&self) -> String {
        let began = Instant::now();
        loop {
            let out = std::fs::read_to_string(self.out_file()).unwrap_or_default();
            if let Some((_, after)) = out.split_once("token=") {
                return after.split_whitespace().next().unwrap().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "no link in:\n{out}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Value {
        read(self.request_get(key, path).send().await.unwrap()).await
    }

    /// A GET to be sent.
    pub(crate) fn request_get(&self, key: &str, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new()
            .get(format!("{}{path}", self.origin()))
            .bearer_auth(key)
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Value {
        let request = self.request(key, path).json(body);
        read(request.send().await.unwrap()).await
    }

    /// A POST to be sent.
    pub(crate) fn request(&self, key: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.http);
        reqwest::Client::new().post(url).bearer_auth(key)
    }

    /// A PATCH with this key.
    pub(crate) fn request_patch(&self, key: &str, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new()
            .patch(format!("{}{path}", self.origin()))
            .bearer_auth(key)
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process_id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    pub(crate) fn kill_nine(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.server
            .as_mut()
            .is_some_and(|server| server.try_wait().unwrap().is_none())
    }

    /// Waits for its own end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.ended_after(|_| ()).await
    }

    /// Ends it at once, also with calls up: by a second signal. It is sent until it is heard, because two that come
    /// before the process has looked are one signal to it (POSIX).
    pub(crate) async fn end(&mut self) {
        self.ended_after(|house| house.signal("TERM")).await;
    }

    async fn ended_after(&mut self, meanwhile: impl Fn(&Self)) -> ExitStatus {
        let began = Instant::now();
        loop {
            meanwhile(self);
            let server = self.server.as_mut().unwrap();
            if let Some(status) = server.try_wait().unwrap() {
                self.server = None;
                return status;
            }
            if began.elapsed() > PATIENCE {
                self.kill_nine();
                panic!("it does not end:\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The SQLite database behind the server's back.
    pub(crate) async fn database(&self) -> SqliteConnection {
        let url = format!("sqlite:{}", self.data("patchbay.db").display());
        SqliteConnection::connect(&url).await.unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

impl Done {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// It failed with code 1, said why in these words, and did not panic.
    pub(crate) fn refused_naming(&self, words: &[&str]) {
        let said = self.stderr();
        assert_eq!(self.status.code(), Some(1), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        for word in words {
            assert!(
                said.to_lowercase().contains(&word.to_lowercase()),
                "no {word:?} in: {said}"
            );
        }
    }
}

fn run(mut command: Command, input: &str) -> Done {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(
        child
            .stdin
            .take()
            .unwrap()
            .write_all(format!("{input}\n").as_bytes()),
    );
    let (done, over) = std::sync::mpsc::channel::<()>();
    let pid = child.id().to_string();
    let watchdog = std::thread::spawn(move || {
        let late = over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        late.then(|| Command::new("kill").args(["-9", &pid]).status())
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    assert!(
        watchdog.join().unwrap().is_none(),
        "{command:?} does not end"
    );
    Done {
        status: output.status,
        output,
    }
}

async fn read(answer: reqwest::Response) -> Value {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    body
}
