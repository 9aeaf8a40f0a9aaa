//! `backup`, `restore`, `--backup` and `drop-all` by the command, and the programs that they start.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Duration,
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
async fn schema(scratch: &Scratch) -> (Schema, Vec<String>) {
    let mut lines = fingerprint(&scratch.db).await;
    lines.retain(|line| !line.contains("ANY ("));
    (introspect(&scratch.db).await.unwrap(), lines)
}

fn roles(document: &Value) -> Option<&Value> {
    let losses = document["losses"].as_array().unwrap();
    losses.iter().find(|it| it["table"] == "roles")
}

/// The command in a folder of its own.
fn within(folder: &Path, scratch: &Scratch, arguments: &[&str]) -> Command {
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
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    fn none() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn add(&self, name: &str, script: &str) {
        let file = self.folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self, also_the_systems: bool) -> String {
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

fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|it| it.exists());
    found.unwrap_or_else(|| panic!("`{name}` is installed: scripts/test --install sees to it"))
}

/// Every byte as a URL has it.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}

/// What half of a database says is not what it was, whoever asks.
#[test]
fn mysql_tells_every_command_that_a_copy_is_half_there() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        says(scratch, 0, &["up"]);
        run(&scratch.db, "CREATE TABLE plimsoll_restoring (file text)").await;
        // Nothing has gone before there is a row in it.
        says(scratch, 0, &["up"]);
        run(&scratch.db, "INSERT INTO plimsoll_restoring VALUES ('the copy')").await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy");
        let file = file.to_str().unwrap();

        for (code, arguments) in [
            (1, &["up"][..]),
            (1, &["up", "--dry-run"]),
            (1, &["down", "--yes"]),
            (1, &["seed"]),
            (1, &["backup", file]),
            (2, &["status"]),
            (2, &["check"]),
            (2, &["repair"]),
        ] {
            let said = says(scratch, code, arguments);
            assert!(said.err.contains("error[PLM0079]"), "{arguments:?}: {said:#?}");
            assert!(said.err.contains("restore the copy"), "{arguments:?}: {said:#?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    });
}

/// The real client, but for what is done when it is to load into this database.
fn client_that(scratch: &Scratch, does: &str) -> Programs {
    let programs = Programs::none();
    programs.add(
        "mariadb",
        &format!(
            "case \" $* \" in *\" --database={} \"*) {does};; esac\nexec '{}' \"$@\"",
            scratch.database.name(),
            which("mariadb").display()
        ),
    );
    programs
}

fn until(what: impl Fn() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came to that");
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whoever stops it is told how the database stands, and no client goes on.
#[test]
fn mysql_ends_the_client_when_a_restore_is_stopped() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let began = folder.path().join("began");
        says(scratch, 0, &["up"]);
        let before = schema(scratch).await;
        Said::of(&mut within(folder.path(), scratch, &["backup", "copy"])).with(0);
        let programs =
            client_that(scratch, &format!("echo $$ >'{}'; exec sleep 60", began.display()));

        for signal in ["-TERM", "-INT"] {
            let mut command = within(folder.path(), scratch, &["restore", "copy", "--yes"]);
            let child = command.env("PATH", programs.path(true)).spawn().unwrap();
            until(|| fs::read_to_string(&began).is_ok_and(|text| text.ends_with('\n')));
            let client = fs::read_to_string(&began).unwrap();
            send(signal, &child);
            let said = Said::from(child.wait_with_output().unwrap()).with(1);

            assert!(said.err.contains("error[PLM0079]"), "{said:#?}");
            assert!(said.err.contains("restore copy"), "{said:#?}");
            let alive = Command::new("kill").args(["-0", client.trim()]).output().unwrap();
            assert!(!alive.status.success(), "the client goes on");
            says(scratch, 2, &["status"]);
            fs::remove_file(&began).unwrap();
        }
        Said::of(&mut within(folder.path(), scratch, &["restore", "copy", "--yes"])).with(0);
        assert_eq!(schema(scratch).await, before);
    });
}

/// What the client reads comes from the process that started it.
#[test]
fn mysql_leaves_no_client_that_reads_on_when_a_restore_is_killed() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let (began, read) = (folder.path().join("began"), folder.path().join("read"));
        run(&scratch.db, "CREATE TABLE charts (body longtext)").await;
        run(&scratch.db, "INSERT INTO charts VALUES (REPEAT('x', 2000000))").await;
        Said::of(&mut within(folder.path(), scratch, &["backup", "copy"])).with(0);
        let programs = client_that(
            scratch,
            &format!(
                "touch '{0}'; sleep 2; wc -c >'{1}.new'; mv '{1}.new' '{1}'; exit",
                began.display(),
                read.display()
            ),
        );

        let mut command = within(folder.path(), scratch, &["restore", "copy", "--yes"]);
        let mut child = command.env("PATH", programs.path(true)).spawn().unwrap();
        until(|| began.exists());
        child.kill().unwrap();
        child.wait().unwrap();
        until(|| read.exists());

        let read: u64 = fs::read_to_string(&read).unwrap().trim().parse().unwrap();
        assert!(read < 1_000_000, "it read {read} bytes");
        Said::of(&mut within(folder.path(), scratch, &["restore", "copy", "--yes"])).with(0);
        assert_eq!(count(&scratch.db, "charts").await, 1);
    });
}

