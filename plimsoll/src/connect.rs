//! Connections, set up the same way wherever they are made.
//!
//! | | SQLite | `PostgreSQL` | `MySQL`, `MariaDB` |
//! |---|---|---|---|
//! | every session | write-ahead log, foreign keys on, `synchronous = NORMAL`, waits 5 s (a migration 30 s) for another's write | time zone UTC, search path as given | [`MYSQL_SESSION`] |
//! | missing | file and folder are created | an error that says how to create it | the same |
//!
//! Before a pool is made, one connection is tried by itself: `sqlx`'s pool goes on trying a server
//! that refuses until its time-out, and then says only that time ran out.

mod failure;
mod options;
mod schema;

use std::{
    fs,
    path::Path,
    pin::pin,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::future::{Either, select};
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::{Connection, Executor, MySqlConnection, PgConnection, SqliteConnection},
};

pub use self::options::MYSQL_SESSION;
use self::options::Role;
#[cfg(feature = "migrate")]
pub(crate) use self::options::beside_mysql;
pub(crate) use self::options::beside_postgres;
#[cfg(feature = "cli")]
pub(crate) use self::options::search_path;
use crate::{
    Dialect, Error, Result,
    config::{Access, Database, File, Place, Server},
};

/// How long to wait between two attempts at a server that is starting, or a file that is locked.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to wait between two attempts at a server that may not be there yet.
const WAITING: Duration = Duration::from_millis(250);
/// How long the migration's one connection is waited for, once it is made.
const SESSION_ACQUIRE: Duration = Duration::from_secs(10);
/// How long a migration waits for another process to let go of an SQLite file.
const SESSION_BUSY: Duration = Duration::from_secs(30);

/// A pool of connections, for programs that answer requests.
///
/// An SQLite database in memory is a pool of one connection that is never dropped: the database
/// goes with it.
///
/// # Errors
/// A server's: [`Error::HostNotFound`], [`Error::Unreachable`], [`Error::NoAnswer`],
/// [`Error::ServerBusy`], [`Error::AccessDenied`], [`Error::NoSuchDatabase`], [`Error::Tls`],
/// [`Error::TlsFile`], [`Error::NoSuchSchema`], [`Error::SchemaDenied`], [`Error::SchemaIgnored`]. A file's: [`Error::FolderNotWritable`], [`Error::FileNotWritable`],
/// [`Error::FileMissing`], [`Error::FileLocked`], [`Error::NotADatabase`], [`Error::LogUnreadable`]. Else
/// [`Error::ConnectionFailed`].
pub async fn pool(database: &Database) -> Result<DatabaseConnection> {
    open(database, Role::Pool).await
}

/// Exactly one connection, for a program that needs its session: what is set in it, or locked by
/// it, stays until it is closed.
///
/// It is never replaced. A pool replaces a connection that the server has ended without a word,
/// and the lock that it held is gone; here every statement after that fails.
///
/// # Errors
/// Those of [`pool`].
pub async fn session(database: &Database) -> Result<DatabaseConnection> {
    let session = open(database, Role::Session).await?;
    options::never_again(&session, database.dialect());
    Ok(session)
}

