//! A migration that is code.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt as _;
use sea_orm_migration::{MigrationTrait, SchemaManager};

use super::one::One;
use crate::{
    dialect::Dialect,
    error::{MigrationError, Remains, Result},
    history::said,
    records::{Begun, Way},
};

impl One<'_> {
    /// A migration that is code: in a transaction where SeaORM would use one.
    pub(super) async fn imperative(&self, migration: &dyn MigrationTrait) -> Result<()> {
        let asked = catch_unwind(AssertUnwindSafe(|| migration.use_transaction()));
        let asked = asked.map_err(|panic| self.panicked(&*panic, Remains::Nothing))?;
        let is_mysql = self.runner.dialect() == Dialect::Mysql;
        let in_transaction = asked.unwrap_or(self.runner.dialect() == Dialect::Postgres);
        if in_transaction && !is_mysql {
            let once = async || self.code_taken_back(migration).await;
            return Box::pin(self.runner.terms.patiently(once)).await;
        }
        // It could not be done once more, and so it waits as long as it would elsewhere.
        let settings = &self.runner.settings;
        if let Some(settings) = settings {
            let lifted = settings.lift(self.runner.db()).await;
            lifted.map_err(self.failed("letting it wait", None, Remains::Nothing))?;
        }
        let outcome = if in_transaction {
            self.code_committed_unasked(migration).await
        } else {
            self.code_at_large(migration).await
        };
        if let Some(settings) = settings
            && let Err(error) = settings.impose(self.runner.db()).await
        {
            // Whoever comes next waits longer, and nothing else.
            tracing::debug!(%error, "the limits are not set again");
        }
        outcome
    }

    /// Code in a transaction that takes it back when it fails, or somebody asks to stop.
    async fn code_taken_back(&self, migration: &dyn MigrationTrait) -> Result<()> {
        let tx = self.begin().await?;
        let outcome = {
            let manager = SchemaManager::new(&tx);
            let call = self.call(migration, &manager, Remains::Nothing);
            let outcome = self.runner.terms.stop.unless_asked(call).await;
            outcome.unwrap_or_else(|| Err(self.stopped(Remains::Nothing)))
        };
        match outcome {
            Ok(()) => self.record_and_commit(tx, Remains::Nothing).await,
            Err(error) => {
                let _ = tx.rollback().await;
                Err(error.into())
            }
        }
    }

    /// Code in a transaction of a database that commits it with the first DDL.
    async fn code_committed_unasked(&self, migration: &dyn MigrationTrait) -> Result<()> {
        let (db, name, records) = (self.runner.db(), &self.revision.name, &self.runner.records);
        let tx = self.begin().await?;
        // Kept only when DDL commits it unasked: it then tells that the transaction was none, and
        // without DDL it goes as all else does.
        let begun = records.begin(&tx, name, self.way, &[], Begun::Code).await;
        begun.map_err(self.failed("writing down that it begins", None, Remains::Nothing))?;
        let outcome = self.call(migration, &SchemaManager::new(&tx), Remains::Unknown).await;
        if let Err(error) = outcome {
            let _ = tx.rollback().await;
            // The entry is there when DDL has committed it, and all that came before.
            let entry = records.open(db).await;
            let _ = records.close(db).await;
            let is_clean = matches!(entry, Ok(None));
            let left = if is_clean { Remains::Nothing } else { Remains::Unknown };
            return Err(error.leaving(left).into());
        }
        self.record_and_commit(tx, Remains::Unknown).await
    }

    /// Code that wants no transaction.
    async fn code_at_large(&self, migration: &dyn MigrationTrait) -> Result<()> {
        let (db, name, records) = (self.runner.db(), &self.revision.name, &self.runner.records);
        let begun = records.begin(db, name, self.way, &[], Begun::Code).await;
        begun.map_err(self.failed("writing down that it begins", None, Remains::Nothing))?;
        let outcome = self.call(migration, &SchemaManager::new(db), Remains::Unknown).await;
        if let Err(error) = outcome {
            // It ended by itself, and says so: only a killed run leaves it open.
            let _ = records.close(db).await;
            return Err(error.into());
        }
        self.record_patiently(Remains::Unknown).await.map(drop)
    }

    async fn call(
        &self,
        migration: &dyn MigrationTrait,
        manager: &SchemaManager<'_>,
        remains: Remains,
    ) -> Result<(), MigrationError> {
        let run = async {
            match self.way {
                Way::Up => migration.up(manager).await,
                Way::Down => migration.down(manager).await,
            }
        };
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(outcome) => {
                outcome.map_err(self.failed(&format!("{} it", self.way.verb()), None, remains))
            }
            Err(panic) => Err(self.panicked(&*panic, remains)),
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send), remains: Remains) -> MigrationError {
        MigrationError::Panicked {
            migration: self.revision.name.clone(),
            message: said(panic),
            done: self.done(),
            remains,
        }
    }
}
