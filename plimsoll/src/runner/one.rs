//! One migration on its way: in a transaction where the database can, else statement by statement
//! with a journal.

use std::{ops::Range, time::Instant};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, TransactionTrait as _};

use super::{
    Ran, Runner,
    at_once::is_at_once,
    batches::position_of,
    rehearse::{Rendered, record, record_first},
    seen::{drift, has_run, is_lost, is_strange, shown},
};
use crate::{
    dialect::Dialect,
    error::{MigrationError, Remains, Result},
    fits::misfits,
    guard::Asking,
    history::{Kind, Revision},
    introspect::introspect,
    misfit::Misfit,
    progress::Event,
    rebuild,
    records::{Begun, Open, Took, Way, digest},
    render::{Effect, Statement},
    retry,
    schema::Schema,
    terms::Caused,
};

/// What it does when it keeps what a transaction has.
pub(super) const COMMITTING: &str = "committing it";

/// One migration on its way.
pub(super) struct One<'r> {
    pub(super) runner: &'r Runner<'r>,
    pub(super) revision: &'r Revision<'r>,
    pub(super) way: Way,
    pub(super) began: Instant,
    /// Whether it is applied, and the records have nothing of it: neither of a run before, nor of one
    /// that was interrupted.
    pub(super) is_first: bool,
    /// How far it is since the one before it ended.
    pub(super) ahead: Ahead,
    /// What is written down as begun with its end.
    pub(super) next: Option<Next<'r>>,
    /// The revisions that this run had brought to an end before.
    pub(super) done: &'r [Ran],
}

/// A longer statement is written down by itself: a server does not take messages of any length.
pub(super) const HANDED: usize = 32 * 1024;

/// The migration behind one whose statements commit by themselves: that it begins is one commit with
/// that the other ended.
#[derive(Clone, Copy)]
pub(super) struct Next<'r> {
    pub(super) name: &'r str,
    /// The first statement of it.
    pub(super) statement: &'r Statement,
}

/// How far a migration is when the one before it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Nothing of it is there.
    Nothing,
    /// Its first statement is written down as begun.
    Begun,
    /// That has run, too, which began then.
    Ran(Instant),
}

impl<'r> Next<'r> {
    /// What is behind the revision, if it is known by then what it begins with, and nothing has to be
    /// asked before.
    pub(super) fn behind(
        revision: &Revision<'_>,
        next: &'r Revision<'_>,
        rendered: &'r Rendered,
    ) -> Option<Self> {
        let is_declared = |it: &Revision<'_>| matches!(it.kind, Kind::Declared { .. });
        let is_asked = rendered.guards.iter().any(|asking| asking.at == 0);
        let is_sure = is_declared(revision) && is_declared(next) && next.is_known() && !is_asked;
        let statement = rendered.run.first().filter(|first| first.sql.len() <= HANDED)?;
        (is_sure && shown(statement).is_some()).then_some(Self { name: &next.name, statement })
    }
}

