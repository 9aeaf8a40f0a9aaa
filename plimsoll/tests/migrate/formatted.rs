//! What is written, as it stands in a file. The tests of what is written include this file, too.

use std::{fs, process::Command};

/// The text as rustfmt has it.
pub(crate) fn formatted(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.rs");
    fs::write(&path, text).unwrap();
    let run = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../rustfmt.toml"))
        .arg(&path)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}\n{text}", String::from_utf8_lossy(&run.stderr));
    fs::read_to_string(path).unwrap()
}
