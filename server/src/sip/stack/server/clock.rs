//! What server transactions wait for, and until when.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ServerTransactions, Transaction};

/// How often it is looked who is due, as a part of T1: to wake up for each of thousands would cost more than
/// being so little late.
const LOOKS: u32 = 8;

/// What is due, the soonest first. What nobody waits for any more stays until then, and is passed over.
#[derive(Default)]
pub(super) struct Clock {
    due: Mutex<BinaryHeap<Due>>,
    woken: Notify,
}

pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) what: What,
    pub(super) transaction: Arc<Transaction>,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    /// The answer, after so long (Timer G).
    SayAgain(Duration),
    /// Timers H, I, J and L.
    Forget,
}

impl Clock {
    pub(super) fn add(&self, due: Due) {
        let mut all = self.due.lock();
        let rested = all.is_empty();
        all.push(due);
        drop(all);
        if rested {
            self.woken.notify_one();
        }
    }

    /// Takes who is due.
    fn take(&self, now: Instant) -> Vec<Due> {
        let mut all = self.due.lock();
        let mut taken = Vec::new();
        while all.peek().is_some_and(|due| due.at <= now) {
            taken.extend(all.pop());
        }
        taken
    }

    /// Until there may be something due.
    async fn wait(&self, look: Duration) {
        let rests = self.due.lock().is_empty();
        if rests {
            self.woken.notified().await;
        }
        tokio::time::sleep(look).await;
    }
}

impl ServerTransactions {
    pub(super) async fn keep_time(self: Arc<Self>, stopped: CancellationToken) {
        let look = self.timers.t1 / LOOKS;
        while stopped
            .run_until_cancelled(self.clock.wait(look))
            .await
            .is_some()
        {
            for due in self.clock.take(Instant::now()) {
                self.on_time(due);
            }
        }
    }

    fn on_time(&self, due: Due) {
        let Due {
            at,
            what,
            transaction,
        } = due;
        match what {
            What::Forget => self.forget(&transaction),
            What::SayAgain(after) => {
                if transaction.say_again() {
                    let after = (after * 2).min(self.timers.t2());
                    self.clock.add(Due {
                        at: at + after,
                        what: What::SayAgain(after),
                        transaction,
                    });
                }
            }
        }
    }
}

// A heap gives the greatest first.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}
