//! Puts the site's files into the binary: writes `OUT_DIR/site.rs`, the table that `web::assets`
//! includes. A release carries each file in brotli and gzip as well, so that none is squeezed twice.
//!
//! The files come from `.ci/tools/site`: `target/site` for a release, `target/site-dev` otherwise.
//! Without them the server builds all the same and its pages work without JavaScript.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// Types that shrink; pictures and fonts are packed already.
const SHRINKS: [&str; 7] = ["css", "html", "js", "json", "svg", "txt", "wasm"];

fn main() -> io::Result<()> {
    // `sqlx::migrate!` reads this folder, and Cargo does not know.
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=build.rs");

    let release = variable("PROFILE")? == "release";
    let out = PathBuf::from(variable("OUT_DIR")?);
    let site = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(if release {
        "../target/site"
    } else {
        "../target/site-dev"
    });
    fs::create_dir_all(&site)?;
    let site = site.canonicalize()?;
    println!("cargo::rerun-if-changed={}", site.display());

    let mut files = Vec::new();
    list(&site, "", &mut files)?;
    files.sort();

    let mut of_package = Sha256::new();
    let mut table = String::new();
    for name in &files {
        let file = site.join(name);
        let content = fs::read(&file)?;
        let file = text(&file)?;
        let hash = hex(&Sha256::digest(&content));
        if name.starts_with("pkg/") {
            of_package.update(name);
            of_package.update(&content);
        }
        let (brotli, gzip) = if release && shrinks(name) {
            (
                variant(&out, &hash, "br", &content, brotli(&content)?)?,
                variant(&out, &hash, "gz", &content, gzip(&content)?)?,
            )
        } else {
            ("None".to_owned(), "None".to_owned())
        };
        table.push_str(&format!(
            "    File {{ path: {name:?}, hash: {hash:?}, raw: include_bytes!({file:?}), brotli: {brotli}, gzip: {gzip} }},\n"
        ));
    }
    let hash = hex(&of_package.finalize());
    fs::write(
        out.join("site.rs"),
        format!("const SITE_HASH: &str = {hash:?};\nstatic FILES: &[File] = &[\n{table}];\n"),
    )
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// A path as Rust source can name it.
fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::other(format!("not UTF-8: {}", path.display())))
}

/// Adds the paths of all files under `root/prefix`, with `/` between their parts.
fn list(root: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(prefix))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}/{name}")
        };
        if entry.file_type()?.is_dir() {
            list(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn shrinks(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, kind)| SHRINKS.contains(&kind))
}

/// Half a SHA-256 names a file's content well enough, and keeps addresses short.
fn hex(digest: &[u8]) -> String {
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn brotli(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &*content, &mut packed, &params)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// Keeps a packed form beside the table, unless it is no smaller than the file itself.
fn variant(out: &Path, hash: &str, kind: &str, raw: &[u8], packed: Vec<u8>) -> io::Result<String> {
    if packed.len() >= raw.len() {
        return Ok("None".to_owned());
    }
    let file = out.join(format!("{hash}.{kind}"));
    fs::write(&file, packed)?;
    let file = text(&file)?;
    Ok(format!("Some(include_bytes!({file:?}))"))
}
