//! `GET_LOCK`, which outlives the implicit commits of DDL. On a Galera cluster it locks one node alone:
//! there a lease locks the others out, and it still tells of a statement that a killed process left behind.

use sea_orm::{DatabaseConnection, DbErr};

use super::lease;
use crate::{
    dialect::lock::{Guard, Try, row},
    error::Result,
};

/// The name: one lock a database, because such locks belong to the whole server, and all histories
/// in a database share the engine's records. Names end at 64 characters.
const NAME: &str = "CONCAT('plimsoll:', SHA1(COALESCE(DATABASE(), '')))";

/// Whether the server is a node of a Galera cluster. MariaDB reads the first comment, MySQL the second.
const IS_NODE: &str = "(0 /*M! + EXISTS (SELECT 1 FROM information_schema.global_variables \
     WHERE variable_name = 'WSREP_ON' AND variable_value = 'ON') */ \
     /*!80000 + EXISTS (SELECT 1 FROM performance_schema.global_variables \
     WHERE variable_name = 'wsrep_on' AND variable_value = 'ON') */)";

/// What is answered in the place of the lock on a node of a cluster.
const CLUSTERED: i64 = -1;

pub(crate) async fn take(db: &DatabaseConnection) -> Result<Try> {
    let sql = format!(
        "SELECT CAST(CASE WHEN {IS_NODE} THEN {CLUSTERED} ELSE GET_LOCK({NAME}, 0) END AS SIGNED)"
    );
    Ok(match number(db, sql).await? {
        Some(1) => Try::Held(Guard::Session),
        Some(CLUSTERED) => Try::Doubtful,
        _ => Try::Busy,
    })
}

/// Takes what locks this node alone: whether no statement of a killed process runs here any more. Where
/// a cluster refuses such locks nobody can tell.
pub(crate) async fn take_here(db: &DatabaseConnection) -> bool {
    match number(db, format!("SELECT CAST(GET_LOCK({NAME}, 0) AS SIGNED)")).await {
        Ok(taken) => taken == Some(1),
        Err(error) => {
            tracing::debug!(%error, "this cluster refuses locks of a node");
            true
        }
    }
}

pub(crate) async fn release(db: &DatabaseConnection) -> Result<(), DbErr> {
    row(db, format!("SELECT RELEASE_LOCK({NAME})")).await.map(drop)
}

/// Asked by itself: without the right to see other sessions nobody seems to hold it.
pub(crate) async fn is_held(db: &DatabaseConnection) -> Result<bool> {
    let sql = format!(
        "SELECT CAST(CASE WHEN {IS_NODE} THEN {CLUSTERED} ELSE IS_USED_LOCK({NAME}) END AS SIGNED)"
    );
    match number(db, sql).await? {
        Some(CLUSTERED) => lease::is_held(db).await,
        session => Ok(session.is_some()),
    }
}

async fn number(db: &DatabaseConnection, sql: String) -> Result<Option<i64>, DbErr> {
    let answer = row(db, sql).await?;
    Ok(answer.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten())
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
