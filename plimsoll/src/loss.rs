//! What a run takes away that was there before, and how much of it there is.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};

use crate::{
    catalog,
    change::Change,
    dialect::{Dialect, postgres::elsewhere::Dropped},
    error::Result,
    records::is_missing,
    render::renderer,
    retry,
    steps::{Step, Steps},
};

/// Rows are counted as far as this, so that the question takes no longer than the answer is worth.
const LIMIT: u64 = 1_000_000;

/// Something that was there and is not afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The migration that takes it away; none for what takes away everything.
    pub migration: Option<String>,
    /// What.
    pub lost: Lost,
    /// How much of it there is.
    pub amount: Amount,
    /// Whether the migration says that it may ([`Steps::allow_loss`]).
    pub(crate) allowed: bool,
    /// What it does, in the words of the migration.
    pub(crate) doing: String,
}

/// What is lost, by the names that it has in the database now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// A table with all its rows.
    Table {
        /// The table.
        table: String,
    },
    /// A column with all its values.
    Column {
        /// The table that it is in.
        table: String,
        /// The column.
        column: String,
    },
    /// The values of a column, which is computed from then on.
    Values {
        /// The table that it is in.
        table: String,
        /// The column.
        column: String,
    },
    /// A column that takes less than before. What does not fit is refused, and so not lost.
    Narrower {
        /// The table that it is in.
        table: String,
        /// The column.
        column: String,
    },
    /// These rows, by their keys.
    Rows {
        /// The table that they are in.
        table: String,
        /// How many.
        count: usize,
    },
    /// Whatever a statement of the migration changes.
    Statement {
        /// The table whose rows it changes.
        table: String,
    },
    /// Whatever code takes away.
    Code,
}

/// How much of it there is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Amount {
    /// Nobody can know.
    Unknown,
    /// It is not there.
    Missing,
    /// It could not be counted.
    Unreadable {
        /// What the database said.
        because: String,
    },
    /// So many rows.
    Rows {
        /// How many rows the table has.
        rows: u64,
        /// How many of them have a value in the column.
        values: u64,
        /// Whether there are more, which were not counted.
        more: bool,
    },
}

impl Loss {
    fn of(migration: Option<&str>, lost: Lost, doing: String, allowed: bool) -> Self {
        let migration = migration.map(str::to_owned);
        Self { migration, lost, amount: Amount::Unknown, allowed, doing }
    }

    /// Whether rows or values are gone for good by it.
    pub(crate) fn is_for_good(&self) -> bool {
        matches!(self.lost, Lost::Table { .. } | Lost::Column { .. } | Lost::Values { .. })
    }

    /// The table whose rows are counted and, where it is one, the column.
    pub fn place(&self) -> Option<(&str, Option<&str>)> {
        match &self.lost {
            Lost::Table { table } => Some((table, None)),
            Lost::Column { table, column }
            | Lost::Values { table, column }
            | Lost::Narrower { table, column } => Some((table, Some(column))),
            Lost::Rows { .. } | Lost::Statement { .. } | Lost::Code => None,
        }
    }

    /// It as a sentence: what, and how much.
    pub fn describe(&self) -> String {
        match &self.lost {
            Lost::Table { table } => format!("table `{table}`: {}", self.amount.rows()),
            Lost::Column { table, column } => {
                format!("column `{table}.{column}`: {}", self.amount.values())
            }
            Lost::Values { table, column } => format!(
                "column `{table}.{column}`, computed from then on: {}",
                self.amount.values()
            ),
            Lost::Narrower { table, column } => format!(
                "column `{table}.{column}` takes less: {}; what does not fit is refused",
                self.amount.values()
            ),
            Lost::Rows { table, count: 1 } => format!("1 row of `{table}`"),
            Lost::Rows { table, count } => format!("{count} rows of `{table}`"),
            Lost::Statement { table } => {
                format!("whatever its statement changes in `{table}`, which is not known")
            }
            Lost::Code => "whatever its own code takes away, which is not known".to_owned(),
        }
    }

    /// What the migration would do, and to how much.
    pub(crate) fn refusal(&self) -> String {
        let amount = match &self.lost {
            Lost::Table { .. } => self.amount.rows(),
            _ => self.amount.values(),
        };
        let migration = self.migration.as_deref().unwrap_or_default();
        format!("`{migration}` would {} ({amount})", self.doing)
    }
}

impl Amount {
    fn otherwise(&self) -> String {
        match self {
            Self::Missing => "not there".to_owned(),
            Self::Unreadable { because } => format!("not counted: {because}"),
            Self::Unknown | Self::Rows { .. } => "not counted".to_owned(),
        }
    }

