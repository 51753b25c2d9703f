//! 300 calls at once with RTP both ways: what the server's CPU costs and how many packets get lost.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bare;
use crate::caller::{Caller, Dialog};
use crate::srtp::Protector;
use crate::table::Table;
use crate::world::World;

const CALLS: usize = 300;
const SECONDS: u64 = 20;
/// One socket serves many calls: the server tells them apart by its own ports, we by where a packet came from.
const SOCKETS: usize = 10;
/// Its RTP payload type.
pub(crate) const PCMU: u8 = 0;
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// How often what came is looked at. A thread of ours that waits for each packet is woken by whoever sends it, and on
/// loopback the kernel books that as the server's time: a third of all of it. A carrier's machine wakes by itself.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let sockets = (0..SOCKETS)
        .map(|_| UdpSocket::bind("127.0.0.41:0"))
        .collect::<Result<Vec<_>, _>>()?;
    let mut caller = Caller::bind(&world.account, "127.0.0.41:0")?;
    let mut calls = Vec::with_capacity(CALLS);
    for at in 0..CALLS {
        let socket = sockets.get(at % SOCKETS).ok_or("no socket")?;
        calls.push(caller.call(&world.number, socket.local_addr()?)?);
    }
    let heard = measure(world, &sockets, &calls, PCMU)?;
    let mut ended = 0;
    for dialog in &calls {
        ended += u32::from(caller.hang_up(dialog).is_ok());
    }
    table.row(
        "300 calls with RTP both ways",
        format!(
            "{:.1} % of a core, {:.0} MiB",
            heard.cpu_percent, heard.memory
        ),
        "<= 10 % of a core",
        Some(heard.cpu_percent <= 10.0),
    );
    let loss = heard.loss_percent();
    table.row(
        "RTP from the server: loss",
        format!("{loss:.3} % of {}", heard.expected),
        "< 0.1 %",
        Some(loss < 0.1),
    );
    table.row(
        "RTP from the server: later than 10 ms beside its clock",
        format!(
            "{:.2} %",
            heard.late as f64 / heard.received.max(1) as f64 * 100.0
        ),
        "",
        None,
    );
    table.row(
        "calls ended by our BYE",
        format!("{ended} of {CALLS}"),
        "all",
        Some(ended as usize == CALLS),
    );
    table.row(
        "the same packets through a bare loop",
        match bare::measure(&sockets, CALLS) {
            Ok(bare) => format!(
                "{bare:.1} % of a core; ours takes {:.2} times that",
                heard.cpu_percent / bare
            ),
            Err(error) => format!("not measured: {error}"),
        },
        "",
        None,
    );
    Ok(())
}

pub(crate) struct Heard {
    pub(crate) cpu_percent: f64,
    pub(crate) memory: f64,
    pub(crate) expected: u64,
    received: u64,
    late: u64,
}

impl Heard {
    pub(crate) fn loss_percent(&self) -> f64 {
        let lost = self.expected.saturating_sub(self.received);
        lost as f64 / self.expected.max(1) as f64 * 100.0
    }
}

