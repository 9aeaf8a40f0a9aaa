use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use futures_timer::Delay;
use futures_util::future::join;
use plimsoll::{
    config::{Database, PoolSettings, TEST_POSTGRES_URL},
    connect,
    retry::{self, Retry},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, IsolationLevel};

use crate::{
    Meeting, asked, chain, on_a_database_of, one, refusal, run, server, url, with_timeout,
};

fn on_postgres(test: impl AsyncFnOnce(Database)) {
    on_a_database_of(&TEST_POSTGRES_URL, test);
}

#[test]
fn every_session_has_the_settings() {
    on_postgres(async |database| {
        let admin = connect::session(&database).await.unwrap();
        admin.execute_unprepared("CREATE SCHEMA \"the shop\"").await.unwrap();
        let database = database.with_schema(Some("the shop".to_owned()));
        let pool = connect::pool(&database).await.unwrap();
        let session = connect::session(&database).await.unwrap();

        for db in [&pool, &session] {
            assert_eq!(one::<String>(db, "SHOW TimeZone").await, "UTC");
            assert_eq!(one::<String>(db, "SHOW application_name").await, "plimsoll");
            assert_eq!(one::<String>(db, "SELECT current_schema()::text").await, "the shop");
        }
        let notices = "SELECT current_setting('client_connection_check_interval', true)";
        if one::<i32>(&pool, "SELECT current_setting('server_version_num')::int").await >= 140_000 {
            assert_eq!(one::<String>(&session, notices).await, "500ms");
            assert_eq!(one::<String>(&pool, notices).await, "0");
        }
        for db in [admin, pool, session] {
            db.close().await.unwrap();
        }
    });
}

#[test]
fn a_session_that_the_server_ends_is_not_replaced() {
    on_postgres(async |database| {
        let pool = connect::pool(&database).await.unwrap();
        for pause in crate::PAUSES {
            let session = connect::session(&database).await.unwrap();
            let pid: i32 = one(&session, "SELECT pg_backend_pid()").await;
            assert_eq!(one::<i32>(&session, "SELECT pg_backend_pid()").await, pid);
            Delay::new(pause).await;
            one::<bool>(&pool, &format!("SELECT pg_terminate_backend({pid})")).await;

            for _ in 0..3 {
                let next = asked::<i32>(&session, "SELECT pg_backend_pid()").await;
                assert!(next.is_err(), "{next:?}");
            }
            session.close().await.unwrap();
        }
        pool.close().await.unwrap();
    });
}

#[test]
fn nothing_listens_is_said_at_once() {
    run(crate::nothing_listens_is_said_at_once("postgres", "postgres"));
}

#[test]
fn an_unknown_host_is_named() {
    run(crate::an_unknown_host_is_named("postgres"));
}

#[test]
fn a_silent_server_is_given_up_after_the_limit() {
    run(crate::a_silent_server_is_given_up_after_the_limit("postgres", "postgres"));
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    run(crate::a_certificate_that_is_not_there_is_named("postgres", "sslrootcert"));
}

#[test]
fn a_database_that_is_not_there_comes_with_the_command_that_creates_it() {
    run(async {
        let database = server(&TEST_POSTGRES_URL).with_name("plimsoll no such");

        let (error, _) = refusal(&database).await;

        assert_eq!(error.code(), "PLM0014", "{}", chain(&error));
        assert!(error.to_string().starts_with("the database `plimsoll no such` does not exist"));
        let hint = error.hint().unwrap();
        assert!(hint.starts_with("create it: psql -h "), "{hint}");
        assert!(hint.ends_with(r#"-d postgres -c 'CREATE DATABASE "plimsoll no such"'"#), "{hint}");
    });
}

#[test]
fn a_user_that_is_not_there_is_refused() {
    run(async {
        let server = server(&TEST_POSTGRES_URL);
        let port = server.to_string().rsplit_once(':').unwrap().1.to_owned();
        let database = url(&format!("postgres://plimsoll_nobody:geheim@127.0.0.1:{port}"));

        let (error, _) = refusal(&database).await;

        assert_eq!(error.code(), "PLM0013", "{}", chain(&error));
        assert_eq!(
            error.to_string(),
            format!(
                "the server refused the user of `postgres://plimsoll_nobody:***@127.0.0.1:{port}`"
            )
        );
        assert!(!chain(&error).contains("geheim"));
    });
}

/// A server that answers every start with an error; it says no to TLS before that.
fn refusing(code: &'static str, message: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, SeqCst);
            // A client that hangs up ends its own connection only.
            let _ = answer(stream.unwrap(), code, message);
        }
    });
    (port, asked)
}

