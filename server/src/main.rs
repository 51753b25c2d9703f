//! The binary: a command line, and the exit code that tells how it went.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use server::cli::{Cli, run};

/// What one thread makes another throws away all day here: calls, rows, pages. The C library's allocator spent a
/// fifth of the CPU on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tasks a busy thread runs before it looks what has come from the network. By itself it runs 61, and a database's
/// answer waits for them all: what many requests share is a chain of such answers. Looking twice as often again costs
/// those who only read more than it gives.
const LOOKS_AFTER: u32 = 31;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One ring of ciphers for everything that speaks TLS; a second call would find it there.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .event_interval(LOOKS_AFTER)
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(format!("the runtime can't be started: {error}")),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            // Whoever reads may be gone; that is no reason to panic.
            drop(writeln!(std::io::stderr(), "patchbay: {message}"));
            ExitCode::FAILURE
        }
    }
}
