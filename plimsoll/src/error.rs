//! Why the engine refused or failed. Every variant has a stable code, listed in `docs/errors.md`.

#[cfg(feature = "migrate")]
mod hint;
#[cfg(feature = "migrate")]
mod migration;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::DbErr;

use crate::Dialect;
#[cfg(feature = "migrate")]
pub use migration::{MigrationError, Remains};

/// The result of the engine's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// PLM0001: the working folder was removed or cannot be read.
    #[error("cannot tell the working folder")]
    WorkingFolder {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0002: a `.env` was found and cannot be read.
    #[error("cannot read `{}`", file.display())]
    DotenvUnreadable {
        /// The `.env`.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0003: a line of `.env` is not `NAME=value`. The line itself is not shown: it may hold a password.
    #[error("line {line} of `{}` is not `NAME=value`", file.display())]
    DotenvMalformed {
        /// The `.env`.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// PLM0004: two names of one variable are set and differ.
    #[error("`{first}` and `{second}` mean the same and are set to different values")]
    ConflictingVariables {
        /// The name that would have won.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// PLM0005: a variable is set to something that it cannot be.
    #[error("`{name}` is `{value}`, which is not {allowed}")]
    InvalidVariable {
        /// The name as it was set.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be set to, to be read after "not".
        allowed: String,
    },
    /// PLM0006: a variable is needed and not set.
    #[error("`{name}` is not set, and {because}")]
    MissingVariable {
        /// The variable.
        name: &'static str,
        /// What needs it.
        because: String,
    },
    /// PLM0007: a kind of database that we do not speak.
    #[error("{given_by} asks for `{kind}`, which is not supported")]
    UnsupportedDatabase {
        /// What was asked for.
        kind: String,
        /// Where.
        given_by: &'static str,
    },
    /// PLM0008: a database URL that cannot be read. The URL itself is not shown: it may hold a password.
    #[error("cannot read the database URL: {reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// PLM0009: a parameter behind the `?` of a database URL that is unknown, or has a value that cannot be honoured.
    #[error("the parameter `{parameter}` of the database URL {reason}")]
    InvalidUrlParameter {
        /// The parameter's name.
        parameter: String,
        /// What is wrong, to be read after the name.
        reason: String,
    },
    /// PLM0010: the host's name does not resolve.
    #[error("cannot find the host `{host}`")]
    HostNotFound {
        /// The name.
        host: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0011: nothing listens there, or no way leads there.
    #[error("cannot reach the {dialect} server at `{address}`")]
    Unreachable {
        /// The kind of server.
        dialect: Dialect,
        /// Host and port, or the path of the socket.
        address: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0012: no answer within the limit (`DB_POOL_TIMEOUT`).
    #[error("the {dialect} server at `{address}` did not answer within {} s", limit.as_secs_f32())]
    NoAnswer {
        /// The kind of server.
        dialect: Dialect,
        /// Host and port, or the path of the socket.
        address: String,
        /// How long we waited.
        limit: Duration,
    },
    /// PLM0013: the server refused the user or the password, or the user may not use the database.
    #[error("the server refused the user of `{database}`")]
    AccessDenied {
        /// The database, its password hidden.
        database: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0014: the server is there, the database is not.
    #[error("the database `{name}` does not exist on the server at `{address}`")]
    NoSuchDatabase {
        /// The database.
        name: String,
        /// Host and port, or the path of the socket.
        address: String,
        /// The command that creates it.
        create: String,
        /// What the driver said.
        #[source]
        source: Box<DbErr>,
    },
    /// PLM0015: the server is starting, or has no connection left.
    #[error("the {dialect} server at `{address}` accepts no connection now")]
    ServerBusy {
        /// The kind of server.
        dialect: Dialect,
        /// Host and port, or the path of the socket.
        address: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0016: the encrypted connection that was asked for could not be made.
    #[error("cannot encrypt the connection to the {dialect} server at `{address}`")]
    Tls {
        /// The kind of server.
        dialect: Dialect,
        /// Host and port, or the path of the socket.
        address: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0017: a certificate or key file cannot be read.
    #[error("cannot read the certificate or key file `{}`", file.display())]
    TlsFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0018: the connection could not be made, for a reason that has no code of its own.
    #[error("cannot connect to `{database}`")]
    ConnectionFailed {
        /// The database, its password hidden.
        database: String,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0019: the folder of an SQLite file cannot be made.
    #[error("cannot make the folder `{}` for the database file", folder.display())]
    FolderNotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// PLM0020: an SQLite file cannot be created or written.
    #[error("cannot create or write the database file `{}`", file.display())]
    FileNotWritable {
        /// The file.
        file: PathBuf,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0021: the URL's `mode` says that an SQLite file must exist, and it does not.
    #[error("the database file `{}` does not exist", file.display())]
    FileMissing {
        /// The file.
        file: PathBuf,
    },
    /// PLM0022: the file is something else than an SQLite database, or is damaged.
    #[error("`{}` is not a sound SQLite database", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0023: another process kept an SQLite file locked for longer than we wait.
    #[error("the database file `{}` stayed locked by another process", file.display())]
    FileLocked {
        /// The file.
        file: PathBuf,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0024: a filter for log lines that cannot be read.
    #[error("cannot read the log filter `{filter}`")]
    InvalidLogFilter {
        /// The filter.
        filter: String,
        /// What the parser said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// PLM0025: something else in this process has set up logging already.
    #[error("logging is set up already")]
    LoggingTwice {},
    /// PLM0026: the database refused a statement, for a reason that has no code of its own.
    #[error("the database refused a statement")]
    Database {
        /// What the driver said.
        #[from]
        source: DbErr,
    },
    /// PLM0027: none of the schemas of the search path is there (PostgreSQL).
    #[error("the schema `{schema}` does not exist")]
    NoSuchSchema {
        /// The schema, or several between commas.
        schema: String,
    },
    /// PLM0028: the schema is there, and this user has no right to use it (PostgreSQL).
    #[error("the user `{user}` may not use the schema `{schema}`")]
    SchemaDenied {
        /// The schema.
        schema: String,
        /// The user.
        user: String,
    },
    /// PLM0029: what was written last stands in the write-ahead log of an SQLite file, which cannot be read without writing its folder.
    #[error("cannot read the write-ahead log of `{}`", file.display())]
    LogUnreadable {
        /// The file.
        file: PathBuf,
        /// What the driver said.
        #[source]
        source: DbErr,
    },
    /// PLM0092: the session has not the search path that was asked for, because something before the server did not hand it on (PostgreSQL).
    #[error("the schema `{schema}` was asked for, and the session has the search path `{path}`")]
    SchemaIgnored {
        /// The schema, or several between commas.
        schema: String,
        /// The search path that the session has.
        path: String,
    },
    /// PLM0093: a pooler shares sessions, and does not keep for each connection what it has prepared there (PostgreSQL).
    #[error("a prepared statement does not stay with its connection: {found}")]
    StatementsLost {
        /// How that was found out.
        found: String,
    },
    /// All others: migrations, their lock, and seeds.
    #[cfg(feature = "migrate")]
    #[error(transparent)]
    Migration(#[from] MigrationError),
}

/// What is behind an error, from the outside in, without what drivers repeat of what they wrap.
#[cfg(feature = "connect")]
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !said.iter().any(|said| said.contains(&text)) {
            said.push(text);
        }
        source = cause.source();
    }
    said.split_off(1)
}

impl Error {
    /// The stable code (`PLM0012`), listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WorkingFolder { .. } => "PLM0001",
            Self::DotenvUnreadable { .. } => "PLM0002",
            Self::DotenvMalformed { .. } => "PLM0003",
            Self::ConflictingVariables { .. } => "PLM0004",
            Self::InvalidVariable { .. } => "PLM0005",
            Self::MissingVariable { .. } => "PLM0006",
            Self::UnsupportedDatabase { .. } => "PLM0007",
            Self::InvalidUrl { .. } => "PLM0008",
            Self::InvalidUrlParameter { .. } => "PLM0009",
            Self::HostNotFound { .. } => "PLM0010",
            Self::Unreachable { .. } => "PLM0011",
            Self::NoAnswer { .. } => "PLM0012",
            Self::AccessDenied { .. } => "PLM0013",
            Self::NoSuchDatabase { .. } => "PLM0014",
            Self::ServerBusy { .. } => "PLM0015",
            Self::Tls { .. } => "PLM0016",
            Self::TlsFile { .. } => "PLM0017",
            Self::ConnectionFailed { .. } => "PLM0018",
            Self::FolderNotWritable { .. } => "PLM0019",
            Self::FileNotWritable { .. } => "PLM0020",
            Self::FileMissing { .. } => "PLM0021",
            Self::NotADatabase { .. } => "PLM0022",
            Self::FileLocked { .. } => "PLM0023",
            Self::InvalidLogFilter { .. } => "PLM0024",
            Self::LoggingTwice {} => "PLM0025",
            Self::Database { .. } => "PLM0026",
            Self::NoSuchSchema { .. } => "PLM0027",
            Self::SchemaDenied { .. } => "PLM0028",
            Self::LogUnreadable { .. } => "PLM0029",
            Self::SchemaIgnored { .. } => "PLM0092",
            Self::StatementsLost { .. } => "PLM0093",
            #[cfg(feature = "migrate")]
            Self::Migration(error) => error.code(),
        }
    }

    /// What to type or change next, when there is something to say.
    #[expect(clippy::too_many_lines, reason = "a sentence for each error")]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::WorkingFolder { .. } => Some("change to a folder that exists".to_owned()),
            Self::DotenvUnreadable { file, source } => Some(readable(file, source)),
            Self::DotenvMalformed { line, .. } => Some(format!(
                "correct line {line}; a value with spaces, `#` or `$` goes in single quotes: NAME='a value'"
            )),
            Self::ConflictingVariables { first, second } => {
                Some(format!("unset `{second}`, or set it to what `{first}` is set to"))
            }
            Self::InvalidVariable { name, allowed, .. } => {
                Some(format!("set `{name}` to {allowed}, in the environment or in `.env`"))
            }
            Self::MissingVariable { name, .. } => {
                Some(format!("set `{name}`, in the environment or in `.env`"))
            }
            Self::UnsupportedDatabase { .. } => Some(
                "use one of sqlite, postgres (postgresql), mysql (mariadb); `.env.example` shows how"
                    .to_owned(),
            ),
            Self::InvalidUrl { .. } => Some(
                "write `postgres://user:password@host:5432/name`, `mysql://user:password@host:3306/name` \
                 or `sqlite:path/to/file.db`; in a user or password each of `@ : / ? # %` is percent-encoded \
                 (`@` as `%40`), or goes as it is into DB_USER and DB_PASS"
                    .to_owned(),
            ),
            Self::InvalidUrlParameter { parameter, .. } => {
                Some(format!("remove `{parameter}` from the URL, or correct it"))
            }
            Self::HostNotFound { .. } => {
                Some("check the host in DATABASE_URL or DB_HOST".to_owned())
            }
            Self::Unreachable { .. } | Self::NoAnswer { .. } => Some(
                "start the server, or correct host and port in DATABASE_URL or DB_HOST and DB_PORT"
                    .to_owned(),
            ),
            Self::AccessDenied { .. } => Some(
                "correct user and password in DATABASE_URL or DB_USER and DB_PASS, or have the server's \
                 administrator admit this user to this database"
                    .to_owned(),
            ),
            Self::NoSuchDatabase { create, .. } => Some(format!("create it: {create}")),
            Self::ServerBusy { .. } => Some(
                "try again; if it stays so, lower DB_POOL_SIZE or raise the server's max_connections"
                    .to_owned(),
            ),
            Self::Tls { dialect, .. } => Some(modes(*dialect).to_owned()),
            Self::TlsFile { .. } => {
                Some("correct the file's path in the database URL, or make it readable".to_owned())
            }
            // So says PgBouncer, and that it was in `options` if it was.
            Self::ConnectionFailed { source, .. }
                if source.to_string().contains("unsupported startup parameter") =>
            {
                Some(
                    "let PgBouncer ignore it: `ignore_startup_parameters = extra_float_digits`, before 1.20 \
                     `extra_float_digits, options`; a schema that is asked for is not to be ignored: leave it \
                     out, and give it to the role: ALTER ROLE … IN DATABASE … SET search_path = …"
                        .to_owned(),
                )
            }
            Self::ConnectionFailed { .. } => Some(
                "check that DATABASE_URL (or DB_TYPE, DB_HOST, DB_PORT) names the server that is meant"
                    .to_owned(),
            ),
            Self::FolderNotWritable { folder, .. } => Some(format!(
                "make `{}` yourself and let this user write it, or name another place by SQLITE_PATH or DATABASE_URL",
                folder.display()
            )),
            Self::FileNotWritable { file, .. } => Some(format!(
                "let this user write `{}` and its folder, or name another file by SQLITE_PATH or DATABASE_URL",
                file.display()
            )),
            Self::FileMissing { .. } => {
                Some("correct the path, or remove `mode` from the URL to have it created".to_owned())
            }
            Self::NotADatabase { file, .. } => Some(format!(
                "move `{}` away, restore it from a backup, or name another file by SQLITE_PATH or DATABASE_URL",
                file.display()
            )),
            Self::FileLocked { file, .. } => Some(format!(
                "find the process that holds it (`fuser {}`), and wait for it or end it",
                file.display()
            )),
            Self::InvalidLogFilter { .. } => {
                Some("write RUST_LOG as `level` or `target=level,…`, such as `warn,plimsoll=debug`".to_owned())
            }
            Self::LoggingTwice {} => {
                Some("set up logging once, at the start of `main`".to_owned())
            }
            Self::Database { .. } => None,
            Self::NoSuchSchema { schema } => {
                Some(format!("create it in this database: CREATE SCHEMA {}", quoted(schema)))
            }
            Self::LogUnreadable { file, .. } => Some(format!(
                "let this user write the folder of `{}`, or end the program that writes it: the last \
                 to close it empties the log; after a crash `up` does, as a user who may write",
                file.display()
            )),
            Self::SchemaDenied { schema, user } => Some(format!(
                "let its owner type, in this database: GRANT USAGE ON SCHEMA {0} TO {1}; a user who \
                 migrates needs more: GRANT USAGE, CREATE ON SCHEMA {0} TO {1}",
                quoted(schema),
                quoted(user)
            )),
            Self::SchemaIgnored { .. } => Some(
                "a pooler passes it over, as PgBouncer does where `options` is among \
                 `ignore_startup_parameters`: leave it out, and give it to the role (ALTER ROLE … IN \
                 DATABASE … SET search_path = …), or connect to the server itself; nothing was changed"
                    .to_owned(),
            ),
            Self::StatementsLost { .. } => Some(
                "connect to a pool in session mode, or let the pooler keep prepared statements: PgBouncer \
                 does from 1.21 on, with `max_prepared_statements` above 0"
                    .to_owned(),
            ),
            #[cfg(feature = "migrate")]
            Self::Migration(error) => Some(error.hint()),
        }
    }
}

/// What makes a text file readable that was not.
fn readable(file: &Path, source: &io::Error) -> String {
    if source.kind() == io::ErrorKind::InvalidData {
        format!("save `{}` as text in UTF-8", file.display())
    } else {
        format!("make `{}` readable for this user, or remove it", file.display())
    }
}

/// How a connection is encrypted, and with what.
fn modes(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mysql => {
            "choose the mode by `?ssl-mode=` or DB_SSL_MODE: disabled, preferred, required, verify-ca, \
             verify-identity; MySQL 8 asks for a password only over TLS (required or above); the \
             authority's certificate goes into `?ssl-ca=file`"
        }
        Dialect::Sqlite | Dialect::Postgres => {
            "choose the mode by `?sslmode=` or DB_SSL_MODE: disable, allow, prefer, require, verify-ca, \
             verify-full; the authority's certificate goes into `?sslrootcert=file`"
        }
    }
}

/// A name as PostgreSQL has it in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
