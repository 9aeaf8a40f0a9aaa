//! What a run does, known before it runs: the statements of each migration, and what they lose.

use std::{ops::Range, time::Duration};

use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    guard::Asking,
    history::{Kind, Revision, Revisions},
    plan::{Plan, plan},
    rebuild,
    records::{Open, Records, Way},
    render::{Effect, Statement},
    schema::Schema,
    steps::{Step, Steps},
};

/// What a declared migration does on this database; nothing for one that is code.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) steps: Steps,
    pub(super) run: Vec<Statement>,
    /// For each step, how many statements have run when it has.
    ends: Vec<usize>,
    /// What the rows are asked, each with how many statements have run when it is.
    pub(super) guards: Vec<Asking>,
}

impl Rendered {
    /// The steps that end with the statement of that number, counted from 1.
    pub(super) fn ended_by(&self, statement: usize) -> impl Iterator<Item = &Step> {
        let ended = self.ends.iter().enumerate().filter(move |(_, end)| **end == statement);
        ended.filter_map(|(at, _)| self.steps.steps().get(at))
    }
}

/// What the revision does. `before` is the schema that it begins with, when more is known of it
/// than the declared migrations tell.
pub(super) fn render(
    dialect: Dialect,
    revision: &Revision<'_>,
    way: Way,
    found: Option<&Schema>,
) -> Result<Rendered> {
    let Kind::Declared { steps, before, .. } = &revision.kind else {
        return Ok(Rendered::default());
    };
    let (steps, before) = match (way, found) {
        (Way::Up, found) => (steps.clone(), found.unwrap_or(before).clone()),
        (Way::Down, Some(found)) => (steps.reverse(), found.clone()),
        (Way::Down, None) => {
            let mut after = before.clone();
            // What does not fit has been refused before, or is beyond what is declared.
            let _ = steps.apply(&mut after);
            (steps.reverse(), after)
        }
    };
    let Plan { statements, ends, guards } = plan(dialect, &steps, &before).map_err(|why| {
        MigrationError::BadMigration { migration: revision.name.clone(), problem: why.to_string() }
    })?;
    Ok(Rendered { ends, guards, run: statements, steps })
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
    /// Those of the statements that stand in a transaction, where the database has one for them.
    pub transaction: Option<Range<usize>>,
}

impl Rehearsed {
    /// Statements that belong to no revision.
    pub(crate) fn by_itself(name: &str, statements: Vec<String>) -> Self {
        let name = name.to_owned();
        Self { name, statements: Some(statements), losses: None, transaction: None }
    }
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
            return Ok(Rehearsed { name, statements: None, losses: None, transaction: None });
        }
        let Rendered { steps, run, .. } = render(dialect, revision, way, None)?;
        let finished = open.filter(|open| open.version == name).map_or(0, |open| open.finished);
        let mut run: Vec<Statement> = run.into_iter().skip(finished).collect();
        let (mut ahead, mut behind) = (Vec::new(), Vec::new());
        if rebuild::is_needed(&run) {
            ahead.push(rebuild::OFF.to_owned());
            behind.push(rebuild::ON.to_owned());
        }
        let is_ahead = |it: &mut Statement| it.effect == Effect::Ahead;
        ahead.extend(run.extract_if(.., is_ahead).map(|it| it.sql));
        let recorded = record(&records, revision, way, None);
        let within = run.into_iter().map(|it| it.sql).chain(recorded);
        let within: Vec<String> = within.collect();
        let transaction = ahead.len()..ahead.len() + within.len();
        let lossy = steps.steps().iter().filter(|step| step.sign() == '-');
        Ok(Rehearsed {
            name,
            statements: Some([ahead, within, behind].concat()),
            losses: Some(lossy.map(Step::describe).collect()),
            transaction: (dialect != Dialect::Mysql).then_some(transaction),
        })
    };
    positions.iter().map(rehearse_one).collect()
}
