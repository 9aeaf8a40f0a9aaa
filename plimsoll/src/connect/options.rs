//! What the drivers are told. SeaORM's own reading of URLs is passed by: it gets a placeholder
//! without a password, and the options made here in its place.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use sea_orm::{
    ConnectOptions, DatabaseConnection,
    sqlx::{
        self, Connection, Executor,
        mysql::{MySqlConnectOptions, MySqlSslMode},
        postgres::{PgConnectOptions, PgSslMode},
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous},
    },
};
use secrecy::ExposeSecret;

use super::{SESSION_ACQUIRE, SESSION_BUSY};
use crate::{
    Dialect,
    config::{Access, Database, File, Host, Server, SslMode},
};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Requests.
    Pool,
    /// A migration.
    Session,
}

/// The first statement of every `MySQL` and `MariaDB` session.
///
/// The mode is written out in full, so that what a statement means does not depend on the server's
/// configuration: `||` joins texts, `"` quotes them, and a value that does not fit is an error.
pub const MYSQL_SESSION: &str = "SET NAMES utf8mb4, \
     SESSION sql_mode = 'PIPES_AS_CONCAT,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
     ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00'";

/// `MySQL` answers nothing when a statement is dropped from a full cache, and the next one then
/// waits 40 ms for the network. A migration may have thousands; a pool has many connections, and
/// the server a limit for all of them.
const MYSQL_SESSION_STATEMENTS: usize = 5000;
const MYSQL_POOL_STATEMENTS: usize = 500;

/// A dead client's statement ends within this time on `PostgreSQL` 14 and later, and its locks with
/// it; before that it runs to its end.
const NOTICE_A_DEAD_CLIENT: &str = "SET client_connection_check_interval = '500ms'";

/// How many rows the thread of an `SQLite` connection reads ahead. Where there are more, it is woken for each
/// that is taken; they are there only as long as somebody reads.
const ROWS: usize = 1_000;

/// How long a connection may be idle before it is tested when it is taken from the pool.
const IDLE: Duration = Duration::from_secs(10);

pub(super) fn busy(role: Role) -> Duration {
    match role {
        Role::Pool => Duration::from_secs(5),
        Role::Session => SESSION_BUSY,
    }
}

/// What no host and no path has: an address that ends so is looked up nowhere, and an attempt to
/// connect there fails at once.
const NOWHERE: &str = "\0";

/// Lets every later attempt of a session's pool to connect fail at once. Not testing a connection
/// before use is not enough: the pool tests it when it is given back, too. (A hook that refuses new
/// connections would do as well, but the pool asks it again until its time-out.)
pub(super) fn never_again(session: &DatabaseConnection, dialect: Dialect) {
    match dialect {
        Dialect::Sqlite => {
            let options = SqliteConnectOptions::new()
                .filename("/no session is opened twice")
                .create_if_missing(false);
            session.get_sqlite_connection_pool().set_connect_options(options);
        }
        Dialect::Postgres => {
            let pool = session.get_postgres_connection_pool();
            let options = PgConnectOptions::clone(&pool.connect_options());
            pool.set_connect_options(if let Some(socket) = options.get_socket().map(away) {
                options.socket(socket)
            } else {
                let host = away(options.get_host());
                options.host(&host.to_string_lossy())
            });
        }
        Dialect::Mysql => {
            let pool = session.get_mysql_connection_pool();
            let options = MySqlConnectOptions::clone(&pool.connect_options());
            pool.set_connect_options(if let Some(socket) = options.get_socket().map(away) {
                options.socket(socket)
            } else {
                let host = away(options.get_host());
                options.host(&host.to_string_lossy())
            });
        }
    }
}

fn away(address: impl AsRef<OsStr>) -> OsString {
    let mut address = address.as_ref().to_owned();
    address.push(NOWHERE);
    address
}

fn back(address: impl AsRef<OsStr>) -> String {
    let address = address.as_ref().to_string_lossy();
    address.strip_suffix(NOWHERE).unwrap_or(&address).to_owned()
}

