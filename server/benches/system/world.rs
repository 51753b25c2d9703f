//! A release server on loopback with a trunk, a number and an agent, set up through the API.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::caller::{Account, SecureDoor};
use crate::process::Program;
use crate::readers::{Connection, Credential};

/// The binary that was built with this bench; `PATCHBAY_BIN` names another.
fn binary() -> String {
    std::env::var("PATCHBAY_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_patchbay").to_owned())
}

/// Where it listens.
struct Ports {
    http: SocketAddr,
    sip: SocketAddr,
    /// SIP over TLS.
    secure: SocketAddr,
}

pub(crate) struct World {
    // First, so that the server ends before its folder goes.
    pub(crate) server: Program,
    pub(crate) account: Account,
    pub(crate) door: SecureDoor,
    /// A number whose agent neither records nor speaks long.
    pub(crate) number: String,
    pub(crate) agent: String,
    pub(crate) http: SocketAddr,
    pub(crate) key: Credential,
    ports: Ports,
    /// PostgreSQL, if it is not the file in the folder.
    database: Option<String>,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn start() -> Outcome<Self> {
        Self::start_on(None)
    }

    pub(crate) fn start_on(database: Option<&str>) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let http = free_tcp()?;
        let sip = free_udp()?;
        let door = SecureDoor {
            at: free_tcp()?,
            certificate: certify(folder.path())?,
        };
        let ports = Ports {
            http,
            sip,
            secure: door.at,
        };
        let command = || Self::command(folder.path(), &ports, database);
        let key = command()
            .args(["key", "create", "bench", "--full-access"])
            .output()?;
        let errors = String::from_utf8_lossy(&key.stderr).into_owned();
        let key = String::from_utf8(key.stdout)?.trim().to_owned();
        if key.is_empty() {
            return Err(format!("no key was made: {errors}").into());
        }
        let log = folder.path().join("server.log");
        let mut server = Program::start(&mut command(), &log)?;
        wait_until_ready(&mut server, http, &log)?;
        let number = "+14155550100".to_owned();
        let key = Credential::Key(key);
        let (account, agent) = set_up(&ports, &key, &number)?;
        Ok(Self {
            server,
            account,
            door,
            number,
            agent,
            http,
            key,
            ports,
            database: database.map(str::to_owned),
            folder,
        })
    }

    /// Ends the server and starts it on the same data.
    pub(crate) fn start_again(&mut self) -> Outcome<()> {
        self.server.end();
        let log = self.folder.path().join("server.log");
        self.server = Program::start(&mut self.own_command(), &log)?;
        wait_until_ready(&mut self.server, self.http, &log)
    }

    fn own_command(&self) -> Command {
        let database = self.database.as_deref();
        Self::command(self.folder.path(), &self.ports, database)
    }

    /// Makes an administrator on the command line and signs in; answers the cookie.
    pub(crate) fn sign_in(&self) -> Outcome<String> {
        let (email, password) = ("bench@example.com", "correct-horse-battery-staple");
        let mut add = self
            .own_command()
            .args(["user", "add", email, "--role", "admin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut input) = add.stdin.take() {
            writeln!(input, "{password}")?;
        }
        if !add.wait()?.success() {
            return Err("no user was made".into());
        }
        Connection::open(self.http, &Credential::None)?.sign_in("bench%40example.com", password)
    }

    /// The limits that protect a server from one source are out of the way; all else is as shipped.
    fn command(folder: &Path, ports: &Ports, database: Option<&str>) -> Command {
        let Ports { http, sip, secure } = ports;
        let mut command = Command::new(binary());
        if let Some(url) = database {
            command.env("PATCHBAY_DATABASE__URL", url);
        }
        command
            .current_dir(folder)
            .env("PATCHBAY_DATA__DIR", folder.join("data"))
            .env("PATCHBAY_HTTP__ADDR", http.to_string())
            .env("PATCHBAY_HTTP__PUBLIC_URL", format!("http://{http}"))
            .env("PATCHBAY_SIP__ADDR", sip.to_string())
            .env("PATCHBAY_SIP__TLS_ADDR", secure.to_string())
            .env("PATCHBAY_SIP__TLS_CERT", folder.join("chain.pem"))
            .env("PATCHBAY_SIP__TLS_KEY", folder.join("key.pem"))
            .env("PATCHBAY_SIP__GUARD__KNOWN_RATE_PER_S", "100000")
            .env("PATCHBAY_SIP__GUARD__KNOWN_BURST", "100000")
            .env("PATCHBAY_SIP__MAX_CALLS", "100000")
            // The bots of calls with one, and whoever is called, stand beside it.
            .env("PATCHBAY_ENGINES__ALLOW_PRIVATE", "true")
            .env("PATCHBAY_SIP__ALLOW_LOCAL_TARGETS", "true")
            .env("PATCHBAY_LIMITS__API_PER_MINUTE", "100000000")
            .env("PATCHBAY_LOG__FILTER", "warn");
        command
    }

    pub(crate) fn scenario() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/system/setup.xml")
    }
}

/// A certificate for this machine, which vouches for itself.
fn certify(folder: &Path) -> Outcome<CertificateDer<'static>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?;
    std::fs::write(folder.join("key.pem"), key.serialize_pem())?;
    std::fs::write(folder.join("chain.pem"), certificate.pem())?;
    Ok(certificate.der().clone())
}

/// Who may call, and the agent that answers.
fn set_up(ports: &Ports, key: &Credential, number: &str) -> Outcome<(Account, String)> {
    let mut api = Connection::open(ports.http, key)?;
    // What taking out noise costs is measured by itself (`engines`).
    let trunk = api.post(
        "/api/phone/sip/inbound-trunk",
        &json!({ "phone_numbers": [], "krisp_enabled": false }),
    )?;
    api.post(
        "/api/phone/sip/inbound-trunk/phone-numbers",
        &json!({ "phone_numbers": [number] }),
    )?;
    let agent = api.post(
        "/api/phone",
        &json!({ "name": "Bench", "first_message": "Hello?", "recording_enabled": false }),
    )?;
    let agent = text(&agent, "id")?;
    api.patch(
        &format!("/api/phone/sip/agents/{agent}"),
        &json!({ "phone_numbers": [number] }),
    )?;
    let account = Account {
        server: ports.sip,
        username: text(&trunk, "auth_username")?,
        password: text(&trunk, "auth_password")?,
    };
    Ok((account, agent))
}

pub(crate) fn text(value: &Value, name: &str) -> Outcome<String> {
    value
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no {name} in {value}").into())
}

fn wait_until_ready(server: &mut Program, http: SocketAddr, log: &Path) -> Outcome<()> {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end && !server.ended() {
        let ready =
            Connection::open(http, &Credential::None).and_then(|mut door| door.get("/readyz"));
        if ready.is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    Err(format!("the server did not become ready: {said}").into())
}

fn free_tcp() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Free for UDP and TCP alike.
pub(crate) fn free_udp() -> Outcome<SocketAddr> {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
}
