use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::future::join_all;
use plimsoll::{
    config::Database,
    connect,
    retry::{self, Retry},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait};
use tempfile::TempDir;

use crate::{SOON, chain, one, refusal, run, with_size, with_timeout};

fn database(file: &str) -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::from_url("sqlite:placeholder.db", folder.path()).unwrap();
    let named = database.with_name(file);
    (folder, named)
}

async fn counter(db: &DatabaseConnection) {
    db.execute_unprepared("CREATE TABLE counter (value INTEGER NOT NULL)").await.unwrap();
    db.execute_unprepared("INSERT INTO counter VALUES (0)").await.unwrap();
}

#[test]
fn every_connection_has_the_settings() {
    run(async {
        let (_folder, database) = database("a.db");
        let pool = connect::pool(&database).await.unwrap();
        let several = join_all((0..4).map(|_| pool.begin())).await;
        let session = connect::session(&database).await.unwrap();

        for tx in several {
            let tx = tx.unwrap();
            assert_eq!(one::<String>(&tx, "PRAGMA journal_mode").await, "wal");
            assert_eq!(one::<i64>(&tx, "PRAGMA foreign_keys").await, 1);
            assert_eq!(one::<i64>(&tx, "PRAGMA busy_timeout").await, 5000);
            assert_eq!(one::<i64>(&tx, "PRAGMA synchronous").await, 1);
            tx.rollback().await.unwrap();
        }
        assert_eq!(one::<i64>(&session, "PRAGMA busy_timeout").await, 30_000);
        assert_eq!(one::<i64>(&session, "PRAGMA foreign_keys").await, 1);
    });
}

#[test]
fn a_foreign_key_is_kept() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        db.execute_unprepared("CREATE TABLE a (id INTEGER PRIMARY KEY)").await.unwrap();
        db.execute_unprepared("CREATE TABLE b (a INTEGER REFERENCES a (id))").await.unwrap();

        let refused = db.execute_unprepared("INSERT INTO b VALUES (1)").await.unwrap_err();

        assert!(refused.to_string().contains("FOREIGN KEY"), "{refused}");
    });
}

#[test]
fn a_path_is_taken_as_it_is() {
    run(async {
        let (folder, database) = database("a b?c#d%41/ä%.db");
        let db = connect::pool(&database).await.unwrap();
        counter(&db).await;
        db.close().await.unwrap();

        assert!(folder.path().join("a b?c#d%41/ä%.db").is_file());
        let from_url = Database::from_url(
            secrecy::ExposeSecret::expose_secret(&database.url()),
            std::path::Path::new("/"),
        );
        let again = connect::session(&from_url.unwrap()).await.unwrap();
        assert_eq!(one::<i64>(&again, "SELECT value FROM counter").await, 0);
    });
}

#[test]
fn a_database_in_memory_lives_as_long_as_its_pool() {
    run(async {
        let (_folder, database) = database(":memory:");
        let db = connect::pool(&database).await.unwrap();
        counter(&db).await;

        let read = join_all((0..5).map(|_| one::<i64>(&db, "SELECT value FROM counter"))).await;

        assert_eq!(read, [0; 5]);
        let other = connect::pool(&database).await.unwrap();
        assert_eq!(one::<i64>(&other, "SELECT count(*) FROM sqlite_schema").await, 0);
    });
}

#[test]
fn sixteen_that_open_a_new_file_at_once_all_succeed() {
    let (_folder, database) = database("deep/er/a.db");
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let database = database.clone();
            thread::spawn(move || run(async { connect::session(&database).await.map(drop) }))
        })
        .collect();

    for thread in threads {
        let opened = thread.join().unwrap();
        assert!(opened.is_ok(), "{}", chain(&opened.unwrap_err()));
    }
}

#[test]
fn a_transaction_begins_with_the_right_to_write() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        let other = connect::session(&database).await.unwrap();
        other.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();

        let refused = retry::transaction(&db, |_, _| {
            let other = other.clone();
            Box::pin(
                async move { Ok::<_, DbErr>(other.execute_unprepared("BEGIN IMMEDIATE").await) },
            )
        })
        .await
        .unwrap()
        .unwrap_err();

        assert!(retry::is_transient(&refused), "{refused}");
    });
}