/// How one more connection is made to where this `PostgreSQL` session, or pool, is connected.
pub(crate) fn beside_postgres(session: &DatabaseConnection) -> PgConnectOptions {
    let options =
        PgConnectOptions::clone(&session.get_postgres_connection_pool().connect_options());
    if let Some(socket) = options.get_socket().map(back) {
        options.socket(socket)
    } else {
        let host = back(options.get_host());
        options.host(&host)
    }
}

/// How one more connection is made to where this `MySQL` session is connected.
#[cfg(feature = "migrate")]
pub(crate) fn beside_mysql(session: &DatabaseConnection) -> MySqlConnectOptions {
    let options =
        MySqlConnectOptions::clone(&session.get_mysql_connection_pool().connect_options());
    if let Some(socket) = options.get_socket().map(back) {
        options.socket(socket)
    } else {
        let host = back(options.get_host());
        options.host(&host)
    }
}

pub(super) fn sqlite(database: &Database, file: &File, role: Role) -> ConnectOptions {
    let mut options = common("sqlite::memory:", database, role);
    if file.path.is_some() {
        options.map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_ended(connection)))
        });
    } else {
        pinned(&mut options);
    }
    let connection =
        sqlite_connection(database, file, busy(role)).synchronous(SqliteSynchronous::Normal);
    options.map_sqlx_sqlite_opts(move |_| connection.clone());
    options
}

/// Whether the connection counts no transaction any more, and may be used again.
///
/// `SQLite` itself takes back a transaction whose statement finds the disk full, or cannot be written;
/// `ROLLBACK` is an error then, and sqlx goes on counting the transaction. Each later one would be a
/// savepoint in none: refused, or open for ever when it is taken back.
async fn has_ended(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // A transaction that was given up is taken back before the answer.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

pub(super) fn postgres(database: &Database, server: &Server, role: Role) -> ConnectOptions {
    let mut options = common("postgres://placeholder", database, role);
    let connection = postgres_connection(database, server);
    options.map_sqlx_postgres_opts(move |_| connection.clone());
    if role == Role::Session {
        options.map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|connection, _| {
                Box::pin(async move {
                    match connection.execute(NOTICE_A_DEAD_CLIENT).await {
                        Err(sqlx::Error::Database(unknown)) => {
                            tracing::debug!(error = %unknown, "the server cannot notice dead clients");
                            Ok(())
                        }
                        other => other.map(drop),
                    }
                })
            })
        });
    }
    options
}

pub(super) fn mysql(database: &Database, server: &Server, role: Role) -> ConnectOptions {
    let mut options = common("mysql://placeholder", database, role);
    let connection = mysql_connection(database, server, role);
    options.map_sqlx_mysql_opts(move |_| connection.clone());
    options.map_sqlx_mysql_pool_opts(|pool| {
        pool.after_connect(|connection, _| {
            Box::pin(async move { connection.execute(MYSQL_SESSION).await.map(drop) })
        })
    });
    options
}

fn common(placeholder: &str, database: &Database, role: Role) -> ConnectOptions {
    let mut options = ConnectOptions::new(placeholder);
    options.record_stmt_in_spans(false);
    match role {
        Role::Pool => {
            let pool = database.pool();
            options
                .max_connections(pool.size.get())
                .acquire_timeout(pool.timeout)
                .max_lifetime(pool.max_lifetime)
                .test_before_acquire_if_idle_for(IDLE);
        }
        Role::Session => {
            pinned(&mut options);
            options.acquire_timeout(SESSION_ACQUIRE);
        }
    }
    options
}

fn pinned(options: &mut ConnectOptions) {
    options.max_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false);
}

fn logged<C: sqlx::ConnectOptions>(options: C, database: &Database) -> C {
    if database.pool().echo {
        options.log_statements(ConnectOptions::new("").get_sqlx_logging_level())
    } else {
        options.disable_statement_logging()
    }
}

