//! `route-test`: the live decision, on the command line.

use std::sync::Arc;

use app::domain::draft::Entry;
use app::domain::route_test::RouteTestDraft;
use app::ports::Caller;
use clap::Args;

use super::{people, say, tell};
use crate::clock::Clock;
use crate::config::Config;
use crate::serve::open_store;
use crate::service::House;

#[derive(Debug, Args)]
pub(super) struct RouteTest {
    /// The dialled number, as a carrier would send it.
    to: String,
    /// From which address.
    #[arg(long)]
    source: Option<String>,
    /// Signed in with this username.
    #[arg(long)]
    username: Option<String>,
    /// With this value in the agent header.
    #[arg(long)]
    agent: Option<String>,
    /// For this host in the Request-URI.
    #[arg(long)]
    host: Option<String>,
}

impl RouteTest {
    pub(super) async fn run(self, config: &Config) -> Result<(), String> {
        let db = open_store(config).await.map_err(say)?;
        let mut settings = crate::serve::settings(config);
        // The server's own file for hard times is not ours to replay.
        settings.desk.spool = std::env::temp_dir().join("patchbay-route-test.spool");
        let (house, _) = House::open(db, Clock::system(), settings)
            .await
            .map_err(say)?;
        let draft = RouteTestDraft {
            to: Entry::text(self.to),
            source: Entry::from(self.source),
            username: Entry::from(self.username),
            agent: Entry::from(self.agent),
            host: Entry::from(self.host),
            ..RouteTestDraft::default()
        };
        let tests = Arc::clone(&house.services.route_test);
        let tested = tests
            .test(&Caller::operator(), draft)
            .await
            .map_err(people::explain)?;
        let text = serde_json::to_string_pretty(&tested).map_err(say)?;
        tell(text);
        Ok(())
    }
}
