//! Starting, draining and stopping: who may still work, and until when.
//!
//! Two tokens (MAS' soft and hard): the first SIGTERM or SIGINT sets `draining`
//! (no new work; calls in progress go on until the drain limit), a second one or
//! the limit sets `stopped`. Every long-lived task is spawned here, so that the
//! process ends when the last of them has. Knows nothing of SIP, HTTP or SQL.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks have to finish after `stopped` before the process leaves anyway.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Cheap to clone; all clones are the same life.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    draining: CancellationToken,
    stopped: CancellationToken,
}

impl Lifecycle {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task that the shutdown waits for. The task itself watches
    /// [`Self::draining`] or [`Self::stopped`].
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that spawns"
    )]
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(self.task(name, future))
    }

    /// The same on the threads of another runtime.
    pub fn spawn_on<F>(
        &self,
        threads: &Handle,
        name: &'static str,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        threads.spawn(self.task(name, future))
    }

    fn task<F>(&self, name: &'static str, future: F) -> impl Future<Output = F::Output> + use<F>
    where
        F: Future + Send + 'static,
    {
        use tracing::Instrument as _;
        let span = tracing::debug_span!("task", name);
        // Boxed, because a call's future is large and each wrapper would move all of it.
        self.tasks.track_future(Box::pin(future.instrument(span)))
    }

    /// Set at the first signal: take nothing new.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Set at the second signal or the drain limit: end now.
    pub fn stopped(&self) -> CancellationToken {
        self.stopped.clone()
    }

    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    pub fn drain(&self) {
        self.draining.cancel();
    }

    pub fn stop(&self) {
        self.draining.cancel();
        self.stopped.cancel();
    }

    /// Serves until told to end: drains at the first `signal`, waits until
    /// `idle` says that no call is left, stops at the second signal or at `limit`.
    pub async fn run(
        &self,
        mut signal: impl Signal,
        idle: impl Future<Output = ()>,
        limit: Duration,
    ) -> Ending {
        tokio::select! {
            () = signal.next() => {}
            () = self.draining.cancelled() => {}
        }
        tracing::info!(
            limit_s = limit.as_secs(),
            "Draining: no new calls. Once more to end at once."
        );
        self.drain();
        let ending = tokio::select! {
            () = idle => Ending::Drained,
            () = tokio::time::sleep(limit) => Ending::LimitReached,
            () = signal.next() => Ending::Forced,
            () = self.stopped.cancelled() => Ending::Forced,
        };
        self.stop();
        self.tasks.close();
        if tokio::time::timeout(LAST_WORDS, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                tasks = self.tasks.len(),
                "Some tasks did not finish in time."
            );
        }
        ending
    }
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every call had ended by itself.
    Drained,
    /// Calls were hung up at the drain limit.
    LimitReached,
    /// A second signal.
    Forced,
}

/// Requests to end, one after the other. A trait so that tests can ask too.
pub trait Signal: Send {
    fn next(&mut self) -> impl Future<Output = ()> + Send;
}

/// SIGTERM and SIGINT of this process.
#[derive(Debug)]
pub struct ProcessSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl ProcessSignals {
    /// From here on the signals no longer end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

impl Signal for ProcessSignals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Signal for tokio::sync::mpsc::Receiver<()> {
        async fn next(&mut self) {
            if self.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }

    #[tokio::test]
    async fn the_first_signal_drains_and_the_end_of_the_last_call_ends_it() {
        let life = Lifecycle::new();
        let (ask, asked) = tokio::sync::mpsc::channel(2);
        let (over, last_call) = tokio::sync::oneshot::channel::<()>();
        let idle = async { last_call.await.unwrap_or_default() };
        let run = life.run(asked, idle, Duration::from_secs(60));
        let drive = async {
            ask.send(()).await.unwrap();
            life.draining().cancelled().await;
            assert!(!life.stopped().is_cancelled());
            over.send(()).unwrap();
        };
        assert_eq!(tokio::join!(run, drive).0, Ending::Drained);
    }

    #[tokio::test]
    async fn the_second_signal_stops_at_once() {
        let life = Lifecycle::new();
        let (ask, asked) = tokio::sync::mpsc::channel(2);
        ask.send(()).await.unwrap();
        ask.send(()).await.unwrap();
        let ending = life
            .run(asked, std::future::pending(), Duration::from_secs(60))
            .await;
        assert_eq!(ending, Ending::Forced);
    }

    #[tokio::test]
    async fn the_limit_ends_a_drain_and_tasks_are_waited_for() {
        let life = Lifecycle::new();
        let (ask, asked) = tokio::sync::mpsc::channel(2);
        ask.send(()).await.unwrap();
        let stopped = life.stopped();
        let task = life.spawn("test", async move {
            stopped.cancelled().await;
            7
        });
        let ending = life
            .run(asked, std::future::pending(), Duration::from_millis(20))
            .await;
        assert_eq!(ending, Ending::LimitReached);
        assert_eq!(task.await.unwrap(), 7);
    }
}
