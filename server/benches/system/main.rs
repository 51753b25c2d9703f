//! The whole server under load, as a table with the machine it ran on (`make bench`).
//!
//! Starts the release binary on loopback with a data folder of its own, sets it up through the API,
//! and measures it from outside: CPU and memory from `/proc`, packets by sequence number. Beside it, in the
//! same run, stands a Kamailio that checks the same digest. Knows nothing of the server's insides.
//!
//! `cargo bench -p server --bench system [PART…]`, with parts `setups outbound audio engines delay flood pages
//! load lighthouse rates million`.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded measurements for people"
)]

mod audio;
mod bare;
mod bot;
mod caller;
mod delay;
mod engines;
mod first_load;
mod flood;
mod lighthouse;
mod machine;
mod million;
mod outbound;
mod process;
mod rates;
mod readers;
mod setups;
mod srtp;
mod table;
mod wire;
mod world;

use std::error::Error;
use std::process::ExitCode;

use table::Table;
use world::World;

type Outcome<T> = Result<T, Box<dyn Error>>;
type Part = fn(&mut World, &mut Table) -> Outcome<()>;

const PARTS: [(&str, Part); 11] = [
    ("setups", |world, table| setups::run(world, table)),
    ("outbound", |world, table| outbound::run(world, table)),
    ("audio", |world, table| audio::run(world, table)),
    ("engines", |world, table| engines::run(world, table)),
    ("delay", |world, table| delay::run(world, table)),
    ("flood", |world, table| flood::run(world, table)),
    ("pages", |world, table| readers::run(world, table)),
    ("load", |world, table| first_load::run(world, table)),
    ("lighthouse", |world, table| lighthouse::run(world, table)),
    ("rates", rates::run),
    ("million", million::run),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    println!("{}", machine::describe());
    let mut table = Table::default();
    let mut failed = false;
    for (name, part) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        // Each part has a fresh server: memory of one must not show in the next.
        let done = World::start().and_then(|mut world| part(&mut world, &mut table));
        if let Err(error) = done {
            println!("{name}: not measured: {error}");
            failed = true;
        }
    }
    println!("\n{table}");
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
