//! A file that cannot grow any more: what a run that meets it leaves, and that the next one goes on.

#![cfg(unix)]

use std::{
    fs,
    process::{Command, Output},
};

use plimsoll::{Change, Dialect, Schema, diff, prelude::*, testing::Scratch};
use sea_orm::DatabaseConnection;

use crate::support::*;

#[test]
fn a_database_whose_file_cannot_grow_is_as_it_was_and_the_next_run_goes_on() {
    plimsoll::testing::run_empty(Dialect::Sqlite, everything_fits_at_last);
}

const ROWS: usize = 2_000;
/// The blocks in which `ulimit -f` counts, in bytes.
const BLOCK: u64 = 512;

fn ships(columns: i32) -> Schema {
    let mut schema = Schema::default();
    let added = |t: plimsoll::schema::TableBuilder, at: i32| {
        // Built anew each time: the rule of a table cannot be added in place.
        t.column(integer(format!("size_{at}")).default(at))
            .check(&format!("ck-{at}"), &*format!("size_{at} >= 0"))
    };
    let steps = Steps::new().create_table("ships", |t| {
        let t = t.column(big_pk_auto("id")).column(string_len("name", 80)).index(["name"]);
        (0..columns).fold(t, added)
    });
    steps.apply(&mut schema).unwrap();
    schema
}

/// The command in a process that may write no file longer than so many blocks. What it writes beyond is
/// refused, and does not kill it.
fn confined(scratch: &Scratch, arguments: &[&str], blocks: u64) -> Output {
    let free = ship(scratch, arguments);
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(free.get_program())
        .args(free.get_args())
        .env_clear()
        .envs(free.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap()
}

async fn state(db: &DatabaseConnection) -> (Vec<String>, Vec<String>, i64, String) {
    let broken: String = one(db, "PRAGMA integrity_check").await;
    (fingerprint(db).await, recorded(db).await, count(db, "ships").await, broken)
}

async fn everything_fits_at_last(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changes.json");
    let lists: [Vec<Change>; 2] =
        [diff(&Schema::default(), &ships(0), &[]).changes, diff(&ships(0), &ships(3), &[]).changes];
    fs::write(&file, serde_json::to_string(&lists).unwrap()).unwrap();
    let told = format!("changes={}", file.display());
    let db = &scratch.db;
    let first = ship(scratch, &[&told, "up", "m01"]).output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let insert = format!(
        "INSERT INTO ships (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
         SELECT 'ship number ' || i FROM n"
    );
    run(db, &insert).await;
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let before = state(db).await;
    assert_eq!((before.1.as_slice(), before.3.as_str()), (&["m01".to_owned()][..], "ok"));

    let mut refused = 0;
    for blocks in (1..).map(|step| step * 8) {
        let output = confined(scratch, &[&told, "up"], blocks);
        if output.status.success() {
            break;
        }
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{blocks} blocks: {text}");
        assert!(text.contains("error[PLM"), "{blocks} blocks: {text}");
        assert_eq!(state(db).await, before, "{blocks} blocks of {BLOCK} bytes: {text}");
        refused += 1;
        assert!(refused < 2_000, "{text}");
    }

    measured(format!("{refused} limits were too small"));
    assert!(refused > 20, "{refused}");
    let (_, recorded, rows, whole) = state(db).await;
    assert_eq!(recorded, ["m01", "m02"]);
    assert_eq!((rows, whole.as_str()), (i64::try_from(ROWS).unwrap(), "ok"));
    assert_eq!(one::<i64>(db, "SELECT sum(size_2) FROM ships").await, 2 * rows);
}
