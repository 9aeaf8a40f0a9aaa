//! `backup`, `restore`, `--backup` and `drop-all` by the command, and the programs that they start.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll::{Dialect, Schema, introspect, testing::Scratch};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::{
    database::*,
    process::{Said, migration, says},
};

plimsoll::on_every_empty_database!(
    a_copy_is_made_and_brought_back,
    a_copy_is_made_first_and_what_brings_it_back_is_said,
    what_fails_behind_a_copy_says_what_brings_it_back,
    a_copy_of_another_kind_is_refused,
    what_is_lost_is_counted_for_programs_too,
    restoring_asks_as_destroying_does,
    a_program_that_is_missing_or_too_old_is_named,
    a_password_is_never_among_the_arguments,
    a_copy_that_is_not_there_is_said_to_be_not_there,
    a_wait_that_no_database_takes_is_refused,
);

/// What the schema is. PostgreSQL writes a list that it has read from its own text in other words, which
/// the engine knows to be the same.
pub(crate) async fn schema(scratch: &Scratch) -> (Schema, Vec<String>) {
    let mut lines = fingerprint(&scratch.db).await;
    lines.retain(|line| !line.contains("ANY ("));
    (introspect(&scratch.db).await.unwrap(), lines)
}

fn roles(document: &Value) -> Option<&Value> {
    let losses = document["losses"].as_array().unwrap();
    losses.iter().find(|it| it["table"] == "roles")
}

/// The command in a folder of its own.
pub(crate) fn within(folder: &Path, scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = migration(scratch, arguments);
    command.current_dir(folder);
    command
}

async fn a_copy_is_made_and_brought_back(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let runs = |code: i32, arguments: &[&str]| {
        Said::of(&mut within(folder.path(), scratch, arguments)).with(code)
    };
    runs(0, &["up"]);
    let before = schema(scratch).await;

    let made = runs(0, &["backup", "--json"]).document();
    let file = made["file"].as_str().unwrap().to_owned();
    let named = runs(0, &["backup", "a copy"]);
    let taken = runs(1, &["backup", "a copy"]);
    runs(0, &["reset", "--yes"]);
    run(&scratch.db, "CREATE TABLE of_others (id int)").await;
    let restored = runs(0, &["restore", &file, "--yes", "--json"]).document();

    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "it is private");
    assert_eq!(made["bytes"], fs::metadata(&file).unwrap().len());
    let parent = Path::new(&file).parent().unwrap();
    assert_eq!(parent.file_name().unwrap(), "backups");
    assert!(named.out.starts_with("copied to a copy ("), "{named:#?}");
    assert!(named.err.contains("`restore 'a copy'` brings it back"), "{named:#?}");
    assert!(taken.err.contains("error[PLM0078]"), "{taken:#?}");
    assert_eq!(restored["current"], crate::process::known().pop().unwrap().as_str());
    assert!(restored["losses"].as_array().unwrap().iter().any(|it| it["table"] == "of_others"));
    assert_eq!(schema(scratch).await, before);
    assert_eq!(count(&scratch.db, "roles").await, 4);
    runs(0, &["check"]);
    let again = runs(0, &["up"]);
    assert!(again.out.starts_with("nothing to do in "), "{again:#?}");
    if scratch.database.file().is_some() {
        fs::remove_dir_all(parent).unwrap();
    }
}

async fn a_copy_is_made_first_and_what_brings_it_back_is_said(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let runs =
        |arguments: &[&str]| Said::of(&mut within(folder.path(), scratch, arguments)).with(0);
    runs(&["up", "--backup=empty"]);
    let before = schema(scratch).await;

    for (number, command) in ["down", "fresh", "drop-all"].into_iter().enumerate() {
        let option = format!("--backup=copy{number}");
        let said = runs(&[command, "--yes", &option]);
        let restore = format!("restore copy{number}");
        assert!(said.err.contains(&format!("copied to copy{number} (")), "{said:#?}");
        assert!(said.err.contains(&format!("`{restore}` brings it back")), "{said:#?}");
        run(&scratch.db, "CREATE TABLE of_others (id int)").await;
        runs(&["restore", &format!("copy{number}"), "--yes"]);
        assert_eq!(schema(scratch).await, before, "{command}");
        assert_eq!(count(&scratch.db, "roles").await, 4, "{command}");
    }
    let document = runs(&["stamp", "base", "--yes", "--json", "--backup=stamped"]).document();
    assert_eq!(document["backup"], "stamped");
    runs(&["restore", "empty", "--yes"]);
    assert!(tables(&scratch.db).await.is_empty());
}