/// Speaks on every call for a while, and counts what comes back.
pub(crate) fn measure(
    world: &World,
    sockets: &[UdpSocket],
    calls: &[Dialog],
    payload: u8,
) -> Outcome<Heard> {
    for socket in sockets {
        socket.set_nonblocking(true)?;
    }
    let stop = AtomicBool::new(false);
    let counting = AtomicBool::new(false);
    let (expected, received, late) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let ways: Vec<Way> = calls.iter().map(Way::of).collect();
    let mut cpu_percent = 0.0;
    let mut memory = 0.0;
    thread::scope(|scope| {
        scope.spawn(|| {
            let streams = listen(sockets, payload, &stop, &counting);
            for stream in streams.values() {
                expected.fetch_add(stream.expected(), Ordering::Relaxed);
                received.fetch_add(stream.received, Ordering::Relaxed);
                late.fetch_add(stream.late, Ordering::Relaxed);
            }
        });
        scope.spawn(|| speak(sockets, &ways, payload, &stop));
        // The first seconds belong to the greeting and to settling in.
        thread::sleep(Duration::from_secs(6));
        counting.store(true, Ordering::Relaxed);
        let (began, cpu) = (Instant::now(), world.server.cpu_seconds());
        thread::sleep(Duration::from_secs(SECONDS));
        cpu_percent = (world.server.cpu_seconds() - cpu) / began.elapsed().as_secs_f64() * 100.0;
        memory = world.server.resident_mib();
        counting.store(false, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
    });
    let heard = Heard {
        cpu_percent,
        memory,
        expected: expected.into_inner(),
        received: received.into_inner(),
        late: late.into_inner(),
    };
    let least = calls.len() as u64 * SECONDS * 45;
    if heard.received < least {
        return Err(format!(
            "only {} packets came, {least} at least were expected",
            heard.received
        )
        .into());
    }
    Ok(heard)
}

/// Where one call's audio goes, and whether it is protected.
pub(crate) struct Way {
    pub(crate) to: SocketAddr,
    pub(crate) secure: bool,
}

impl Way {
    fn of(call: &Dialog) -> Self {
        Self {
            to: call.audio,
            secure: call.secure,
        }
    }
}

/// One stream by RTP sequence numbers (RFC 3550 §A.1, without its suspicions).
#[derive(Default)]
pub(crate) struct Stream {
    first: Option<u16>,
    highest: u64,
    received: u64,
    late: u64,
    last_at: Option<Instant>,
}

impl Stream {
    fn take(&mut self, sequence: u16, at: Instant) {
        let first = *self.first.get_or_insert(sequence);
        let offset = u64::from(sequence.wrapping_sub(first));
        self.highest = self.highest.max(offset);
        self.received += 1;
        if let Some(last) = self.last_at
            && at.duration_since(last) > FRAME + Duration::from_millis(10)
        {
            self.late += 1;
        }
        self.last_at = Some(at);
    }

    fn expected(&self) -> u64 {
        if self.first.is_some() {
            self.highest + 1
        } else {
            0
        }
    }
}

pub(crate) fn listen(
    sockets: &[UdpSocket],
    payload: u8,
    stop: &AtomicBool,
    counting: &AtomicBool,
) -> HashMap<SocketAddr, Stream> {
    let mut streams: HashMap<SocketAddr, Stream> = HashMap::new();
    let mut buffer = [0; 2_048];
    while !stop.load(Ordering::Relaxed) {
        for socket in sockets {
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let (Some(&[_, kind, high, low]), true) = (buffer.first_chunk::<4>(), length >= 12)
                else {
                    continue;
                };
                if counting.load(Ordering::Relaxed) && kind & 0x7f == payload {
                    let stream = streams.entry(from).or_default();
                    stream.take(u16::from_be_bytes([high, low]), Instant::now());
                }
            }
        }
        thread::sleep(LOOK);
    }
    streams
}

/// A 400 Hz square in µ-law (in G.722 some noise) on each call, every 20 ms: the agent hears a caller who never stops talking.
pub(crate) fn speak(sockets: &[UdpSocket], ways: &[Way], payload: u8, stop: &AtomicBool) {
    let mut packet = vec![0_u8; 172];
    for (at, sample) in packet.iter_mut().enumerate().skip(12) {
        *sample = if at / 10 % 2 == 0 { 0x90 } else { 0x10 };
    }
    let Ok(protector) = Protector::new() else {
        return;
    };
    let mut protected = Vec::with_capacity(packet.len() + 16);
    let began = Instant::now();
    for frame in 0_u32.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let [.., high, low] = frame.to_be_bytes();
        let timestamp = (frame.wrapping_mul(160)).to_be_bytes();
        for (at, way) in ways.iter().enumerate() {
            let id = u32::try_from(at).unwrap_or_default().to_be_bytes();
            if let Some(head) = packet.first_chunk_mut::<12>() {
                let [t0, t1, t2, t3] = timestamp;
                let [s0, s1, s2, s3] = id;
                *head = [0x80, payload, high, low, t0, t1, t2, t3, s0, s1, s2, s3];
            }
            let mut sent = &packet;
            if way.secure {
                protected.clone_from(&packet);
                protector.protect(&mut protected, id, frame);
                sent = &protected;
            }
            if let Some(socket) = sockets.get(at % sockets.len()) {
                let _ = socket.send_to(sent, way.to);
            }
        }
        let due = began + FRAME * (frame + 1);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