#[test]
fn writers_that_read_first_lose_no_update() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&with_size(database, 8)).await.unwrap();
        counter(&db).await;
        let count_up = async || {
            for _ in 0..10 {
                let work = retry::transaction(&db, |tx, _| {
                    Box::pin(async move {
                        let value: i64 = one(tx, "SELECT value FROM counter").await;
                        let sql = format!("UPDATE counter SET value = {}", value + 1);
                        tx.execute_unprepared(&sql).await.map(drop)
                    })
                });
                must_be_send(&work);
                work.await.unwrap();
            }
        };

        join_all((0..8).map(|_| count_up())).await;

        assert_eq!(one::<i64>(&db, "SELECT value FROM counter").await, 80);
    });
}

#[test]
fn a_transaction_given_up_at_any_moment_is_not_left_open() {
    let (_folder, database) = database("a.db");
    run(crate::a_transaction_given_up_at_any_moment_is_not_left_open(database));
}

#[test]
fn work_that_panics_is_rolled_back() {
    let (_folder, database) = database("a.db");
    run(crate::work_that_panics_is_rolled_back(database));
}

fn must_be_send<T: Send>(_: &T) {}

/// Waits until it is so.
async fn until(so: &AtomicBool) {
    while !so.load(SeqCst) {
        Delay::new(Duration::from_millis(2)).await;
    }
}

#[test]
fn a_busy_file_is_tried_again() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        counter(&db).await;
        let impatient = connect::session(&database).await.unwrap();
        impatient.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
        let (begun, refused) = (AtomicBool::new(false), AtomicBool::new(false));
        let holder = async {
            retry::transaction(&db, |tx, _| {
                let (begun, refused) = (&begun, &refused);
                Box::pin(async move {
                    begun.store(true, SeqCst);
                    until(refused).await;
                    tx.execute_unprepared("UPDATE counter SET value = value + 1").await
                })
            })
            .await
        };
        let writer = async {
            until(&begun).await;
            let first =
                impatient.execute_unprepared("UPDATE counter SET value = 0").await.unwrap_err();
            refused.store(true, SeqCst);
            let policy = Retry {
                attempts: 1000,
                longest_delay: Duration::from_millis(20),
                ..Retry::default()
            };
            let second = policy
                .transaction(&impatient, |tx, _| {
                    Box::pin(tx.execute_unprepared("UPDATE counter SET value = value + 10"))
                })
                .await;
            (first, second)
        };

        let (held, (first, second)) = futures_util::future::join(holder, writer).await;

        assert!(retry::is_transient(&first), "{first}");
        held.unwrap();
        second.unwrap();
        assert_eq!(one::<i64>(&db, "SELECT value FROM counter").await, 11);
    });
}

#[test]
fn a_transaction_that_finds_the_disk_full_does_not_stay_with_its_connection() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&with_size(database.clone(), 1)).await.unwrap();
        db.execute_unprepared("CREATE TABLE a (value BLOB)").await.unwrap();
        let write = async |bytes: &'static str| {
            retry::transaction(&db, move |tx, _| {
                let sql = format!("INSERT INTO a VALUES (randomblob({bytes}))");
                Box::pin(async move { tx.execute_unprepared(&sql).await })
            })
            .await
        };
        let pages: i64 = one(&db, "PRAGMA page_count").await;
        let full = format!("PRAGMA max_page_count = {}", pages + 2);
        db.execute_unprepared(&full).await.unwrap();

        let refused = write("100000").await.unwrap_err();
        let given_up = db.begin().await.unwrap();
        given_up.execute_unprepared("DELETE FROM a").await.unwrap();
        given_up.rollback().await.unwrap();
        write("1").await.unwrap();

        assert!(retry::is_broken(&refused), "{refused}");
        let other = connect::pool(&database).await.unwrap();
        assert_eq!(one::<i64>(&other, "SELECT count(*) FROM a").await, 1);
    });
}

#[test]
fn attempts_and_time_are_limited() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        counter(&db).await;
        let impatient = connect::session(&database).await.unwrap();
        impatient.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
        let tx = db.begin().await.unwrap();
        tx.execute_unprepared("UPDATE counter SET value = 1").await.unwrap();
        let write = async |policy: Retry| {
            let began = Instant::now();
            let refused = policy
                .transaction(&impatient, |tx, _| {
                    Box::pin(tx.execute_unprepared("DELETE FROM counter"))
                })
                .await
                .unwrap_err();
            assert!(retry::is_transient(&refused), "{refused}");
            began.elapsed()
        };

        let few = write(Retry { attempts: 3, ..Retry::default() }).await;
        let short =
            write(Retry { attempts: 1000, total: Duration::from_millis(200), ..Retry::default() })
                .await;

        assert!(few < SOON, "{few:?}");
        assert!(short < SOON, "{short:?}");
        tx.rollback().await.unwrap();
    });
}

