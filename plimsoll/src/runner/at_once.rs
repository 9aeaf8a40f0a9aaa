//! What goes to the server in one message, because nothing is looked at between its statements. Which of
//! them failed is known all the same.

use std::{collections::BTreeSet, iter::once, ops::Range, time::Instant};

use sea_orm::DbErr;

use super::{
    one::{Ahead, COMMITTING, Keeping, Next, One, Refused, before, texts},
    rehearse::{Rendered, record, record_first},
    seen::{has_run, is_lost, shown},
};
use crate::{
    dialect::Dialect,
    error::{Error, MigrationError, Remains, Result},
    limits::is_hindered,
    plain::{Failure, Plain, begin},
    records::{Begun, Took},
    render::{Effect, Statement},
};

/// Whether statements make new tables with their indexes and nothing else. There are no rows in them: that
/// takes no time, and nobody waits to stop between two.
fn makes_tables(run: &[Statement]) -> bool {
    let mut made = BTreeSet::new();
    // Of an expression that somebody wrote, a message of several could be read otherwise than it is meant.
    let is_one = |sql: &str| !["--", "/*", ";"].iter().any(|end| sql.contains(end));
    if !run.iter().all(|statement| is_one(&statement.sql)) {
        return false;
    }
    run.iter().all(|statement| match &statement.effect {
        Effect::Table { exists: true } => {
            made.insert(statement.table.as_str());
            true
        }
        Effect::Index { exists: true, .. } | Effect::Comment => {
            made.contains(statement.table.as_str())
        }
        _ => false,
    })
}

/// Whether [`One::at_once`] does the part.
pub(super) fn is_at_once(rendered: &Rendered, range: &Range<usize>) -> bool {
    let is_within = |at: usize| range.start < at && at < range.end;
    makes_tables(&rendered.run[range.clone()])
        && rendered.guards.iter().all(|asking| !is_within(asking.at))
}

/// The statements, and those that `keep` what is written down of them, as one transaction.
pub(super) fn whole<'s>(
    dialect: Dialect,
    run: &'s [Statement],
    keep: &'s [String],
) -> impl Iterator<Item = &'s str> {
    once(begin(dialect))
        .chain(texts(run))
        .chain(keep.iter().map(String::as_str))
        .chain(once("COMMIT"))
}

