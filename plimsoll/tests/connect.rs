//! Connections and retried transactions, on the three databases.
//!
//! The servers are those of `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`; a server that is not given
//! is a failure. `cargo test sqlite` chooses fewer.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

#[path = "connect/mysql.rs"]
mod mysql;
#[path = "connect/postgres.rs"]
mod postgres;
#[path = "connect/sqlite.rs"]
mod sqlite;

use std::{
    future::poll_fn,
    net::TcpListener,
    num::NonZeroU32,
    panic::AssertUnwindSafe,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::{FutureExt as _, future::join};
use plimsoll::{
    Error,
    config::{Database, Env, PoolSettings, Variable},
    connect,
    random::{OsRandom, Random},
    retry,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TryGetable};

/// Runs a test on the runtime that this build has.
fn run<T>(test: impl Future<Output = T>) -> T {
    #[cfg(feature = "runtime-tokio-rustls")]
    return tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
    #[cfg(all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")))]
    return async_std::task::block_on(test);
    #[cfg(not(any(feature = "runtime-tokio-rustls", feature = "runtime-async-std-rustls")))]
    {
        drop(test);
        panic!("choose a runtime: --features runtime-tokio-rustls");
    }
}

/// The server that a variable names.
fn server(variable: &Variable) -> Database {
    let env = Env::load().unwrap();
    let url = env.get(variable).unwrap().unwrap_or_else(|| {
        panic!(
            "{} is not set: run `scripts/test`, which starts a server, or choose `cargo test sqlite`",
            variable.name
        )
    });
    Database::from_server_url(&url, env.folder()).unwrap()
}

fn hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    OsRandom.fill(&mut random);
    random.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Runs a test on a database of its own; one whose test failed is kept.
fn on_a_database_of(variable: &Variable, test: impl AsyncFnOnce(Database)) {
    run(async {
        let server = server(variable);
        let name = format!("plimsoll_connect_{}", hex(8));
        let admin = connect::session(&server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();

        test(server.with_name(&name)).await;

        admin.execute_unprepared(&format!("DROP DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
    });
}

async fn one<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> T {
    asked(db, sql).await.unwrap()
}

async fn asked<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await?.expect("one row");
    row.try_get_by_index(0)
}

fn with_timeout(database: Database, timeout: Duration) -> Database {
    let pool = PoolSettings { timeout, ..*database.pool() };
    database.with_pool(pool)
}

fn with_size(database: Database, size: u32) -> Database {
    let pool = PoolSettings { size: NonZeroU32::new(size).unwrap(), ..*database.pool() };
    database.with_pool(pool)
}

/// The error of a database that cannot be connected to, as a pool and as a session, and how long
/// the pool took.
async fn refusal(database: &Database) -> (Error, Duration) {
    let began = Instant::now();
    let of_pool = connect::pool(database).await.unwrap_err();
    let took = began.elapsed();
    let of_session = connect::session(database).await.unwrap_err();
    assert_eq!(of_pool.to_string(), of_session.to_string());
    (of_pool, took)
}

/// What one would read: the message and all that stands behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

fn url(text: &str) -> Database {
    Database::from_url(text, Path::new("/")).unwrap()
}

/// Far more than a busy machine needs for what is to be done at once.
const SOON: Duration = Duration::from_secs(10);

/// Before a session is ended: while it is being given back to its pool, and when it is there.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(5), Duration::from_millis(50)];

/// A port on which nothing listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn nothing_listens_is_said_at_once(scheme: &str, dialect: &str) {
    let port = closed_port();
    let (error, took) = refusal(&url(&format!("{scheme}://u:geheim@127.0.0.1:{port}/a"))).await;

    assert_eq!(error.code(), "PLM0011");
    assert_eq!(
        error.to_string(),
        format!("cannot reach the {dialect} server at `127.0.0.1:{port}`")
    );
    assert!(took < SOON, "{took:?}");
    assert!(!chain(&error).contains("geheim"));
}

async fn an_unknown_host_is_named(scheme: &str) {
    let (error, _) = refusal(&url(&format!("{scheme}://u@no-such-host.invalid/a"))).await;

    assert_eq!(error.code(), "PLM0010", "{}", chain(&error));
    assert_eq!(error.to_string(), "cannot find the host `no-such-host.invalid`");
}

async fn a_silent_server_is_given_up_after_the_limit(scheme: &str, dialect: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let database = url(&format!("{scheme}://u@127.0.0.1:{port}/a"));

    let (error, took) = refusal(&with_timeout(database, Duration::from_millis(300))).await;

    assert_eq!(error.code(), "PLM0012");
    assert_eq!(
        error.to_string(),
        format!("the {dialect} server at `127.0.0.1:{port}` did not answer within 0.3 s")
    );
    assert!(took < SOON, "{took:?}");
}

async fn a_certificate_that_is_not_there_is_named(scheme: &str, parameter: &str) {
    let (error, _) =
        refusal(&url(&format!("{scheme}://u@127.0.0.1/a?{parameter}=/no/ca.pem"))).await;

    assert_eq!(error.code(), "PLM0017");
    assert_eq!(error.to_string(), "cannot read the certificate or key file `/no/ca.pem`");
}

/// Lets the first `count` that come here go on together; whoever comes later goes on at once.
struct Meeting {
    count: usize,
    here: AtomicUsize,
}

impl Meeting {
    fn of(count: usize) -> Self {
        Self { count, here: AtomicUsize::new(0) }
    }

    async fn wait(&self) {
        self.here.fetch_add(1, SeqCst);
        let began = Instant::now();
        while self.here.load(SeqCst) < self.count {
            assert!(began.elapsed() < Duration::from_secs(20), "the others did not come");
            Delay::new(Duration::from_millis(2)).await;
        }
    }
}

/// What a future comes to that is let go on only so often, and then dropped.
async fn polled<T>(work: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        let polled = work.as_mut().poll(context).map(Some);
        if polled.is_pending() && polls == times { Poll::Ready(None) } else { polled }
    })
    .await
}

