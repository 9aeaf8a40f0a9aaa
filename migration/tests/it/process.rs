//! The command as a process, and what it said.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use migration::Migrator;
use plimsoll::testing::Scratch;
use sea_orm_migration::MigratorTrait as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// The names of all migrations in their order.
pub(crate) fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|it| it.name().to_owned()).collect()
}

/// The command in a folder without a `.env` above it, with nothing of this process's environment
/// but where programs are.
pub(crate) fn migration_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
    command
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The command against the test's database.
pub(crate) fn migration(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = migration_in(&std::env::temp_dir(), arguments);
    command.env("DATABASE_URL", scratch.database.url().expose_secret());
    command
}

/// What a process came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// What it said, having ended with that code.
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The one document on standard output.
    pub(crate) fn document(&self) -> Value {
        let document: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        assert_eq!(document["schema"], 1);
        document
    }
}

/// Runs the command against the test's database; it must end with that code.
pub(crate) fn says(scratch: &Scratch, code: i32, arguments: &[&str]) -> Said {
    Said::of(&mut migration(scratch, arguments)).with(code)
}

/// The names in a list of a document.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}