impl One<'_> {
    /// Some of the statements and what is written down of them in one transaction, and in one message. How
    /// long it took the database writes down itself.
    pub(super) async fn at_once(
        &self,
        rendered: &Rendered,
        range: Range<usize>,
        keeping: Keeping,
    ) -> Result<()> {
        let remains = before(range.start);
        let run = &rendered.run[range.clone()];
        let beginning = "beginning its transaction";
        let plain = self.runner.plain().await;
        let mut plain = plain.map_err(self.failed(beginning, None, remains))?;
        let mut since = Instant::now();
        let keep = self.keep(rendered, &range, keeping, Took::AndOn(self.began.elapsed()));
        let keep = keep.map_err(self.failed(keeping.doing(), None, remains))?;
        let statements: Vec<&str> = whole(self.runner.dialect(), run, &keep).collect();
        if let Err(failure) = plain.run(&statements, self.runner.patience()).await {
            let Failure { at, source } = failure;
            if !is_lost(&source) {
                // What it says matters more than what the rollback says.
                let _ = plain.run(&["ROLLBACK"], None).await;
            }
            return Err(match at.checked_sub(1) {
                None => self.failed(beginning, None, remains)(source),
                Some(at) if at < run.len() => {
                    self.failed(&self.doing(&run[at]), Some(&run[at].sql), remains)(source)
                }
                Some(at) => {
                    let is_commit = at == run.len() + keep.len();
                    let doing = if is_commit { COMMITTING } else { keeping.doing() };
                    self.not_kept(doing, source, remains)
                }
            }
            .into());
        }
        self.runner.hold(plain);
        for at in range {
            self.tell_ended(rendered, at + 1, &mut since);
        }
        Ok(())
    }

    /// Writes down that it has ended, in a transaction of its own. Tells how far the next is.
    pub(super) async fn record_patiently(&self, remains: Remains) -> Result<Ahead> {
        let once = async |next: Option<Next<'_>>| {
            let plain = self.runner.plain().await;
            let plain = plain.map_err(self.failed("beginning its transaction", None, remains))?;
            let statements = self.ending(next);
            let statements =
                statements.map_err(self.failed(Keeping::Record.doing(), None, remains))?;
            self.end(plain, statements, next, remains).await
        };
        let with_next = Box::pin(self.runner.terms.patiently(async || once(self.next).await)).await;
        match with_next {
            // That the next cannot be written down is nothing to this one.
            Err(Error::Migration(MigrationError::Failed { source, .. }))
                if self.next.is_some() && !is_hindered(&source) && !is_lost(&source) =>
            {
                Box::pin(self.runner.terms.patiently(async || once(None).await)).await
            }
            outcome => outcome,
        }
    }

    /// The statements that write down that it has ended, and what begins then.
    fn ending(&self, next: Option<Next<'_>>) -> Result<Vec<String>, DbErr> {
        let (records, took) = (&self.runner.records, Took::Exactly(self.began.elapsed()));
        let mut statements = vec![begin(self.runner.dialect()).to_owned()];
        if self.is_first {
            statements.extend(record_first(records, self.revision, took));
            statements.push(records.closing());
        } else {
            statements.extend(record(records, self.revision, self.way, took));
        }
        if let Some(Next { name, statement }) = next
            && let Some(condition) = shown(statement)
        {
            let entry = records.opening_unless(&condition, name, self.way, statement)?;
            statements.extend(entry);
        }
        Ok(statements)
    }

    /// Runs the statements that write down that it has ended, and keeps them. Where the next begins with a
    /// new table, which takes no time, that is made with the same message; should it be refused, its own
    /// turn tells why.
    async fn end(
        &self,
        mut plain: Plain,
        statements: Vec<String>,
        next: Option<Next<'_>>,
        remains: Remains,
    ) -> Result<Ahead> {
        let kept = statements.len() + 1;
        let mut all: Vec<&str> =
            statements.iter().map(String::as_str).chain(once("COMMIT")).collect();
        if let Some(Next { statement, .. }) = next
            && statement.effect == (Effect::Table { exists: true })
            && !self.is_to_stop()
        {
            all.push(&statement.sql);
        }
        let mut kept_at = None;
        let ran = plain.run_while(&all, self.runner.patience(), |ended| {
            if ended == kept {
                kept_at = Some(Instant::now());
            }
            true
        });
        let Err(failure) = ran.await else {
            self.runner.hold(plain);
            return Ok(match (next, kept_at) {
                (None, _) => Ahead::Nothing,
                (Some(_), Some(at)) if all.len() > kept => Ahead::Ran(at),
                (Some(_), _) => Ahead::Begun,
            });
        };
        if failure.at >= kept {
            if !is_lost(&failure.source) {
                self.runner.hold(plain);
            }
            return Ok(Ahead::Begun);
        }
        if !is_lost(&failure.source) {
            let _ = plain.run(&["ROLLBACK"], None).await;
        }
        let is_commit = failure.at == statements.len();
        let doing = if is_commit { COMMITTING } else { Keeping::Record.doing() };
        Err(self.not_kept(doing, failure.source, remains).into())
    }

    /// A statement that commits by itself, written down before it begins. It takes its time, and so has a
    /// message of its own.
    pub(super) async fn begin_and_run(
        &self,
        statement: &Statement,
        finished: &[&str],
    ) -> Result<(), Refused> {
        let once = async || self.begin_and_run_once(statement, finished).await;
        Box::pin(self.runner.terms.patiently(once)).await
    }

    async fn begin_and_run_once(
        &self,
        statement: &Statement,
        finished: &[&str],
    ) -> Result<(), Refused> {
        let written = self.beginning(statement, finished).await.map_err(Refused::Journal)?;
        let mut plain = self.runner.plain().await.map_err(Refused::Journal)?;
        if !written.is_empty() {
            let written: Vec<&str> = written.iter().map(String::as_str).collect();
            let written = plain.run(&written, self.runner.patience()).await;
            written.map_err(|failure| Refused::Journal(failure.source))?;
        }
        let ran = plain.run(&[&statement.sql], None).await;
        ran.map_err(|failure| Refused::Statement(failure.source))?;
        self.runner.hold(plain);
        Ok(())
    }

    /// The statements that write down that this one begins.
    async fn beginning(
        &self,
        statement: &Statement,
        finished: &[&str],
    ) -> Result<Vec<String>, DbErr> {
        if self.ahead == Ahead::Begun && finished.is_empty() {
            return Ok(Vec::new());
        }
        let records = &self.runner.records;
        let (name, way) = (&self.revision.name, self.way);
        // What is there already was not made by this statement, which will be refused: whoever looks
        // after a kill must not take it for done.
        if let Some(condition) = shown(statement) {
            return records.beginning_unless(&condition, name, way, finished, statement);
        }
        let has_run = has_run(self.runner.db(), statement).await?;
        let begun = if has_run { Begun::Nothing } else { Begun::Statement(statement.clone()) };
        Ok(vec![records.beginning(name, way, finished, begun)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(table: &str, effect: Effect) -> Statement {
        Statement { sql: String::new(), table: table.to_owned(), effect }
    }

    #[test]
    fn an_index_of_a_table_with_rows_takes_time() {
        let create = statement("ships", Effect::Table { exists: true });
        let index =
            |table| statement(table, Effect::Index { name: "by_name".to_owned(), exists: true });

        assert!(makes_tables(&[create.clone(), index("ships")]));
        assert!(!makes_tables(&[create, index("ports")]));
    }

    #[test]
    fn what_may_be_more_than_one_statement_goes_by_itself() {
        let named = |sql: &str| {
            let statement = statement("ships", Effect::Table { exists: true });
            Statement { sql: sql.to_owned(), ..statement }
        };

        assert!(makes_tables(&[named("CREATE TABLE ships (id int)")]));
        for written in ["a > 0; SELECT 1", "a > 0 -- positive", "a > 0 /* positive"] {
            let sql = format!("CREATE TABLE ships (id int CHECK ({written}))");
            assert!(!makes_tables(&[named(&sql)]), "{sql}");
        }
    }

    #[test]
    fn what_drops_or_alters_a_table_does_not_make_one() {
        assert!(!makes_tables(&[statement("ships", Effect::Table { exists: false })]));
        assert!(!makes_tables(&[statement("ships", Effect::Changes(Vec::new()))]));
        assert!(!makes_tables(&[statement("ships", Effect::Rows)]));
    }
}
