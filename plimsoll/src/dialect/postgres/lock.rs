//! An advisory lock of the session. It is polled: a waiting `pg_advisory_lock` and a
//! `CREATE INDEX CONCURRENTLY` wait for each other for ever.

use sea_orm::{DatabaseConnection, DbErr};

use crate::{
    dialect::lock::{Guard, Try, row},
    error::Result,
};

/// The key: one lock a schema of the database, which advisory locks belong to by themselves. All
/// histories in a schema share the engine's records.
const KEY: &str = "hashtextextended('plimsoll:' || coalesce(current_schema(), ''), 0)";

pub(crate) async fn take(db: &DatabaseConnection) -> Result<Try> {
    let answer = row(db, format!("SELECT pg_try_advisory_lock({KEY})")).await?;
    let held = answer.map(|row| row.try_get_by_index::<bool>(0)).transpose()?.unwrap_or(false);
    Ok(if held { Try::Held(Guard::Session) } else { Try::Busy })
}

pub(crate) async fn release(db: &DatabaseConnection) -> Result<(), DbErr> {
    row(db, format!("SELECT pg_advisory_unlock({KEY})")).await.map(drop)
}

pub(crate) async fn holder(db: &DatabaseConnection) -> Result<Option<String>> {
    let sql = format!(
        "SELECT format('process %s (%s from %s), connected since %s, running: %s', a.pid, \
           nullif(a.application_name, ''), coalesce(a.client_addr::text, 'this machine'), \
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'), \
           coalesce(nullif(left(a.query, 120), ''), '?')) \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
           AND (l.classid::bigint << 32) | l.objid::bigint = {KEY}"
    );
    let answer = row(db, sql).await?;
    Ok(answer.map(|row| row.try_get_by_index(0)).transpose()?)
}
