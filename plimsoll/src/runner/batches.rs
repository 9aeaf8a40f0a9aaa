//! What of a migration is kept by itself before the whole has ended: batches of rows, code, and what
//! stands between them.

use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr};
use sea_orm_migration::SchemaManager;

use super::{
    one::{Keeping, One, Refused, texts},
    rehearse::Rendered,
};
use crate::{
    code::Call,
    dialect::{Dialect, lock::row},
    error::{Remains, Result},
    history::Kind,
    progress::Event,
    records::{Begun, Open},
    render::{Batched, Effect, Statement},
};

/// Whether a statement is kept by itself on every database.
pub(super) fn is_kept_alone(statement: &Statement) -> bool {
    matches!(statement.effect, Effect::Batches(_) | Effect::Code { .. })
}

/// Where an interrupted run was among the batches of the statement that comes next.
pub(super) fn position_of(open: &Open, next: Option<&Statement>) -> Option<String> {
    let Begun::Statement(sent) = &open.begun else { return None };
    let is_it = next.is_some_and(|next| next.sql == sent.sql);
    match &sent.effect {
        Effect::Batches(batched) if is_it => batched.position.clone(),
        _ => None,
    }
}

impl One<'_> {
    /// A migration of which a part is kept before the next begins, on a database that holds the rest
    /// in transactions. `left` is where an earlier run was interrupted.
    pub(super) async fn in_parts(&self, rendered: &Rendered, left: Option<Open>) -> Result<()> {
        let run = rendered.run.as_slice();
        let all = texts(run);
        let (mut at, mut position) = self.resumed(rendered, &all, left).await?;
        loop {
            let end = run[at..].iter().position(is_kept_alone).map_or(run.len(), |it| at + it);
            let Some(statement) = run.get(end) else {
                return self.part(rendered, at..end, Keeping::Record).await;
            };
            if at < end {
                self.part(rendered, at..end, Keeping::Journal).await?;
            }
            if end > 0 && self.is_to_stop() {
                return Err(self.stopped(Remains::Resumable).into());
            }
            let mut since = Instant::now();
            let is_begun = end > 0 || position.is_some();
            // What the last part will demand is asked now, as far as it can be.
            if !is_begun {
                self.fits(self.runner.db(), rendered, 0, Remains::Nothing).await?;
            }
            let (ran, is_batch) = match &statement.effect {
                Effect::Batches(batched) => {
                    let position = position.take();
                    (self.batches(statement, batched, position, &all[..=end]).await, true)
                }
                _ => (self.keep_code(statement, &all[..=end]).await, false),
            };
            let remains = if is_begun || is_batch { Remains::Resumable } else { Remains::Nothing };
            ran.map_err(|error| self.of_refused(error, statement, remains))?;
            at = end + 1;
            self.tell_ended(rendered, at, &mut since);
        }
    }

    /// Gives rows other values batch by batch, and writes down with each how far it is. `finished`
    /// are the statements that have run when this one has.
    pub(super) async fn batches(
        &self,
        statement: &Statement,
        batched: &Batched,
        mut position: Option<String>,
        finished: &[&str],
    ) -> Result<(), Refused> {
        let db = self.runner.db();
        let Batched { of, head, condition, key, literal, rows, .. } = batched;
        let where_all = |conditions: &[Option<String>]| {
            let all: Vec<&str> = conditions.iter().flatten().map(String::as_str).collect();
            if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
        };
        let count = async |sql: String| -> Result<u64, DbErr> {
            let row = row(db, sql).await?;
            let count: i64 =
                row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
            Ok(u64::try_from(count).unwrap_or_default())
        };
        let total =
            count(format!("SELECT count(*) FROM {of}")).await.map_err(Refused::Statement)?;
        let behind = |literal: &String| Some(format!("{key} <= {literal}"));
        let mut done = match &position {
            Some(at) => count(format!("SELECT count(*) FROM {of}{}", where_all(&[behind(at)])))
                .await
                .map_err(Refused::Statement)?,
            None => 0,
        };
        loop {
            let after = position.as_ref().map(|at| format!("{key} > {at}"));
            // Under a name of its own: the literal is sorted by as text else, because PostgreSQL
            // calls it like the key.
            let bound = format!(
                "SELECT {literal} AS position FROM {of}{} ORDER BY {key} LIMIT 1 OFFSET {}",
                where_all(std::slice::from_ref(&after)),
                rows - 1
            );
            let bound = row(db, bound).await.map_err(Refused::Statement)?;
            let bound: Option<String> =
                bound.map(|row| row.try_get_by_index(0)).transpose().map_err(Refused::Statement)?;
            let to = bound.as_ref().and_then(behind);
            let condition = condition.as_ref().map(|it| format!("({it})"));
            let sql = format!("{head}{}", where_all(&[after, to, condition]));
            let begun = match &bound {
                Some(_) => {
                    let position = bound.clone();
                    let effect = Effect::Batches(Box::new(Batched { position, ..batched.clone() }));
                    Begun::Statement(Statement { effect, ..statement.clone() })
                }
                None => Begun::Nothing,
            };
            let finished = if bound.is_some() { &finished[..finished.len() - 1] } else { finished };
            self.kept(finished, begun, async |tx: &DatabaseTransaction| {
                tx.execute_unprepared(&sql).await.map(drop).map_err(Refused::Statement)
            })
            .await?;
            done += u64::from(*rows);
            let progress =
                Event::Rows { table: &statement.table, done: done.min(total), of: total };
            self.runner.terms.progress.tell(progress);
            if bound.is_none() {
                return Ok(());
            }
            if self.is_to_stop() {
                return Err(Refused::Stopped);
            }
            position = bound;
        }
    }

    /// Calls the code, and writes down in the same transaction that it has run.
    pub(super) async fn keep_code(
        &self,
        statement: &Statement,
        finished: &[&str],
    ) -> Result<(), Refused> {
        let Effect::Code { name: step, is_back } = &statement.effect else { return Ok(()) };
        let Kind::Declared { code: Some(code), .. } = self.revision.kind else {
            let why = format!("`{step}` is code, and the list has none beside it");
            return Err(Refused::Statement(DbErr::Migration(why)));
        };
        self.kept(finished, Begun::Nothing, async |tx: &DatabaseTransaction| {
            let manager = SchemaManager::new(tx);
            let call = code(Call { step, is_back: *is_back, manager: &manager });
            let ran = if self.runner.dialect() == Dialect::Mysql {
                // DDL in it would have committed what was before.
                call.await
            } else {
                let ran = self.runner.terms.stop.unless_asked(call).await;
                ran.ok_or(Refused::Stopped)?
            };
            ran.map_err(Refused::Statement)
        })
        .await
    }
}