impl One<'_> {
    pub(super) fn done(&self) -> Vec<String> {
        self.done.iter().map(|ran| ran.name.clone()).collect()
    }

    /// What to make of an error of the database.
    pub(super) fn failed(
        &self,
        doing: &str,
        statement: Option<&str>,
        remains: Remains,
    ) -> impl FnOnce(DbErr) -> MigrationError {
        move |source| MigrationError::Failed {
            migration: self.revision.name.clone(),
            doing: doing.to_owned(),
            statement: statement.map(str::to_owned),
            done: self.done(),
            remains,
            source,
        }
    }

    pub(super) fn changed(&self, open: &Open) -> MigrationError {
        MigrationError::InterruptedChanged {
            migration: self.revision.name.clone(),
            position: open.finished + 1,
            statement: match &open.begun {
                Begun::Statement(statement) => statement.sql.clone(),
                Begun::Code | Begun::Nothing => String::new(),
            },
        }
    }

    /// The schema that it begins with.
    pub(super) async fn look(&self) -> Result<Schema> {
        let looking = "reading the schema before it";
        let found = introspect(self.runner.db()).await;
        Ok(found.map_err(self.failed(looking, None, Remains::Nothing))?)
    }

    /// Whether somebody has asked to stop.
    pub(super) fn is_to_stop(&self) -> bool {
        self.runner.terms.stop.is_asked()
    }

    pub(super) fn stopped(&self, remains: Remains) -> MigrationError {
        let (at, done) = (Some(self.revision.name.clone()), self.done());
        MigrationError::Stopped { at, remains, done }
    }

    /// Some of the statements and what is written down of them in one transaction, when the rows
    /// have been asked.
    pub(super) async fn part(
        &self,
        rendered: &Rendered,
        range: Range<usize>,
        keeping: Keeping,
    ) -> Result<()> {
        if range.start > 0 && self.is_to_stop() {
            return Err(self.stopped(Remains::Resumable).into());
        }
        let once = async || self.part_once(rendered, range.clone(), keeping).await;
        Box::pin(self.runner.terms.patiently(once)).await
    }

    async fn part_once(
        &self,
        rendered: &Rendered,
        range: Range<usize>,
        keeping: Keeping,
    ) -> Result<()> {
        if rendered.guards.iter().any(|asking| asking.at == range.start) {
            self.fits(self.runner.db(), rendered, range.start, before(range.start)).await?;
        }
        let is_sqlite = self.runner.dialect() == Dialect::Sqlite;
        if is_sqlite && rebuild::is_needed(&rendered.run[range.clone()]) {
            self.with_rebuilds(rendered, range, keeping).await
        } else if is_at_once(rendered, &range) {
            self.at_once(rendered, range, keeping).await
        } else {
            self.in_transaction(rendered, range, keeping).await
        }
    }

    /// A part on a connection that builds tables anew.
    async fn with_rebuilds(
        &self,
        rendered: &Rendered,
        range: Range<usize>,
        keeping: Keeping,
    ) -> Result<()> {
        let remains = before(range.start);
        let run = &rendered.run[range.clone()];
        let found = self.look().await?;
        let lost = rebuild::lost(run, &found.beyond);
        if let Some(why) = lost.or_else(|| drift(run, found)) {
            let refused = self.failed("looking at the tables before it", None, remains);
            return Err(refused(DbErr::Custom(why)).into());
        }
        let took = Took::AndOn(self.began.elapsed());
        let keep = self.keep(rendered, &range, keeping, took);
        let keep = keep.map_err(self.failed(keeping.doing(), None, remains))?;
        let mut since = Instant::now();
        let ended = |statement| {
            self.tell_ended(rendered, range.start + statement, &mut since);
            !self.is_to_stop()
        };
        let of_it =
            |it: &Asking| Some(Asking { at: it.at.checked_sub(range.start)?, ..it.clone() });
        let guards: Vec<Asking> = rendered.guards.iter().filter_map(of_it).collect();
        let pool = self.runner.db().get_sqlite_connection_pool();
        rebuild::run(pool, run, &guards, &keep, ended).await.map_err(|failure| {
            if failure.is_stopped {
                return self.stopped(remains);
            }
            if !failure.misfits.is_empty() {
                return self.refused(failure.misfits, remains);
            }
            let statement = failure.at.map(|at| &run[at]);
            let doing = match statement {
                Some(statement) => self.doing(statement),
                None => "keeping it".to_owned(),
            };
            let sql = statement.map(|statement| &*statement.sql);
            self.failed(&doing, sql, remains)(failure.source)
        })?;
        Ok(())
    }

    /// A part in which nothing is built anew; some statements run ahead of its transaction.
    async fn in_transaction(
        &self,
        rendered: &Rendered,
        range: Range<usize>,
        keeping: Keeping,
    ) -> Result<()> {
        let remains = before(range.start);
        let is_ahead = |statement: &Statement| statement.effect == Effect::Ahead;
        let run = &rendered.run[range.clone()];
        for statement in run.iter().filter(|it| is_ahead(it)) {
            let ran = self.runner.db().execute_unprepared(&statement.sql).await;
            ran.map_err(self.failed(&self.doing(statement), Some(&statement.sql), remains))?;
        }
        let tx = self.begin().await?;
        let mut since = Instant::now();
        for (at, statement) in run.iter().enumerate() {
            let at = range.start + at;
            if at > range.start && self.is_to_stop() {
                let _ = tx.rollback().await;
                return Err(self.stopped(remains).into());
            }
            if !is_ahead(statement) {
                if at > range.start
                    && let Err(error) = self.fits(&tx, rendered, at, remains).await
                {
                    let _ = tx.rollback().await;
                    return Err(error);
                }
                let ran = match self.runner.dialect() {
                    // It would take rows of others along.
                    Dialect::Sqlite => rebuild::run_within(&tx, statement, run).await,
                    Dialect::Postgres | Dialect::Mysql => {
                        tx.execute_unprepared(&statement.sql).await.map(drop)
                    }
                };
                if let Err(error) = ran {
                    // What it says matters more than what the rollback says: the session ends anyway.
                    let _ = tx.rollback().await;
                    let doing = self.doing(statement);
                    return Err(self.failed(&doing, Some(&statement.sql), remains)(error).into());
                }
            }
            self.tell_ended(rendered, at + 1, &mut since);
        }
        let keep = self.keep(rendered, &range, keeping, Took::Exactly(self.began.elapsed()));
        let failed = |error| self.failed(keeping.doing(), None, remains)(error);
        let records = keep.map_err(failed)?.join(";\n");
        tx.execute_unprepared(&records).await.map_err(failed)?;
        self.commit(tx, remains).await
    }

    /// What writes down that the statements of the range have run, and those before it, or all of them.
    pub(super) fn keep(
        &self,
        rendered: &Rendered,
        range: &Range<usize>,
        keeping: Keeping,
        took: Took,
    ) -> Result<Vec<String>, DbErr> {
        let records = &self.runner.records;
        match keeping {
            // A part before this one would have written down how far it was.
            Keeping::Record if self.is_first && range.start == 0 => {
                Ok(record_first(records, self.revision, took))
            }
            Keeping::Record => Ok(record(records, self.revision, self.way, took)),
            Keeping::Journal => {
                let texts: Vec<&str> = texts(&rendered.run[..range.end]);
                let (name, way) = (&self.revision.name, self.way);
                Ok(vec![records.beginning(name, way, &texts, Begun::Nothing)?])
            }
        }
    }

    pub(super) fn doing(&self, statement: &Statement) -> String {
        match &statement.effect {
            Effect::Code { name, .. } => format!("{} the code `{name}`", self.way.verb()),
            _ => format!("{} `{}`", self.way.verb(), statement.table),
        }
    }

    /// Asks the rows what they are to be asked before the statement `at`.
    pub(super) async fn fits(
        &self,
        db: &impl ConnectionTrait,
        rendered: &Rendered,
        at: usize,
        remains: Remains,
    ) -> Result<()> {
        self.fit(db, rendered, |it| it.at == at, remains).await
    }

    /// Asks the rows what `is_asked` lets them be asked.
    async fn fit(
        &self,
        db: &impl ConnectionTrait,
        rendered: &Rendered,
        is_asked: impl Fn(&Asking) -> bool,
        remains: Remains,
    ) -> Result<()> {
        let asking = "asking the rows whether they fit";
        let asked = rendered.guards.iter().filter(|it| is_asked(it)).map(|it| &it.guard);
        let misfits = misfits(db, asked).await;
        let misfits = misfits.map_err(self.failed(asking, None, remains))?;
        if misfits.is_empty() { Ok(()) } else { Err(self.refused(misfits, remains).into()) }
    }

    fn refused(&self, misfits: Vec<Misfit>, remains: Remains) -> MigrationError {
        let (migration, done) = (self.revision.name.clone(), self.done());
        MigrationError::DoesNotFit { migration, misfits, done, remains }
    }

    /// Tells of the steps that this statement was the last of.
    pub(super) fn tell_ended(&self, rendered: &Rendered, statement: usize, since: &mut Instant) {
        for step in rendered.ended_by(statement) {
            let (sign, sentence, took) = (step.sign(), step.describe(), since.elapsed());
            self.runner.terms.progress.tell(Event::Step { sign, sentence: &sentence, took });
            *since = Instant::now();
        }
    }

    pub(super) async fn begin(&self) -> Result<DatabaseTransaction> {
        let begun = self.transaction().await;
        Ok(begun.map_err(self.failed("beginning its transaction", None, Remains::Nothing))?)
    }

    async fn transaction(&self) -> Result<DatabaseTransaction, DbErr> {
        let db = self.runner.db();
        db.begin_with_options(retry::to_write(db, None)).await
    }

    pub(super) async fn record_and_commit(
        &self,
        tx: DatabaseTransaction,
        remains: Remains,
    ) -> Result<()> {
        self.record(&tx).await.map_err(self.failed("recording it", None, remains))?;
        self.commit(tx, remains).await
    }

    async fn commit(&self, tx: DatabaseTransaction, remains: Remains) -> Result<()> {
        Ok(tx.commit().await.map_err(|error| self.not_kept(COMMITTING, error, remains))?)
    }

    /// What to make of an error of what ends in a COMMIT.
    pub(super) fn not_kept(&self, doing: &str, source: DbErr, remains: Remains) -> MigrationError {
        if is_lost(&source) {
            // Whether it took place only the records tell, and the next run reads them.
            return MigrationError::ConnectionLost { done: self.done(), source: Some(source) };
        }
        self.failed(doing, None, remains)(source)
    }

    async fn record(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let (records, took) = (&self.runner.records, Took::Exactly(self.began.elapsed()));
        let mut statements = record(records, self.revision, self.way, took);
        if self.runner.dialect() != Dialect::Mysql {
            statements = vec![statements.join(";\n")];
        }
        for statement in &statements {
            tx.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    /// The statements one by one, each written down before it begins, because each commits by
    /// itself. `left` is where an earlier run was interrupted. Tells how far the next migration is.
    pub(super) async fn journaled(&self, rendered: &Rendered, left: Option<Open>) -> Result<Ahead> {
        let run = rendered.run.as_slice();
        let texts: Vec<&str> = texts(run);
        let (mut first, mut position) = self.resumed(rendered, &texts, left).await?;
        let (name, records) = (&self.revision.name, &self.runner.records);
        let (mut since, mut has_run) = (Instant::now(), false);
        if let Ahead::Ran(began) = self.ahead {
            (first, since, has_run) = (1, began, true);
            self.tell_ended(rendered, first, &mut since);
        }
        for (at, statement) in run.iter().enumerate().skip(first) {
            let is_begun = at > 0 || position.is_some();
            if (at > first || has_run) && self.is_to_stop() {
                let finished = &texts[..at];
                let _ =
                    records.begin(self.runner.db(), name, self.way, finished, Begun::Nothing).await;
                return Err(self.stopped(Remains::Resumable).into());
            }
            // Where an earlier run was interrupted, rows may have come that it did not ask.
            let is_asked =
                |it: &Asking| it.at == at || (at == first && it.at < first && it.before >= first);
            let is_one = rendered.guards.iter().any(is_asked);
            if is_one
                && let Err(error) = self.fit(self.runner.db(), rendered, is_asked, before(at)).await
            {
                if is_begun {
                    let (db, finished) = (self.runner.db(), &texts[..at]);
                    let _ = records.begin(db, name, self.way, finished, Begun::Nothing).await;
                }
                return Err(error);
            }
            let ran = match &statement.effect {
                Effect::Rows => self.keep_rows(statement, &texts[..=at]).await,
                Effect::Code { .. } => self.keep_code(statement, &texts[..=at]).await,
                Effect::Batches(batched) => {
                    self.batches(statement, batched, position.take(), &texts[..=at]).await
                }
                _ => self.begin_and_run(statement, &texts[..at]).await,
            };
            if let Err(error) = ran {
                // Refused, and not cut off: write down that it has not run. When the connection is
                // gone this fails too, and the next run looks what became of the statement.
                let is_batch = matches!(statement.effect, Effect::Batches(_));
                let is_lost = error.cause().is_some_and(is_lost);
                let remains = if at == 0 && !is_batch && !is_lost {
                    let _ = records.close(self.runner.db()).await;
                    Remains::Nothing
                } else {
                    // Batches that were kept are written down already.
                    if !is_batch {
                        let (db, finished) = (self.runner.db(), &texts[..at]);
                        let _ = records.begin(db, name, self.way, finished, Begun::Nothing).await;
                    }
                    Remains::Resumable
                };
                return Err(self.of_refused(error, statement, remains).into());
            }
            self.tell_ended(rendered, at + 1, &mut since);
        }
        self.record_patiently(Remains::Resumable).await
    }

    pub(super) fn of_refused(
        &self,
        error: Refused,
        statement: &Statement,
        remains: Remains,
    ) -> MigrationError {
        match error {
            Refused::Statement(cause) => {
                self.failed(&self.doing(statement), Some(&statement.sql), remains)(cause)
            }
            Refused::Journal(cause) => {
                self.failed("writing down how far it is", None, remains)(cause)
            }
            Refused::Stopped => self.stopped(remains),
        }
    }

    /// Rows, and in the same transaction that this statement has ended.
    async fn keep_rows(&self, statement: &Statement, finished: &[&str]) -> Result<(), Refused> {
        self.kept(finished, Begun::Nothing, async |tx: &DatabaseTransaction| {
            tx.execute_unprepared(&statement.sql).await.map(drop).map_err(Refused::Statement)
        })
        .await
    }

    /// Does something to rows and writes down in the same transaction how far it is.
    pub(super) async fn kept(
        &self,
        finished: &[&str],
        begun: Begun,
        work: impl AsyncFn(&DatabaseTransaction) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let once = async || self.kept_once(finished, begun.clone(), &work).await;
        Box::pin(self.runner.terms.patiently(once)).await
    }

    async fn kept_once(
        &self,
        finished: &[&str],
        begun: Begun,
        work: impl AsyncFn(&DatabaseTransaction) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let tx = self.transaction().await.map_err(Refused::Journal)?;
        let kept = async {
            work(&tx).await?;
            let (name, records) = (&self.revision.name, &self.runner.records);
            records.begin(&tx, name, self.way, finished, begun).await.map_err(Refused::Journal)
        }
        .await;
        match kept {
            Ok(()) => tx.commit().await.map_err(Refused::Statement),
            Err(error) => {
                // What it says matters more than what the rollback says.
                let _ = tx.rollback().await;
                Err(error)
            }
        }
    }

    /// The first statement that has not run, and where an earlier run was among its batches.
    pub(super) async fn resumed(
        &self,
        rendered: &Rendered,
        texts: &[&str],
        left: Option<Open>,
    ) -> Result<(usize, Option<String>)> {
        let Some(open) = left else { return Ok((0, None)) };
        let first = self.resume(rendered, texts, &open).await?;
        Ok((first, position_of(&open, rendered.run.get(first))))
    }

    /// The first statement that has not run.
    async fn resume(&self, rendered: &Rendered, texts: &[&str], open: &Open) -> Result<usize> {
        let mut finished = open.finished;
        if finished > texts.len() || digest(&texts[..finished]) != open.finished_digest {
            return Err(self.changed(open).into());
        }
        if let Begun::Statement(sent) = &open.begun {
            let looking = "looking where it was interrupted";
            let db = self.runner.db();
            let failed = |source| self.failed(looking, None, Remains::Resumable)(source);
            if has_run(db, sent).await.map_err(failed)? {
                if rendered.run.get(finished) != Some(sent) {
                    return Err(self.changed(open).into());
                }
                // Of a table that somebody else has made meanwhile the database itself says that it is there.
                if !is_strange(db, sent, &rendered.steps).await.map_err(failed)? {
                    finished += 1;
                }
            }
        }
        self.runner
            .terms
            .progress
            .tell(Event::Resuming { migration: &self.revision.name, finished });
        Ok(finished)
    }
}

/// What of a migration is left when it fails at a statement, or before it.
pub(super) fn before(statement: usize) -> Remains {
    if statement == 0 { Remains::Nothing } else { Remains::Resumable }
}

pub(super) fn texts(run: &[Statement]) -> Vec<&str> {
    run.iter().map(|statement| statement.sql.as_str()).collect()
}

/// What is written down when statements have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// That the migration has ended.
    Record,
    /// How far it is.
    Journal,
}

impl Keeping {
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Record => "recording it",
            Self::Journal => "writing down how far it is",
        }
    }
}

/// Why a statement is not kept.
pub(super) enum Refused {
    /// The database refused it.
    Statement(DbErr),
    /// It refused what is written down about it.
    Journal(DbErr),
    /// Somebody asked to stop.
    Stopped,
}

impl Caused for Refused {
    fn cause(&self) -> Option<&DbErr> {
        match self {
            Self::Statement(cause) | Self::Journal(cause) => Some(cause),
            Self::Stopped => None,
        }
    }
}