/// Whoever asked is gone, a time limit ran out: the future is dropped wherever it is, and its
/// connection goes back to the pool.
async fn a_transaction_given_up_at_any_moment_is_not_left_open(database: Database) {
    let db = connect::pool(&with_size(database.clone(), 1)).await.unwrap();
    let witness = connect::pool(&with_size(database, 1)).await.unwrap();
    db.execute_unprepared("CREATE TABLE kept (id int)").await.unwrap();
    db.execute_unprepared("CREATE TABLE given_up (id int)").await.unwrap();
    let transaction = || {
        retry::transaction(&db, |tx, _| {
            Box::pin(async {
                tx.execute_unprepared("INSERT INTO given_up VALUES (1)").await?;
                Ok::<_, DbErr>(())
            })
        })
    };

    let mut inserted = 0;
    let mut given_up = 0;
    for round in 0..40 {
        // At first in BEGIN, then in the work, then in COMMIT; the connection is there at once.
        for times in 1..=3 {
            Delay::new(Duration::from_millis(5)).await;
            given_up += u32::from(polled(transaction(), times).await.is_none());

            db.execute_unprepared("INSERT INTO kept VALUES (1)").await.unwrap();
            inserted += 1;
            let kept = one::<i64>(&witness, "SELECT count(*) FROM kept").await;
            assert_eq!(kept, inserted, "round {round}, dropped when polled {times} times");
        }
    }

    assert!(given_up >= 40, "{given_up}");
    db.close().await.unwrap();
    witness.close().await.unwrap();
}

async fn work_that_panics_is_rolled_back(database: Database) {
    let db = connect::pool(&with_size(database, 1)).await.unwrap();
    db.execute_unprepared("CREATE TABLE a (id int)").await.unwrap();

    let transaction = retry::transaction(&db, |tx, _| {
        Box::pin(async {
            tx.execute_unprepared("INSERT INTO a VALUES (1)").await?;
            let written = one::<i64>(tx, "SELECT count(*) FROM a").await;
            assert_eq!(written, 0, "the work panics here");
            Ok::<_, DbErr>(())
        })
    });
    let panicked = AssertUnwindSafe(transaction).catch_unwind().await;

    assert!(panicked.is_err());
    db.execute_unprepared("INSERT INTO a VALUES (2)").await.unwrap();
    assert_eq!(one::<i32>(&db, "SELECT min(id) FROM a").await, 2);
    db.close().await.unwrap();
}

/// Two transactions lock two rows in opposite order, and wait for each other at first.
async fn two_that_deadlock_both_succeed(db: &DatabaseConnection) {
    db.execute_unprepared("CREATE TABLE d (id int PRIMARY KEY, value int)").await.unwrap();
    db.execute_unprepared("INSERT INTO d VALUES (1, 0), (2, 0)").await.unwrap();
    let attempts = AtomicUsize::new(0);
    let meeting = Arc::new(Meeting::of(2));
    let add = |first: i32, second: i32| {
        let (attempts, meeting) = (&attempts, &meeting);
        retry::transaction(db, move |tx, _| {
            attempts.fetch_add(1, SeqCst);
            let meeting = Arc::clone(meeting);
            Box::pin(async move {
                for id in [first, second] {
                    let sql = format!("UPDATE d SET value = value + 1 WHERE id = {id}");
                    tx.execute_unprepared(&sql).await?;
                    meeting.wait().await;
                }
                Ok::<_, DbErr>(())
            })
        })
    };

    let (one_way, other_way) = join(add(1, 2), add(2, 1)).await;

    one_way.unwrap();
    other_way.unwrap();
    assert_eq!(one::<i32>(db, "SELECT min(value) FROM d").await, 2);
    assert_eq!(attempts.load(SeqCst), 3);
}