#[test]
fn an_error_that_would_come_again_is_not_tried_again() {
    run(async {
        let (_folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        db.execute_unprepared("CREATE TABLE a (id INTEGER PRIMARY KEY)").await.unwrap();
        let attempts = Arc::new(AtomicUsize::new(0));

        let refused = retry::transaction(&db, |tx, _| {
            attempts.fetch_add(1, SeqCst);
            Box::pin(async move {
                tx.execute_unprepared("INSERT INTO a VALUES (1)").await?;
                tx.execute_unprepared("INSERT INTO a VALUES (1)").await
            })
        })
        .await;

        assert!(refused.unwrap_err().sql_err().is_some());
        assert_eq!(attempts.load(SeqCst), 1);
        assert_eq!(one::<i64>(&db, "SELECT count(*) FROM a").await, 0);
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    run(async {
        let (folder, database) = database("file/a.db");
        fs::write(folder.path().join("file"), "not a folder").unwrap();

        let (error, _) = refusal(&database).await;

        let path = folder.path().join("file");
        assert_eq!(error.code(), "PLM0019", "{}", chain(&error));
        assert_eq!(
            error.to_string(),
            format!("cannot make the folder `{}` for the database file", path.display())
        );
        assert!(error.hint().unwrap().contains("SQLITE_PATH"));
    });
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    run(async {
        let (folder, database) = database("folder");
        fs::create_dir(folder.path().join("folder")).unwrap();

        let (error, _) = refusal(&database).await;

        assert_eq!(error.code(), "PLM0020", "{}", chain(&error));
        assert_eq!(
            error.to_string(),
            format!("cannot create or write the database file `{database}`")
        );
    });
}

#[test]
fn a_file_that_must_exist_and_does_not_is_named() {
    run(async {
        let (folder, _) = database("a.db");
        for mode in ["ro", "rw"] {
            let url = format!("sqlite:a.db?mode={mode}");
            let database = Database::from_url(&url, folder.path()).unwrap();

            let (error, _) = refusal(&database).await;

            assert_eq!(error.code(), "PLM0021", "{}", chain(&error));
            assert!(!folder.path().join("a.db").exists());
        }
    });
}

#[test]
fn a_file_opened_for_reading_is_not_written() {
    run(async {
        let (folder, database) = database("a.db");
        let db = connect::pool(&database).await.unwrap();
        counter(&db).await;
        let read_only = Database::from_url("sqlite:a.db?mode=ro", folder.path()).unwrap();

        let reader = connect::pool(&read_only).await.unwrap();
        let refused = reader.execute_unprepared("DELETE FROM counter").await.unwrap_err();

        assert!(refused.to_string().contains("readonly"), "{refused}");
        assert_eq!(one::<i64>(&reader, "SELECT value FROM counter").await, 0);
    });
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    run(async {
        let (folder, database) = database("a.db");
        let text = "This is a letter, and not a database.\n".repeat(100);
        fs::write(folder.path().join("a.db"), &text).unwrap();

        let (error, _) = refusal(&database).await;

        assert_eq!(error.code(), "PLM0022", "{}", chain(&error));
        assert_eq!(error.to_string(), format!("`{database}` is not a sound SQLite database"));
        assert_eq!(fs::read_to_string(folder.path().join("a.db")).unwrap(), text);
    });
}

#[test]
fn a_file_that_stays_locked_is_named() {
    run(async {
        let (folder, locked) = database("a.db");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
        let holder = sea_orm::Database::connect(&url).await.unwrap();
        holder.execute_unprepared("CREATE TABLE a (id INTEGER)").await.unwrap();
        holder.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();

        let began = Instant::now();
        let error =
            connect::pool(&with_timeout(locked, Duration::from_millis(200))).await.unwrap_err();

        assert_eq!(error.code(), "PLM0023", "{}", chain(&error));
        assert!(began.elapsed() < SOON);
    });
}