#[test]
fn mysql_leaves_nothing_behind_when_a_backup_is_stopped() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let (folder, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let began = notes.path().join("began");
        let programs = Programs::none();
        programs.add(
            "mariadb-dump",
            &format!(
                "[ \"$1\" = --version ] && exec '{}' --version; touch '{}'; exec sleep 60",
                which("mariadb-dump").display(),
                began.display()
            ),
        );

        for arguments in [&["backup", "copy"][..], &["up", "--backup=copy"]] {
            let mut command = within(folder.path(), scratch, arguments);
            let child = command.env("PATH", programs.path(true)).spawn().unwrap();
            until(|| began.exists());
            send("-TERM", &child);
            let said = Said::from(child.wait_with_output().unwrap()).with(130);

            assert!(said.err.contains("error[PLM0091]"), "{said:#?}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
            fs::remove_file(&began).unwrap();
        }
    });
}

/// Who has rights on this database alone can try no copy, and is told before anything goes what fails.
#[test]
fn mysql_looks_at_the_rights_before_anything_goes() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let (user, folder) = ("plimsoll_modest", tempfile::tempdir().unwrap());
        let name = scratch.database.name().replace('_', "\\_");
        let url = scratch.database.url();
        let place = url.expose_secret().split_once('@').unwrap().1.to_owned();
        let url = format!("mysql://{user}:modest@{place}");
        let as_user = |arguments: &[&str]| {
            let mut command = within(folder.path(), scratch, arguments);
            Said::of(command.env("DATABASE_URL", &url))
        };
        for sql in [
            format!("CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY 'modest'"),
            format!("GRANT ALL ON `{name}`.* TO '{user}'@'%'"),
            "CREATE TABLE charts (body longtext)".to_owned(),
            "INSERT INTO charts VALUES ('here')".to_owned(),
        ] {
            run(&scratch.db, &sql).await;
        }

        as_user(&["backup", "plain"]).with(0);
        let plain = as_user(&["restore", "plain", "--yes"]).with(0);
        run(&scratch.db, "CREATE VIEW shown AS SELECT body FROM charts").await;
        as_user(&["backup", "foreign"]).with(0);
        let foreign = as_user(&["restore", "foreign", "--yes"]).with(1);
        run(&scratch.db, &format!("REVOKE DROP ON `{name}`.* FROM '{user}'@'%'")).await;
        let no_drop = as_user(&["restore", "plain", "--yes"]).with(1);
        let left = tables(&scratch.db).await;
        run(&scratch.db, &format!("DROP USER '{user}'@'%'")).await;

        assert!(plain.err.contains("not tried in a database of its own"), "{plain:#?}");
        assert!(plain.err.contains("Access denied"), "{plain:#?}");
        assert!(foreign.err.contains("error[PLM0077]"), "{foreign:#?}");
        assert!(foreign.err.contains("work for root@"), "{foreign:#?}");
        assert!(no_drop.err.contains("error[PLM0026]"), "{no_drop:#?}");
        assert!(no_drop.err.contains("DROP command denied"), "{no_drop:#?}");
        assert_eq!(left, ["charts", "shown"]);
        assert_eq!(count(&scratch.db, "charts").await, 1);
        Said::of(&mut within(folder.path(), scratch, &["restore", "foreign", "--yes"])).with(0);
    });
}

/// The session of a client that lives on holds a lock, which the next restore waits for.
#[test]
fn mysql_begins_no_restore_while_a_client_of_a_killed_one_loads() {
    plimsoll::testing::run_empty(Dialect::Mysql, async |scratch: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let (began, ended) = (folder.path().join("began"), folder.path().join("ended"));
        says(scratch, 0, &["up"]);
        let before = schema(scratch).await;
        Said::of(&mut within(folder.path(), scratch, &["backup", "copy"])).with(0);
        let programs = client_that(
            scratch,
            &format!(
                "touch '{}'; {{ sleep 4; cat; }} | '{}' \"$@\"; touch '{}'; exit",
                began.display(),
                which("mariadb").display(),
                ended.display()
            ),
        );

        let mut command = within(folder.path(), scratch, &["restore", "copy", "--yes"]);
        let mut child = command.env("PATH", programs.path(true)).spawn().unwrap();
        until(|| began.exists());
        thread::sleep(Duration::from_secs(1));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!ended.exists());
        Said::of(&mut within(folder.path(), scratch, &["restore", "copy", "--yes"])).with(0);

        assert!(ended.exists(), "it has waited");
        assert_eq!(schema(scratch).await, before);
        assert_eq!(count(&scratch.db, "roles").await, 4);
        says(scratch, 0, &["status"]);
    });
}
