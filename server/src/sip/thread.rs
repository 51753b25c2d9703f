//! The thread of the signalling.
//!
//! What a call is told and says is a hundred short steps of several tasks. Spread over many threads they wake each
//! other all the time, and a call set up takes a sixth more CPU; one thread sets up thousands a second. They have to be
//! short, though: audio has threads of its own, and what takes its time (bots, TLS) is done on those that everybody
//! shares.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// It ends, with all that still runs on it, when this is dropped.
#[derive(Debug)]
pub struct Thread {
    handle: Handle,
    _stays: oneshot::Sender<()>,
}

impl Thread {
    /// Starts it, idle.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stays, gone) = oneshot::channel();
        let wait = async move { drop(gone.await) };
        thread::Builder::new()
            .name("sip".to_owned())
            .spawn(move || runtime.block_on(wait))?;
        Ok(Self {
            handle,
            _stays: stays,
        })
    }

    /// Does something there, and whatever tasks that begins. An error means that it panicked.
    pub async fn run<F>(&self, work: F) -> io::Result<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.handle.spawn(work).await.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::lifecycle::Lifecycle;

    #[tokio::test]
    async fn work_is_done_there_and_so_is_what_it_begins() {
        let name = || thread::current().name().map(str::to_owned);
        let life = Lifecycle::new();
        let begun = async move {
            let next = life.spawn("test", async move { name() });
            (name(), next.await.unwrap())
        };
        let named = Thread::start().unwrap().run(begun).await.unwrap();
        assert_eq!(named, (Some("sip".to_owned()), Some("sip".to_owned())));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let thread = Thread::start().unwrap();
        thread.run(async { panic!("a fault") }).await.unwrap_err();
        assert_eq!(thread.run(async { 7 }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_still_runs_ends_with_it() {
        let thread = Thread::start().unwrap();
        let held = Arc::new(());
        let kept = held.clone();
        let waiting = async move {
            std::future::pending::<()>().await;
            drop(kept);
        };
        let life = Lifecycle::new();
        let begun = async move { drop(life.spawn("test", waiting)) };
        thread.run(begun).await.unwrap();
        assert_eq!(Arc::strong_count(&held), 2);
        drop(thread);
        let end = Instant::now() + Duration::from_secs(10);
        while Arc::strong_count(&held) > 1 {
            assert!(Instant::now() < end, "it outlives its thread");
            sleep(Duration::from_millis(5)).await;
        }
    }
}
