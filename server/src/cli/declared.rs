//! What should be, in one file: written from a running server (`export`), compared with it (`plan`),
//! made true (`apply`), all over its API.
//!
//! Things are known by their names, so that a file fits another server too. A field that a file does not
//! have is left as it is; an empty text clears it; what is not in the file stays unless `--prune`.
//!
//! # Layout
//! `kind` what there is and how its fields are read · `fields` the fields of a draft · `file` the file with
//! its lines · `secret` passwords by reference · `standing` the server as it is · `plan` what differs ·
//! `show` that as text · `calls` who else would have answered · `apply` carries it out · `numbers` many at
//! once · `export` writes a file

mod apply;
mod calls;
mod export;
mod fields;
mod file;
mod kind;
mod numbers;
mod plan;
mod secret;
mod show;
mod standing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::client::Client;
use super::tell;
use file::File;
use plan::Plan;
use standing::Standing;

/// What a plan that changes something ends with, so that a script can tell.
const CHANGES: u8 = 2;

/// Write what a server has as a file for `plan` and `apply`; passwords stay where they are.
#[derive(Debug, Args)]
pub(super) struct Export {}

#[derive(Debug, Args)]
pub(super) struct PlanOf {
    #[command(flatten)]
    wanted: Wanted,
    /// Decide the calls of so many days again.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    days: u32,
    /// JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, Args)]
struct Wanted {
    /// The file, as `export` writes it.
    file: PathBuf,
    /// Remove what is not in the file.
    #[arg(long)]
    prune: bool,
    /// Send every password the file refers to, not only those of what is new or has another login.
    #[arg(long)]
    secrets: bool,
}

impl Export {
    pub(super) async fn run(self) -> Result<(), String> {
        let client = Client::of_environment()?;
        tell(export::text(&Standing::of(&client).await?).trim_end());
        Ok(())
    }
}

impl PlanOf {
    pub(super) async fn run(self) -> Result<ExitCode, String> {
        let client = Client::of_environment()?;
        let (standing, plan) = self.wanted.compared(&client).await?;
        let calls = calls::replayed(&client, &standing, &plan, self.days).await?;
        if self.json {
            tell(format_args!("{:#}", show::json(&plan, calls.as_ref())));
        } else {
            tell(show::text(&plan, calls.as_ref()));
        }
        Ok(if plan.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(CHANGES)
        })
    }
}

impl Apply {
    pub(super) async fn run(self) -> Result<(), String> {
        let client = Client::of_environment()?;
        let (standing, plan) = self.wanted.compared(&client).await?;
        if plan.is_empty() {
            tell(show::NO_CHANGES);
            return Ok(());
        }
        // Before the first change: half a file is worse than none.
        let secrets = secret::read_all(&plan)?;
        apply::apply(&client, &standing, &plan, &secrets).await
    }
}

impl Wanted {
    async fn compared(&self, client: &Client) -> Result<(Standing, Plan), String> {
        let file = File::read(&self.file)?;
        let standing = Standing::of(client).await?;
        let plan = Plan::of(&file, &standing, self.prune, self.secrets)
            .map_err(|faults| file.refused(&faults))?;
        Ok((standing, plan))
    }
}
