//! Who may import whom (`ARCHITECTURE` in the README). The module tree is the picture of
//! the house; this test keeps it true.

use std::fs;
use std::path::{Path, PathBuf};

use app::text::Language;

/// A room, and what must not be named in it.
const RULES: &[(&str, &[&str])] = &[
    (
        "app/src/domain",
        &[
            "leptos",
            "tokio",
            "sqlx",
            "axum",
            "crate::ports",
            "crate::ui",
            "crate::pages",
            "std::net::Tcp",
            "std::net::Udp",
            "std::fs",
            "SystemTime",
        ],
    ),
    (
        "app/src/error.rs",
        &["tokio", "sqlx", "axum", "crate::ui", "crate::pages"],
    ),
    (
        "app/src/error",
        &["tokio", "sqlx", "axum", "crate::ui", "crate::pages"],
    ),
    (
        "app/src/ports.rs",
        &[
            "tokio",
            "sqlx",
            "axum",
            "leptos",
            "crate::ui",
            "crate::pages",
        ],
    ),
    ("app/src/ui", &["sqlx", "tokio::", "crate::pages"]),
    ("app/src/pages", &["sqlx", "tokio::", "axum::"]),
    (
        "server/src/store",
        &[
            "crate::service",
            "crate::sip",
            "crate::web",
            "crate::api",
            "crate::media",
            "crate::agent",
            "axum",
            "rsipstack",
            "app::ports",
        ],
    ),
    (
        "server/src/service",
        &[
            "axum",
            "crate::sip",
            "crate::web",
            "crate::api",
            "crate::media",
            "crate::agent",
            "rsipstack",
            "sqlx",
        ],
    ),
    (
        "server/src/api",
        &[
            "crate::store",
            "crate::sip",
            "crate::media",
            "crate::agent",
            "sqlx",
            "rsipstack",
        ],
    ),
    (
        "server/src/web",
        &[
            "crate::sip",
            "crate::media",
            "crate::agent",
            "sqlx::query",
            "rsipstack",
        ],
    ),
    (
        "server/src/sip",
        &["axum", "crate::store", "crate::web", "crate::api", "sqlx"],
    ),
    (
        "server/src/agent",
        &[
            "crate::sip",
            "crate::store",
            "crate::web",
            "crate::api",
            "axum",
            "sqlx",
            "rsipstack",
        ],
    ),
    (
        "server/src/media",
        &[
            "crate::sip",
            "crate::store",
            "crate::web",
            "crate::api",
            "crate::service",
            "crate::agent",
            "axum",
            "sqlx",
            "rsipstack",
        ],
    ),
];

/// The SIP library has one door.
const SIP_LIBRARY_DOOR: &str = "server/src/sip/stack";

#[test]
fn every_room_imports_only_what_it_may() {
    let mut found = Vec::new();
    for (room, forbidden) in RULES {
        for file in sources_of(&root().join(room)) {
            for (number, line) in code_of(&file) {
                for word in *forbidden {
                    if names(&line, word) {
                        found.push(format!(
                            "{}:{number}: {room} must not name {word}",
                            shown(&file)
                        ));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_one_file_names_the_sip_library() {
    let strangers: Vec<String> = sources_of(&root().join("server/src"))
        .into_iter()
        .filter(|file| !shown(file).starts_with(SIP_LIBRARY_DOOR))
        .filter(|file| {
            code_of(file)
                .iter()
                .any(|(_, line)| line.contains("rsipstack::"))
        })
        .map(|file| shown(&file))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<String> = ["app/src", "server/src"]
        .iter()
        .flat_map(|tree| sources_of(&root().join(tree)))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).ok()?.lines().count();
            (lines > 500 && !shown(&file).contains("table"))
                .then(|| format!("{} has {lines} lines", shown(&file)))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The audit page says in words what was done: an action without words is shown by its code.
#[test]
fn every_action_of_the_audit_has_words() {
    let mut found = Vec::new();
    for file in sources_of(&root().join("server/src/service")) {
        for (_, line) in code_of(&file) {
            for before in ["action: \"", "record(\""] {
                let named = line.split(before).nth(1);
                found.extend(named.and_then(|rest| rest.split('"').next().map(str::to_owned)));
            }
        }
    }
    assert!(found.len() > 30, "{found:?}");
    found.retain(|action| {
        let said = Language::ALL.map(|(language, _)| language.text().action(action));
        said.contains(&action.replace('_', " "))
    });
    assert!(found.is_empty(), "{found:?}");
}

/// Each of these costs a browser hundreds of kilobytes. (`regex` and `url` come along with Leptos,
/// which does not use them there, so the linker drops them; a use of ours would keep them.)
#[test]
fn the_browser_part_takes_no_heavy_crate() {
    let manifest = fs::read_to_string(root().join("app/Cargo.toml")).unwrap();
    let heavy: Vec<&str> = [
        "chrono",
        "chrono-tz",
        "phonenumber",
        "regex",
        "url",
        "tokio",
    ]
    .into_iter()
    .filter(|name| {
        manifest
            .lines()
            .filter_map(|line| line.split(['=', '.']).next())
            .any(|key| key.trim() == *name)
    })
    .collect();
    assert!(heavy.is_empty(), "app/Cargo.toml names {heavy:?}");
}

/// `axum` is named by `axum::x` and `use axum;`, not by `leptos_axum::x`.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && (word.ends_with(':') || !after.is_some_and(|c| c.is_alphanumeric() || c == '_'))
    })
}

/// Lines that are neither comments nor tests; `use` trees stand on one line or name the
/// crate on their first.
fn code_of(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .enumerate()
        .map(|(at, line)| {
            (
                at + 1,
                line.split("//").next().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

pub(crate) fn sources_of(room: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let beside = room.with_extension("rs");
    if beside.is_file() {
        files.push(beside);
    }
    if room.is_dir() {
        for entry in fs::read_dir(room).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(sources_of(&path));
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files.dedup();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root())
        .unwrap_or(file)
        .display()
        .to_string()
}
