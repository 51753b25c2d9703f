//! The command line: `serve`, and what an operator does beside it.

mod call;
mod client;
mod declared;
mod people;
mod remote;
mod routes;
mod table;

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::lifecycle::{Ending, Lifecycle, ProcessSignals};
use crate::serve::{self, ServeError};
use crate::telemetry::{self, Metrics};

/// Patchbay connects your carriers to your phone agents.
#[derive(Debug, Parser)]
#[command(name = "patchbay", version, about)]
pub struct Cli {
    /// The settings file; `patchbay.toml` in this folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what happens without a command).
    Serve,
    /// People who may sign in.
    #[command(subcommand)]
    User(people::User),
    /// Keys for scripts.
    #[command(subcommand)]
    Key(people::Key),
    /// Print a new one-time link that makes the first administrator.
    SetupLink,
    /// Print every problem of the configuration, and what is unwise about it.
    CheckConfig,
    /// Which agent would answer a call to this number.
    RouteTest(routes::RouteTest),
    /// Print the OpenAPI document of the SIP API.
    Openapi,
    /// Numbers of a running server, asked over its API.
    Numbers {
        #[command(flatten)]
        shown: remote::Shown,
        #[command(subcommand)]
        command: remote::Numbers,
    },
    /// Trunks of a running server, asked over its API.
    Trunks {
        #[command(flatten)]
        shown: remote::Shown,
        #[command(subcommand)]
        command: remote::Trunks,
    },
    /// Agents of a running server, asked over its API.
    Agents {
        #[command(flatten)]
        shown: remote::Shown,
        #[command(subcommand)]
        command: remote::Agents,
    },
    /// Calls of a running server, asked over its API.
    Calls {
        #[command(flatten)]
        shown: remote::Shown,
        #[command(subcommand)]
        command: remote::Calls,
    },
    /// Write a running server as a file: its trunks, agents, numbers and destinations.
    Export(declared::Export),
    /// Say what differs between a file and a running server, and which calls of late somebody else would
    /// have answered. Exit code 2 if anything differs.
    Plan(declared::PlanOf),
    /// Make a running server as a file says.
    Apply(declared::Apply),
    /// Let an agent call a number, by a running server.
    Call {
        #[command(flatten)]
        shown: remote::Shown,
        #[command(flatten)]
        call: call::Placing,
    },
    /// Print what makes a shell complete these commands.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
    /// Copy the database into a new file while the server runs (SQLite).
    Backup {
        /// The file to make.
        file: PathBuf,
    },
}

/// Does what was asked and says how it went; the error is a sentence for whoever asked.
pub async fn run(cli: Cli) -> Result<ExitCode, String> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Plan(plan) => plan.run().await,
        command => {
            carry_out(command, cli.config.as_deref()).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn carry_out(command: Command, config: Option<&Path>) -> Result<(), String> {
    // These ask a server, which has its own settings; there may be none here.
    match command {
        Command::Export(export) => export.run().await,
        Command::Apply(apply) => apply.run().await,
        Command::Numbers { shown, command } => command.run(&shown).await,
        Command::Trunks { shown, command } => command.run(&shown).await,
        Command::Agents { shown, command } => command.run(&shown).await,
        Command::Calls { shown, command } => command.run(&shown).await,
        Command::Call { shown, call } => call.run(&shown).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "patchbay", &mut script);
            tell(String::from_utf8_lossy(&script).trim_end());
            Ok(())
        }
        command => local(command, config).await,
    }
}

/// What works on the configuration and the data of this machine.
async fn local(command: Command, file: Option<&Path>) -> Result<(), String> {
    let loaded =
        Config::load(file, &Environment::of_process()).map_err(|problems| problems.to_string())?;
    let config = loaded.config;
    match command {
        Command::Serve => serve(&config, &loaded.advice).await,
        Command::Openapi => {
            tell(crate::api::document::json().trim_end());
            Ok(())
        }
        Command::CheckConfig => {
            for advice in &loaded.advice {
                tell(format_args!("note: {advice}"));
            }
            tell(format_args!("The configuration holds."));
            Ok(())
        }
        // `run` and `carry_out` have seen to these.
        Command::Numbers { .. }
        | Command::Trunks { .. }
        | Command::Agents { .. }
        | Command::Calls { .. }
        | Command::Call { .. }
        | Command::Export(_)
        | Command::Plan(_)
        | Command::Apply(_)
        | Command::Completions { .. } => Ok(()),
        Command::User(command) => command.run(&config).await,
        Command::Key(command) => command.run(&config).await,
        Command::SetupLink => people::setup_link(&config).await,
        Command::RouteTest(command) => command.run(&config).await,
        Command::Backup { file } => {
            if file.exists() {
                return Err(format!(
                    "{} is there already; name a new file",
                    file.display()
                ));
            }
            let db = serve::open_store(&config).await.map_err(say)?;
            db.backup(&file).await.map_err(say)?;
            tell(file.display());
            Ok(())
        }
    }
}

async fn serve(config: &Config, advice: &[String]) -> Result<(), String> {
    telemetry::start_logging(&config.log).map_err(|error| error.to_string())?;
    let metrics = Metrics::install().map_err(|error| error.to_string())?;
    for advice in advice {
        tracing::warn!("{advice}");
    }
    let signals =
        ProcessSignals::listen().map_err(|error| format!("signals can't be heard: {error}"))?;
    let db = serve::open_store(config).await.map_err(say)?;
    let kind = db.kind();
    let running = serve::start(
        config,
        db.clone(),
        Clock::system(),
        metrics,
        Lifecycle::new(),
    )
    .await
    .map_err(say)?;
    tell(format_args!(
        "Patchbay {} with {kind}",
        env!("CARGO_PKG_VERSION")
    ));
    tell(format_args!(
        "  console  {}",
        config.http.public_url.origin()
    ));
    tell(format_args!("  SIP      {} (UDP and TCP)", running.sip));
    if let Some(token) = running
        .house
        .sign_in
        .new_set_up_token()
        .await
        .map_err(say)?
    {
        tell(format_args!("  set-up   {}", people::link(config, &token)));
        tell(format_args!(
            "The set-up link makes the first administrator. It works once."
        ));
    }
    let ending = running.until(signals, config).await;
    db.close().await;
    drop(running);
    match ending {
        Ending::Drained => tracing::info!("Every call had ended."),
        Ending::LimitReached => tracing::warn!("Calls were ended at the drain limit."),
        Ending::Forced => tracing::warn!("Ended at once."),
    }
    Ok(())
}

/// One line on standard output. Whoever reads may have gone (`patchbay … | head`).
fn tell(line: impl fmt::Display) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// An error with what caused it, in one line.
fn say(error: impl std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

impl From<ServeError> for String {
    fn from(error: ServeError) -> Self {
        say(error)
    }
}
