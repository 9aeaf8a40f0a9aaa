//! What is particular to copies of an SQLite file.

use std::path::Path;

use plimsoll::{Backup, Dialect, config::Database, connect, testing::Scratch};

use crate::support::*;

async fn copied(scratch: &Scratch, file: &Path) -> plimsoll::Result<u64> {
    let db = session(scratch).await;
    let app = plimsoll::App::new(plimsoll::History::new());
    let copied = app.on(&db).back_up(&Backup::to_file(&scratch.database, file)).await;
    db.close().await.unwrap();
    copied.map(|copied| copied.bytes)
}

async fn restored(scratch: &Scratch, file: &Path) -> plimsoll::Result<()> {
    let db = session(scratch).await;
    let app = plimsoll::App::new(plimsoll::History::new());
    let restored = app.on(&db).restore(&scratch.database, file).await;
    db.close().await.unwrap();
    restored.map(drop)
}

#[test]
fn a_name_that_begins_as_an_address_is_the_name_of_a_file() {
    plimsoll::testing::run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
        // Beside the tests: it is the beginning of the name that counts.
        let chance = scratch.database.file().unwrap().file_stem().unwrap().to_string_lossy();
        let name = format!("file:{chance}.db");
        let file = Path::new(&name);
        run(&scratch.db, "CREATE TABLE ports (id int)").await;
        run(&scratch.db, "INSERT INTO ports VALUES (7)").await;

        let bytes = copied(scratch, file).await;
        run(&scratch.db, "DELETE FROM ports").await;
        let back = restored(scratch, file).await;
        for file in [name.clone(), format!("{name}.sha256")] {
            let _ = std::fs::remove_file(file);
        }

        assert!(bytes.unwrap() > 0);
        back.unwrap();
        assert_eq!(one::<i32>(&scratch.db, "SELECT id FROM ports").await, 7);
    });
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_and_a_database_with_nothing_in_it_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;

    plimsoll::testing::run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let no_text = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.db"));
        run(&scratch.db, "CREATE TABLE ports (id int)").await;

        assert_eq!(copied(scratch, &no_text).await.unwrap_err().code(), "PLM0078");

        let nothing = Database::from_url("sqlite::memory:", Path::new("/")).unwrap();
        let db = connect::session(&nothing).await.unwrap();
        let app = plimsoll::App::new(plimsoll::History::new());
        let file = folder.path().join("nothing.db");
        let made = app.on(&db).back_up(&Backup::to_file(&nothing, &file)).await;
        assert_eq!(made.unwrap_err().code(), "PLM0077");
        assert!(!file.exists());
    });
}

#[test]
fn rows_that_no_check_would_take_come_back() {
    plimsoll::testing::run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("odd.db");
        let db = session(scratch).await;
        run(&db, "CREATE TABLE ports (depth int CHECK (depth > 0))").await;
        run(&db, "PRAGMA ignore_check_constraints = ON").await;
        run(&db, "INSERT INTO ports VALUES (-1)").await;
        db.close().await.unwrap();

        copied(scratch, &file).await.unwrap();
        run(&scratch.db, "DELETE FROM ports").await;
        restored(scratch, &file).await.unwrap();

        assert_eq!(one::<i32>(&scratch.db, "SELECT depth FROM ports").await, -1);
        refused(&scratch.db, "INSERT INTO ports VALUES (-2)").await;
    });
}

#[test]
fn the_database_itself_and_one_in_another_encoding_are_refused_with_the_reason() {
    plimsoll::testing::run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
        run(&scratch.db, "CREATE TABLE ports (id int)").await;
        let itself = restored(scratch, scratch.database.file().unwrap()).await.unwrap_err();
        assert!(itself.to_string().ends_with("it is the database itself"), "{itself}");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wide.db");
        let made = std::process::Command::new("sqlite3")
            .arg(&file)
            .arg("PRAGMA encoding = 'UTF-16le'; CREATE TABLE ports (name text);")
            .status();
        assert!(made.expect("sqlite3 is installed").success());

        let wide = restored(scratch, &file).await.unwrap_err();
        assert_eq!(wide.code(), "PLM0077");
        assert!(wide.to_string().contains("another encoding"), "{wide}");
        assert_eq!(tables(&scratch.db).await, ["ports"]);
    });
}