    fn rows(&self) -> String {
        match self {
            Self::Rows { rows, more: true, .. } => format!("more than {} rows", grouped(*rows)),
            Self::Rows { rows, .. } => plural(*rows),
            other => other.otherwise(),
        }
    }

    fn values(&self) -> String {
        match self {
            Self::Rows { rows: 0, .. } => "the table has no rows".to_owned(),
            Self::Rows { rows, values, more } => {
                let have = if *values == 1 { "has a value" } else { "have a value" };
                let first = if *more { "the first " } else { "" };
                format!("{} of {first}{} {have}", grouped(*values), plural(*rows))
            }
            other => other.otherwise(),
        }
    }
}

fn plural(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(rows)) }
}

/// A number with its digits in threes: `1 204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// What tables and columns are called in the database while steps give them other names. What a step
/// itself has made has no name there.
#[derive(Default)]
struct Names {
    tables: BTreeMap<String, Option<String>>,
    columns: BTreeMap<(String, String), Option<String>>,
}

impl Names {
    fn table(&self, name: &str) -> Option<String> {
        self.tables.get(name).cloned().unwrap_or_else(|| Some(name.to_owned()))
    }

    fn column(&self, table: &str, name: &str) -> Option<(String, String)> {
        let key = (table.to_owned(), name.to_owned());
        let column = self.columns.get(&key).cloned().unwrap_or_else(|| Some(name.to_owned()));
        Some((self.table(table)?, column?))
    }

    fn follow(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => {
                self.tables.insert(table.name.clone(), None);
            }
            Change::RenameTable { from, to } => {
                let origin = self.table(from);
                self.tables.insert(from.clone(), None);
                self.tables.insert(to.clone(), origin);
                let moved = self.columns.extract_if(.., |(table, _), _| table == from);
                let moved: Vec<_> = moved.collect();
                let moved = moved.into_iter().map(|((_, name), was)| ((to.clone(), name), was));
                self.columns.extend(moved);
            }
            Change::AddColumn { table, column } => {
                self.columns.insert((table.clone(), column.name.clone()), None);
            }
            Change::RenameColumn { table, from, to } => {
                let origin = self.column(table, from).map(|(_, column)| column);
                self.columns.insert((table.clone(), from.clone()), None);
                self.columns.insert((table.clone(), to.clone()), origin);
            }
            _ => {}
        }
    }
}

/// What these migrations lose when they run in this order, each by its name and its steps, which code
/// has not. What they make themselves they may take away again.
pub(crate) fn of<'s>(run: impl IntoIterator<Item = (&'s str, Option<Steps>)>) -> Vec<Loss> {
    let mut names = Names::default();
    let mut losses = Vec::new();
    for (migration, steps) in run {
        let Some(steps) = steps else {
            losses.push(Loss::of(Some(migration), Lost::Code, String::new(), true));
            continue;
        };
        let allowed = steps.allowed_loss().is_some();
        for step in steps.steps() {
            let by_itself = match step {
                Step::Code(code) if code.runs() => Some(Lost::Code),
                Step::Sql(written) if written.run.is_some() => {
                    names.table(&written.table).map(|table| Lost::Statement { table })
                }
                Step::Delete(rows) => names
                    .table(&rows.table)
                    .map(|table| Lost::Rows { table, count: rows.rows.len() }),
                _ => None,
            };
            losses.extend(
                by_itself.map(|lost| Loss::of(Some(migration), lost, step.describe(), allowed)),
            );
            let Step::Change(change) = step else { continue };
            let column = |table: &String, column: &String| names.column(table, column);
            let lost = match change {
                Change::DropTable(table) => {
                    names.table(&table.name).map(|table| Lost::Table { table })
                }
                Change::DropColumn { table, column: dropped } if change.loses() => {
                    column(table, &dropped.name)
                        .map(|(table, column)| Lost::Column { table, column })
                }
                Change::AlterColumn { table, from, .. } if change.loses() => {
                    column(table, &from.name).map(|(table, column)| Lost::Values { table, column })
                }
                Change::AlterColumn { table, from, .. } if change.is_destructive() => {
                    column(table, &from.name)
                        .map(|(table, column)| Lost::Narrower { table, column })
                }
                _ => None,
            };
            losses.extend(
                lost.map(|lost| Loss::of(Some(migration), lost, change.describe(), allowed)),
            );
            names.follow(change);
        }
    }
    losses
}