async fn what_fails_behind_a_copy_says_what_brings_it_back(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    run(&scratch.db, "CREATE TABLE users (mine int)").await;

    let said = Said::of(&mut within(folder.path(), scratch, &["up", "--backup=a"])).with(1);
    let json =
        Said::of(&mut within(folder.path(), scratch, &["up", "--backup=b", "--json"])).with(1);

    let hint = "`restore a` brings back the copy that was made before";
    assert!(said.err.contains("error[PLM0036]") && said.err.contains(hint), "{said:#?}");
    let document = json.document();
    assert_eq!(document["backup"], "b");
    assert!(document["error"]["hint"].as_str().unwrap().contains("`restore b`"), "{document}");
    Said::of(&mut within(folder.path(), scratch, &["restore", "a", "--yes"])).with(0);
    assert_eq!(tables(&scratch.db).await, ["users"]);
}

async fn a_copy_of_another_kind_is_refused(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    says(scratch, 0, &["up"]);
    let before = fingerprint(&scratch.db).await;
    let kinds: [(Dialect, &[u8]); 3] = [
        (Dialect::Sqlite, b"SQLite format 3\0"),
        (Dialect::Postgres, b"PGDMP\x01"),
        (Dialect::Mysql, b"-- MariaDB dump 10.19  Distrib 10.11"),
    ];

    for (kind, head) in kinds {
        let file = folder.path().join(kind.to_string());
        fs::write(&file, head).unwrap();
        let said = says(scratch, 1, &["restore", file.to_str().unwrap(), "--yes"]);
        assert!(said.err.contains("error[PLM0077]"), "{said:#?}");
        let other = format!("it is a copy of a {kind} database");
        assert_eq!(said.err.contains(&other), kind != scratch.database.dialect(), "{said:#?}");
    }

    assert_eq!(fingerprint(&scratch.db).await, before);
}

async fn what_is_lost_is_counted_for_programs_too(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    run(&scratch.db, "DELETE FROM role_permissions").await;
    run(&scratch.db, "DELETE FROM roles WHERE name_key = 'viewer'").await;

    let refused = says(scratch, 1, &["down", "base", "--json"]).document();
    let reverted = says(scratch, 0, &["down", "base", "--yes", "--json"]).document();
    let dropped = says(scratch, 0, &["drop-all", "--yes", "--json"]).document();

    assert_eq!(refused["error"]["code"], "PLM0060");
    for document in [&refused, &reverted] {
        let lost = roles(document).unwrap();
        assert_eq!(lost["kind"], "table");
        assert_eq!(lost["rows"], 3);
        assert_eq!(lost["sentence"], "table `roles`: 3 rows");
        assert!(lost["migration"].as_str().unwrap().ends_with("_create_users_roles_permissions"));
    }
    assert_eq!(roles(&dropped), None);
    assert!(
        dropped["losses"].as_array().unwrap().iter().any(|it| it["table"] == "seaql_migrations")
    );
}

