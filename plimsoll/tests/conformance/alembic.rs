//! The cases of Alembic.

#[path = "alembic/batch.rs"]
pub(crate) mod batch;
#[path = "alembic/checks.rs"]
pub(crate) mod checks;
#[path = "alembic/columns.rs"]
pub(crate) mod columns;
#[path = "alembic/defaults.rs"]
pub(crate) mod defaults;
#[path = "alembic/differences.rs"]
pub(crate) mod differences;
#[path = "alembic/foreign_keys.rs"]
pub(crate) mod foreign_keys;
#[path = "alembic/indexes.rs"]
pub(crate) mod indexes;
#[path = "alembic/uniques.rs"]
pub(crate) mod uniques;
