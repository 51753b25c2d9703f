//! What the kernel alone takes for the packets of 300 calls: a loop that sends back what it receives, and does
//! nothing else. Less than that no server of one socket a call can take on this machine.

use std::fs;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::audio::{FRAME, PCMU, Way, listen, speak};

const FRAMES_TO_SETTLE: u32 = 50;
const FRAMES: u32 = 500;

/// Percent of a core, with one socket for each of `calls`, spoken to from `sockets`.
pub(crate) fn measure(sockets: &[UdpSocket], calls: usize) -> Outcome<f64> {
    let ends = (0..calls)
        .map(|_| UdpSocket::bind("127.0.0.1:0"))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ways = Vec::with_capacity(calls);
    for end in &ends {
        end.set_nonblocking(true)?;
        ways.push(Way {
            to: end.local_addr()?,
            secure: false,
        });
    }
    let (stop, counting) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| listen(sockets, PCMU, &stop, &counting));
        scope.spawn(|| speak(sockets, &ways, PCMU, &stop));
        let cpu_percent = echo(&ends);
        stop.store(true, Ordering::Relaxed);
        cpu_percent
    })
}

/// Its own CPU, which the kernel tells to the nanosecond.
fn echo(ends: &[UdpSocket]) -> Outcome<f64> {
    let mut room = [0; 2_048];
    let (mut echoed, mut cpu) = (0_usize, 0.0);
    let (began, mut counted) = (Instant::now(), Instant::now());
    for frame in 0..FRAMES_TO_SETTLE + FRAMES {
        if frame == FRAMES_TO_SETTLE {
            (echoed, cpu, counted) = (0, own_cpu_seconds()?, Instant::now());
        }
        for end in ends {
            if let Ok((length, from)) = end.recv_from(&mut room) {
                echoed += usize::from(end.send_to(&room[..length], from).is_ok());
            }
        }
        let due = began + FRAME * (frame + 1);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let least = ends.len() * FRAMES as usize * 9 / 10;
    if echoed < least {
        return Err(
            format!("the bare loop had only {echoed} packets, {least} at least were due").into(),
        );
    }
    let took = counted.elapsed().max(Duration::from_millis(1));
    Ok((own_cpu_seconds()? - cpu) / took.as_secs_f64() * 100.0)
}

fn own_cpu_seconds() -> Outcome<f64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = told
        .split_whitespace()
        .next()
        .ok_or("nothing in schedstat")?
        .parse()?;
    Ok(nanoseconds / 1e9)
}
