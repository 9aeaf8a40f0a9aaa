//! What `generate` asks on a terminal, what it says without one, and that it leaves both the
//! migration and its line in the list, or neither.
//!
//! The command is that of the example `differing`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

#[path = "questions/terminal.rs"]
mod terminal;
#[path = "questions/written.rs"]
mod written;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

const LIST: &str = "mod versions {\n    pub(crate) mod m20260101_000000_create_pets;\n}\n\n\
                    use versions::*;\n\n\
                    plimsoll::history! {\n    declared m20260101_000000_create_pets,\n}\n";

/// A workspace with a migration crate, and what is in it.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("migration/src/versions")).unwrap();
        fs::write(folder.path().join("migration/src/lib.rs"), LIST).unwrap();
        let first = "migration/src/versions/m20260101_000000_create_pets.rs";
        fs::write(folder.path().join(first), "// The first.\n").unwrap();
        Self(folder)
    }

    fn source(&self, name: &str) -> PathBuf {
        self.0.path().join("migration/src").join(name)
    }

    fn list(&self) -> String {
        fs::read_to_string(self.source("lib.rs")).unwrap()
    }

    /// Every file with its text, by its name.
    fn files(&self) -> BTreeMap<String, String> {
        let folders = [self.source(""), self.source("versions")];
        let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
    }

    /// The text of the migration that was written and listed; there is no other.
    fn migration(&self) -> String {
        let mut files = self.files();
        files.remove("lib.rs").unwrap();
        files.remove("m20260101_000000_create_pets.rs").unwrap();
        assert_eq!(files.len(), 1, "{files:#?}");
        let (name, text) = files.pop_first().unwrap();
        let name = name.strip_suffix(".rs").unwrap();
        let list = self.list();
        assert!(list.contains(&format!("    pub(crate) mod {name};\n}}")), "{list}");
        assert!(list.contains(&format!("    declared {name},\n}}")), "{list}");
        text
    }

    /// The command in it, with nothing of this process's environment but where programs are.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", path())
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }
}

/// Where programs are.
fn path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

fn program() -> PathBuf {
    let tests = env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/differing");
    assert!(
        program.exists(),
        "`{}` is not built: `cargo test -p plimsoll` builds it, `--test questions` alone does not",
        program.display()
    );
    program
}

/// All that has to be said, and what need not be.
const ANSWERED: [&str; 8] =
    ["generate", "contact", "--rename", "fax:mail", "--default", "age=3", "--default", "name=Rex"];
