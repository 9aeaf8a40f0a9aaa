//! What a run does, known before it runs: the statements of each migration, and what they lose.

use std::ops::Range;

use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    guard::Asking,
    history::{Kind, Revision, Revisions},
    plan::{Plan, plan},
    rebuild,
    records::{Begun, Open, Records, Took, Way},
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

/// The statements that record a migration's end.
pub(super) fn record(
    records: &Records<'_>,
    revision: &Revision<'_>,
    way: Way,
    took: Took,
) -> Vec<String> {
    match way {
        Way::Up => records.add(&revision.name, revision.checksum().as_deref(), took),
        Way::Down => records.remove(&revision.name),
    }
}

/// The same where the records have nothing of it.
pub(super) fn record_first(
    records: &Records<'_>,
    revision: &Revision<'_>,
    took: Took,
) -> Vec<String> {
    records.add_first(&revision.name, revision.checksum().as_deref(), took)
}

/// What a run would do to one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// Its name.
    pub name: String,
    /// The statements in order, those that record it included, and on MySQL those that write down how
    /// far it is; none when it is code, or stands behind code that nobody can see through.
    pub statements: Option<Vec<String>>,
    /// The code that it calls among them, by the names of the steps: each is a comment there, because
    /// what code does is known only when it runs.
    pub code: Vec<String>,
    /// What is lost, as sentences; none when it is code.
    pub losses: Option<Vec<String>>,
    /// Which of the statements stand in a transaction.
    pub transactions: Vec<Range<usize>>,
}

impl Rehearsed {
    /// Statements that belong to no revision.
    pub(crate) fn by_itself(name: &str, statements: Vec<String>) -> Self {
        let name = name.to_owned();
        Self { name, statements: Some(statements), ..Self::default() }
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
            return Ok(Rehearsed { name, ..Rehearsed::default() });
        }
        let Rendered { steps, run, .. } = match render(dialect, revision, way, None) {
            // Behind code it is known when its turn comes.
            Err(_) if !revision.is_known() => {
                return Ok(Rehearsed { name, ..Rehearsed::default() });
            }
            rendered => rendered?,
        };
        let finished = open.filter(|open| open.version == name).map_or(0, |open| open.finished);
        let code = run.iter().skip(finished).filter_map(|it| match &it.effect {
            Effect::Code { name, .. } => Some(name.clone()),
            _ => None,
        });
        let code = code.collect();
        let of = Recorded { records: &records, revision, way };
        let (statements, transactions) = match dialect {
            Dialect::Mysql => of.journaled(&run, finished)?,
            Dialect::Sqlite | Dialect::Postgres => of.in_one(run, finished),
        };
        let lossy = steps.steps().iter().filter(|step| step.sign() == '-');
        Ok(Rehearsed {
            name,
            statements: Some(statements),
            code,
            losses: Some(lossy.map(Step::describe).collect()),
            transactions,
        })
    };
    positions.iter().map(rehearse_one).collect()
}

/// A revision whose end is recorded.
struct Recorded<'r> {
    records: &'r Records<'r>,
    revision: &'r Revision<'r>,
    way: Way,
}

type Transactions = Vec<Range<usize>>;

impl Recorded<'_> {
    fn end(&self) -> Vec<String> {
        record(self.records, self.revision, self.way, Took::InScript)
    }

    /// The statements of which none stays when one fails, behind those that have been `finished`.
    fn in_one(&self, run: Vec<Statement>, finished: usize) -> (Vec<String>, Transactions) {
        let mut run: Vec<Statement> = run.into_iter().skip(finished).collect();
        let (mut ahead, mut behind) = (Vec::new(), Vec::new());
        if rebuild::is_needed(&run) {
            ahead.push(rebuild::OFF.to_owned());
            behind.push(rebuild::ON.to_owned());
        }
        let is_ahead = |it: &mut Statement| it.effect == Effect::Ahead;
        ahead.extend(run.extract_if(.., is_ahead).map(|it| it.sql));
        let within: Vec<String> = run.into_iter().map(|it| it.sql).chain(self.end()).collect();
        let transaction = ahead.len()..ahead.len() + within.len();
        ([ahead, within, behind].concat(), vec![transaction])
    }

    /// The statements of which each stays, and behind each how far it is: `up` goes on there when a
    /// script was not run to its end. Rows and what is written down of them are one transaction.
    fn journaled(&self, run: &[Statement], finished: usize) -> Result<(Vec<String>, Transactions)> {
        let failed = |source| MigrationError::Record { doing: "prepare", source };
        let texts: Vec<&str> = run.iter().map(|it| &*it.sql).collect();
        let (mut statements, mut transactions) = (Vec::new(), Vec::new());
        let mut is_recorded = false;
        for (at, statement) in run.iter().enumerate().skip(finished) {
            let is_rows = matches!(statement.effect, Effect::Rows | Effect::Batches(_));
            let is_last = at + 1 == run.len();
            let begin = statements.len();
            statements.push(statement.sql.clone());
            if is_last && is_rows {
                statements.extend(self.end());
                is_recorded = true;
            } else {
                let so_far = &texts[..=at];
                let entry =
                    self.records.beginning(&self.revision.name, self.way, so_far, Begun::Nothing);
                statements.push(entry.map_err(failed)?);
            }
            if is_rows {
                transactions.push(begin..statements.len());
            }
        }
        if !is_recorded {
            let begin = statements.len();
            statements.extend(self.end());
            transactions.push(begin..statements.len());
        }
        Ok((statements, transactions))
    }
}
