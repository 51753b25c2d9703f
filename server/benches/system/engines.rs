//! Calls whose agent is a voice bot behind a WebSocket: what each costs, how soon the bot is heard, what gets
//! lost; plain, and with what may be switched on.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::audio;
use crate::bot::Bot;
use crate::caller::{Caller, Dialog};
use crate::readers::Connection;
use crate::table::Table;
use crate::world::World;

const SOCKETS: usize = 10;

/// One way to run them.
pub(crate) struct Variant {
    name: &'static str,
    calls: usize,
    records: bool,
    denoises: bool,
    /// RTP payload type: PCMU or G.722.
    payload: u8,
    /// Over TLS, with audio under keys of its own.
    secure: bool,
}

const PLAIN: Variant = Variant {
    name: "PCMU",
    calls: 200,
    records: false,
    denoises: false,
    payload: 0,
    secure: false,
};

const VARIANTS: [Variant; 6] = [
    PLAIN,
    Variant {
        name: "PCMU, recorded",
        records: true,
        ..PLAIN
    },
    Variant {
        name: "PCMU, noise taken out",
        calls: 20,
        denoises: true,
        ..PLAIN
    },
    Variant {
        name: "G.722",
        payload: 9,
        ..PLAIN
    },
    Variant {
        name: "PCMU, SRTP",
        secure: true,
        ..PLAIN
    },
    Variant {
        name: "PCMU, many",
        calls: 500,
        ..PLAIN
    },
];

impl Variant {
    /// Nothing but audio.
    pub(crate) fn plain() -> Self {
        PLAIN
    }
}

pub(crate) fn run(_: &World, table: &mut Table) -> Outcome<()> {
    for variant in &VARIANTS {
        // Memory of one must not show in the next.
        let world = World::start()?;
        measure(&world, variant, table)?;
    }
    Ok(())
}

fn measure(world: &World, variant: &Variant, table: &mut Table) -> Outcome<()> {
    let bot = Bot::start()?;
    prepare(world, &bot, variant)?;
    let sockets = (0..SOCKETS)
        .map(|_| UdpSocket::bind("127.0.0.42:0"))
        .collect::<Result<Vec<_>, _>>()?;
    let caller = if variant.secure {
        Caller::secure(&world.account, &world.door)?
    } else {
        Caller::bind(&world.account, "127.0.0.42:0")?
    };
    let mut caller = caller.offering(variant.payload);
    // What all calls have together comes with the first.
    for dialog in &call(world, &mut caller, &sockets, 1)?.0 {
        caller.hang_up(dialog)?;
    }
    let before = world.server.resident_mib();
    let (calls, delays) = call(world, &mut caller, &sockets, variant.calls)?;
    let heard = audio::measure(world, &sockets, &calls, variant.payload)?;
    for dialog in &calls {
        caller.hang_up(dialog)?;
    }
    understood(world)?;
    let count = calls.len() as f64;
    let title = |what: &str| format!("{} calls with a bot, {}: {what}", calls.len(), variant.name);
    let cpu = heard.cpu_percent / count;
    // The aim is for plain G.711.
    let aimed = !variant.denoises && !variant.secure && variant.payload == PLAIN.payload;
    table.row(
        &title("CPU a call"),
        format!("{cpu:.3} % of a core"),
        if aimed { "<= 0.5 %" } else { "" },
        aimed.then_some(cpu <= 0.5),
    );
    let memory = (heard.memory - before) / count * 1.048_576;
    table.row(
        &title("memory a call"),
        format!("{memory:.2} MB"),
        "<= 0.5 MB",
        Some(memory <= 0.5),
    );
    // What is encrypted sounds loud from its first packet.
    let delays = if variant.secure { Vec::new() } else { delays };
    if let Some(late) = percentile(delays, 95) {
        table.row(
            &title("answer to first audio, p95"),
            format!("{:.0} ms", late.as_secs_f64() * 1_000.0),
            "",
            None,
        );
    }
    let loss = heard.loss_percent();
    table.row(
        &title("loss"),
        format!("{loss:.3} % of {}", heard.expected),
        "< 0.1 %",
        Some(loss < 0.1),
    );
    Ok(())
}

