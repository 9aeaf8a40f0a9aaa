//! The schema that a database has, read from its catalog in a number of queries that does not
//! depend on how many tables there are.

use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    dialect::{Dialect, mysql, postgres, sqlite},
    normal::settle,
    schema::Schema,
};

/// Reads the current schema of the database: SQLite's `main`, the first schema of PostgreSQL's
/// search path, the database that a MySQL connection is in. The engine's own tables and SeaORM's
/// list of migrations are in it like any other.
///
/// Types, defaults and conditions come in the form that [`normal`](crate::normal::normal) gives
/// those that migrations and entities want. What the model cannot say is in
/// [`Schema::beyond`].
///
/// # Errors
/// The database does not answer.
pub async fn introspect(db: &impl ConnectionTrait) -> Result<Schema, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let mut schema = match dialect {
        Dialect::Sqlite => sqlite::introspect::schema(db).await?,
        Dialect::Postgres => postgres::introspect::schema(db).await?,
        Dialect::Mysql => mysql::introspect::schema(db).await?,
    };
    for table in schema.tables.values_mut() {
        settle(table, dialect);
    }
    schema.beyond.sort();
    Ok(schema)
}
