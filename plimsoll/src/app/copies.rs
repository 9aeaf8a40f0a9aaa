//! What takes everything away, and what brings it back: all tables dropped, copies made and restored.

use std::path::Path;

use super::Run;
use crate::{
    backup::{self, Backup, Copied},
    catalog,
    config::Database,
    dialect::postgres::elsewhere::Dropped,
    error::Result,
    history::Kind,
    limits::Settings,
    lock::{self, Guard},
    loss::{self, Loss},
    progress::Event,
    records::Records,
    runner::only_one,
};

impl Run<'_> {
    /// Has a copy of the database made before anything changes, under the lock. What finds nothing to do
    /// makes none.
    #[must_use]
    pub fn with_backup(mut self, backup: Backup) -> Self {
        self.backup = Some(backup);
        self
    }

    /// What reverting these revisions in this order loses, counted. Needs no right but to read.
    ///
    /// # Errors
    /// Those of the list of migrations ([`crate::MigrationError::BadHistory`],
    /// [`crate::MigrationError::BadMigration`]). What cannot be counted is none.
    pub async fn losses_of(&self, reverted: &[String]) -> Result<Vec<Loss>> {
        let revisions = self.app.history.load()?;
        let run = reverted.iter().filter_map(|name| {
            let revision = revisions.list.iter().find(|it| it.name == *name)?;
            Some((
                &**name,
                match &revision.kind {
                    Kind::Declared { steps, .. } => Some(steps.reverse()),
                    Kind::Imperative(_) => None,
                },
            ))
        });
        let mut losses = loss::of(run);
        loss::count(self.db, &mut losses).await;
        Ok(losses)
    }

    /// Every table of the database, counted: what dropping them all, or bringing back a copy, loses.
    ///
    /// # Errors
    /// [`crate::Error::Database`] when the tables cannot be listed.
    pub async fn all_losses(&self) -> Result<Vec<Loss>> {
        loss::of_all(self.db).await
    }

    /// Takes the lock alone, without the records: they need not be there, or go.
    async fn locked(&self) -> Result<Option<Guard>> {
        only_one(self.db)?;
        let Some(limit) = self.terms.lock else { return Ok(None) };
        let waiting = |holder: &str| self.terms.progress.tell(Event::Waiting { holder });
        Ok(Some(lock::acquire(self.db, limit, &self.terms.stop, waiting).await?))
    }

    async fn free(&self, guard: Option<Guard>) {
        if let Some(guard) = guard {
            lock::release(self.db, guard).await;
        }
    }

    /// Makes a copy of the database under the lock, so that nobody migrates meanwhile. Others may read
    /// and write: the copy is of one moment.
    ///
    /// # Errors
    /// [`crate::MigrationError::CopyFile`], [`crate::MigrationError::Tool`], [`crate::MigrationError::ToolFailed`],
    /// [`crate::MigrationError::BadCopy`], and those of the lock.
    pub async fn back_up(&self, backup: &Backup) -> Result<Copied> {
        let guard = self.locked().await?;
        let copied = lock::holding(guard.as_ref(), self.copy(backup)).await;
        self.free(guard).await;
        copied
    }

    async fn copy(&self, backup: &Backup) -> Result<Copied> {
        let revisions = self.app.history.load()?;
        let applied = Records::of(&revisions, self.dialect()).applied(self.db).await?;
        backup.make(self.db, applied.last().map(|it| &*it.name), &self.terms.stop).await
    }

    async fn back_up_first(&self) -> Result<()> {
        if let Some(backup) = &self.backup {
            let copy = self.copy(backup).await?;
            self.terms.progress.tell(Event::Copied { copy: &copy });
        }
        Ok(())
    }

    /// Refuses a file that is no whole copy of `database`, which is the one of this session. Changes
    /// nothing.
    ///
    /// # Errors
    /// [`crate::MigrationError::BadCopy`], [`crate::MigrationError::CopyFile`], [`crate::MigrationError::Tool`],
    /// [`crate::MigrationError::Elsewhere`].
    pub async fn check_copy(&self, database: &Database, copy: &Path) -> Result<()> {
        only_one(self.db)?;
        let untried = backup::check(self.db, database, copy, &self.terms.stop).await?;
        if let Some(sentence) = &untried {
            self.terms.progress.tell(Event::Warning { sentence });
        }
        Ok(())
    }

    /// Puts what is in a copy in the place of all that is in `database`, which is the one of this
    /// session, under the lock. On SQLite and PostgreSQL it is one transaction.
    ///
    /// # Errors
    /// Those of [`Run::check_copy`] before anything changes; [`crate::MigrationError::ToolFailed`] and
    /// [`crate::Error::Database`] when nothing has changed, [`crate::MigrationError::HalfRestored`] on MySQL and
    /// MariaDB when it stopped on the way; and those of the lock.
    pub async fn restore(&self, database: &Database, copy: &Path) -> Result<()> {
        let guard = self.locked().await?;
        let restored = async {
            backup::check(self.db, database, copy, &self.terms.stop).await?;
            self.back_up_first().await?;
            backup::restore(self.db, database, copy, &self.terms.stop).await
        };
        let restored = lock::holding(guard.as_ref(), restored).await;
        self.free(guard).await;
        restored
    }

    /// Drops every table of the database and every view, known or not, and on PostgreSQL what stands
    /// beside the tables of the current schema: sequences and enumerations. The records go, too.
    ///
    /// # Errors
    /// [`crate::MigrationError::DropTables`], [`crate::MigrationError::Elsewhere`], and those of the lock and of a copy
    /// that is made first.
    pub async fn drop_all(&self) -> Result<()> {
        let guard = self.locked().await?;
        let dropped = async {
            catalog::keep_elsewhere(self.db, Dropped::Relations).await?;
            self.back_up_first().await?;
            let settings = match &self.terms.limits {
                Some(limits) => Some(Settings::set(self.db, limits).await?),
                None => None,
            };
            let dropped = self.terms.patiently(async || catalog::drop_all(self.db).await).await;
            if let Some(settings) = settings {
                settings.restore(self.db).await;
            }
            dropped.map_err(catalog::of_dropping)
        };
        let dropped = lock::holding(guard.as_ref(), dropped).await;
        self.free(guard).await;
        dropped
    }

    /// The statements of [`Run::drop_all`], with the database as it is now.
    ///
    /// # Errors
    /// [`crate::MigrationError::DropTables`] when the database does not tell what is in it;
    /// [`crate::MigrationError::Elsewhere`].
    pub async fn rehearse_drop_all(&self) -> Result<Vec<String>> {
        catalog::keep_elsewhere(self.db, Dropped::Relations).await?;
        let drops = catalog::all_drops(self.db).await;
        Ok(drops.map_err(catalog::not_dropped)?.concat())
    }
}
