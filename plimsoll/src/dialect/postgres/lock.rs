//! An advisory lock of the session. It is polled: a waiting `pg_advisory_lock` and a
//! `CREATE INDEX CONCURRENTLY` wait for each other for ever.
//!
//! Who holds it stands in the session's `application_name` while it does: `plimsoll 4711@web-1
//! 20261126T133216Z`. It is the one thing that a session shows to all others and may say itself.

use sea_orm::{DatabaseConnection, DbErr};

use super::pooler;
use crate::{
    dialect::{
        Dialect,
        lock::{Guard, Try, row},
    },
    error::Result,
    plain::Plain,
    render::renderer,
    who,
};

/// The key: one lock a schema of the database, which advisory locks belong to by themselves. All
/// histories in a schema share the engine's records.
const KEY: &str = "hashtextextended('plimsoll:' || coalesce(current_schema(), ''), 0)";

/// As many characters as a name has.
const LONGEST_NAME: usize = 63;
/// As many of them as are left for the machine beside `plimsoll`, a process of seven digits and the time.
const LONGEST_HOST: usize = 29;

/// Tries it. Unless the session is `sure`ly one of the server's, nothing is tried where it may not be.
pub(crate) async fn take(db: &DatabaseConnection, sure: bool) -> Result<Try> {
    let tried = if sure {
        format!("pg_try_advisory_lock({KEY})")
    } else {
        format!("CASE WHEN {} THEN pg_try_advisory_lock({KEY}) END", pooler::IS_DIRECT)
    };
    // The time has 16 characters, and there is a space before each of the two.
    let holder = format!("{}@{}", std::process::id(), shortened(&who::host()));
    let room = LONGEST_NAME.saturating_sub(holder.chars().count() + 18);
    let holder = renderer(Dialect::Postgres).text(&holder);
    // As plain text: what is prepared has a name, which a pooler that shares sessions has seen before.
    let answer = Plain::of(db)
        .await?
        .rows(&format!(
            "WITH tried AS MATERIALIZED (SELECT {tried} AS held) SELECT held, CASE WHEN held THEN \
             set_config('plimsoll.application_name', current_setting('application_name'), false) \
             || set_config('application_name', concat_ws(' ', \
               left(current_setting('application_name'), {room}), {holder}, \
               to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"')), false) END \
             FROM tried"
        ))
        .await?;
    let held = answer.first().map(|row| row.try_get_by_index::<Option<bool>>(0));
    let held = held.transpose()?.flatten();
    Ok(match held {
        Some(true) => Try::Held(Guard::Session),
        Some(false) => Try::Busy,
        None => Try::Doubtful,
    })
}

pub(crate) async fn release(db: &DatabaseConnection) -> Result<(), DbErr> {
    let release = format!(
        "SELECT pg_advisory_unlock({KEY}), set_config('application_name', \
         coalesce(current_setting('plimsoll.application_name', true), ''), false)"
    );
    row(db, release).await.map(drop)
}

pub(crate) async fn holder(db: &DatabaseConnection) -> Result<Option<String>> {
    let sql = format!(
        "SELECT coalesce(format('process %s on %s since %s (', m[1], m[2], \
             regexp_replace(m[3], '(....)(..)(..)T(..)(..)(..)Z', '\\1-\\2-\\3T\\4:\\5:\\6Z')), '(') \
           || format('session %s from %s), %s: %s', a.pid, \
             coalesce(host(a.client_addr), 'this machine'), \
             CASE a.state WHEN 'active' THEN 'running' ELSE 'idle behind' END, \
             coalesce(nullif(left(a.query, 120), ''), '?')) \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid, \
           regexp_match(a.application_name, '([0-9]+)@(\\S+) ([0-9]{{8}}T[0-9]{{6}}Z)$') m \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
           AND (l.classid::bigint << 32) | l.objid::bigint = {KEY}"
    );
    let answer = row(db, sql).await?;
    Ok(answer.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The name of a machine in as much room as there is: without its domain, and of a longer one the end,
/// which tells containers apart.
fn shortened(host: &str) -> String {
    let host = host.split('.').next().unwrap_or_default();
    let host: String =
        host.chars().map(|it| if it.is_ascii_graphic() { it } else { '?' }).collect();
    match host.len().checked_sub(LONGEST_HOST) {
        Some(over @ 1..) => format!("~{}", &host[over + 1..]),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_name_of_a_machine_is_kept() {
        assert_eq!(shortened("web-1.example.org"), "web-1");
        let pod = format!("{}-6d5f7c9b8d-x2x4z", "a".repeat(40));
        assert_eq!(shortened(&pod).len(), LONGEST_HOST);
        assert!(shortened(&pod).starts_with("~a") && shortened(&pod).ends_with("-x2x4z"));
    }
}
