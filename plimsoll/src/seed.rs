//! Default rows: offered once, and never again forced on whoever changed or withdrew them.

mod file;
mod offers;
mod rows;

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait as _};

pub(crate) use file::Seeder;
use file::{Cell, Row};
pub(crate) use offers::JOURNAL;
use offers::Offered;

use crate::{
    catalog,
    dialect::Dialect,
    error::{MigrationError, Result},
    history::Revisions,
    progress::Event,
    render::{Render, renderer},
    retry,
    schema::Value,
    terms::Terms,
};

/// What a seeder did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// The seeder.
    pub seeder: String,
    /// The keys of the rows that it inserted.
    pub inserted: Vec<String>,
    /// The keys of the rows that it set back (only when it was told to).
    pub restored: Vec<String>,
    /// The rows that could not be set back (only when it was told to).
    pub unrestored: Vec<Unrestored>,
    /// How many rows it left as they are.
    pub left: usize,
    /// Why it did not run at all.
    pub skipped: Option<String>,
}

/// A row that could not be set back, because one that it refers to is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrestored {
    /// The row's key.
    pub row: String,
    /// What is not there, as a sentence.
    pub because: String,
    /// The seeder that offers what is not there.
    pub needs: String,
}

/// How a default row and the database differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The seeder.
    pub seeder: String,
    /// The row's key.
    pub row: String,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It was never offered, and is not there.
    New,
    /// It was offered, and somebody took it away.
    Withdrawn,
    /// It is there with other values in these columns.
    Differs(Vec<String>),
    /// The tables that it needs are not there.
    NoTable(String),
}

/// What to do with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Insert what was never offered.
    Offer,
    /// Say what [`Mode::Offer`] would do.
    Rehearse,
    /// Set back what was changed or withdrawn, too.
    Restore,
}

/// One call of [`Seeds::run`], while it goes from seeder to seeder.
struct Round<'r> {
    /// The seeders that run.
    chosen: &'r [&'r Seeder],
    /// What was offered before, by seeder.
    offered: &'r Offered,
    /// Since when the table of each seeder is there.
    since: &'r BTreeMap<&'r str, i64>,
    /// What those before have done.
    report: &'r [Seeded],
    mode: Mode,
}

impl Round<'_> {
    fn is_offered(&self, seeder: &Seeder, row: &Row) -> bool {
        self.offered.get(&seeder.name).is_some_and(|keys| keys.contains(&row.key))
    }
}

/// The row of `table` that has `value` in `by`.
struct Reference<'r> {
    table: &'r str,
    by: &'r str,
    value: &'r Value,
}

/// Why a row that is referred to is not there.
enum Missing {
    /// Somebody took it away, or wants it left out: there is nothing to offer. The seeder that
    /// has it.
    Withdrawn(String),
    /// An earlier seeder would have inserted it.
    Coming,
    /// Nobody offers it, or not before it is needed.
    Unknown,
}

/// The seeders on a database.
pub(crate) struct Seeds<'s> {
    pub(crate) db: &'s DatabaseConnection,
    /// All of them: a row of one can refer to a row of another.
    pub(crate) all: &'s [Seeder],
    pub(crate) terms: &'s Terms<'s>,
    /// The history that they belong to: two projects can share a database.
    pub(crate) revisions: &'s Revisions<'s>,
}

