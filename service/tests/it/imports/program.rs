//! Importing by the program: that it starts, and what its exit code says.
#![cfg(feature = "command")]

use std::process::{Command, Output, Stdio};

use entity::imports::import;
use plimsoll::{Dialect, testing::Scratch};
use sea_orm::EntityTrait;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use service::imports::ImportStatus;

use super::file::{File, counts, named, person_with};

plimsoll::on_every_empty_database!(
    the_program_that_imports_starts,
    a_dry_run_with_errors_says_so_by_its_exit_code,
    a_bad_person_leaves_good_ones_and_is_told,
    a_database_that_is_there_already_is_no_obstacle,
);

/// `manage import` with these arguments, not started yet.
pub(super) fn importing(scratch: &Scratch, arguments: &[&str]) -> Command {
    let url = scratch.database.url();
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command
        .arg("import")
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", url.expose_secret())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a program wrote to standard error.
pub(super) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The exit code of `import tronbyt` of the file, and the one document that it prints.
fn tronbyt(scratch: &Scratch, file: &File, more: &[&str]) -> (Option<i32>, Value) {
    let from = file.path.to_str().unwrap();
    let arguments = [&["tronbyt", "--json", "--from", from][..], more].concat();
    let output = importing(scratch, &arguments).output().unwrap();
    let document = serde_json::from_slice(&output.stdout);
    let document = document.unwrap_or_else(|error| panic!("{error}: {}", errors(&output)));
    (output.status.code(), document)
}

/// Somebody good, somebody whose document is none, and somebody else who is good.
async fn with_a_bad_person() -> File {
    File::of(
        &[
            person_with("ana", &json!({"id": "00000001"})),
            ("broken", "{".to_owned()),
            person_with("bo", &json!({"id": "00000002"})),
        ],
        4,
    )
    .await
}

async fn the_program_that_imports_starts(scratch: &Scratch) {
    let output = importing(scratch, &["tronbyt", "--help"]).output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for option in ["--from", "--dry-run", "--all-or-nothing", "--resume", "--update", "--map"] {
        assert!(text.contains(option), "{option}: {text}");
    }
}

async fn a_dry_run_with_errors_says_so_by_its_exit_code(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let (good, bad) = (File::sample().await, with_a_bad_person().await);

    let (well, foreseen) = tronbyt(scratch, &good, &["--dry-run"]);
    let (ill, told) = tronbyt(scratch, &bad, &["--dry-run"]);
    let from = bad.path.to_str().unwrap();
    let plain = importing(scratch, &["tronbyt", "--dry-run", "--from", from]).output().unwrap();

    assert_eq!((well, &foreseen["faults"]), (Some(0), &json!(0)), "{foreseen}");
    assert_eq!((ill, &told["faults"]), (Some(1), &json!(1)), "{told}");
    let remarks = told["remarks"].as_array().unwrap();
    let refused = remarks.iter().find(|remark| remark["refused"] == true).unwrap();
    assert_eq!(refused["record"], "broken");
    assert_eq!(plain.status.code(), Some(1));
    assert!(errors(&plain).contains("refused: broken: the document is no JSON"), "{plain:?}");
    assert_eq!(counts(&scratch.db).await, [0; 7]);
}

async fn a_bad_person_leaves_good_ones_and_is_told(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let file = with_a_bad_person().await;
    let before = std::fs::read(&file.path).unwrap();

    let (code, told) = tronbyt(scratch, &file, &[]);

    assert_eq!((code, &told["faults"]), (Some(1), &json!(1)), "{told}");
    assert_eq!(counts(&scratch.db).await, [2, 2, 0, 0, 0, 0, 1]);
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
    let import = import::Entity::find().one(&scratch.db).await.unwrap().unwrap();
    assert_eq!(import.status, ImportStatus::Finished);

    let (_, mended) = person_with("broken", &json!({"id": "00000003"}));
    let sql = format!("UPDATE json_data SET data = '{mended}' WHERE username = 'broken'");
    assert_eq!(file.execute(&sql).await, 1);
    let (code, told) = tronbyt(scratch, &file, &[]);
    assert_eq!((code, &told["tables"]["users"]["made"]), (Some(0), &json!(1)), "{told}");
    assert_eq!(counts(&scratch.db).await, [3, 3, 0, 0, 0, 0, 2]);
    assert_eq!(named(&scratch.db, "broken").await.username, "broken");
}

async fn a_database_that_is_there_already_is_no_obstacle(scratch: &Scratch) {
    let app = migration::app();
    // As a server does that makes its tables when it starts.
    app.up(&scratch.database).await.unwrap();
    let file = File::sample().await;

    let up = app.up(&scratch.database).await.unwrap();
    let (code, told) = tronbyt(scratch, &file, &[]);
    let again = app.up(&scratch.database).await.unwrap();

    assert!(up.applied.is_empty() && again.applied.is_empty(), "{:?}", up.applied);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(counts(&scratch.db).await, [3, 3, 4, 2, 2, 2, 1]);
}

mod a_name_to_map_that_is_nobodys_is_told_before_anything_is_written {
    #[test]
    fn sqlite() {
        plimsoll::testing::run_empty(super::Dialect::Sqlite, super::it_is_told);
    }
}

async fn it_is_told(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let file = File::sample().await;

    let (unknown, error) = tronbyt(scratch, &file, &["--map", "admin=root", "--map", "adnim=x"]);
    let (twice, _) = tronbyt(scratch, &file, &["--map", "admin=root", "--map", "admin=x"]);
    let before = counts(&scratch.db).await;
    let (code, told) = tronbyt(scratch, &file, &["--map", "admin=root"]);

    assert_eq!((unknown, twice), (Some(1), Some(1)), "{error}");
    let message = error["error"]["message"].as_str().unwrap();
    assert_eq!(message, "person of the source `adnim` does not exist");
    assert_eq!(before, [0; 7]);
    assert_eq!(code, Some(0), "{told}");
    let remark = &told["remarks"][0];
    assert_eq!(remark["record"], "admin", "{told}");
    assert!(remark["reason"].as_str().unwrap().contains("nobody is called `root`"), "{told}");
    assert_eq!(named(&scratch.db, "root").await.username, "root");
    let (code, again) = tronbyt(scratch, &file, &["--map", "admin=root"]);
    assert_eq!((code, &again["tables"]["users"]["same"]), (Some(0), &json!(3)), "{again}");
    assert!(!again["remarks"].to_string().contains("nobody is called"), "{again}");
}
