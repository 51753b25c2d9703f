//! From mouth to engine: how long a caller's audio takes from entering our port to reaching a voice bot.
//!
//! Every packet says in its own sound of which call it is and which one; both ends stand in this process, so
//! that one clock does. The calls speak at moments spread over 20 ms, because how long a packet waits for the
//! server's next turn depends on when it comes.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::Outcome;
use crate::bot::Bot;
use crate::caller::{Caller, Dialog};
use crate::engines::{Variant, percentile, prepare};
use crate::table::Table;
use crate::world::World;

const CALLS: u32 = 20;
const FRAME: Duration = Duration::from_millis(20);
/// Twelve seconds, of which the first two are for settling in.
const FRAMES: u32 = 600;
const SETTLING: u32 = 100;
/// Bytes of sound that say one digit.
const DIGIT: usize = 40;
/// Digits are loud in µ-law, and come out as they went in.
const ZERO: u8 = 0x10;
const BASE: u32 = 64;

/// Which packet of which call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Mark {
    call: u32,
    frame: u32,
}

#[derive(Default)]
struct Times {
    sent: HashMap<Mark, Instant>,
    delays: Vec<Duration>,
}

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let times = Arc::new(Mutex::new(Times::default()));
    let noted = Arc::clone(&times);
    let bot = Bot::listening(Arc::new(move |sound| {
        let now = Instant::now();
        let mut times = noted.lock();
        let sent = Mark::read(sound).and_then(|mark| times.sent.remove(&mark));
        times.delays.extend(sent.map(|sent| now - sent));
    }))?;
    prepare(world, &bot, &Variant::plain())?;
    let socket = UdpSocket::bind("127.0.0.43:0")?;
    let mut caller = Caller::bind(&world.account, "127.0.0.43:0")?;
    let calls = (0..CALLS)
        .map(|_| caller.call(&world.number, socket.local_addr()?))
        .collect::<Outcome<Vec<_>>>()?;
    speak(&socket, &calls, &times)?;
    // What is on its way still counts.
    thread::sleep(Duration::from_millis(500));
    for dialog in &calls {
        caller.hang_up(dialog)?;
    }
    let times = std::mem::take(&mut *times.lock());
    report(table, times)
}

fn report(table: &mut Table, times: Times) -> Outcome<()> {
    let (heard, lost) = (times.delays.len(), times.sent.len());
    if lost > heard / 100 {
        return Err(format!("{lost} packets were not heard, {heard} were").into());
    }
    let ms = |percent| {
        let delay = percentile(times.delays.clone(), percent);
        delay.map_or(f64::NAN, |delay| delay.as_secs_f64() * 1_000.0)
    };
    let title = |what| format!("mouth to engine, {heard} packets of {CALLS} calls: {what}");
    table.row(&title("p50"), format!("{:.1} ms", ms(50)), "", None);
    let late = ms(95);
    let aim = Some(late <= 40.0);
    table.row(&title("p95"), format!("{late:.1} ms"), "<= 40 ms", aim);
    Ok(())
}

fn speak(socket: &UdpSocket, calls: &[Dialog], times: &Mutex<Times>) -> Outcome<()> {
    let began = Instant::now();
    for frame in 0..FRAMES {
        for (call, dialog) in (0..).zip(calls) {
            let due = began + FRAME * frame + FRAME / CALLS * call;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let mark = Mark { call, frame };
            let packet = [&head(mark)[..], &mark.sound()].concat();
            if frame >= SETTLING {
                times.lock().sent.insert(mark, Instant::now());
            }
            socket.send_to(&packet, dialog.audio)?;
        }
    }
    Ok(())
}

/// An RTP header for PCMU (RFC 3550 §5.1).
fn head(mark: Mark) -> [u8; 12] {
    let [.., high, low] = mark.frame.to_be_bytes();
    let [t0, t1, t2, t3] = (mark.frame * 160).to_be_bytes();
    let [s0, s1, s2, s3] = mark.call.to_be_bytes();
    [0x80, 0, high, low, t0, t1, t2, t3, s0, s1, s2, s3]
}

impl Mark {
    /// Its digits, and one that proves them.
    fn digits(self) -> [u32; 4] {
        let (high, low) = (self.frame / BASE, self.frame % BASE);
        [self.call, high, low, (self.call + high + low) % BASE]
    }

    fn sound(self) -> Vec<u8> {
        let digits = self.digits().map(|digit| u8::try_from(digit).unwrap_or(0));
        digits
            .into_iter()
            .flat_map(|digit| [ZERO + digit; DIGIT])
            .collect()
    }

    /// Nothing if this is not the sound of one whole packet.
    fn read(sound: &[u8]) -> Option<Self> {
        let digit = |of: &[u8]| {
            let first = *of.first()?;
            let is_one = of.iter().all(|byte| *byte == first);
            is_one.then_some(u32::from(first.checked_sub(ZERO)?))
        };
        let mut digits = sound.chunks(DIGIT).map(digit);
        let mut next = || digits.next().flatten();
        let (call, high, low, proof) = (next()?, next()?, next()?, next()?);
        let frame = high * BASE + low;
        let mark = Self { call, frame };
        (mark.digits() == [call, high, low, proof]).then_some(mark)
    }
}