impl Seeds<'_> {
    fn dialect(&self) -> Dialect {
        self.db.get_database_backend().into()
    }

    fn render(&self) -> &'static dyn Render {
        renderer(self.dialect())
    }

    fn literal(&self, value: &Value) -> String {
        self.render().literal(value)
    }

    fn text(&self, text: &str) -> String {
        self.render().text(text)
    }

    /// Runs `seeders` in their order, each in a transaction of its own.
    pub(crate) async fn run(&self, seeders: &[&Seeder], mode: Mode) -> Result<Vec<Seeded>> {
        if seeders.is_empty() {
            return Ok(Vec::new());
        }
        if mode != Mode::Rehearse {
            self.prepare().await?;
        }
        let read = self.read().await?;
        let (offered, since) = (self.offered(&read), self.since(&read));
        if mode != Mode::Rehearse {
            self.forget_replaced(&read, &since).await?;
        }
        let tables = catalog::tables(self.db).await?;
        let mut report = Vec::new();
        for seeder in seeders {
            if let Some(because) = lacks(seeder, &tables) {
                self.terms
                    .progress
                    .tell(Event::SeederSkipped { seeder: &seeder.name, because: &because });
                report.push(Seeded { left: 0, skipped: Some(because), ..seeder.nothing_to_do() });
                continue;
            }
            let round =
                Round { chosen: seeders, offered: &offered, since: &since, report: &report, mode };
            let seeded = self.run_one(seeder, &round).await?;
            self.terms.progress.tell(Event::Seeded {
                seeder: &seeder.name,
                inserted: seeded.inserted.len(),
                restored: seeded.restored.len(),
                left: seeded.left,
            });
            report.push(seeded);
        }
        Ok(report)
    }

    async fn run_one(&self, seeder: &Seeder, round: &Round<'_>) -> Result<Seeded> {
        let nothing_to_do = round.mode != Mode::Restore
            && seeder.rows.iter().all(|row| round.is_offered(seeder, row));
        if nothing_to_do {
            return Ok(seeder.nothing_to_do());
        }
        if round.mode == Mode::Rehearse {
            return self.offer(self.db, seeder, round).await;
        }
        if self.terms.stop.is_asked() {
            return Err(MigrationError::stopped(Vec::new()).into());
        }
        let offer = async || self.offer_at_once(seeder, round).await;
        self.terms.patiently(offer).await
    }

    /// Offers its rows in a transaction of their own.
    async fn offer_at_once(&self, seeder: &Seeder, round: &Round<'_>) -> Result<Seeded> {
        let tx = self.db.begin_with_options(retry::to_write(self.db, None)).await?;
        match self.offer(&tx, seeder, round).await {
            Ok(done) => {
                tx.commit().await?;
                Ok(done)
            }
            Err(error) => {
                // What went wrong matters more than what the rollback says.
                let _ = tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn offer(
        &self,
        db: &impl ConnectionTrait,
        seeder: &Seeder,
        round: &Round<'_>,
    ) -> Result<Seeded> {
        let mut done = Seeded { left: 0, ..seeder.nothing_to_do() };
        for row in &seeder.rows {
            let is_offered = round.is_offered(seeder, row);
            if is_offered && round.mode != Mode::Restore {
                done.left += 1;
                continue;
            }
            let failed = |source| MigrationError::SeedFailed {
                seeder: seeder.name.clone(),
                row: row.key.clone(),
                source,
            };
            let cells = match self.cells(db, row).await.map_err(failed)? {
                Ok(cells) => cells,
                Err(missing) => {
                    match self.why_missing(&missing, round) {
                        Missing::Withdrawn(needs) if round.mode == Mode::Restore => {
                            let (row, because) = (row.key.clone(), self.lost(&missing));
                            done.unrestored.push(Unrestored { row, because, needs });
                        }
                        Missing::Withdrawn(_) => done.left += 1,
                        Missing::Coming => done.inserted.push(row.key.clone()),
                        Missing::Unknown => return Err(self.refer(seeder, &missing).into()),
                    }
                    continue;
                }
            };
            let condition = self.is_row(seeder, &cells);
            let there = self.exists(db, &seeder.table, &condition).await.map_err(failed)?;
            match (there, round.mode) {
                (true, Mode::Restore) => {
                    let differing = self.differing(db, seeder, &cells, &condition).await;
                    if differing.map_err(failed)?.is_empty() {
                        done.left += 1;
                    } else {
                        self.update(db, seeder, &cells, &condition).await.map_err(failed)?;
                        done.restored.push(row.key.clone());
                    }
                }
                (true, _) => done.left += 1,
                (false, Mode::Rehearse) => done.inserted.push(row.key.clone()),
                (false, _) => {
                    self.insert(db, seeder, &cells).await.map_err(failed)?;
                    done.inserted.push(row.key.clone());
                }
            }
            if !is_offered && round.mode != Mode::Rehearse {
                let made_at = round.since.get(seeder.name.as_str()).copied();
                self.remember(db, seeder, &row.key, made_at).await.map_err(failed)?;
            }
        }
        Ok(done)
    }

    /// Why a row that another refers to is not there.
    fn why_missing(&self, missing: &Reference<'_>, round: &Round<'_>) -> Missing {
        let Some((seeder, row)) = self.seeder_of(missing) else { return Missing::Unknown };
        let is_coming = |it: &Seeded| it.seeder == seeder.name && it.inserted.contains(&row.key);
        if round.mode == Mode::Rehearse && round.report.iter().any(is_coming) {
            return Missing::Coming;
        }
        let is_left_out = round.chosen.iter().all(|chosen| chosen.name != seeder.name);
        if round.is_offered(seeder, row) || is_left_out {
            Missing::Withdrawn(seeder.name.clone())
        } else {
            Missing::Unknown
        }
    }

    fn lost(&self, missing: &Reference<'_>) -> String {
        let value = self.literal(missing.value);
        format!("`{}` has no row whose `{}` is {value}", missing.table, missing.by)
    }

    fn refer(&self, seeder: &Seeder, missing: &Reference<'_>) -> MigrationError {
        MigrationError::SeedReference {
            seeder: seeder.name.clone(),
            value: self.literal(missing.value),
            table: missing.table.to_owned(),
            column: missing.by.to_owned(),
        }
    }

    /// How the default rows of `seeders` and the database differ. Changes nothing.
    pub(crate) async fn verify(&self, seeders: &[&Seeder]) -> Result<Vec<Difference>> {
        let tables = catalog::tables(self.db).await?;
        let offered = self.offered(&self.read().await?);
        let mut differences = Vec::new();
        for seeder in seeders {
            let mut differs = |row: &str, kind| {
                differences.push(Difference {
                    seeder: seeder.name.clone(),
                    row: row.to_owned(),
                    kind,
                });
            };
            if let Some(because) = lacks(seeder, &tables) {
                differs("", DifferenceKind::NoTable(because));
                continue;
            }
            let offered = offered.get(&seeder.name);
            for row in &seeder.rows {
                let is_offered = offered.is_some_and(|keys| keys.contains(&row.key));
                let gone = if is_offered { DifferenceKind::Withdrawn } else { DifferenceKind::New };
                let Ok(cells) = self.cells(self.db, row).await? else {
                    differs(&row.key, gone);
                    continue;
                };
                let condition = self.is_row(seeder, &cells);
                if !self.exists(self.db, &seeder.table, &condition).await? {
                    differs(&row.key, gone);
                    continue;
                }
                let columns = self.differing(self.db, seeder, &cells, &condition).await?;
                if !columns.is_empty() {
                    differs(&row.key, DifferenceKind::Differs(columns));
                }
            }
        }
        Ok(differences)
    }

    async fn query(
        &self,
        db: &impl ConnectionTrait,
        sql: String,
    ) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
        db.query_all_raw(Statement::from_string(self.dialect().into(), sql)).await
    }

    /// The cells as the statements have them, looked-up ones as their `id`; else the row that is
    /// referred to and not there.
    async fn cells<'c>(
        &self,
        db: &impl ConnectionTrait,
        row: &'c Row,
    ) -> Result<Result<BTreeMap<String, String>, Reference<'c>>, DbErr> {
        let mut cells = BTreeMap::new();
        for (column, cell) in &row.cells {
            let literal = match cell {
                Cell::Value(value) => self.literal(value),
                Cell::Lookup { table, by, value } => {
                    let (quoted, key) = (self.render().quote(table), self.render().quote(by));
                    let id = match self.dialect() {
                        Dialect::Mysql => "CAST(id AS SIGNED)",
                        Dialect::Sqlite | Dialect::Postgres => "CAST(id AS bigint)",
                    };
                    let sought = self.literal(value);
                    let sql = format!("SELECT {id} FROM {quoted} WHERE {key} = {sought}");
                    match self.query(db, sql).await?.first() {
                        Some(found) => found.try_get_by_index::<i64>(0)?.to_string(),
                        None => return Ok(Err(Reference { table, by, value })),
                    }
                }
            };
            cells.insert(column.clone(), literal);
        }
        Ok(Ok(cells))
    }

    /// The seeder that offers the row, and the row.
    fn seeder_of(&self, reference: &Reference<'_>) -> Option<(&Seeder, &Row)> {
        let wanted = Cell::Value(reference.value.clone());
        self.all
            .iter()
            .filter(|seeder| seeder.table == reference.table)
            .flat_map(|seeder| seeder.rows.iter().map(move |row| (seeder, row)))
            .find(|(_, row)| row.cells.get(reference.by) == Some(&wanted))
    }
}

impl Seeder {
    /// The report of a run that left every row as it is.
    pub(crate) fn nothing_to_do(&self) -> Seeded {
        Seeded {
            seeder: self.name.clone(),
            inserted: Vec::new(),
            restored: Vec::new(),
            unrestored: Vec::new(),
            left: self.rows.len(),
            skipped: None,
        }
    }
}

/// Which table a seeder lacks, as a reason.
fn lacks(seeder: &Seeder, tables: &[String]) -> Option<String> {
    let lacking = seeder.needs.iter().find(|table| !tables.contains(table))?;
    Some(format!("table `{lacking}` is not there"))
}
