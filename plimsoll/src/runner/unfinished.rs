//! A migration that was begun and not ended: a run is at it, or was killed in it.

use sea_orm::DatabaseConnection;

use super::seen::{has_run, shown};
use crate::{
    error::{Error, MigrationError, Result},
    lock,
    records::{Begun, Open, Way},
    revisions::Standing,
};

/// A migration that was begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its name.
    pub name: String,
    /// Whether it is being reverted rather than applied.
    pub reverting: bool,
    /// How many of its statements have run for certain; not known when it is code.
    pub finished: Option<usize>,
    /// Whether a process holds the migration lock now, and so may be at it.
    pub running: bool,
    /// What to do about it.
    pub next: String,
}

/// What the journal tells of, unless somebody has settled it by hand.
pub(crate) async fn unfinished(
    db: &DatabaseConnection,
    standings: &[Standing],
    open: Option<Open>,
) -> Result<Option<Unfinished>> {
    let Some(open) = open.filter(|open| !is_settled(open, standings)) else { return Ok(None) };
    let running = lock::is_held(db).await?;
    if !running && is_nothing(db, &open).await? {
        return Ok(None);
    }
    let next = if running {
        Some("wait until the process that holds the migration lock has ended".to_owned())
    } else {
        // What stands in the way of a run that does not lead through it is what there is to do.
        let refused = resume_first(&open, open.way, standings, &mut []).err();
        refused.and_then(|why| Error::from(why).hint())
    };
    Ok(Some(Unfinished {
        reverting: open.way == Way::Down,
        finished: (open.begun != Begun::Code).then_some(open.finished),
        running,
        next: next.unwrap_or_default(),
        name: open.version,
    }))
}

/// What of an earlier run is to be gone on with: not what somebody has settled by hand, nor what nothing is
/// there of. Needs no right but to read.
pub(crate) async fn still_open(
    db: &DatabaseConnection,
    open: Option<Open>,
    standings: &[Standing],
) -> Result<Option<Open>> {
    let Some(open) = open.filter(|open| !is_settled(open, standings)) else { return Ok(None) };
    Ok((!is_nothing(db, &open).await?).then_some(open))
}

/// Whether nothing is there of a migration that was left open: its first statement was written down, and
/// has not run. Needs no right but to read.
pub(super) async fn is_nothing(db: &DatabaseConnection, open: &Open) -> Result<bool> {
    let Begun::Statement(first) = &open.begun else { return Ok(false) };
    if open.finished > 0 || shown(first).is_none() {
        return Ok(false);
    }
    let has_run = has_run(db, first).await;
    Ok(!has_run.map_err(|source| MigrationError::Record { doing: "read", source })?)
}

/// Whether somebody has recorded by hand what an interrupted migration came to.
pub(crate) fn is_settled(open: &Open, standings: &[Standing]) -> bool {
    let is_applied = standings.iter().any(|it| it.name == open.version && it.is_applied());
    match open.way {
        Way::Up => is_applied,
        Way::Down => !is_applied,
    }
}

/// What a run says of a migration that only a person can settle.
pub(super) fn interrupted(open: &Open) -> MigrationError {
    let (statement, table) = match &open.begun {
        Begun::Statement(it) => (Some(it.sql.clone()), Some(it.table.clone())),
        Begun::Code | Begun::Nothing => (None, None),
    };
    let (migration, way) = (open.version.clone(), open.way.verb());
    MigrationError::Interrupted { migration, way, statement, table }
}

/// Puts the migration that an earlier run left open before all others: there is one journal entry.
///
/// # Errors
/// [`MigrationError::Interrupted`] when what it did is not known, or the code has it no more;
/// [`MigrationError::InterruptedOtherWay`] when this run does not lead through it.
pub(crate) fn resume_first(
    open: &Open,
    way: Way,
    standings: &[Standing],
    positions: &mut [usize],
) -> Result<(), MigrationError> {
    let migration = open.version.clone();
    let verb = open.way.verb();
    let position = standings.iter().position(|it| it.name == open.version);
    let (Some(position), false) = (position, open.begun == Begun::Code) else {
        return Err(interrupted(open));
    };
    match positions.iter().position(|at| *at == position) {
        Some(at) if open.way == way => {
            positions[..=at].rotate_right(1);
            Ok(())
        }
        _ => Err(MigrationError::InterruptedOtherWay { migration, way: verb }),
    }
}
