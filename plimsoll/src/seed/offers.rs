//! What was offered, as the database keeps it, and of which making of its table.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbErr};
use sea_query::{ColumnDef, Expr};

use super::{Seeder, Seeds};
use crate::{
    catalog,
    change::Change,
    error::Result,
    records::{Offer, Read, Records, SEEDS},
    schema::{Table, TableBuilder},
};

/// What was offered.
pub(crate) const JOURNAL: &str = SEEDS;
/// When the migration was applied that had made the table: as SeaORM records it, in seconds.
const MADE_AT: &str = "table_made_at";

/// The keys of the rows that were offered, by seeder.
pub(super) type Offered = BTreeMap<String, BTreeSet<String>>;

impl Seeds<'_> {
    /// Whether every row of `seeders` was offered already. Needs no right but to read.
    pub(crate) async fn all_offered(&self, seeders: &[&Seeder]) -> Result<bool> {
        Ok(self.are_offered(seeders, &self.read().await?))
    }

    /// Whether every row of `seeders` is among what was offered.
    pub(crate) fn are_offered(&self, seeders: &[&Seeder], read: &Read) -> bool {
        let offered = self.offered(read);
        seeders.iter().all(|seeder| {
            let keys = offered.get(&seeder.name);
            seeder.rows.iter().all(|row| keys.is_some_and(|keys| keys.contains(&row.key)))
        })
    }

    pub(super) async fn read(&self) -> Result<Read> {
        Records::of(self.revisions, self.dialect()).read(self.db, true).await
    }

    /// What was offered to the tables that are there now.
    pub(super) fn offered(&self, read: &Read) -> Offered {
        let since = self.since(read);
        let mut offered = Offered::new();
        for offer in &read.offered {
            let Offer { seeder, key, .. } = offer;
            let since = since.get(seeder.as_str());
            if !since.is_some_and(|since| offer.is_older_than(*since)) {
                offered.entry(seeder.clone()).or_default().insert(key.clone());
            }
        }
        offered
    }

    /// Since when the table of each seeder is there: when the newest migration was applied that
    /// creates it. Code does not say what it creates: its tables are as old as the oldest record.
    pub(super) fn since(&self, read: &Read) -> BTreeMap<&str, i64> {
        let applied = read.applied.iter();
        let applied: BTreeMap<&str, i64> =
            applied.filter_map(|it| Some((it.name.as_str(), it.at?.timestamp()))).collect();
        let mut tables = BTreeMap::new();
        for revision in &self.revisions.list {
            if let Some(at) = applied.get(revision.name.as_str()) {
                tables.extend(revision.creates().map(|table| (table, *at)));
            }
        }
        let oldest = applied.values().min();
        let seeders = self.all.iter().filter_map(|seeder| {
            let at = tables.get(seeder.table.as_str()).or(oldest)?;
            Some((seeder.name.as_str(), *at))
        });
        seeders.collect()
    }

    /// Creates the journal when it is not there, and gives an older one the column that it lacks.
    /// Called under the lock.
    pub(super) async fn prepare(&self) -> Result<()> {
        if !catalog::has_table(self.db, JOURNAL).await? {
            let create = self
                .render()
                .change(&Change::CreateTable(journal()))
                .map_err(|why| DbErr::Custom(why.to_string()))?;
            for statement in create {
                self.terms.send(self.db, &statement.sql).await?;
            }
        } else if catalog::column_type(self.db, JOURNAL, MADE_AT).await?.is_none() {
            let add = format!("ALTER TABLE {JOURNAL} ADD COLUMN {MADE_AT} bigint");
            self.terms.send(self.db, &add).await?;
        }
        Ok(())
    }

    /// Forgets what was offered for tables that are not there any more.
    pub(crate) async fn forget_gone(&self) -> Result<()> {
        let tables = catalog::tables(self.db).await?;
        if !tables.iter().any(|table| table == JOURNAL) {
            return Ok(());
        }
        for seeder in self.all.iter().filter(|seeder| !tables.contains(&seeder.table)) {
            self.forget(seeder, "").await?;
        }
        Ok(())
    }

    /// Forgets what was offered to tables that somebody else has taken away and made again.
    pub(super) async fn forget_replaced(
        &self,
        read: &Read,
        since: &BTreeMap<&str, i64>,
    ) -> Result<()> {
        for seeder in self.all {
            let Some(at) = since.get(seeder.name.as_str()) else { continue };
            let is_of_it = |offer: &&Offer| offer.seeder == seeder.name;
            if read.offered.iter().filter(is_of_it).any(|offer| offer.is_older_than(*at)) {
                self.forget(seeder, &format!(" AND {MADE_AT} < {at}")).await?;
            }
        }
        Ok(())
    }

    async fn forget(&self, seeder: &Seeder, condition: &str) -> Result<(), DbErr> {
        let sql = format!(
            "DELETE FROM {JOURNAL} WHERE history = {} AND seeder = {}{condition}",
            self.text(&self.revisions.table),
            self.text(&seeder.name)
        );
        self.terms.send(self.db, &sql).await
    }

    /// Writes down that a row is offered.
    pub(super) async fn remember(
        &self,
        db: &impl ConnectionTrait,
        seeder: &Seeder,
        key: &str,
        made_at: Option<i64>,
    ) -> Result<(), DbErr> {
        let made_at = made_at.map_or_else(|| "NULL".to_owned(), |at| at.to_string());
        let sql = format!(
            "INSERT INTO {JOURNAL} (history, seeder, row_key, {MADE_AT}) VALUES ({}, {}, {}, {made_at})",
            self.text(&self.revisions.table),
            self.text(&seeder.name),
            self.text(key)
        );
        db.execute_unprepared(&sql).await.map(|_| ())
    }
}

fn journal() -> Table {
    let (table, _) = TableBuilder::new(JOURNAL)
        .column(ColumnDef::new("history").string_len(64).not_null())
        .column(ColumnDef::new("seeder").string_len(64).not_null())
        .column(ColumnDef::new("row_key").string_len(512).not_null())
        .column(
            ColumnDef::new("offered_at")
                .timestamp_with_time_zone()
                .not_null()
                .default(Expr::current_timestamp()),
        )
        .column(ColumnDef::new(MADE_AT).big_integer().null())
        .primary_key(["history", "seeder", "row_key"])
        .finish();
    table
}