/// Every table of the database, counted.
///
/// # Errors
/// [`crate::Error::Database`] when the tables cannot be listed;
/// [`MigrationError::Elsewhere`](crate::MigrationError::Elsewhere), so that nothing else is lost.
pub(crate) async fn of_all(db: &DatabaseConnection) -> Result<Vec<Loss>> {
    catalog::keep_elsewhere(db, Dropped::Tables).await?;
    let tables = catalog::tables(db).await?.into_iter();
    let mut losses: Vec<Loss> =
        tables.map(|table| Loss::of(None, Lost::Table { table }, String::new(), true)).collect();
    count(db, &mut losses).await;
    Ok(losses)
}

/// Asks the database how much there is. What cannot be counted is no error: it says so.
pub(crate) async fn count(db: &DatabaseConnection, losses: &mut [Loss]) {
    for loss in losses {
        let Some((table, column)) = loss.place() else { continue };
        loss.amount = match ask(db, table, column).await {
            Ok(amount) => amount,
            Err(error) if is_missing(&error) => Amount::Missing,
            Err(error) => Amount::Unreadable { because: said(&error) },
        };
    }
}

async fn ask(db: &DatabaseConnection, table: &str, column: Option<&str>) -> Result<Amount, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let quote = |name: &str| renderer(dialect).quote(name);
    // With the table before it: alone, SQLite takes a column that is not there for a text.
    let value = match column {
        Some(column) => format!("CASE WHEN there.{} IS NULL THEN NULL ELSE 1 END", quote(column)),
        None => "1".to_owned(),
    };
    let sql = format!(
        "SELECT count(*), count(counted.it) FROM (SELECT {value} AS it FROM {} AS there LIMIT {}) AS counted",
        quote(table),
        LIMIT + 1
    );
    let row = db.query_one_raw(Statement::from_string(dialect.into(), sql)).await?;
    let Some(row) = row else { return Ok(Amount::Unknown) };
    let [rows, values]: [i64; 2] = [row.try_get_by_index(0)?, row.try_get_by_index(1)?];
    let [rows, values] = [rows, values].map(i64::cast_unsigned);
    Ok(Amount::Rows { rows: rows.min(LIMIT), values: values.min(LIMIT), more: rows > LIMIT })
}

/// What the database said, in one line and without what the driver says around it.
fn said(error: &DbErr) -> String {
    use sea_orm::sqlx::Error;

    match retry::driver_error(error) {
        Some(Error::Database(error)) => error.message().to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::schema::{big_pk_auto, string_len, string_len_null};

    use super::*;
    use crate::schema::TableBuilder;

    fn ports(table: TableBuilder) -> TableBuilder {
        table.column(big_pk_auto("id")).column(string_len("name", 80))
    }

    fn lost(steps: Steps) -> Vec<String> {
        of([("m01", Some(steps))]).iter().map(Loss::describe).collect()
    }

    #[test]
    fn what_has_another_name_meanwhile_is_told_by_the_one_that_it_has_now() {
        let made = Steps::new()
            .create_table("ports", ports)
            .alter("ports", |t| t.add(|t| t.column(string_len_null("fax", 40))))
            .change(Change::RenameColumn {
                table: "ports".into(),
                from: "fax".into(),
                to: "telefax".into(),
            })
            .change(Change::RenameTable { from: "ports".into(), to: "harbours".into() });

        assert_eq!(lost(made.clone()), Vec::<String>::new());
        assert_eq!(
            lost(made.reverse()),
            ["column `harbours.telefax`: not counted", "table `harbours`: not counted"]
        );
    }

    #[test]
    fn what_a_run_makes_itself_it_may_take_away_again() {
        let anew = Steps::new()
            .drop_table("ports", ports)
            .create_table("ports", ports)
            .drop_table("ports", ports);

        assert_eq!(lost(anew), ["table `ports`: not counted"]);
        assert_eq!(of([("m01", None)])[0].lost, Lost::Code);
    }

    #[test]
    fn amounts_are_told_as_a_person_reads_them() {
        let of = |rows, values, more| Amount::Rows { rows, values, more };

        assert_eq!(of(1204, 1204, false).rows(), "1 204 rows");
        assert_eq!(of(1, 1, false).rows(), "1 row");
        assert_eq!(of(LIMIT, LIMIT, true).rows(), "more than 1 000 000 rows");
        assert_eq!(of(20, 17, false).values(), "17 of 20 rows have a value");
        assert_eq!(of(20, 1, false).values(), "1 of 20 rows has a value");
        assert_eq!(of(LIMIT, 5, true).values(), "5 of the first 1 000 000 rows have a value");
        assert_eq!(of(0, 0, false).values(), "the table has no rows");
    }
}
