//! Poolers that give each transaction, or each statement, another session. A lock of a session that is
//! taken there belongs to whoever gets that session next.
//!
//! Every connection begins with settings in its first message, and one of them reaches no session
//! through `PgBouncer`: `extra_float_digits`, which it has to be told to ignore. Where it has arrived there
//! is nothing in between that shares sessions, and that is asked with the try at the lock itself. Where
//! it has not, two connections are compared: while both are open, no server gives both the same session.

use std::time::Duration;

#[cfg(feature = "cli")]
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{
    DatabaseConnection, DbErr,
    sqlx::{self, Connection as _, PgConnection},
};

use crate::{
    connect::{beside_postgres, within},
    error::{MigrationError, Result},
};
#[cfg(feature = "cli")]
use crate::{error::Error, retry::driver_error};

/// Whether what the driver said when it connected has reached this session.
pub(super) const IS_DIRECT: &str = "current_setting('extra_float_digits') = '2'";

/// How often the two are compared: others may come in between and take the session.
const ROUNDS: usize = 10;
/// How long the second connection is waited for. A pool in session mode has none when all are in use.
const PATIENCE: Duration = Duration::from_secs(2);

/// The session that answers, and since when it is there: process ids recur.
const SESSION: &str = "SELECT pid || ' since ' || backend_start FROM pg_stat_activity \
     WHERE pid = pg_backend_pid()";

/// Refuses a pooler that shares sessions between connections.
///
/// # Errors
/// [`MigrationError::Pooler`].
pub(crate) async fn refuse(db: &DatabaseConnection) -> Result<()> {
    let pool = db.get_postgres_connection_pool();
    let options = beside_postgres(db);
    let mut beside =
        within(PATIENCE, PgConnection::connect_with(&options)).await.and_then(Result::ok);
    let own = session(pool).await?;
    for _ in 0..ROUNDS {
        let others = match &mut beside {
            Some(connection) => within(PATIENCE, session(connection)).await,
            None => None,
        };
        match others {
            Some(Ok(others)) if others == own => {
                let found = format!("two connections got the same session, {own}");
                return Err(MigrationError::Pooler { found }.into());
            }
            Some(Ok(_)) => {}
            // Nobody waits for it a second time.
            Some(Err(_)) | None => beside = None,
        }
        let now = session(pool).await?;
        if now != own {
            let found = format!("one connection got two sessions, {own} and {now}");
            return Err(MigrationError::Pooler { found }.into());
        }
    }
    if let Some(connection) = beside {
        // What it says when it closes changes nothing.
        let _ = connection.close().await;
    }
    Ok(())
}

/// Asked as text: a statement that is prepared would not be there in the next session.
async fn session<'c>(
    connection: impl sqlx::Executor<'c, Database = sqlx::Postgres>,
) -> Result<String, DbErr> {
    let refused = |error: sqlx::Error| DbErr::Query(sea_orm::RuntimeErr::SqlxError(error.into()));
    let row = sqlx::raw_sql(SESSION).fetch_one(connection).await.map_err(refused)?;
    sqlx::Row::try_get(&row, 0).map_err(refused)
}

/// Says of a statement that was refused because of such a pooler that it was: the driver numbers what it
/// prepares for each connection, so that a number which is there already, or is not, belongs to another
/// session. A command that looks before it takes the lock may come across that first.
#[cfg(feature = "cli")]
pub(crate) fn or_pooler(error: Error) -> Error {
    let (Error::Database { source } | Error::Migration(MigrationError::Record { source, .. })) =
        &error
    else {
        return error;
    };
    let refused = match driver_error(source) {
        Some(sqlx::Error::Database(refused)) => refused.try_downcast_ref::<PgDatabaseError>(),
        _ => None,
    };
    match refused.filter(|it| matches!(it.code(), "42P05" | "26000")) {
        Some(refused) => MigrationError::Pooler { found: refused.message().to_owned() }.into(),
        None => error,
    }
}
