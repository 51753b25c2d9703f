//! Pages and API reads over kept connections: how long one takes and how many a second fit.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::caller::Caller;
use crate::table::Table;
use crate::world::World;

const READERS: usize = 50;
const SECONDS: u64 = 8;
/// How long a person looks at a page; hardly anybody is that quick.
const LOOKS: Duration = Duration::from_secs(1);
pub(crate) const PAGES: [(&str, &str); 4] = [
    ("Settings, SIP", "/settings/sip"),
    ("Agents", "/channels/phone/agents"),
    ("Numbers", "/channels/phone/numbers"),
    ("Inbox", "/inbox"),
];

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    fill(world)?;
    let person = Credential::Cookie(world.sign_in()?);
    for (name, path) in PAGES {
        let (people, _) = load(world, &person, path, LOOKS)?;
        table.row(
            &format!("page {name}, {READERS} readers, a page a second each"),
            format!("p50 {:.1} ms, p95 {:.1} ms", people.p50, people.p95),
            "p95 <= 15 ms",
            Some(people.p95 <= 15.0),
        );
        let (most, cpu_ms) = load(world, &person, path, Duration::ZERO)?;
        table.row(
            &format!("page {name}, {READERS} readers without pause"),
            format!(
                "p95 {:.1} ms, {:.0}/s, {cpu_ms:.2} ms CPU each",
                most.p95, most.per_second
            ),
            "",
            None,
        );
    }
    for path in ["/api/phone/sip/inbound-trunk", "/api/phone/calls"] {
        let (load, cpu_ms) = load(world, &world.key, path, Duration::ZERO)?;
        table.row(
            &format!("GET {path}, {READERS} readers"),
            format!(
                "{:.0}/s, p95 {:.1} ms, {:.2} ms CPU each",
                load.per_second, load.p95, cpu_ms
            ),
            "",
            None,
        );
    }
    Ok(())
}

/// Something to show: a page of calls, numbers and agents.
pub(crate) fn fill(world: &World) -> Outcome<()> {
    let mut api = Connection::open(world.http, &world.key)?;
    let numbers: Vec<String> = (0..40)
        .map(|at| format!("+1415555{:04}", 200 + at))
        .collect();
    api.post(
        "/api/phone/sip/inbound-trunk/phone-numbers",
        &json!({ "phone_numbers": numbers }),
    )?;
    for at in 0..25 {
        api.post(
            "/api/phone",
            &json!({ "name": format!("Agent {at}"), "recording_enabled": false }),
        )?;
    }
    let mut caller = Caller::bind(&world.account, "127.0.0.42:0")?;
    for _ in 0..30 {
        let dialog = caller.call(&world.number, "127.0.0.42:39996".parse()?)?;
        caller.hang_up(&dialog)?;
    }
    Ok(())
}

pub(crate) struct Load {
    p50: f64,
    p95: f64,
    pub(crate) p99: f64,
    pub(crate) per_second: f64,
}

fn load(world: &World, who: &Credential, path: &str, pause: Duration) -> Outcome<(Load, f64)> {
    // The first answer shows that it is the page and not the sign-in.
    Connection::open(world.http, who)?.get(path)?;
    let cpu = world.server.cpu_seconds();
    let load = read(world.http, who, SECONDS, pause, |reader, _, _| {
        reader.get(path).map(drop)
    })?;
    let answers = (load.per_second * SECONDS as f64).max(1.0);
    // Of the server, which a busy machine does not change.
    let cpu_ms = (world.server.cpu_seconds() - cpu) * 1_000.0 / answers;
    Ok((load, cpu_ms))
}

/// Many ask over a kept connection each for so many seconds, one request after the other: which of them it is, and
/// how often it has asked.
pub(crate) fn hammer(
    server: SocketAddr,
    who: &Credential,
    seconds: u64,
    ask: impl Fn(&mut Connection, usize, usize) -> Outcome<()> + Sync,
) -> Outcome<Load> {
    read(server, who, seconds, Duration::ZERO, ask)
}

