//! The databases, and everything in which they differ.

#[cfg(feature = "cli")]
pub(crate) mod client;
#[cfg(feature = "connect")]
pub(crate) mod introspect;
#[cfg(feature = "migrate")]
pub(crate) mod lock;
pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod read;
pub(crate) mod render;
pub(crate) mod sqlite;
pub(crate) mod token;

use serde::{Deserialize, Serialize};

/// A kind of database. MariaDB and MySQL are one dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite, the embedded default.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Dialect {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// The name that users type: `sqlite`, `postgres`, `mysql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl From<sea_orm::DbBackend> for Dialect {
    fn from(backend: sea_orm::DbBackend) -> Self {
        match backend {
            sea_orm::DbBackend::Sqlite => Self::Sqlite,
            sea_orm::DbBackend::Postgres => Self::Postgres,
            sea_orm::DbBackend::MySql => Self::Mysql,
            other => unreachable!("SeaORM knows no backend besides the three: {other:?}"),
        }
    }
}

impl From<Dialect> for sea_orm::DbBackend {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite,
            Dialect::Postgres => Self::Postgres,
            Dialect::Mysql => Self::MySql,
        }
    }
}
