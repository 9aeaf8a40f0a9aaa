//! Whether the database has the schema that this code was written for.

use plimsoll::revisions::State;
use sea_orm::DatabaseConnection;

/// The migrations that the database has not. Only reads.
///
/// Migrations that this code does not know are no hindrance: while a new release is rolled out, the
/// old one goes on serving beside it.
///
/// # Errors
/// Those of [`plimsoll::App::standings`].
pub(crate) async fn pending(
    migrations: &plimsoll::App,
    db: &DatabaseConnection,
) -> plimsoll::Result<Vec<String>> {
    let standings = migrations.standings(db).await?;
    let pending = standings.into_iter().filter(|standing| standing.state == State::Pending);
    Ok(pending.map(|standing| standing.name).collect())
}
