//! What the programs are told from outside: the environment, `.env`, and where the database is.
//!
//! Every variable that a program of this crate reads is listed in [`VARIABLES`]; a program with
//! variables of its own keeps a list of the same type. All are read through [`Env`], so that
//! aliases, empty values and errors are the same everywhere, and tests can say what is set.

mod database;
mod env;
mod example;
mod server;
mod setting;
mod url;

pub(crate) use database::{Access, File, Place};
pub use database::{Database, PoolSettings};
pub use env::Env;
pub use example::differences;
pub(crate) use server::{Host, Server, SslMode};
pub use setting::{Environment, LogFormat, Setting};

/// One environment variable: its names, what it is for, what it is when not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name that the documentation uses.
    pub name: &'static str,
    /// Other names that mean the same; setting two of them to different values is an error.
    pub aliases: &'static [&'static str],
    /// One line for `.env.example`.
    pub about: &'static str,
    /// The value when nothing is set, as one would write it.
    pub default: Option<&'static str>,
}

impl Variable {
    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

const fn variable(name: &'static str, about: &'static str) -> Variable {
    Variable { name, aliases: &[], about, default: None }
}

const fn or(variable: Variable, default: &'static str) -> Variable {
    Variable { default: Some(default), ..variable }
}

const fn also(variable: Variable, aliases: &'static [&'static str]) -> Variable {
    Variable { aliases, ..variable }
}

/// The database in one line.
pub const DATABASE_URL: Variable = variable(
    "DATABASE_URL",
    "The database in one line (sqlite:, postgres: or mysql:); when set, the parts below are not read.",
);
/// The kind of database, when it is given in parts.
pub const DB_TYPE: Variable = also(
    variable(
        "DB_TYPE",
        "The kind of database, given in parts: sqlite, postgres or mysql (also DATABASE_PROVIDER, DATABASE_TYPE).",
    ),
    &["DATABASE_PROVIDER", "DATABASE_TYPE"],
);
/// The server's host name, address, or folder of its Unix socket.
pub const DB_HOST: Variable = or(
    variable("DB_HOST", "The server's name, address, or the absolute path of its Unix socket."),
    "localhost",
);
/// The server's port.
pub const DB_PORT: Variable =
    variable("DB_PORT", "The server's port; 5432 for postgres and 3306 for mysql when not set.");
/// The database's name on the server.
pub const DB_NAME: Variable = also(
    variable("DB_NAME", "The database's name on the server (also POSTGRES_DB)."),
    &["POSTGRES_DB"],
);
/// The user to connect as.
pub const DB_USER: Variable =
    also(variable("DB_USER", "The user to connect as (also POSTGRES_USER)."), &["POSTGRES_USER"]);
/// The user's password, as it is: nothing is percent-encoded here.
pub const DB_PASS: Variable = also(
    variable("DB_PASS", "The user's password, as it is (also DB_PASSWORD, POSTGRES_PASSWORD)."),
    &["DB_PASSWORD", "POSTGRES_PASSWORD"],
);
/// How the connection is encrypted.
pub const DB_SSL_MODE: Variable = variable(
    "DB_SSL_MODE",
    "Encryption: postgres disable, allow, prefer, require, verify-ca, verify-full; mysql disabled, preferred, required, verify-ca, verify-identity.",
);
/// The file of the embedded database.
pub const SQLITE_PATH: Variable = or(
    variable(
        "SQLITE_PATH",
        "The embedded database's file, relative to the folder of .env, else to the working folder.",
    ),
    "data/plimsoll.db",
);
/// How many connections the pool may open.
pub const DB_POOL_SIZE: Variable = or(
    also(
        variable(
            "DB_POOL_SIZE",
            "How many connections one process may open (also DATABASE_POOL_SIZE).",
        ),
        &["DATABASE_POOL_SIZE"],
    ),
    "10",
);
/// How long to wait for a connection.
pub const DB_POOL_TIMEOUT: Variable = or(
    variable("DB_POOL_TIMEOUT", "Seconds to wait for the server or for a free connection."),
    "10",
);
/// How old a connection may grow.
pub const DB_MAX_LIFETIME: Variable =
    or(variable("DB_MAX_LIFETIME", "Seconds after which a connection is replaced."), "1800");