fn answer(mut stream: TcpStream, code: &str, message: &str) -> std::io::Result<()> {
    started(&mut stream)?;
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    stream.write_all(&[b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat())
}

/// Reads up to the end of the start.
fn started(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut length = [0; 4];
    loop {
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize - 4];
        stream.read_exact(&mut message)?;
        if message != 80_877_103_u32.to_be_bytes() {
            return Ok(());
        }
        stream.write_all(b"N")?;
    }
}

/// A server that lets everybody in, and answers no statement.
fn without_a_session() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                started(&mut stream)?;
                // Authenticated; a key to cancel by; ready.
                stream.write_all(b"R\0\0\0\x08\0\0\0\0")?;
                stream.write_all(b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01")?;
                stream.write_all(b"Z\0\0\0\x05I")?;
                std::io::copy(&mut stream, &mut std::io::sink())
            });
        }
    });
    port
}

#[test]
fn a_pooler_without_a_free_session_is_given_up_after_the_limit() {
    run(async {
        let port = without_a_session();
        let database = url(&format!("postgres://ann@127.0.0.1:{port}/shop"));

        let error =
            connect::pool(&with_timeout(database, Duration::from_millis(300))).await.unwrap_err();

        assert_eq!(error.code(), "PLM0012", "{}", chain(&error));
    });
}

#[test]
fn a_pooler_that_takes_a_parameter_for_unknown_is_to_be_told_to_ignore_it() {
    run(async {
        let (port, _) = refusing("08P01", "unsupported startup parameter: extra_float_digits");

        let (error, _) = refusal(&url(&format!("postgres://ann@127.0.0.1:{port}/shop"))).await;

        assert_eq!(error.code(), "PLM0018", "{}", chain(&error));
        assert!(error.hint().unwrap().contains("ignore_startup_parameters"));
    });
}

#[test]
fn a_wrong_password_is_told_from_a_server_that_is_not_there() {
    run(async {
        let (port, asked) = refusing("28P01", "no");

        let database = url(&format!("postgres://ann:geheim@127.0.0.1:{port}/shop"));
        let error = connect::pool(&database).await.unwrap_err();

        assert_eq!(error.code(), "PLM0013", "{}", chain(&error));
        assert!(error.hint().unwrap().contains("DB_PASS"));
        assert_eq!(asked.load(SeqCst), 1);
    });
}

#[test]
fn a_server_without_a_free_connection_is_asked_again_until_the_limit() {
    run(async {
        let (port, asked) = refusing("53300", "no");
        let database = url(&format!("postgres://ann@127.0.0.1:{port}/shop"));

        let error =
            connect::pool(&with_timeout(database, Duration::from_millis(400))).await.unwrap_err();

        assert_eq!(error.code(), "PLM0015", "{}", chain(&error));
        assert_eq!(
            error.to_string(),
            format!("the postgres server at `127.0.0.1:{port}` accepts no connection now")
        );
        assert!(asked.load(SeqCst) > 1);
    });
}

