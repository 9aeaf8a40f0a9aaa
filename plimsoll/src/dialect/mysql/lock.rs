//! `GET_LOCK`, which outlives the implicit commits of DDL.

use sea_orm::{DatabaseConnection, DbErr};

use crate::{
    dialect::lock::{Guard, Try, row},
    error::Result,
};

/// The name: one lock a database, because such locks belong to the whole server, and all histories
/// in a database share the engine's records. Names end at 64 characters.
const NAME: &str = "CONCAT('plimsoll:', SHA1(COALESCE(DATABASE(), '')))";

pub(crate) async fn take(db: &DatabaseConnection) -> Result<Try> {
    let answer = row(db, format!("SELECT CAST(GET_LOCK({NAME}, 0) AS SIGNED)")).await?;
    let held = answer.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    Ok(if held == Some(1) { Try::Held(Guard::Session) } else { Try::Busy })
}

pub(crate) async fn release(db: &DatabaseConnection) -> Result<(), DbErr> {
    row(db, format!("SELECT RELEASE_LOCK({NAME})")).await.map(drop)
}

/// Asked by itself: without the right to see other sessions nobody seems to hold it.
pub(crate) async fn is_held(db: &DatabaseConnection) -> Result<bool> {
    let answer = row(db, format!("SELECT CAST(IS_USED_LOCK({NAME}) AS SIGNED)")).await?;
    let session = answer.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    Ok(session.is_some())
}

pub(crate) async fn holder(db: &DatabaseConnection) -> Result<Option<String>> {
    let sql = format!(
        "SELECT CAST(CONCAT('connection ', id, ' (', user, ' from ', host, '), ', \
           IF(info IS NULL, 'idle', CONCAT('for ', time, ' s running: ', LEFT(info, 120)))) AS CHAR) \
         FROM information_schema.processlist WHERE id = IS_USED_LOCK({NAME})"
    );
    let answer = row(db, sql).await?;
    Ok(answer.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten())
}
