//! Poolers that give each transaction, or each statement, another session. A lock of a session that is
//! taken there belongs to whoever gets that session next, and so does what is prepared there, unless the
//! pooler sees to it.
//!
//! Every connection begins with settings in its first message, and one of them reaches no session
//! through `PgBouncer`: `extra_float_digits`, which it has to be told to ignore. Where it has arrived there
//! is nothing in between that shares sessions, and that is asked with the try at the lock itself. Where
//! it has not, two connections are compared: while both are open, no server gives both the same session.

use std::time::Duration;

use futures_timer::Delay;
#[cfg(feature = "cli")]
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{
    DatabaseConnection, DbBackend, DbErr,
    sqlx::{
        self, AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection,
    },
};

#[cfg(feature = "migrate")]
use crate::error::MigrationError;
#[cfg(feature = "cli")]
use crate::retry::driver_error;
use crate::{
    connect::{beside_postgres, within},
    error::{Error, Result},
    random::{OsRandom, Random as _},
    retry::of_query,
};

/// Whether what the driver said when it connected has reached this session.
pub(super) const IS_DIRECT: &str = "current_setting('extra_float_digits') = '2'";

/// How often the two are compared: others may come in between and take the session.
const ROUNDS: usize = 10;
/// How long the second connection is waited for. A pool in session mode has none when all are in use.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long between two looks whether a connection has come back.
const BETWEEN: Duration = Duration::from_millis(1);

/// The session that answers, and since when it is there: process ids recur.
#[cfg(feature = "migrate")]
const SESSION: &str = "SELECT pid || ' since ' || backend_start FROM pg_stat_activity \
     WHERE pid = pg_backend_pid()";

/// Refuses a pooler that shares sessions between connections.
///
/// # Errors
/// [`MigrationError::Pooler`].
#[cfg(feature = "migrate")]
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
#[cfg(feature = "migrate")]
async fn session<'c>(
    connection: impl sqlx::Executor<'c, Database = sqlx::Postgres>,
) -> Result<String, DbErr> {
    let row = sqlx::raw_sql(SESSION).fetch_one(connection).await.map_err(of_query)?;
    sqlx::Row::try_get(&row, 0).map_err(of_query)
}

/// Refuses a pooler that shares sessions between connections and does not keep for each what it has
/// prepared there, such as `PgBouncer` in transaction mode before 1.21, or with `max_prepared_statements = 0`.
///
/// For a program that answers requests, right after it has made its pool: each connection numbers its
/// statements from 1, so that two which have prepared none yet soon meet. What answers there may be the
/// statement of another connection, and mostly nothing tells. The server itself is asked one question,
/// and other databases none. Behind a pooler two connections are compared for as long as they answer;
/// one that there is no session for is waited for two seconds.
///
/// # Errors
/// [`Error::StatementsLost`], or [`Error::Database`] if a question is refused for another reason.
pub async fn keeps_statements(db: &DatabaseConnection) -> Result<()> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let pool = db.get_postgres_connection_pool();
    let ask = AssertSqlSafe(format!("SELECT {IS_DIRECT}"));
    let mut first = only(pool).await?;
    let row = sqlx::raw_sql(ask).fetch_one(&mut *first).await.map_err(of_query)?;
    let is_direct: bool = sqlx::Row::try_get(&row, 0).map_err(of_query)?;
    if is_direct {
        return Ok(());
    }
    let options = beside_postgres(db);
    let mut beside =
        within(PATIENCE, PgConnection::connect_with(&options)).await.and_then(Result::ok);
    let (of_first, of_beside) = (text(), text());
    for _ in 0..ROUNDS {
        if let Some(found) = stray(&mut first, &of_first).await? {
            return Err(Error::StatementsLost { found });
        }
        let found = match &mut beside {
            Some(connection) => within(PATIENCE, stray(connection, &of_beside)).await,
            None => None,
        };
        match found {
            Some(Ok(Some(found))) => return Err(Error::StatementsLost { found }),
            Some(Ok(None)) => {}
            // Nobody waits for it a second time.
            Some(Err(_)) | None => beside = None,
        }
    }
    if let Some(connection) = beside {
        // What it says when it closes changes nothing.
        let _ = connection.close().await;
    }
    Ok(())
}

/// The connection of a pool that was made just now. It comes back from what was asked last by a task of its
/// own; a second one would wait for a session while this one has the only one.
async fn only(pool: &PgPool) -> Result<PoolConnection<Postgres>, DbErr> {
    let back = async {
        while pool.size() > 0 && pool.num_idle() == 0 {
            Delay::new(BETWEEN).await;
        }
    };
    within(PATIENCE, back).await;
    pool.acquire().await.map_err(of_query)
}

/// What nobody else asks for.
fn text() -> String {
    let mut bytes = [0; 16];
    OsRandom.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// How it shows, if it does, that the statement which the connection has prepared is not its own.
async fn stray(connection: &mut PgConnection, text: &str) -> Result<Option<String>, DbErr> {
    match prepared(connection, text).await {
        Ok(answer) if answer.as_deref() == Some(text) => Ok(None),
        Ok(_) => Ok(Some("the statement of another connection answered".to_owned())),
        Err(sqlx::Error::Database(error))
            if is_stray(error.code().as_deref().unwrap_or_default(), error.message()) =>
        {
            Ok(Some(error.message().to_owned()))
        }
        Err(error) => Err(of_query(error)),
    }
}

/// Asks for a text by a statement that the driver prepares the first time. What answers may be the statement
/// of another, which must not write.
async fn prepared(
    connection: &mut PgConnection,
    text: &str,
) -> Result<Option<String>, sqlx::Error> {
    let mut tx = connection.begin_with("BEGIN READ ONLY").await?;
    let ask = AssertSqlSafe(format!("SELECT '{text}'"));
    let row = sqlx::query(ask).fetch_optional(&mut *tx).await?;
    tx.rollback().await?;
    Ok(row.and_then(|row| sqlx::Row::try_get(&row, 0).ok()))
}

/// Whether a refusal says that a name is another's statement, or nobody's.
fn is_stray(code: &str, message: &str) -> bool {
    match code {
        // It is there already; it is not there; it would write.
        "42P05" | "26000" | "25006" => true,
        // It has parameters. `PgBouncer` says the same code of everything that it refuses itself.
        "08P01" => message.contains("prepared statement"),
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_another_is_told_from_a_pool_without_a_free_session() {
        let parameters =
            "bind message supplies 0 parameters, but prepared statement \"sqlx_s_1\" requires 2";
        assert!(is_stray("42P05", "prepared statement \"sqlx_s_1\" already exists"));
        assert!(is_stray("26000", "prepared statement \"sqlx_s_1\" does not exist"));
        assert!(is_stray("25006", "cannot execute DELETE in a read-only transaction"));
        assert!(is_stray("08P01", parameters));
        assert!(!is_stray("08P01", "query_wait_timeout"));
        assert!(!is_stray("57P01", "terminating connection due to administrator command"));
    }
}