pub(super) fn sqlite_connection(
    database: &Database,
    file: &File,
    busy: Duration,
) -> SqliteConnectOptions {
    let options = match &file.path {
        Some(path) => SqliteConnectOptions::new().filename(path),
        None => SqliteConnectOptions::new().in_memory(true),
    };
    let options = options
        .create_if_missing(file.access == Access::Create)
        .read_only(!file.access.writes())
        .immutable(file.access == Access::Still)
        .busy_timeout(busy)
        .row_buffer_size(ROWS)
        .foreign_keys(true);
    logged(options, database)
}

pub(super) fn postgres_connection(database: &Database, server: &Server) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(server.port)
        .password(server.password.as_ref().map_or("", |password| password.expose_secret()))
        .database(&server.name)
        .application_name(server.application_name.as_deref().unwrap_or("plimsoll"))
        .ssl_mode(match server.ssl_mode() {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Allow => PgSslMode::Allow,
            SslMode::Prefer => PgSslMode::Prefer,
            SslMode::Require => PgSslMode::Require,
            SslMode::VerifyAuthority => PgSslMode::VerifyCa,
            SslMode::VerifyHost => PgSslMode::VerifyFull,
        })
        .options(server.options.iter().map(|(name, value)| (name, value)))
        // `sqlx` asks for UTC as well, but PGOPTIONS and the URL would win over that.
        .options([("TimeZone", "UTC")]);
    options = match &server.host {
        Host::Tcp(host) => options.host(host),
        Host::Socket(folder) => options.socket(folder),
    };
    if let Some(schema) = database.schema() {
        options = options.options([("search_path", search_path(schema))]);
    }
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(file) = &server.tls.authority {
        options = options.ssl_root_cert(file);
    }
    if let Some(file) = &server.tls.certificate {
        options = options.ssl_client_cert(file);
    }
    if let Some(file) = &server.tls.key {
        options = options.ssl_client_key(file);
    }
    if let Some(capacity) = server.statement_cache {
        options = options.statement_cache_capacity(capacity);
    }
    logged(options, database)
}

/// Each schema of a list quoted, unless it is already: as SeaORM does.
pub(crate) fn search_path(schema: &str) -> String {
    let quoted = schema.split(',').map(|name| match name.trim() {
        name if name.starts_with('"') => name.to_owned(),
        name => format!("\"{}\"", name.replace('"', "\"\"")),
    });
    quoted.collect::<Vec<_>>().join(",")
}

pub(super) fn mysql_connection(
    database: &Database,
    server: &Server,
    role: Role,
) -> MySqlConnectOptions {
    let statements = match role {
        Role::Pool => MYSQL_POOL_STATEMENTS,
        Role::Session => MYSQL_SESSION_STATEMENTS,
    };
    // What `sqlx` would set in the session is `MYSQL_SESSION`'s.
    let mut options = MySqlConnectOptions::new()
        .port(server.port)
        .database(&server.name)
        .charset("utf8mb4")
        .set_names(false)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .statement_cache_capacity(server.statement_cache.unwrap_or(statements))
        .ssl_mode(match server.ssl_mode() {
            SslMode::Disable => MySqlSslMode::Disabled,
            SslMode::Allow | SslMode::Prefer => MySqlSslMode::Preferred,
            SslMode::Require => MySqlSslMode::Required,
            SslMode::VerifyAuthority => MySqlSslMode::VerifyCa,
            SslMode::VerifyHost => MySqlSslMode::VerifyIdentity,
        });
    options = match &server.host {
        Host::Tcp(host) => options.host(host),
        Host::Socket(file) => options.socket(file),
    };
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    if let Some(file) = &server.tls.authority {
        options = options.ssl_ca(file);
    }
    if let Some(file) = &server.tls.certificate {
        options = options.ssl_client_cert(file);
    }
    if let Some(file) = &server.tls.key {
        options = options.ssl_client_key(file);
    }
    logged(options, database)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schema_of_a_search_path_is_quoted_once() {
        assert_eq!(search_path("a, B,\"c d\""), "\"a\",\"B\",\"c d\"");
        assert_eq!(search_path("a\"b"), "\"a\"\"b\"");
    }
}