/// Waits until the database answers, for at most `limit`: a server that is not there yet, starts, has
/// no connection left, or has not made the database yet. `tell` hears what is waited for, each time
/// that it is something else. For a program that starts beside its server. Gives how long it took. An
/// SQLite file that would be made when it is opened is not made.
///
/// # Errors
/// Those of [`session`]: at once what does not come by waiting, such as a refused password; else, when
/// `limit` is over, what kept the database from answering.
pub async fn wait(
    database: &Database,
    limit: Duration,
    mut tell: impl FnMut(&Error),
) -> Result<Duration> {
    let began = Instant::now();
    let database = database.to_read();
    let mut last: Option<Error> = None;
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let error = match within(left, Box::pin(session(&database))).await {
            Some(Ok(session)) => {
                // What it says when it closes changes nothing.
                let _ = session.close().await;
                return Ok(began.elapsed());
            }
            Some(Err(error)) => error,
            // The attempt was cut short: what the one before it came to says more.
            None => {
                return Err(last.unwrap_or_else(|| match &database.place {
                    Place::Server(server) => failure::of_server(&database, server, limit, None),
                    Place::Sqlite(file) => {
                        let busy = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
                        failure::of_file(&database, file, busy)
                    }
                }));
            }
        };
        let comes = matches!(
            error,
            Error::HostNotFound { .. }
                | Error::Unreachable { .. }
                | Error::NoAnswer { .. }
                | Error::ServerBusy { .. }
                | Error::NoSuchDatabase { .. }
                | Error::FileLocked { .. }
        );
        if !comes || began.elapsed() >= limit {
            return Err(error);
        }
        if last.as_ref().is_none_or(|last| last.code() != error.code()) {
            tell(&error);
        }
        last = Some(error);
        Delay::new(WAITING.min(limit.saturating_sub(began.elapsed()))).await;
    }
}

async fn open(database: &Database, role: Role) -> Result<DatabaseConnection> {
    match &database.place {
        Place::Sqlite(file) => {
            let mut file = file.clone();
            if let Some(path) = &file.path {
                file.access = prepare_file(database, &file, path, role).await?;
            }
            let options = options::sqlite(database, &file, role);
            let db =
                connect(options).await.map_err(|error| failure::of_file(database, &file, error))?;
            if file.path.is_some() && file.access.writes() && role == Role::Session {
                keep_log(database, &file, &db).await?;
            }
            Ok(db)
        }
        Place::Server(server) => {
            readable(server)?;
            prepare_server(database, server).await?;
            let options = match server.dialect {
                Dialect::Mysql => options::mysql(database, server, role),
                _ => options::postgres(database, server, role),
            };
            let db = connect(options).await.map_err(|error| {
                let limit = database.pool().timeout;
                failure::of_server(database, server, limit, Some(error))
            })?;
            if server.dialect == Dialect::Postgres {
                let limit = database.pool().timeout;
                // A pooler takes a connection before it has a session for it.
                within(limit, schema::is_there(&db, database.schema()))
                    .await
                    .unwrap_or_else(|| Err(failure::of_server(database, server, limit, None)))?;
            }
            Ok(db)
        }
    }
}

async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    sea_orm::Database::connect(options).await
}

/// The drivers report a certificate that is not there as if the server were not.
fn readable(server: &Server) -> Result<()> {
    let files = [&server.tls.authority, &server.tls.certificate, &server.tls.key];
    for file in files.into_iter().flatten() {
        fs::File::open(file).map_err(|source| Error::TlsFile { file: file.clone(), source })?;
    }
    Ok(())
}

async fn prepare_server(database: &Database, server: &Server) -> Result<()> {
    let limit = database.pool().timeout;
    let deadline = Instant::now() + limit;
    loop {
        let probe = async {
            if server.dialect == Dialect::Mysql {
                let options = options::mysql_connection(database, server, Role::Pool);
                let mut connection = MySqlConnection::connect_with(&options).await?;
                connection.execute(MYSQL_SESSION).await?;
                connection.close().await
            } else {
                let options = options::postgres_connection(database, server);
                PgConnection::connect_with(&options).await?.close().await
            }
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        let error = match within(remaining, probe).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => Some(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
            None => None,
        };
        let failed = failure::of_server(database, server, limit, error);
        let again = matches!(failed, Error::ServerBusy { .. }) && Instant::now() + PAUSE < deadline;
        if !again {
            return Err(failed);
        }
        Delay::new(PAUSE).await;
    }
}

/// Makes the folder and the file, and tries whether it can be written. Tells how it can be opened.
async fn prepare_file(database: &Database, file: &File, path: &Path, role: Role) -> Result<Access> {
    if file.access == Access::Create
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder)
            .map_err(|source| Error::FolderNotWritable { folder: folder.to_owned(), source })?;
    }
    let deadline = patience(database, role);
    loop {
        let Err(error) = try_file(database, file, role).await else { return Ok(file.access) };
        // Not for a pool, which lives long enough for somebody to begin to write.
        let looks = file.access == Access::Read && role == Role::Session;
        if looks && failure::is_without_index(&error) && path.exists() {
            return without_index(database, file, path, error).await;
        }
        let error = DbErr::Conn(RuntimeErr::SqlxError(error.into()));
        pause_or_fail(failure::of_file(database, file, error), deadline).await?;
    }
}