/// The same with a pause after each answer; they do not begin at once either.
fn read(
    server: SocketAddr,
    who: &Credential,
    seconds: u64,
    pause: Duration,
    ask: impl Fn(&mut Connection, usize, usize) -> Outcome<()> + Sync,
) -> Outcome<Load> {
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let ask = &ask;
    let one = move |at: usize| -> Outcome<Vec<f64>> {
        let mut connection = Connection::open(server, who)?;
        let mut times = Vec::new();
        thread::sleep(pause * u32::try_from(at)? / u32::try_from(READERS)?);
        while Instant::now() < end {
            let began = Instant::now();
            ask(&mut connection, at, times.len())?;
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
            thread::sleep(pause);
        }
        Ok(times)
    };
    let mut times: Vec<f64> = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|at| scope.spawn(move || one(at).map_err(|error| error.to_string())))
            .collect();
        readers
            .into_iter()
            .map(|reader| {
                reader
                    .join()
                    .unwrap_or_else(|_| Err("a reader broke off".to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    let took = began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    Ok(Load {
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        per_second: times.len() as f64 / took,
    })
}

/// By what a reader is known: scripts by a key, people by their session.
pub(crate) enum Credential {
    None,
    Key(String),
    Cookie(String),
}

impl Credential {
    fn header(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Key(key) => format!("Authorization: Bearer {key}\r\n"),
            Self::Cookie(cookie) => format!("Cookie: {cookie}\r\n"),
        }
    }
}

/// HTTP/1.1 over one kept connection; anything but 200 is an error.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    server: SocketAddr,
    credential: String,
}

impl Connection {
    pub(crate) fn open(server: SocketAddr, who: &Credential) -> Outcome<Self> {
        let stream = TcpStream::connect_timeout(&server, Duration::from_secs(2))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            server,
            credential: who.header(),
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome<Vec<u8>> {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.ask(
            "POST",
            path,
            &body.to_string(),
        )?)?)
    }

    pub(crate) fn patch(&mut self, path: &str, body: &Value) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.ask(
            "PATCH",
            path,
            &body.to_string(),
        )?)?)
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Outcome<Vec<u8>> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/html, application/json\r\n{}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.server,
            self.credential,
            body.len(),
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = self.head()?;
        let first = head.lines().next().unwrap_or_default().to_owned();
        let answer = self.body(&head)?;
        if first.contains(" 200 ") {
            return Ok(answer);
        }
        Err(format!(
            "{method} {path}: {first}: {}",
            String::from_utf8_lossy(&answer)
        )
        .into())
    }

    /// Signs in as a form does and answers the session's cookie.
    pub(crate) fn sign_in(&mut self, email: &str, password: &str) -> Outcome<String> {
        let body = format!("email={email}&password={password}");
        let request = format!(
            "POST /fn/sign_in HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\n\
             Sec-Fetch-Site: same-origin\r\nAccept: text/html\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
            server = self.server,
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while self.stream.read_line(&mut head)? > 2 {}
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .and_then(|(_, cookie)| cookie.trim().split(';').next())
            .map(str::to_owned)
            .ok_or_else(|| {
                format!("no session: {}", head.lines().next().unwrap_or_default()).into()
            })
    }

    fn head(&mut self) -> Outcome<String> {
        let mut head = String::new();
        while self.stream.read_line(&mut head)? > 2 {}
        Ok(head.to_ascii_lowercase())
    }

    fn body(&mut self, head: &str) -> Outcome<Vec<u8>> {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        if let Some(length) = length {
            let mut body = vec![0; length.trim().parse()?];
            self.stream.read_exact(&mut body)?;
            return Ok(body);
        }
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)?;
            let start = body.len();
            body.resize(start + size + 2, 0);
            self.stream
                .read_exact(body.get_mut(start..).unwrap_or_default())?;
            body.truncate(start + size);
            if size == 0 {
                return Ok(body);
            }
        }
    }
}
