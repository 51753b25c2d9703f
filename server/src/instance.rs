//! What this process is called among several on one database. It signs the calls it carries with
//! the name, and after a crash gives an end to those, and only those, that bear it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::clock::Clock;
use crate::config::Config;

const FILE: &str = "instance";

/// The configured name, else one that is made once and kept in the data folder, which one
/// process alone works on.
pub fn name(config: &Config, clock: &Clock) -> std::io::Result<String> {
    match config.data.instance.get() {
        Some(name) => Ok(name.to_string()),
        None => kept(&config.data.dir.join(FILE), clock),
    }
}

fn kept(file: &Path, clock: &Clock) -> std::io::Result<String> {
    match fs::read_to_string(file) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let name = clock.new_uuid().to_string();
    // Whole or not at all: half a name would be another's.
    let fresh = file.with_extension("new");
    let mut writing = fs::File::create(&fresh)?;
    writeln!(writing, "{name}")?;
    writing.sync_all()?;
    fs::rename(&fresh, file)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Optional;

    #[test]
    fn a_made_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let clock = Clock::system();
        let first = kept(&file, &clock).unwrap();
        assert_eq!(kept(&file, &clock).unwrap(), first);
        fs::write(&file, "\n").unwrap();
        assert_ne!(
            kept(&file, &clock).unwrap(),
            first,
            "an empty file names nobody"
        );
    }

    #[test]
    fn a_configured_name_wins() {
        let mut config = Config::built_in().unwrap();
        config.data.instance = Optional(Some("east-1".parse().unwrap()));
        assert_eq!(name(&config, &Clock::system()).unwrap(), "east-1");
    }
}