/// Whether statements are logged.
pub const DB_ECHO: Variable = or(
    variable(
        "DB_ECHO",
        "true writes every SQL statement to the log, at level info, target sqlx::query.",
    ),
    "false",
);
/// What the process is for.
pub const APP_ENV: Variable = or(
    variable("APP_ENV", "development or production; production asks twice before it destroys."),
    "development",
);
/// How log lines look.
pub const LOG_FORMAT: Variable =
    or(variable("LOG_FORMAT", "How log lines look: text or json."), "text");
/// Which log lines are written.
pub const RUST_LOG: Variable = variable(
    "RUST_LOG",
    "Which log lines are written: a level, or target=level pairs, such as warn,plimsoll=debug.",
);
/// Whether output is coloured.
pub const NO_COLOR: Variable =
    variable("NO_COLOR", "Anything at all turns colours off, also on a terminal.");
/// The second key to what destroys data in production.
pub const ALLOW_DESTRUCTIVE: Variable = or(
    variable(
        "ALLOW_DESTRUCTIVE",
        "true lets fresh, refresh, reset and drop-all run in production, together with --yes.",
    ),
    "false",
);
/// The seeders to run.
pub const ENABLED_SEEDERS: Variable = variable(
    "ENABLED_SEEDERS",
    "The seeders to run, separated by commas; all of them when not set.",
);
/// The seeders to leave out.
pub const DISABLED_SEEDERS: Variable =
    variable("DISABLED_SEEDERS", "The seeders to leave out, separated by commas.");
/// The PostgreSQL server that tests use.
pub const TEST_POSTGRES_URL: Variable = variable(
    "TEST_POSTGRES_URL",
    "A PostgreSQL server on which tests may create databases; scripts/test starts one when not set.",
);
/// The MySQL or MariaDB server that tests use.
pub const TEST_MYSQL_URL: Variable = variable(
    "TEST_MYSQL_URL",
    "A MariaDB or MySQL server on which tests may create databases; scripts/test starts one when not set.",
);
/// The nodes of a Galera cluster that tests use.
pub const TEST_GALERA_URLS: Variable = variable(
    "TEST_GALERA_URLS",
    "Three nodes of a Galera cluster on which tests may create databases, separated by spaces; scripts/galera starts them.",
);
/// The poolers that tests use.
pub const TEST_POOLER_URLS: Variable = variable(
    "TEST_POOLER_URLS",
    "Pools of PgBouncer, each as MODE-SIZE=URL, separated by spaces; scripts/pooler starts them.",
);
/// How much property tests try.
pub const PLIMSOLL_CASES: Variable =
    or(variable("PLIMSOLL_CASES", "Multiplies the number of cases of property tests."), "1");

/// Everything that this crate's programs and tests read, in the order of `.env.example`.
pub const VARIABLES: &[Variable] = &[
    DATABASE_URL,
    DB_TYPE,
    DB_HOST,
    DB_PORT,
    DB_NAME,
    DB_USER,
    DB_PASS,
    DB_SSL_MODE,
    SQLITE_PATH,
    DB_POOL_SIZE,
    DB_POOL_TIMEOUT,
    DB_MAX_LIFETIME,
    DB_ECHO,
    APP_ENV,
    LOG_FORMAT,
    RUST_LOG,
    NO_COLOR,
    ALLOW_DESTRUCTIVE,
    ENABLED_SEEDERS,
    DISABLED_SEEDERS,
    TEST_POSTGRES_URL,
    TEST_MYSQL_URL,
    TEST_GALERA_URLS,
    TEST_POOLER_URLS,
    PLIMSOLL_CASES,
];
