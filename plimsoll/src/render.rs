//! Changes and rows turned into the statements of one database.

pub(crate) mod rows;

use crate::{
    change::Change,
    dialect::{Dialect, mysql, postgres, sqlite},
};

pub use crate::dialect::render::{Batched, Effect, Rebuild, Statement, Unrenderable};
pub(crate) use crate::dialect::{read::Read, render::Render};

/// The statements of one change for `dialect`, in order.
///
/// # Errors
/// What the database has no form for, or can only do by building a table anew.
pub fn statements_of(dialect: Dialect, change: &Change) -> Result<Vec<Statement>, Unrenderable> {
    renderer(dialect).change(change)
}

/// What `dialect` writes where the three differ.
pub(crate) fn renderer(dialect: Dialect) -> &'static dyn Render {
    match dialect {
        Dialect::Sqlite => &sqlite::render::Sqlite,
        Dialect::Postgres => &postgres::render::Postgres,
        Dialect::Mysql => &mysql::render::Mysql,
    }
}

/// What reads the catalog of `dialect`.
pub(crate) fn reader(dialect: Dialect) -> &'static dyn Read {
    match dialect {
        Dialect::Sqlite => &sqlite::render::Sqlite,
        Dialect::Postgres => &postgres::render::Postgres,
        Dialect::Mysql => &mysql::render::Mysql,
    }
}