/// Until when somebody else's lock on a file is waited for.
fn patience(database: &Database, role: Role) -> Instant {
    Instant::now()
        + match role {
            Role::Pool => database.pool().timeout,
            Role::Session => SESSION_BUSY,
        }
}

/// Waits a little for who has locked the file.
///
/// # Errors
/// What failed, when it is not that, or the time is over.
async fn pause_or_fail(failed: Error, deadline: Instant) -> Result<()> {
    let again = matches!(failed, Error::FileLocked { .. }) && Instant::now() + PAUSE < deadline;
    if !again {
        return Err(failed);
    }
    Delay::new(PAUSE).await;
    Ok(())
}

/// What gives a file a write-ahead log. That stays with it. To change it needs the file for oneself, which
/// is tried again and not waited for.
const LOG: &str = "PRAGMA journal_mode = WAL";

/// Gives the file a write-ahead log, on the session itself: the statement reads the whole schema, which
/// that has to read anyway. A pool has other connections, which would not know of it until they read.
async fn keep_log(database: &Database, file: &File, db: &DatabaseConnection) -> Result<()> {
    let failed = |error| failure::of_file(database, file, error);
    let wait = async |limit: Duration| {
        let wait = format!("PRAGMA busy_timeout = {}", limit.as_millis());
        db.execute_unprepared(&wait).await.map_err(failed)
    };
    let deadline = patience(database, Role::Session);
    // Whoever waits for the file keeps everybody else from reading it.
    wait(Duration::ZERO).await?;
    loop {
        let Err(error) = db.execute_unprepared(LOG).await else { break };
        pause_or_fail(failed(error), deadline).await?;
    }
    wait(options::busy(Role::Session)).await.map(drop)
}

/// A database with a write-ahead log is read through an index beside it, which `SQLite` makes. In a
/// folder that may not be written it can only be told that nobody writes, and reads the file alone:
/// right as long as the log is empty or not there, because then the file has everything.
async fn without_index(
    database: &Database,
    file: &File,
    path: &Path,
    error: sea_orm::sqlx::Error,
) -> Result<Access> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let source = DbErr::Conn(RuntimeErr::SqlxError(error.into()));
    if fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(Error::LogUnreadable { file: path.to_owned(), source });
    }
    let still = File { access: Access::Still, ..file.clone() };
    match try_file(database, &still, Role::Session).await {
        Ok(()) => Ok(still.access),
        Err(_) => Err(failure::of_file(database, file, source)),
    }
}

async fn try_file(
    database: &Database,
    file: &File,
    role: Role,
) -> Result<(), sea_orm::sqlx::Error> {
    let options = options::sqlite_connection(database, file, Duration::ZERO);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    // From the first page: to count tables every one of them would be parsed.
    connection.execute("PRAGMA schema_version").await?;
    if file.access.writes() {
        if role == Role::Pool {
            connection.execute(LOG).await?;
        }
        // SQLite opens a file that may not be written for reading, without a word.
        match connection.execute("BEGIN IMMEDIATE; ROLLBACK").await {
            Err(error) if failure::is_busy(&error) => {}
            tried => {
                tried?;
            }
        }
    }
    connection.close().await
}

/// What `work` comes to, or nothing when it takes longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), Delay::new(limit)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
