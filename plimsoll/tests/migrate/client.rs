//! The databases' own clients, which run what `--sql` prints. The tests of the `migration` crate
//! include this file, too.

use std::{
    env, fs,
    process::{Command, Output, Stdio},
};

use plimsoll::{Dialect, testing::Scratch};
use secrecy::ExposeSecret as _;
use url::{Url, form_urlencoded};

/// The first of these programs that is installed. One that is not there is a failure, because what it
/// would have shown is not known.
pub(crate) fn program(names: &[&'static str]) -> &'static str {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&&str| env::split_paths(&path).any(|folder| folder.join(name).exists());
    names.iter().find(is_there).unwrap_or_else(|| {
        panic!(
            "`{}` is not installed: `scripts/servers clients --install` installs it, by hand it is in \
             sqlite3, postgresql-client or mariadb-client",
            names.join("` or `")
        )
    })
}

/// A program of the database that shares nothing with this process and is told as little as can be.
pub(crate) fn connected(scratch: &Scratch, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).env("LC_ALL", "C");
    let url = scratch.database.url();
    let url = url.expose_secret();
    match scratch.database.dialect() {
        Dialect::Sqlite => {
            command.arg("-batch").arg(scratch.database.file().unwrap());
        }
        Dialect::Postgres => {
            command.args(["-d", url]);
        }
        Dialect::Mysql => {
            let url = Url::parse(url).unwrap();
            command.args(["--no-defaults", "--protocol=TCP"]);
            command.arg(format!("--host={}", url.host_str().unwrap()));
            command.arg(format!("--port={}", url.port().unwrap_or(3306)));
            command.arg(format!("--user={}", decoded(url.username())));
            command.env("MYSQL_PWD", decoded(url.password().unwrap_or_default()));
            command.arg(scratch.database.name());
        }
    }
    command
}

/// The client of the database. All else is the script's to say: its own idea of an alphabet is an old
/// one.
fn client(scratch: &Scratch) -> Command {
    match scratch.database.dialect() {
        Dialect::Sqlite => connected(scratch, program(&["sqlite3"])),
        Dialect::Postgres => {
            let mut command = connected(scratch, program(&["psql"]));
            command.args(["-X", "-q"]).env("PGCLIENTENCODING", "LATIN1");
            command
        }
        Dialect::Mysql => {
            let mut command = connected(scratch, program(&["mariadb", "mysql"]));
            command.arg("--default-character-set=latin1");
            command
        }
    }
}

/// What a part of a URL means.
fn decoded(part: &str) -> String {
    let query = format!("it={}", part.replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Lets the client run the script, whatever comes of it.
pub(crate) fn tried_by_client(scratch: &Scratch, script: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sql");
    fs::write(&file, script).unwrap();
    let mut command = client(scratch);
    command.current_dir(folder.path()).stdin(Stdio::from(fs::File::open(file).unwrap()));
    command.output().unwrap()
}

/// Lets the client run the script to its end.
pub(crate) fn run_by_client(scratch: &Scratch, script: &str) {
    let output = tried_by_client(scratch, script);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {err}\n{}", output.status, beginning(script));
}

fn beginning(script: &str) -> String {
    script.chars().take(20_000).collect()
}
