//! What is particular to copies of MySQL and MariaDB: a restore is no transaction there.

use std::{
    fs,
    process::{Child, Command},
    thread,
    time::Duration,
};

use plimsoll::{Dialect, testing::Scratch};
use secrecy::ExposeSecret as _;

use crate::{
    copies::{Programs, schema, which, within},
    database::*,
    process::{Said, says},
};

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
