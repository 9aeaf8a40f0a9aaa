//! What a run does, known before it runs: the statements of each migration, and what they lose.

use std::time::Duration;

use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    history::{Kind, Revision, Revisions},
    records::{Open, Records, Way},
    render::{Statement, of_each_step},
    steps::{Step, Steps},
};

/// What a declared migration does on this database; nothing for one that is code.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) steps: Steps,
    pub(super) run: Vec<Statement>,
    /// For each step, how many statements have run when it has.
    ends: Vec<usize>,
}

impl Rendered {
    /// The steps that end with the statement of that number, counted from 1.
    pub(super) fn ended_by(&self, statement: usize) -> impl Iterator<Item = &Step> {
        let ended = self.ends.iter().enumerate().filter(move |(_, end)| **end == statement);
        ended.filter_map(|(at, _)| self.steps.steps().get(at))
    }
}

pub(super) fn render(dialect: Dialect, revision: &Revision<'_>, way: Way) -> Result<Rendered> {
    let Kind::Declared { steps, before } = &revision.kind else {
        return Ok(Rendered::default());
    };
    let steps = match way {
        Way::Up => steps.clone(),
        Way::Down => steps.reverse(),
    };
    let run = of_each_step(dialect, &steps, before).map_err(|why| {
        MigrationError::BadMigration { migration: revision.name.clone(), problem: why.to_string() }
    })?;
    let lengths = run.iter().map(Vec::len);
    let ends = lengths.scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    Ok(Rendered { ends: ends.collect(), run: run.into_iter().flatten().collect(), steps })
}

/// The statements that record a migration's end; how long it `took` is not known beforehand.
pub(super) fn record(
    records: &Records<'_>,
    revision: &Revision<'_>,
    way: Way,
    took: Option<Duration>,
) -> Vec<String> {
    match way {
        Way::Up => records.add(&revision.name, revision.checksum().as_deref(), took),
        Way::Down => records.remove(&revision.name),
    }
}

/// What a run would do to one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// Its name.
    pub name: String,
    /// The statements in order, those that record it included; none when it is code.
    pub statements: Option<Vec<String>>,
    /// What is lost, as sentences; none when it is code.
    pub losses: Option<Vec<String>>,
    /// Whether the statements stand in a transaction, where the database has one for them.
    pub in_transaction: bool,
}

/// What a run would do, from how the revisions stand and which of them was left `open`. Touches no
/// database.
pub(crate) fn rehearse(
    dialect: Dialect,
    revisions: &Revisions<'_>,
    positions: &[usize],
    way: Way,
    open: Option<&Open>,
) -> Result<Vec<Rehearsed>> {
    let records = Records::of(revisions, dialect);
    let rehearse_one = |at: &usize| {
        let revision = &revisions.list[*at];
        let name = revision.name.clone();
        if let Kind::Imperative(_) = revision.kind {
            return Ok(Rehearsed { name, statements: None, losses: None, in_transaction: false });
        }
        let Rendered { steps, run, .. } = render(dialect, revision, way)?;
        let finished = open.filter(|open| open.version == name).map_or(0, |open| open.finished);
        let statements = run.into_iter().skip(finished).map(|statement| statement.sql);
        let recorded = record(&records, revision, way, None);
        let lossy = steps.steps().iter().filter(|step| step.sign() == '-');
        Ok(Rehearsed {
            name,
            statements: Some(statements.chain(recorded).collect()),
            losses: Some(lossy.map(Step::describe).collect()),
            in_transaction: dialect != Dialect::Mysql,
        })
    };
    positions.iter().map(rehearse_one).collect()
}
