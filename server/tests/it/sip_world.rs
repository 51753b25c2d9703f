//! An edge on a free port with a stand-in for the house, and verbs to call it with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use server::agent::Voice;
use server::clock::Clock;
use server::lifecycle::Lifecycle;
use server::media::{Media, Settings};
use server::service::outward::Outward;
use server::sip::{Edge, EdgeConfig, Parts};
use uuid::Uuid;

pub(crate) use crate::sip_house::{House, Legs, Told, rung};
pub(crate) use crate::sip_phone::{Phone, SDP};

pub(crate) const USER: &str = "carrier";
/// Takes SHA-256 only.
pub(crate) const MODERN: &str = "modern";
pub(crate) const PASSWORD: &str = "s3cret-Passw0rd";
pub(crate) const NUMBER: &str = "+14155550100";
pub(crate) const AGENT: Uuid = Uuid::from_u128(0xa9e7);
pub(crate) const ACCESS: Uuid = Uuid::from_u128(0x00ac_ce55);

/// A running edge.
pub(crate) struct World {
    pub(crate) edge: Arc<Edge>,
    pub(crate) house: Arc<House>,
    pub(crate) life: Lifecycle,
    pub(crate) clock: Clock,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Timers run ten times faster than in life.
    pub(crate) async fn with(change: impl FnOnce(&mut EdgeConfig)) -> Self {
        Self::of(House::new(), Clock::system(), change).await
    }

    pub(crate) async fn of(
        house: House,
        clock: Clock,
        change: impl FnOnce(&mut EdgeConfig),
    ) -> Self {
        let house = Arc::new(house);
        let life = Lifecycle::new();
        let mut config = EdgeConfig {
            t1: Duration::from_millis(50),
            ..EdgeConfig::default()
        };
        change(&mut config);
        let media = Media::start(&Settings {
            ports: 21_000..=29_999,
            timeout: Duration::from_secs(30),
            jitter_ms: 20..=200,
            threads: 2,
        });
        let edge = Edge::start(Parts {
            config,
            desk: house.clone(),
            media: Arc::new(media.unwrap()),
            voice: Arc::new(Voice::find("no such program")),
            outward: Outward {
                allow_private: true,
                setting: "engines.allow_private",
            },
            clock: clock.clone(),
            life: life.clone(),
            workers: tokio::runtime::Handle::current(),
        })
        .await
        .unwrap();
        Self {
            edge,
            house,
            life,
            clock,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.edge.local_addr()
    }

    /// Waits until nothing is left behind: no call, no dialog, no transaction.
    pub(crate) async fn is_quiet(&self) {
        for _ in 0..400 {
            let (running, _) = self.edge.stack().load();
            if self.edge.calls().is_empty() && self.edge.calls().names() == (0, 0) && running == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!(
            "left behind: {:?} {:?}",
            self.edge.calls().names(),
            self.edge.stack().load()
        );
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}
