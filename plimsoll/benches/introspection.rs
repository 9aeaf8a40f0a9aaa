//! How long it takes to read a schema and to compare it, against the raw catalog queries in the
//! database's own client.
//!
//! ```text
//! TEST_POSTGRES_URL=… TEST_MYSQL_URL=… cargo bench -p plimsoll \
//!     --features testing,runtime-tokio-rustls --bench introspection
//! ```
//!
//! Tables have 13 columns, 3 indexes, a CHECK and a foreign key. Beside criterion's times a table is
//! printed: ours and the client's in turn in one run, the client's start included; how many queries
//! were sent; what the reading took of memory at its peak. A client that is not installed is left
//! out.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::{
    fs,
    hint::black_box,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

#[path = "shared/tables.rs"]
mod tables;
#[path = "shared/times.rs"]
mod times;

use criterion::Criterion;
use plimsoll::{
    Dialect, How, Schema, Steps, Wanted, compare, introspect,
    plan::statements,
    testing::{self, Scratch},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use secrecy::ExposeSecret as _;
use tokio::{runtime::Handle, task};

use tables::table;
use times::{median, milliseconds};

const SIZES: [usize; 3] = [10, 100, 1_000];
/// How often each is timed by turns for the printed table; the median counts.
const ROUNDS: usize = 7;

fn main() {
    println!(
        "database tables read_ms compare_ms client_ms read/client compare/client queries peak_mib"
    );
    for dialect in Dialect::ALL {
        for tables in SIZES {
            testing::run_empty(dialect, async |scratch: &Scratch| {
                Box::pin(measure(scratch, tables)).await;
            });
        }
    }
    Criterion::default().configure_from_args().final_summary();
}

/// As many tables.
fn steps(tables: usize) -> Steps {
    let all = (0..tables).flat_map(|number| table(number).steps().to_vec());
    all.fold(Steps::new(), Steps::and_step)
}

async fn measure(scratch: &Scratch, tables: usize) {
    let steps = steps(tables);
    let mut want = Schema::default();
    steps.apply(&mut want).unwrap();
    let dialect = scratch.database.dialect();
    let script: Vec<String> = statements(dialect, &steps, &Schema::default())
        .unwrap()
        .into_iter()
        .map(|it| it.sql)
        .collect();
    for chunk in script.chunks(100) {
        scratch.db.execute_unprepared(&chunk.join(";\n")).await.unwrap();
    }
    // The first reading of this size: what it takes is not there from an earlier one.
    let peak = peak(&scratch.db).await;
    let sent = queries(&scratch.db).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sent.join(";\n") + ";\n").unwrap();
    let (mut reading, mut comparing, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        black_box(introspect(&scratch.db).await.unwrap());
        reading.push(began.elapsed());
        let began = Instant::now();
        assert!(is_same(&scratch.db, &want, dialect).await);
        comparing.push(began.elapsed());
        raw.extend(client(scratch, file.path()));
    }
    let (reading, comparing) = (median(reading), median(comparing));
    let (client, ratios) = if raw.is_empty() {
        ("-".to_owned(), ["-".to_owned(), "-".to_owned()])
    } else {
        let raw = median(raw);
        let ratio = |ours: Duration| format!("{:.2}", ours.as_secs_f64() / raw.as_secs_f64());
        (milliseconds(raw), [ratio(reading), ratio(comparing)])
    };
    println!(
        "{dialect} {tables} {} {} {client} {} {} {} {peak}",
        milliseconds(reading),
        milliseconds(comparing),
        ratios[0],
        ratios[1],
        sent.len(),
    );
    by_criterion(&scratch.db, want, dialect, tables).await;
}

async fn by_criterion(db: &DatabaseConnection, want: Schema, dialect: Dialect, tables: usize) {
    let (handle, db) = (Handle::current(), db.clone());
    // Criterion waits for each answer; the connections are served by this thread meanwhile.
    task::spawn_blocking(move || {
        let mut criterion = Criterion::default().sample_size(10).configure_from_args();
        criterion.bench_function(&format!("introspection/{dialect}/{tables}"), |bencher| {
            bencher.iter(|| black_box(handle.block_on(introspect(&db)).unwrap()));
        });
        criterion.bench_function(&format!("comparison/{dialect}/{tables}"), |bencher| {
            bencher.iter(|| assert!(handle.block_on(is_same(&db, &want, dialect))));
        });
    })
    .await
    .unwrap();
}

/// Reads the schema and compares it with what was made of it.
async fn is_same(db: &DatabaseConnection, want: &Schema, dialect: Dialect) -> bool {
    let have = introspect(db).await.unwrap();
    let how = How { asking: None, dialect, wanted: Wanted::Exactly, renames: &[] };
    compare(&have, want, &how).await.diff.is_empty()
}

/// The queries that one reading sends.
async fn queries(db: &DatabaseConnection) -> Vec<String> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = heard.clone();
    let mut db = db.clone();
    db.set_metric_callback(move |info| hear.lock().unwrap().push(info.statement.sql.clone()));
    introspect(&db).await.unwrap();
    heard.lock().unwrap().clone()
}

/// What a reading takes of memory at its peak, in MiB; Linux alone tells.
async fn peak(db: &DatabaseConnection) -> String {
    let status = |line: &str| {
        let text = fs::read_to_string("/proc/self/status").ok()?;
        let found = text.lines().find_map(|it| it.strip_prefix(line))?;
        found.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()
    };
    let before = status("VmRSS:");
    if fs::write("/proc/self/clear_refs", "5").is_err() {
        return "-".to_owned();
    }
    black_box(introspect(db).await.unwrap());
    match (before, status("VmHWM:")) {
        (Some(before), Some(peak)) => format!("{:.1}", (peak - before).max(0.0) / 1024.0),
        _ => "-".to_owned(),
    }
}

/// How long the database's own client takes for the queries of a file, if it is there.
fn client(scratch: &Scratch, file: &std::path::Path) -> Option<Duration> {
    let url = scratch.database.url();
    let url = url.expose_secret();
    let mut command = match scratch.database.dialect() {
        Dialect::Sqlite => {
            let mut command = Command::new("sqlite3");
            command.arg(scratch.database.file()?);
            command
        }
        Dialect::Postgres => {
            let mut command = Command::new("psql");
            command.args(["-qAt", "-d", url]);
            command
        }
        Dialect::Mysql => {
            // mysql://user:password@host:port/name
            let rest = url.strip_prefix("mysql://")?;
            let (who, rest) = rest.rsplit_once('@')?;
            let (place, name) = rest.split_once('/')?;
            let (user, password) = who.split_once(':').unwrap_or((who, ""));
            let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
            let name = name.split('?').next()?;
            let mut command = Command::new("mariadb");
            command.args(["-h", host, "-P", port, "-u", user, "-N", "-B", name]);
            command.env("MYSQL_PWD", password);
            command
        }
    };
    let input = fs::File::open(file).ok()?;
    let began = Instant::now();
    let status =
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::inherit()).status().ok()?;
    assert!(status.success(), "the client refuses the queries");
    Some(began.elapsed())
}
