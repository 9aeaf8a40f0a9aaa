//! What a try at the migration lock gives, whichever database it is.

use std::fs::File;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, QueryResult, Statement};

use super::mysql::lease::Lease;

/// The lock while it is held.
#[derive(Debug)]
pub(crate) enum Guard {
    /// A lock file: free when it is closed.
    File(#[expect(dead_code, reason = "it is held, never read")] File),
    /// A lock of the session: free when the session ends.
    Session,
    /// A row that is renewed while it is held: free when it is given back, or not renewed for a while.
    Lease(Lease),
    /// A database in memory, which nobody else can reach.
    Alone,
}

/// What one try gave.
pub(crate) enum Try {
    Held(Guard),
    Busy,
    /// Nothing was tried: what a session locks may not hold here.
    Doubtful,
}

/// The first row of a query that is the same each time.
pub(crate) async fn row(
    db: &DatabaseConnection,
    sql: String,
) -> Result<Option<QueryResult>, DbErr> {
    db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await
}
