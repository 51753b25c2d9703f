//! Memory while strangers send 10,000 INVITEs a second and a genuine carrier goes on calling.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::caller::{Account, Caller};
use crate::table::Table;
use crate::world::World;

const PER_SECOND: u32 = 10_000;
const SECONDS: u32 = 15;
/// Strangers, each with an address of its own.
const SOURCES: u8 = 100;

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let stop = AtomicBool::new(false);
    let sent = AtomicU64::new(0);
    let before = world.server.resident_mib();
    let cpu_before = world.server.cpu_seconds();
    let (peak, passed, tried, sending) = thread::scope(|scope| {
        let strangers = scope.spawn(|| strangers(world, &sent));
        let carrier = scope.spawn(|| carrier(&world.account, &world.number, &stop));
        let mut peak = before;
        while !strangers.is_finished() {
            peak = peak.max(world.server.resident_mib());
            thread::sleep(Duration::from_millis(50));
        }
        stop.store(true, Ordering::Relaxed);
        let (passed, tried) = carrier.join().unwrap_or((0, 1));
        (peak, passed, tried, strangers.join())
    });
    let took = sending.map_err(|_| "the flood broke off")??;
    let rate = sent.load(Ordering::Relaxed) as f64 / took.as_secs_f64();
    let cpu = (world.server.cpu_seconds() - cpu_before) / took.as_secs_f64() * 100.0;
    table.row(
        "memory before the flood",
        format!("{before:.0} MiB"),
        "",
        None,
    );
    table.row(
        &format!("memory under {rate:.0} unauthenticated INVITE/s"),
        format!("{peak:.0} MiB at {cpu:.0} % of a core"),
        "< 64 MB at 10,000/s",
        Some(peak < 61.0 && rate > 9_500.0),
    );
    table.row(
        "genuine calls during the flood",
        format!("{passed} of {tried} answered and ended"),
        "all",
        Some(passed == tried && tried > 0),
    );
    Ok(())
}

/// Ten datagrams each millisecond, from many addresses, every one another call.
fn strangers(world: &World, sent: &AtomicU64) -> Result<Duration, String> {
    let target = world.account.server;
    let sockets = (1..=SOURCES)
        .map(|last| UdpSocket::bind(format!("127.0.2.{last}:0")))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    for socket in &sockets {
        socket
            .set_nonblocking(true)
            .map_err(|error| error.to_string())?;
    }
    let began = Instant::now();
    let mut drain = [0; 2_048];
    for number in 0..PER_SECOND * SECONDS {
        let due = began + Duration::from_secs(1) / PER_SECOND * number;
        if let Some(wait) = due.checked_duration_since(Instant::now())
            && wait > Duration::from_millis(1)
        {
            thread::sleep(wait);
        }
        let Some(socket) = sockets.get(number as usize % sockets.len()) else {
            continue;
        };
        let message = invite(number);
        if socket.send_to(message.as_bytes(), target).is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
        }
        while socket.recv(&mut drain).is_ok() {}
    }
    Ok(began.elapsed())
}

fn invite(number: u32) -> String {
    format!(
        "INVITE sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.2.1:5060;rport;branch=z9hG4bK-s{number}\r\n\
         From: <sip:{number}@example.com>;tag=s{number}\r\nTo: <sip:{number}@127.0.0.1>\r\n\
         Call-ID: stranger-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:s@127.0.2.1>\r\nMax-Forwards: 70\r\n\
         User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Five calls a second, each answered, held for a moment and ended.
fn carrier(account: &Account, number: &str, stop: &AtomicBool) -> (u32, u32) {
    let (mut passed, mut tried) = (0, 0);
    let Ok(mut caller) = Caller::bind(account, "127.0.0.40:0") else {
        return (0, 1);
    };
    let Ok(audio) = "127.0.0.40:39998".parse() else {
        return (0, 1);
    };
    while !stop.load(Ordering::Relaxed) {
        tried += 1;
        let ended = caller.call(number, audio).and_then(|dialog| {
            thread::sleep(Duration::from_millis(100));
            caller.hang_up(&dialog)
        });
        match ended {
            Ok(()) => passed += 1,
            Err(error) => println!("  a genuine call failed: {error}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
    (passed, tried)
}
