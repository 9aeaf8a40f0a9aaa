//! A schema made at once in an empty database, with the whole history recorded as applied.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait as _};

use super::{Runner, Stamp};
use crate::{
    catalog,
    dialect::Dialect,
    error::{MigrationError, Result},
    records::Took,
    render::{Statement, renderer},
    retry,
    revisions::{Standing, Target},
};

impl Runner<'_> {
    /// Runs the statements that make and fill `tables`, and records every revision. On a database that has
    /// nothing but what `is_left` alone; when it fails, it has nothing again.
    ///
    /// # Errors
    /// [`MigrationError::NotEmpty`], [`MigrationError::NotCreated`], and those of a database that does
    /// not answer.
    pub(crate) async fn create(
        &self,
        run: &[Statement],
        tables: &[&str],
        is_left: impl Fn(&str) -> bool,
    ) -> Result<Stamp> {
        let standings = self.standings().await?;
        empty(catalog::tables(self.db()).await?, &standings, is_left)?;
        self.back_up().await?;
        let stamp = Stamp::of(self.revisions, &standings, &Target::Head)?;
        let records =
            stamp.statements(self.revisions, &self.records, Took::Exactly(Duration::ZERO));
        if self.dialect() == Dialect::Mysql {
            // Each is kept by itself.
            if let Err(error) = self.make(self.db(), run).await {
                self.take_back(tables).await;
                return Err(error.into());
            }
            self.keep(&records, "stamp").await?;
        } else {
            let once = async || self.create_together(run, &records).await;
            Box::pin(self.terms.patiently(once)).await?;
        }
        Ok(stamp)
    }

    /// All of it or nothing, in one transaction.
    async fn create_together(&self, run: &[Statement], records: &[String]) -> Result<()> {
        let tx = self.db().begin_with_options(retry::to_write(self.db(), None)).await?;
        let made: Result<(), MigrationError> = async {
            self.make(&tx, run).await?;
            for record in records {
                let kept = tx.execute_unprepared(record).await;
                kept.map_err(|source| MigrationError::Record { doing: "stamp", source })?;
            }
            Ok(())
        }
        .await;
        match made {
            Ok(()) => Ok(tx.commit().await?),
            Err(error) => {
                // What it says matters more than what the rollback says.
                let _ = tx.rollback().await;
                Err(error.into())
            }
        }
    }

    /// One after the other.
    async fn make(
        &self,
        db: &impl ConnectionTrait,
        run: &[Statement],
    ) -> Result<(), MigrationError> {
        for statement in run {
            if self.terms.stop.is_asked() {
                return Err(MigrationError::stopped(Vec::new()));
            }
            let made = db.execute_unprepared(&statement.sql).await;
            made.map_err(|source| not_created(statement, source))?;
        }
        Ok(())
    }

    /// Drops again what was made. None of it was there before.
    async fn take_back(&self, tables: &[&str]) {
        let quoted: Vec<String> =
            tables.iter().map(|table| renderer(self.dialect()).quote(table)).collect();
        let drop = format!("DROP TABLE IF EXISTS {}", quoted.join(", "));
        for sql in ["SET foreign_key_checks = 0", &drop, "SET foreign_key_checks = 1"] {
            if let Err(error) = self.db().execute_unprepared(sql).await {
                tracing::debug!(%error, "what was created stays");
            }
        }
    }
}

fn not_created(statement: &Statement, source: DbErr) -> MigrationError {
    let (table, statement) = (statement.table.clone(), statement.sql.clone());
    MigrationError::NotCreated { table, statement, source }
}

/// # Errors
/// [`MigrationError::NotEmpty`] when there are tables that nobody leaves alone, or records.
pub(crate) fn empty(
    tables: Vec<String>,
    standings: &[Standing],
    is_left: impl Fn(&str) -> bool,
) -> Result<(), MigrationError> {
    let tables: Vec<String> = tables.into_iter().filter(|table| !is_left(table)).collect();
    let recorded = standings.iter().filter(|it| it.is_applied()).count();
    if tables.is_empty() && recorded == 0 {
        return Ok(());
    }
    Err(MigrationError::NotEmpty { tables, recorded })
}