/// That what the last caller said could be read, whatever protected it: what can't is not counted.
fn understood(world: &World) -> Outcome<()> {
    let mut api = Connection::open(world.http, &world.key)?;
    let end = Instant::now() + Duration::from_secs(10);
    let mut packets = 0;
    while Instant::now() < end {
        let page: Value =
            serde_json::from_slice(&api.get("/api/phone/calls?limit=1&state=ended")?)?;
        if let Some(id) = page.pointer("/items/0/id").and_then(Value::as_str) {
            let call: Value = serde_json::from_slice(&api.get(&format!("/api/phone/calls/{id}"))?)?;
            let counted = call.pointer("/quality/from_caller/packets");
            packets = counted.and_then(Value::as_u64).unwrap_or(0);
            if packets > 1_000 {
                return Ok(());
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    Err(format!("only {packets} packets of a caller were understood").into())
}

/// The one agent gets the bot, and what the variant wants.
pub(crate) fn prepare(world: &World, bot: &Bot, variant: &Variant) -> Outcome<()> {
    let mut api = Connection::open(world.http, &world.key)?;
    let agents: Value = serde_json::from_slice(&api.get("/api/phone")?)?;
    let agent = agents
        .pointer("/0/id")
        .and_then(Value::as_str)
        .ok_or("there is no agent")?;
    let engine = json!({ "type": "stream", "url": format!("ws://{}/", bot.at) });
    let agent = format!("/api/phone/{agent}");
    api.patch(
        &agent,
        &json!({ "engine": engine, "recording_enabled": variant.records }),
    )?;
    api.patch(
        "/api/phone/sip/inbound-trunk",
        &json!({ "krisp_enabled": variant.denoises }),
    )?;
    Ok(())
}

/// The calls, and how long after its answer each heard the bot's beep.
fn call(
    world: &World,
    caller: &mut Caller,
    sockets: &[UdpSocket],
    count: usize,
) -> Outcome<(Vec<Dialog>, Vec<Duration>)> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let listening: Vec<_> = sockets
            .iter()
            .map(|socket| scope.spawn(|| first_loud(socket, &stop)))
            .collect();
        let mut calls = Vec::with_capacity(count);
        let mut answered = Vec::with_capacity(count);
        let called = (|| -> Outcome<()> {
            for at in 0..count {
                let socket = sockets.get(at % sockets.len()).ok_or("no socket")?;
                let dialog = caller.call(&world.number, socket.local_addr()?)?;
                answered.push((dialog.audio, Instant::now()));
                calls.push(dialog);
            }
            thread::sleep(Duration::from_secs(1));
            Ok(())
        })();
        stop.store(true, Ordering::Relaxed);
        let heard: HashMap<SocketAddr, Instant> = listening
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .flatten()
            .collect();
        called?;
        let delays = answered.into_iter().filter_map(|(audio, at)| {
            let heard = heard.get(&audio)?;
            // It may be heard before the ACK has left.
            Some(heard.saturating_duration_since(at))
        });
        Ok((calls, delays.collect()))
    })
}

/// When the first packet came from each place that holds more than faint noise, in µ-law.
fn first_loud(socket: &UdpSocket, stop: &AtomicBool) -> HashMap<SocketAddr, Instant> {
    let mut heard = HashMap::new();
    let mut buffer = [0; 2_048];
    let _ = socket.set_read_timeout(Some(Duration::from_millis(100)));
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let packet = buffer.get(..length).unwrap_or_default();
        let is_pcmu = matches!(packet.get(1), Some(0 | 0x80));
        let samples = packet.get(12..).unwrap_or_default();
        if is_pcmu && samples.iter().any(|sample| sample & 0x7f < 0x30) {
            heard.entry(from).or_insert_with(Instant::now);
        }
    }
    heard
}

pub(crate) fn percentile(mut delays: Vec<Duration>, percent: usize) -> Option<Duration> {
    delays.sort_unstable();
    let at = (delays.len() * percent).div_ceil(100);
    delays.get(at.checked_sub(1)?).copied()
}
