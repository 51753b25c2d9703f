//! Calls that leave: placed through the API, taken by SIPp as the carrier, and callers handed on to
//! it with audio both ways.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::audio::measure;
use crate::caller::Caller;
use crate::process::Program;
use crate::readers::Connection;
use crate::setups::counts;
use crate::table::Table;
use crate::world::{World, free_udp, text};

const SECONDS: u32 = 8;
const RATES: [u32; 5] = [25, 50, 100, 200, 400];
/// So many scripts place calls at once.
const HANDS: u32 = 8;
/// Callers who are talking with somebody else.
const BRIDGED: usize = 50;
/// Its RTP payload type.
const PCMU: u8 = 0;
const CALLEE: &str = "+14155550199";

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let mut best = None;
    for rate in RATES {
        let placed = place(world, rate)?;
        println!(
            "  outbound: {rate}/s: {} failed, {:.0} µs a call",
            placed.failed, placed.cpu_us
        );
        if placed.failed > 0 {
            break;
        }
        best = Some((rate, placed.cpu_us));
    }
    let (rate, cpu_us) = best.ok_or("calls fail at the lowest rate")?;
    table.row(
        "outbound calls, placed by the API and answered",
        format!("{rate}/s without a failed call, {cpu_us:.0} µs of CPU a call"),
        "",
        None,
    );
    bridged(world, table)
}

struct Placed {
    failed: u64,
    cpu_us: f64,
}

/// So many calls a second by a trunk of its own, each rung, answered and hung up by the callee.
fn place(world: &World, rate: u32) -> Outcome<Placed> {
    let calls = rate * SECONDS;
    let at = free_udp()?;
    let folder = folder(world, &format!("carrier-{rate}"))?;
    let statistics = folder.join("statistics.csv");
    let mut carrier = Command::new("sipp");
    carrier
        .arg("-sf")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/system/carrier.xml"))
        .args(["-buff_size", "4000000", "-fd", "1s"])
        .args(["-trace_stat", "-stf"])
        .arg(&statistics);
    let mut carrier = listens(&mut carrier, at, &folder)?;
    by_trunk(world, at, rate)?;
    let cpu = world.server.cpu_seconds();
    let refused = ask(world, rate)?;
    // The question how the trunk is may be among what passed.
    let end = Instant::now() + Duration::from_secs(10);
    while counts(&statistics)?.0 < u64::from(calls) && Instant::now() < end {
        sleep(Duration::from_millis(100));
    }
    let cpu_us = (world.server.cpu_seconds() - cpu) / f64::from(calls) * 1e6;
    carrier.end();
    let (passed, failed) = counts(&statistics)?;
    let missing = u64::from(calls).saturating_sub(passed);
    Ok(Placed {
        failed: failed.max(missing).max(refused),
        cpu_us,
    })
}

/// The agent calls by a trunk that leads there. Its guards are as wide as they go.
fn by_trunk(world: &World, at: SocketAddr, rate: u32) -> Outcome<()> {
    let mut api = Connection::open(world.http, &world.key)?;
    let trunk = json!({
        "name": format!("Carrier {rate}"), "host": at.ip().to_string(), "port": at.port(),
        "digest": false, "caller_number": world.number, "max_channels": 100_000, "max_cps": 1_000,
    });
    let trunk = api.post("/api/phone/sip/outbound-trunks", &trunk)?;
    let chosen = json!({ "outbound_trunk_id": text(&trunk, "id")? });
    api.patch(&format!("/api/phone/sip/agents/{}", world.agent), &chosen)?;
    Ok(())
}

/// Places the calls at an even pace; answers how many the server would not take.
fn ask(world: &World, rate: u32) -> Outcome<u64> {
    let each = Duration::from_secs(1) * HANDS / rate;
    let began = Instant::now();
    let body = json!({ "phone_agent_id": world.agent, "to": CALLEE });
    let one = |hand: u32| -> Outcome<u64> {
        let mut api = Connection::open(world.http, &world.key)?;
        let mut refused = 0;
        for turn in (hand..rate * SECONDS).step_by(HANDS as usize) {
            let due = began + each * (turn / HANDS);
            sleep(due.saturating_duration_since(Instant::now()));
            refused += u64::from(api.post("/api/phone/outbound-call", &body).is_err());
        }
        Ok(refused)
    };
    let one = &one;
    scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| scope.spawn(move || one(hand).map_err(|error| error.to_string())))
            .collect();
        let mut refused = 0;
        for hand in hands {
            refused += hand.join().map_err(|_| "a hand broke off")??;
        }
        Ok(refused)
    })
}

