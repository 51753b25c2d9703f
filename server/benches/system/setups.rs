//! Authenticated call set-ups a second and CPU a call, beside a Kamailio that checks the same digest.
//! `SIPp` dials: INVITE, 401, INVITE with MD5, 200, ACK, BYE, 200.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::caller::Account;
use crate::process::Program;
use crate::table::Table;
use crate::world::{World, free_udp};

const SECONDS: u32 = 8;
const RATES: [u32; 9] = [100, 250, 500, 750, 1_000, 1_500, 2_000, 3_000, 4_000];
const KAMAILIO: &str = include_str!("../../../end2end/peers/kamailio/answer.cfg");

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let ours = best(
        world,
        &world.server,
        &world.account,
        &world.number,
        "patchbay",
    )?;
    table.row(
        "authenticated call set-ups",
        format!(
            "{}/s kept up without a failed call, {:.0} µs of CPU a call",
            ours.rate, ours.cpu_us
        ),
        "",
        None,
    );
    let folder = world.folder.path().join("kamailio");
    let (kamailio, account) = start_kamailio(&folder, free_udp()?)?;
    // At the same rate: CPU a call depends on how busy a core is.
    let theirs = dial(
        world,
        &kamailio,
        &account,
        &world.number,
        ours.rate,
        "kamailio",
    )?;
    let ratio = ours.cpu_us / theirs.cpu_us;
    table.row(
        "the same set-ups at a stateless Kamailio",
        format!("{:.0} µs of CPU a call at {}/s", theirs.cpu_us, theirs.rate),
        "",
        None,
    );
    table.row(
        "Patchbay's CPU a call beside Kamailio's",
        format!("{ratio:.1} times"),
        "<= 3 times",
        Some(ratio <= 3.0),
    );
    Ok(())
}

struct Dialled {
    rate: u32,
    failed: u64,
    took: Duration,
    cpu_us: f64,
}

impl Dialled {
    /// A server that falls behind makes its caller send again: such a rate is not one it takes.
    fn keeps_up(&self) -> bool {
        self.failed == 0 && self.took <= Duration::from_secs(u64::from(SECONDS) + 1)
    }
}

/// Climbs until calls fail or pile up; the last rate without that counts.
fn best(
    world: &World,
    server: &Program,
    account: &Account,
    number: &str,
    name: &str,
) -> Outcome<Dialled> {
    let mut best = None;
    for rate in RATES {
        let dialled = dial(world, server, account, number, rate, name)?;
        println!(
            "  {name}: {rate}/s for {SECONDS} s: {} failed, done in {:.1} s, {:.0} µs a call",
            dialled.failed,
            dialled.took.as_secs_f64(),
            dialled.cpu_us
        );
        if !dialled.keeps_up() {
            break;
        }
        best = Some(dialled);
    }
    best.ok_or_else(|| "the lowest rate is too much".into())
}

fn dial(
    world: &World,
    server: &Program,
    account: &Account,
    number: &str,
    rate: u32,
    name: &str,
) -> Outcome<Dialled> {
    let calls = rate * SECONDS;
    let folder = world.folder.path().join(format!("sipp-{name}-{rate}"));
    fs::create_dir_all(&folder)?;
    let statistics = folder.join("statistics.csv");
    let before = server.cpu_seconds();
    let mut command = Command::new("sipp");
    command
        .current_dir(&folder)
        .arg("-sf")
        .arg(World::scenario())
        .arg(account.server.to_string())
        .args([
            "-t",
            "u1",
            "-i",
            "127.0.0.43",
            "-nostdin",
            "-timeout",
            "60s",
            "-fd",
            "1s",
        ])
        .args([
            "-m",
            &calls.to_string(),
            "-r",
            &rate.to_string(),
            "-l",
            "5000",
        ])
        .args([
            "-s",
            number,
            "-au",
            &account.username,
            "-ap",
            &account.password,
        ])
        .args(["-buff_size", "4000000", "-trace_stat", "-stf"])
        .arg(&statistics);
    let began = Instant::now();
    let mut sipp = Program::start(&mut command, &folder.join("screen.log"))?;
    if !sipp.wait(Duration::from_secs(75)) {
        return Err(format!("SIPp did not end at {rate}/s").into());
    }
    let took = began.elapsed();
    let (passed, failed) = counts(&statistics)?;
    // What a call leaves behind is written a moment later.
    sleep(Duration::from_secs(1));
    let cpu_us = (server.cpu_seconds() - before) / f64::from(calls) * 1e6;
    let missing = u64::from(calls).saturating_sub(passed);
    Ok(Dialled {
        rate,
        failed: failed.max(missing),
        took,
        cpu_us,
    })
}

/// The last line of `SIPp`'s statistics, by the names in the first.
pub(crate) fn counts(path: &Path) -> Outcome<(u64, u64)> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
    let values: Vec<&str> = lines.last().unwrap_or_default().split(';').collect();
    let value = |name: &str| {
        let at = names.iter().position(|column| *column == name);
        at.and_then(|at| values.get(at)?.parse::<u64>().ok())
            .ok_or_else(|| format!("SIPp's statistics have no {name}"))
    };
    Ok((value("SuccessfulCall(C)")?, value("FailedCall(C)")?))
}

fn start_kamailio(folder: &Path, address: SocketAddr) -> Outcome<(Program, Account)> {
    fs::create_dir_all(folder)?;
    let account = Account {
        server: address,
        username: "bench".to_owned(),
        password: "the right one".to_owned(),
    };
    let config = KAMAILIO
        .replace("{{address}}", &address.to_string())
        .replace("{{digest}}", "MD5")
        .replace("{{username}}", &account.username)
        .replace("{{password}}", &account.password)
        .replace("{{children}}", "2")
        .replace("{{audio}}", "40000");
    let path = folder.join("answer.cfg");
    fs::write(&path, config)?;
    let mut command = Command::new("kamailio");
    command
        .arg("-f")
        .arg(&path)
        .args(["-DD", "-E", "-Y"])
        .arg(folder);
    command.arg("-P").arg(folder.join("pid"));
    let kamailio = Program::start(&mut command, &folder.join("log"))?;
    sleep(Duration::from_secs(1));
    Ok((kamailio, account))
}
