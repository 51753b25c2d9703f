//! The clock of all audio: a few threads, each carrying its sessions every 20 ms.
//!
//! One sleep for many sessions instead of a timer and two wake-ups for each: what 300 calls cost
//! is packets and little else. Being threads of their own, they are steady however busy
//! the rest of the server is.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::codec::FRAME_MS;
use super::doorbell::Doorbell;
use super::leg::{Leg, Scratch};

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// Frames made up for after the thread was held up; more are skipped, for nobody waits for them.
const MAX_CATCH_UP: u32 = 5;

/// The threads.
#[derive(Debug)]
pub(super) struct Pacer {
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    inbox: Sender<Leg>,
    load: Arc<AtomicUsize>,
}

impl Pacer {
    pub(super) fn start(threads: usize) -> io::Result<Self> {
        let lanes = (0..threads.max(1))
            .map(Lane::start)
            .collect::<io::Result<_>>()?;
        Ok(Self { lanes })
    }

    /// Puts a leg on the thread that carries the fewest.
    pub(super) fn carry(&self, leg: Leg) {
        let least = self
            .lanes
            .iter()
            .min_by_key(|lane| lane.load.load(Ordering::Relaxed));
        if let Some(lane) = least {
            lane.load.fetch_add(1, Ordering::Relaxed);
            // The thread lives as long as this sender.
            _ = lane.inbox.send(leg);
        }
    }
}

impl Lane {
    fn start(index: usize) -> io::Result<Self> {
        let (inbox, legs) = mpsc::channel();
        let bell = Doorbell::new()?;
        let load = Arc::new(AtomicUsize::new(0));
        let carried = Arc::clone(&load);
        thread::Builder::new()
            .name(format!("audio-{index}"))
            .spawn(move || run(&legs, bell, &carried))?;
        Ok(Self { inbox, load })
    }
}

fn run(inbox: &Receiver<Leg>, mut bell: Doorbell, load: &AtomicUsize) {
    let mut legs: Vec<Leg> = Vec::new();
    let mut work = Scratch::default();
    let mut due = Instant::now();
    loop {
        if legs.is_empty() {
            let Ok(leg) = inbox.recv() else { return };
            legs.push(leg.with_bell(&bell));
            due = Instant::now();
        }
        while let Ok(leg) = inbox.try_recv() {
            legs.push(leg.with_bell(&bell));
        }
        due = wait(due, &mut legs);
        let before = legs.len();
        bell.look();
        // Without a system call between them: what one waits for of the memory comes while the next is asked.
        legs.retain_mut(|leg| unless_it_fails(|| leg.begin()) == Some(true));
        legs.retain_mut(|leg| {
            let done = unless_it_fails(|| {
                leg.hear(&bell, &mut work);
                if !leg.is_joined() {
                    leg.speak(&mut work);
                }
            });
            done.is_some()
        });
        // What one side of a bridge hears the other says at once, so these speak when all have heard. Everyone
        // else has spoken by now, while what it needs was in the caches still: a seventh of the CPU.
        legs.retain_mut(|leg| {
            !leg.is_joined() || unless_it_fails(|| leg.speak(&mut work)).is_some()
        });
        load.fetch_sub(before - legs.len(), Ordering::Relaxed);
    }
}

/// Sleeps until `due` and returns the moment after; skips what cannot be made up for.
fn wait(due: Instant, legs: &mut [Leg]) -> Instant {
    let now = Instant::now();
    if let Some(early) = due.checked_duration_since(now) {
        thread::sleep(early);
        return due + FRAME;
    }
    let behind = u32::try_from((now - due).as_millis() / u128::from(FRAME_MS)).unwrap_or(u32::MAX);
    if behind > 0 {
        legs.iter_mut().for_each(Leg::spare);
    }
    if behind <= MAX_CATCH_UP {
        return due + FRAME;
    }
    for leg in legs {
        leg.skip(behind);
    }
    now + FRAME
}

/// A fault in one call must not silence all the others on its thread.
fn unless_it_fails<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