/// Callers who were handed on to a callee that echoes: two legs and a bridge each.
fn bridged(world: &World, table: &mut Table) -> Outcome<()> {
    let at = free_udp()?;
    let folder = folder(world, "echo")?;
    let mut echo = Command::new("sipp");
    echo.args(["-sn", "uas", "-rtp_echo", "-mp", "26000"]);
    let mut echo = listens(&mut echo, at, &folder)?;
    let mut api = Connection::open(world.http, &world.key)?;
    let desk = json!({ "name": "Desk", "type": "sip", "value": format!("sip:desk@{at}") });
    let path = format!(
        "/api/phone/sip/agents/{}/transfer-destinations",
        world.agent
    );
    let desk = api.post(&path, &json!({ "create": desk }))?;
    let to = json!({ "destination_id": text(&desk, "destination_id")? });
    let socket = UdpSocket::bind("127.0.0.44:0")?;
    let mut caller = Caller::bind(&world.account, "127.0.0.44:0")?;
    let mut calls = Vec::with_capacity(BRIDGED);
    for _ in 0..BRIDGED {
        calls.push(caller.call(&world.number, socket.local_addr()?)?);
    }
    let inbound = "/api/phone/calls?direction=inbound&state=answered&limit=100";
    for call in all_of_them(&mut api, inbound)? {
        let path = format!("/api/phone/calls/{}/transfer", text(&call, "id")?);
        api.post(&path, &to)?;
    }
    let joined = "/api/phone/calls?direction=outbound&state=answered&limit=100";
    all_of_them(&mut api, joined)?;
    let heard = measure(world, std::slice::from_ref(&socket), &calls, PCMU)?;
    for dialog in &calls {
        caller.hang_up(dialog)?;
    }
    echo.end();
    table.row(
        &format!("{BRIDGED} bridged calls with RTP both ways"),
        format!(
            "{:.2} % of a core a call, {:.3} % of the audio lost on its way there and back",
            heard.cpu_percent / BRIDGED as f64,
            heard.loss_percent()
        ),
        "",
        None,
    );
    Ok(())
}

/// As many calls as are bridged, once they are all there: rows are written a little later than answers are sent.
fn all_of_them(api: &mut Connection, path: &str) -> Outcome<Vec<Value>> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let calls = listed(api, path)?;
        if calls.len() == BRIDGED {
            return Ok(calls);
        }
        if Instant::now() > end {
            return Err(format!("{} of {BRIDGED} calls at {path}", calls.len()).into());
        }
        sleep(Duration::from_millis(100));
    }
}

fn listed(api: &mut Connection, path: &str) -> Outcome<Vec<Value>> {
    let page: Value = serde_json::from_slice(&api.get(path)?)?;
    let items = page.get("items").and_then(Value::as_array).cloned();
    items.ok_or_else(|| format!("no items in {page}").into())
}

fn folder(world: &World, name: &str) -> Outcome<PathBuf> {
    let folder = world.folder.path().join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// SIPp as a peer that is called, once its port is taken.
fn listens(sipp: &mut Command, at: SocketAddr, folder: &Path) -> Outcome<Program> {
    sipp.current_dir(folder)
        .args(["-t", "u1", "-nostdin", "-i", &at.ip().to_string()])
        .args(["-p", &at.port().to_string()]);
    let program = Program::start(sipp, &folder.join("screen.log"))?;
    let end = Instant::now() + Duration::from_secs(5);
    while UdpSocket::bind(at).is_ok() {
        if Instant::now() > end {
            return Err("SIPp does not listen".into());
        }
        sleep(Duration::from_millis(20));
    }
    Ok(program)
}