async fn restoring_asks_as_destroying_does(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy");
    let file = file.to_str().unwrap();
    says(scratch, 0, &["up"]);
    says(scratch, 0, &["backup", file]);
    run(&scratch.db, "CREATE TABLE of_others (id int)").await;
    let before = fingerprint(&scratch.db).await;
    let in_production = |arguments: &[&str], allowed: bool| {
        let mut command = migration(scratch, arguments);
        command.env("APP_ENV", "production");
        if allowed {
            command.env("ALLOW_DESTRUCTIVE", "1");
        }
        Said::of(&mut command)
    };

    let unasked = says(scratch, 1, &["restore", file]);
    assert!(unasked.err.contains("error[PLM0060]"), "{unasked:#?}");
    assert!(unasked.err.contains("- table `of_others`: 0 rows"), "{unasked:#?}");
    for refused in [
        in_production(&["restore", file, "--yes"], false),
        in_production(&["restore", file], true),
        in_production(&["drop-all", "--yes"], false),
    ] {
        assert!(refused.with(1).err.contains("error[PLM0061]"));
    }
    assert_eq!(fingerprint(&scratch.db).await, before);
    let second = folder.path().join("second");
    in_production(&["backup", second.to_str().unwrap()], false).with(0);
    in_production(&["restore", file, "--yes"], true).with(0);

    assert!(!tables(&scratch.db).await.contains(&"of_others".to_owned()));
}

/// Programs that stand before those of the system.
pub(crate) struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    pub(crate) fn none() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn add(&self, name: &str, script: &str) {
        let file = self.folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn path(&self, also_the_systems: bool) -> String {
        let mut path = self.folder.path().to_str().unwrap().to_owned();
        if also_the_systems {
            path.push(':');
            path.push_str(&std::env::var_os("PATH").unwrap().into_string().unwrap());
        }
        path
    }
}

async fn a_program_that_is_missing_or_too_old_is_named(scratch: &Scratch) {
    if scratch.database.dialect() == Dialect::Sqlite {
        // It needs none.
        let mut command = migration(scratch, &["up", "--backup=/dev/null/no"]);
        assert!(Said::of(&mut command).with(1).err.contains("error[PLM0078]"));
        return;
    }
    says(scratch, 0, &["up"]);
    let before = fingerprint(&scratch.db).await;
    let folder = tempfile::tempdir().unwrap();
    let with = |programs: &Programs, arguments: &[&str]| {
        let mut command = within(folder.path(), scratch, arguments);
        Said::of(command.env("PATH", programs.path(false))).with(1)
    };

    let none = Programs::none();
    for arguments in [&["backup", "copy"][..], &["reset", "--yes", "--backup=copy"]] {
        let said = with(&none, arguments);
        assert!(said.err.contains("error[PLM0075]"), "{said:#?}");
        assert!(said.err.contains("apt-get install "), "{said:#?}");
    }
    let failing = Programs::none();
    for name in ["pg_dump", "mariadb-dump"] {
        let version = "pg_dump (PostgreSQL) 99.1; mariadb-dump from 99.1-MariaDB";
        let script = format!(
            "[ \"$1\" = --version ] && echo '{version}' && exit; echo 'the disk is full' >&2; exit 3"
        );
        failing.add(name, &script);
    }
    let said = with(&failing, &["backup", "copy"]);
    assert!(said.err.contains("error[PLM0076]"), "{said:#?}");
    assert!(said.err.contains("the disk is full (exit status: 3)"), "{said:#?}");
    if scratch.database.dialect() == Dialect::Postgres {
        let old = Programs::none();
        old.add("pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'");
        let said = with(&old, &["backup", "copy"]);
        assert!(
            said.err.contains("`pg_dump` is of version 9, and the server of version"),
            "{said:#?}"
        );
    }

    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    assert_eq!(fingerprint(&scratch.db).await, before);
}

