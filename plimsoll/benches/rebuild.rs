//! How long SQLite takes to build a table of many rows anew: the engine, with all that it counts and
//! checks, against the same statements in the client `sqlite3`.
//!
//! ```text
//! cargo bench -p plimsoll --features testing,runtime-tokio-rustls --bench rebuild
//! ```
//!
//! A column that takes NULL takes none any more. In turn in one run, each on a copy of the same file,
//! the client's start included; the median of the rounds counts. The table with what refers to it has
//! a foreign key and an index and is referred to by as many rows of another.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[path = "shared/times.rs"]
mod times;

use criterion::Criterion;
use plimsoll::{
    App, Dialect, History, Schema, Steps, connect,
    plan::statements,
    prelude::*,
    testing::{self, Scratch},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use times::{median, milliseconds};

const ROWS: usize = 1_000_000;
const ROUNDS: usize = 5;

fn main() {
    let criterion = Criterion::default().configure_from_args();
    if std::env::args().any(|argument| argument == "--test") {
        criterion.final_summary();
        return;
    }
    println!("table rows ours_ms client_ms ours/client");
    for (name, create) in [("alone", alone as fn() -> Steps), ("referred-to", referred_to)] {
        testing::run_empty(Dialect::Sqlite, async |scratch: &Scratch| {
            Box::pin(measure(scratch, name, create)).await;
        });
    }
    criterion.final_summary();
}

fn alone() -> Steps {
    Steps::new().create_table("ships", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len_null("name", 80))
            .column(integer("size").default(0))
            .column(double_null("weight"))
            .column(timestamp_with_time_zone_null("since"))
    })
}

fn referred_to() -> Steps {
    Steps::new()
        .create_table("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        .create_table("ships", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len_null("name", 80))
                .column(integer("size").default(0))
                .column(big_integer_null("port_id"))
                .foreign_key(["port_id"], "ports", ["id"], OnDelete::SetNull)
                .index(["port_id"])
        })
        .create_table("crew", |t| {
            t.column(big_pk_auto("id")).column(big_integer("ship_id")).foreign_key(
                ["ship_id"],
                "ships",
                ["id"],
                OnDelete::Cascade,
            )
        })
}

fn no_null_any_more() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(string_len_null("name", 80)), |t| t.column(string_len("name", 80)))
    })
}

async fn fill(db: &DatabaseConnection, name: &str) {
    let numbers = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})"
    );
    let inserts: &[&str] = match name {
        "alone" => &["INSERT INTO ships (name, size, weight, since) \
                      SELECT 'ship number ' || n, n % 300, n * 1.5, '2026-11-25 10:00:00+00:00' \
                      FROM number"],
        _ => &[
            "INSERT INTO ports (name) SELECT 'port ' || n FROM number LIMIT 1000",
            "INSERT INTO ships (name, size, port_id) \
             SELECT 'ship number ' || n, n % 300, 1 + n % 1000 FROM number",
            "INSERT INTO crew (ship_id) SELECT n FROM number",
        ],
    };
    for insert in inserts {
        db.execute_unprepared(&format!("{numbers} {insert}")).await.unwrap();
    }
    db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
}

async fn measure(scratch: &Scratch, name: &str, create: fn() -> Steps) {
    let app = App::new(
        History::new().declared("m01_created", create).declared("m02_required", no_null_any_more),
    );
    let first = App::new(History::new().declared("m01_created", create));
    let db = connect::session(&scratch.database).await.unwrap();
    first.up_on(&db).await.unwrap();
    fill(&db, name).await;
    let _ = db.close().await;
    let _ = scratch.db.clone().close().await;
    let file = scratch.database.file().unwrap();
    let kept = tempfile::NamedTempFile::new().unwrap();
    fs::copy(file, kept.path()).unwrap();
    let script = script(create);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        put_back(kept.path(), file);
        let db = connect::session(&scratch.database).await.unwrap();
        let began = Instant::now();
        app.up_on(&db).await.unwrap();
        ours.push(began.elapsed());
        let _ = db.close().await;
        put_back(kept.path(), file);
        theirs.extend(client(file, &script));
    }
    let ours = median(ours);
    let (client, ratio) = if theirs.is_empty() {
        ("-".to_owned(), "-".to_owned())
    } else {
        let theirs = median(theirs);
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        (milliseconds(theirs), format!("{ratio:.2}"))
    };
    println!("{name} {ROWS} {} {client} {ratio}", milliseconds(ours));
}

/// The file as it was before the migration, and nothing beside it.
fn put_back(kept: &Path, file: &Path) {
    for ending in ["-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(ending);
        let _ = fs::remove_file(beside);
    }
    fs::copy(kept, file).unwrap();
}

/// What `SQLite` advises for such a change, with the statements that the engine runs, on a connection
/// that is set as ours are.
fn script(create: fn() -> Steps) -> String {
    let mut before = Schema::default();
    create().apply(&mut before).unwrap();
    let mut script = String::from(
        "PRAGMA synchronous = NORMAL;\nPRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n\
         PRAGMA legacy_alter_table = ON;\n",
    );
    for statement in statements(Dialect::Sqlite, &no_null_any_more(), &before).unwrap() {
        writeln!(script, "{};", statement.sql.trim_end_matches(';')).unwrap();
    }
    script.push_str("PRAGMA foreign_key_check;\nCOMMIT;\n");
    script
}

/// How long the client takes, if it is there.
fn client(file: &Path, script: &str) -> Option<Duration> {
    let commands = tempfile::NamedTempFile::new().unwrap();
    fs::write(commands.path(), script).unwrap();
    let input = fs::File::open(commands.path()).unwrap();
    let began = Instant::now();
    let mut client = Command::new("sqlite3");
    client.args(["-bail".as_ref(), file.as_os_str()]).stdin(input).stdout(Stdio::null());
    let status = client.status().ok()?;
    assert!(status.success(), "the client refuses the statements");
    Some(began.elapsed())
}
