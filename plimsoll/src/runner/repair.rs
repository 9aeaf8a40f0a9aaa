//! What a crash or an edit left behind, settled by somebody who has looked.

use std::time::Duration;

use crate::{
    error::{MigrationError, Result},
    history::{Revision, Revisions},
    records::{Open, Records, Took, Way},
    revisions::{self, Standing, State, TargetError},
};

/// How something is settled that the engine cannot settle by itself. Only the records change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// What the interrupted migration was to do is there: applied, or taken back, to its end.
    Done,
    /// Nothing of what the interrupted migration was to do is there.
    Undone,
    /// What the migration says now is what has run.
    Accept(String),
    /// The revision that the code does not know has never run here.
    Forget(String),
}

/// What a repair does: to which revision, in a sentence, and by which statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The revision.
    pub name: String,
    /// What is recorded of it from now on.
    pub sentence: String,
    /// The statements that record it.
    pub statements: Vec<String>,
}

/// What leads to it. What code does now is what it did `again`, on a scratch database.
///
/// # Errors
/// [`MigrationError::NothingToRepair`], and a name that no revision in that state has.
pub(crate) fn repair(
    revisions: &Revisions<'_>,
    records: &Records<'_>,
    mut standings: Vec<Standing>,
    again: &[Standing],
    open: Option<&Open>,
    how: &Repair,
) -> Result<Repaired> {
    revisions::did_otherwise(&mut standings, again);
    let standings = &*standings;
    let checksum = |name: &str| {
        let revision = revisions.list.iter().find(|it| it.name == name);
        revision.and_then(Revision::checksum).or_else(|| {
            let again = again.iter().find(|it| it.name == name);
            again.and_then(Standing::did).map(str::to_owned)
        })
    };
    let repaired = |name: &str, sentence: String, statements| {
        Ok(Repaired { name: name.to_owned(), sentence, statements })
    };
    match how {
        Repair::Done | Repair::Undone => {
            let Some(open) = open else {
                let what = "no migration was interrupted".to_owned();
                return Err(MigrationError::NothingToRepair { what }.into());
            };
            let name = open.version.as_str();
            let is_applied = (*how == Repair::Done) == (open.way == Way::Up);
            let state = if is_applied { "applied" } else { "pending" };
            let sentence = format!("`{name}` is {state} from now on");
            let statements = match (how, open.way) {
                (Repair::Done, Way::Up) => {
                    records.add(name, checksum(name).as_deref(), Took::Exactly(Duration::ZERO))
                }
                (Repair::Done, Way::Down) => records.remove(name),
                // It is recorded as it was before it was begun.
                _ => vec![records.closing()],
            };
            repaired(name, sentence, statements)
        }
        Repair::Accept(wanted) => {
            let name = of_state(standings, State::Changed, wanted, "was edited after it ran")?;
            let sentence = format!("what `{name}` says now is what has run");
            let checksum = checksum(name).unwrap_or_default();
            repaired(name, sentence, vec![records.accepting(name, &checksum)])
        }
        Repair::Forget(wanted) => {
            let name = of_state(standings, State::Missing, wanted, "is unknown to this code")?;
            let sentence = format!("`{name}` is recorded no more");
            let mut statements = records.remove(name);
            // What is open is another's.
            statements.pop();
            repaired(name, sentence, statements)
        }
    }
}

/// The revision in that state whose name that is, or begins so.
fn of_state<'s>(
    standings: &'s [Standing],
    state: State,
    wanted: &str,
    what: &str,
) -> Result<&'s str> {
    let names = || standings.iter().filter(|it| it.state == state).map(|it| it.name.as_str());
    if names().next().is_none() {
        let what = format!("no applied migration {what}");
        return Err(MigrationError::NothingToRepair { what }.into());
    }
    if let Some(name) = names().find(|name| *name == wanted) {
        return Ok(name);
    }
    let found: Vec<&str> =
        names().filter(|name| !wanted.is_empty() && name.starts_with(wanted)).collect();
    let (target, owned) =
        (wanted.to_owned(), |of: Vec<&str>| of.into_iter().map(str::to_owned).collect());
    match found[..] {
        [name] => Ok(name),
        [] => {
            let candidates = owned(names().collect());
            Err(MigrationError::from(TargetError::Unknown { target, candidates }).into())
        }
        _ => Err(MigrationError::from(TargetError::Ambiguous { target, candidates: owned(found) })
            .into()),
    }
}