async fn a_password_is_never_among_the_arguments(scratch: &Scratch) {
    const PASSWORD: &str = "p@ss w'or\"d\\$(x)#;%é";
    let names: &[&str] = match scratch.database.dialect() {
        // It has none.
        Dialect::Sqlite => return,
        Dialect::Postgres => &["pg_dump", "pg_restore", "psql"],
        Dialect::Mysql => &["mariadb-dump", "mariadb"],
    };
    says(scratch, 0, &["up"]);
    let before = schema(scratch).await;
    let folder = tempfile::tempdir().unwrap();
    let seen = |name: &str, what: &str| folder.path().join(format!("{name}.{what}"));
    let programs = Programs::none();
    for name in names {
        let real = which(name);
        programs.add(
            name,
            &format!(
                "printf '%s\\n' \"$@\" >>'{}'\nprintf '%s%s' \"$PGPASSWORD\" \"$MYSQL_PWD\" >'{}'\nexec '{}' \"$@\"",
                seen(name, "arguments").display(),
                seen(name, "password").display(),
                real.display()
            ),
        );
    }
    let user = "plimsoll_copier";
    let (create, drop) = match scratch.database.dialect() {
        Dialect::Mysql => (
            vec![
                format!(
                    "CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{}'",
                    PASSWORD.replace('\\', "\\\\").replace('\'', "''")
                ),
                format!("GRANT ALL ON *.* TO '{user}'@'%'"),
            ],
            vec![format!("DROP USER '{user}'@'%'")],
        ),
        // Whom the server trusts it does not ask; the tools are told all the same.
        _ => (Vec::new(), Vec::new()),
    };
    for sql in &create {
        run(&scratch.db, sql).await;
    }
    let url = scratch.database.url();
    let url = url.expose_secret();
    let (scheme, behind) = url.split_once("://").unwrap();
    let (old, place) = behind.split_once('@').unwrap();
    let name = if create.is_empty() { old.split(':').next().unwrap() } else { user };
    let password: String = percent_encoded(PASSWORD);
    let url = format!("{scheme}://{name}:{password}@{place}");
    let runs = |arguments: &[&str]| {
        let mut command = within(folder.path(), scratch, arguments);
        command.env("DATABASE_URL", &url).env("PATH", programs.path(true));
        Said::of(&mut command)
    };

    let said =
        [runs(&["backup", "copy"]), runs(&["reset", "--yes"]), runs(&["restore", "copy", "--yes"])];
    for sql in &drop {
        run(&scratch.db, sql).await;
    }

    for said in said {
        let said = said.with(0);
        assert!(!said.err.contains("p@ss") && !said.out.contains("p@ss"), "{said:#?}");
    }
    assert_eq!(schema(scratch).await, before);
    for name in names {
        let arguments = fs::read_to_string(seen(name, "arguments")).unwrap();
        assert!(arguments.contains("--"), "{arguments}");
        assert!(!arguments.contains("p@ss") && !arguments.contains(&password), "{arguments}");
        let told = fs::read_to_string(seen(name, "password")).unwrap();
        // What only reads a file is told nothing.
        assert_eq!(told, if *name == "pg_restore" { "" } else { PASSWORD }, "{name}");
    }
}

async fn a_copy_that_is_not_there_is_said_to_be_not_there(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = within(folder.path(), scratch, &["restore", "no copy", "--yes"]);
    if scratch.database.dialect() == Dialect::Sqlite {
        command.env("DATABASE_URL", "sqlite:not-there.db?mode=rwc");
    }

    let said = Said::of(&mut command).with(1);

    assert!(said.err.contains("error[PLM0078]: cannot read the copy `no copy`"), "{said:#?}");
    assert!(said.err.contains("there is no such file"), "{said:#?}");
    assert!(!said.err.contains("let this user"), "{said:#?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
}

async fn a_wait_that_no_database_takes_is_refused(scratch: &Scratch) {
    for option in ["--table-timeout", "--statement-timeout", "--lock-timeout"] {
        for value in ["99999999999", "2147484", "18446744073709551615"] {
            let said = Said::of(&mut migration(scratch, &["up", option, value]));
            assert_ne!(said.code, Some(0), "{said:#?}");
            assert!(said.err.contains(&format!("{value} is not in 0..=2147483")), "{said:#?}");
        }
        if option == "--statement-timeout" && scratch.database.dialect() == Dialect::Sqlite {
            // It has none.
            continue;
        }
        says(scratch, 0, &["up", option, "2147483"]);
        says(scratch, 0, &["down", "--yes", option, "0"]);
    }
}

pub(crate) fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|it| it.exists());
    found.unwrap_or_else(|| panic!("`{name}` is installed: scripts/test --install sees to it"))
}

/// Every byte as a URL has it.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}
