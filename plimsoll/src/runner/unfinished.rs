//! A migration that was begun and not ended: a run is at it, or was killed in it.

use sea_orm::DatabaseConnection;

use super::{is_nothing, is_settled, resume_first};
use crate::{
    error::{Error, Result},
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
