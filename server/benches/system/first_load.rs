//! What a browser that has never been here fetches for one page: HTML, module, script, style.

use std::collections::BTreeSet;

use crate::Outcome;
use crate::readers::{Connection, Credential, PAGES};
use crate::table::Table;
use crate::world::World;

const BUDGET_KB: f64 = 260.0;

pub(crate) fn run(world: &World, table: &mut Table) -> Outcome<()> {
    let cookie = world.sign_in()?;
    let plain = Credential::Cookie(cookie.clone());
    let squeezed = Credential::Cookie(format!("{cookie}\r\nAccept-Encoding: br"));
    for (name, path) in PAGES {
        let page = Connection::open(world.http, &plain)?.get(path)?;
        let page = String::from_utf8(page)?;
        let mut wire = Connection::open(world.http, &squeezed)?;
        let html = wire.get(path)?.len();
        let mut all = html;
        for file in files(&page) {
            all += wire.get(file)?.len();
        }
        let kb = |bytes: usize| bytes as f64 / 1_000.0;
        table.row(
            &format!("first load of {name}, brotli"),
            format!("{:.0} kB, {:.0} kB of it HTML", kb(all), kb(html)),
            "<= 260 kB",
            Some(kb(all) <= BUDGET_KB),
        );
    }
    Ok(())
}

/// What the page names and the browser fetches by itself.
fn files(page: &str) -> BTreeSet<&str> {
    let named = page.split("=\"").skip(1);
    let named = named.filter_map(|after| after.split('"').next());
    let kinds = [".css", ".js", ".wasm", ".svg", ".ico", ".woff2"];
    named
        .filter(|path| path.starts_with('/') && kinds.iter().any(|kind| path.ends_with(kind)))
        .collect()
}
