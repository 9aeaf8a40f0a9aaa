//! What reading a catalog is, whichever database it is.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use crate::schema::{OnDelete, OnUpdate};

/// The rows of a query of the catalog.
pub(crate) async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await
}

/// An action as SQL names it.
pub(crate) fn on_delete(action: &str) -> OnDelete {
    match action {
        "CASCADE" => OnDelete::Cascade,
        "RESTRICT" => OnDelete::Restrict,
        "SET NULL" => OnDelete::SetNull,
        "SET DEFAULT" => OnDelete::SetDefault,
        _ => OnDelete::NoAction,
    }
}

/// An action as SQL names it.
pub(crate) fn on_update(action: &str) -> OnUpdate {
    match action {
        "CASCADE" => OnUpdate::Cascade,
        "RESTRICT" => OnUpdate::Restrict,
        "SET NULL" => OnUpdate::SetNull,
        "SET DEFAULT" => OnUpdate::SetDefault,
        _ => OnUpdate::NoAction,
    }
}