#[test]
fn encryption_that_the_server_does_not_have_is_said() {
    run(async {
        let (port, _) = refusing("28P01", "no");
        let (error, _) =
            refusal(&url(&format!("postgres://ann@127.0.0.1:{port}/a?sslmode=require"))).await;

        assert_eq!(error.code(), "PLM0016", "{}", chain(&error));
        assert!(error.hint().unwrap().contains("?sslmode="));
    });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn statements_are_logged_when_asked_for_and_passwords_never() {
    on_postgres(async |database| {
        let with_password = {
            let url = secrecy::ExposeSecret::expose_secret(&database.url()).to_owned();
            let (before, after) = url.split_once('@').unwrap();
            let user = before.rsplit_once('/').unwrap().1.split(':').next().unwrap();
            crate::url(&format!("postgres://{user}:geheim@{after}"))
        };
        let logged = async |echo| {
            let log = Log::default();
            let writer = log.clone();
            let lines = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish();
            let guard = tracing::subscriber::set_default(lines);
            let pool = PoolSettings { echo, ..*with_password.pool() };
            let db = connect::pool(&with_password.clone().with_pool(pool)).await.unwrap();
            one::<i32>(&db, "SELECT 4711").await;
            db.close().await.unwrap();
            drop(guard);
            String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
        };

        let quiet = logged(false).await;
        let loud = logged(true).await;

        assert!(!quiet.contains("4711"), "{quiet}");
        assert!(loud.contains("sqlx::query: ") && loud.contains("4711"), "{loud}");
        assert!(!quiet.contains("geheim") && !loud.contains("geheim"));
    });
}

const SERIALIZABLE: Retry = Retry {
    attempts: 10,
    first_delay: Duration::from_millis(5),
    longest_delay: Duration::from_millis(100),
    total: Duration::from_secs(10),
    isolation: Some(IsolationLevel::Serializable),
};

#[test]
fn a_serialization_failure_at_commit_is_tried_again() {
    on_postgres(async |database| {
        let db = connect::pool(&database).await.unwrap();
        db.execute_unprepared("CREATE TABLE a (counted bigint)").await.unwrap();
        let ended = Arc::new(AtomicUsize::new(0));
        let meeting = Arc::new(Meeting::of(2));
        // Alone right; two at once would both write the same count.
        let append = || {
            SERIALIZABLE.transaction(&db, |tx, _| {
                let (ended, meeting) = (Arc::clone(&ended), Arc::clone(&meeting));
                Box::pin(async move {
                    tx.execute_unprepared("INSERT INTO a SELECT count(*) FROM a").await?;
                    ended.fetch_add(1, SeqCst);
                    meeting.wait().await;
                    Ok::<_, DbErr>(())
                })
            })
        };

        let (first, second) = join(append(), append()).await;

        first.unwrap();
        second.unwrap();
        let counted = "SELECT string_agg(counted::text, ',' ORDER BY counted) FROM a";
        assert_eq!(one::<String>(&db, counted).await, "0,1");
        assert_eq!(ended.load(SeqCst), 3, "the work came to its end three times: a commit failed");
        db.close().await.unwrap();
    });
}

#[test]
fn a_transaction_given_up_at_any_moment_is_not_left_open() {
    on_postgres(crate::a_transaction_given_up_at_any_moment_is_not_left_open);
}

#[test]
fn work_that_panics_is_rolled_back() {
    on_postgres(crate::work_that_panics_is_rolled_back);
}

#[test]
fn a_deadlock_is_tried_again() {
    on_postgres(async |database| {
        let db = connect::pool(&database).await.unwrap();
        crate::two_that_deadlock_both_succeed(&db).await;
        db.close().await.unwrap();
    });
}

/// A table `a (id)` whose trigger runs `statement` at commit, once for each inserted row.
async fn at_commit(db: &DatabaseConnection, statement: &str) {
    for sql in [
        "CREATE TABLE a (id bigint)".to_owned(),
        "CREATE SEQUENCE commits".to_owned(),
        format!(
            "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {statement} RETURN NULL; END $$"
        ),
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION at_commit()"
            .to_owned(),
    ] {
        db.execute_unprepared(&sql).await.unwrap();
    }
}

async fn insert(db: &DatabaseConnection) -> (Result<(), DbErr>, usize) {
    let attempts = AtomicUsize::new(0);
    let done = SERIALIZABLE
        .transaction(db, |tx, _| {
            attempts.fetch_add(1, SeqCst);
            Box::pin(
                async move { tx.execute_unprepared("INSERT INTO a VALUES (1)").await.map(drop) },
            )
        })
        .await;
    (done, attempts.into_inner())
}

#[test]
fn a_commit_that_fails_twice_is_done_three_times() {
    on_postgres(async |database| {
        let db = connect::pool(&database).await.unwrap();
        at_commit(
            &db,
            "IF nextval('commits') < 3 THEN RAISE 'again' USING ERRCODE = '40001'; END IF;",
        )
        .await;

        let (done, attempts) = insert(&db).await;

        done.unwrap();
        assert_eq!(attempts, 3);
        assert_eq!(one::<i64>(&db, "SELECT count(*) FROM a").await, 1);
        db.close().await.unwrap();
    });
}

#[test]
fn a_commit_that_would_fail_again_is_not_tried_again() {
    on_postgres(async |database| {
        let db = connect::pool(&database).await.unwrap();
        at_commit(&db, "RAISE 'never' USING ERRCODE = '23514';").await;

        let (done, attempts) = insert(&db).await;

        assert!(done.unwrap_err().to_string().contains("never"));
        assert_eq!(attempts, 1);
        assert_eq!(one::<i64>(&db, "SELECT count(*) FROM a").await, 0);
        db.close().await.unwrap();
    });
}

#[test]
fn a_connection_lost_during_commit_is_not_tried_again() {
    on_postgres(async |database| {
        let db = connect::pool(&database).await.unwrap();
        at_commit(&db, "PERFORM pg_terminate_backend(pg_backend_pid());").await;

        let (done, attempts) = insert(&db).await;

        assert!(!retry::is_transient(&done.unwrap_err()));
        assert_eq!(attempts, 1);
        assert_eq!(one::<i64>(&db, "SELECT count(*) FROM a").await, 0);
        db.close().await.unwrap();
    });
}
