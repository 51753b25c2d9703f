//! What Lighthouse says of the main pages, with the system's Chromium. Where either is not installed, the table
//! names what is missing and what brings it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Outcome;
use crate::process::Program;
use crate::readers::{self, PAGES};
use crate::table::Table;
use crate::world::World;

/// `PATCHBAY_LIGHTHOUSE` and `PATCHBAY_CHROMIUM` name others.
const CHROMIUM: &str = "/usr/bin/chromium";
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];
const LEAST: f64 = 95.0;
const SLOW: Duration = Duration::from_secs(120);

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let end2end = Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end");
    let lighthouse = named("PATCHBAY_LIGHTHOUSE")
        .unwrap_or_else(|| end2end.join("lighthouse/node_modules/.bin/lighthouse"));
    let chromium = named("PATCHBAY_CHROMIUM").unwrap_or_else(|| CHROMIUM.into());
    for (needed, how) in [
        (&lighthouse, "npm ci in end2end/lighthouse/"),
        (&chromium, "apt-get install chromium"),
    ] {
        if !needed.exists() {
            let missing = format!("not measured: no {}; {how}", needed.display());
            table.row("Lighthouse", missing, ">= 95", None);
            return Ok(());
        }
    }
    readers::fill(world)?;
    let cookie = world.sign_in()?;
    let headers = world.folder.path().join("headers.json");
    fs::write(&headers, json!({ "Cookie": cookie }).to_string())?;
    for (name, path) in [("Overview", "/")].into_iter().chain(PAGES) {
        let report = world.folder.path().join("lighthouse.json");
        let mut command = Command::new(&lighthouse);
        command
            .arg(format!("http://{}{path}", world.http))
            .env("CHROME_PATH", &chromium)
            .args(["--quiet", "--preset=desktop", "--output=json"])
            .arg(format!("--output-path={}", report.display()))
            .arg(format!("--extra-headers={}", headers.display()))
            .arg(format!("--only-categories={}", CATEGORIES.join(",")))
            .arg("--chrome-flags=--headless=new --no-sandbox --disable-gpu");
        let log = world.folder.path().join("lighthouse.log");
        let ended = Program::start(&mut command, &log)?.wait(SLOW);
        let said = || fs::read_to_string(&log).unwrap_or_default();
        let text = fs::read(&report).map_err(|error| format!("{name}: {error}: {}", said()))?;
        if !ended {
            return Err(format!("{name}: Lighthouse did not end: {}", said()).into());
        }
        fs::remove_file(&report)?;
        let scores = scores(&serde_json::from_slice(&text)?)?;
        let shown: Vec<String> = scores
            .iter()
            .map(|(category, score)| format!("{category} {score:.0}"))
            .collect();
        table.row(
            &format!("Lighthouse, {name}"),
            shown.join(", "),
            ">= 95 each",
            Some(scores.iter().all(|(_, score)| *score >= LEAST)),
        );
    }
    Ok(())
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// Each category with its score of a hundred.
fn scores(report: &Value) -> Outcome<Vec<(&'static str, f64)>> {
    let failed = report
        .pointer("/runtimeError/message")
        .and_then(Value::as_str);
    if let Some(why) = failed {
        return Err(why.to_owned().into());
    }
    CATEGORIES
        .into_iter()
        .map(|category| {
            let score = report.pointer(&format!("/categories/{category}/score"));
            let score = score.and_then(Value::as_f64);
            let score = score.ok_or_else(|| format!("no score for {category}"))?;
            Ok((category, score * 100.0))
        })
        .collect()
}
