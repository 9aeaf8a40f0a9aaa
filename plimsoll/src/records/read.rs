//! Reading all records at once: what an older engine left out of its tables is not there, and a
//! database that another tool migrated has none of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use sea_orm::{DatabaseConnection, DbErr, QueryResult};

use super::{HISTORY, JOURNAL, Open, Records, SEEDS, Way, begun, is_missing};
use crate::{
    dialect::{Dialect, mysql},
    error::{MigrationError, Result},
    history::Revisions,
    plain::Plain,
    revisions::{Applied, Standing, compare},
};

/// All that the database says of a history.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// What has run, by name.
    pub(crate) applied: Vec<Applied>,
    /// The migration that an earlier run left open.
    pub(crate) open: Option<Open>,
    /// The default rows that were offered, if they were asked for.
    pub(crate) offered: Vec<Offer>,
    /// What the engine's own table has of revisions that have not run: another tool took them back.
    pub(crate) stale: BTreeSet<String>,
    /// What is there of the records, where something is not.
    pub(super) lacking: Option<Lacking>,
    /// Whether a copy may be half there, so that this is not what it was.
    is_doubtful: bool,
}

/// A default row that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) seeder: String,
    pub(crate) key: String,
    /// When its table was made, in seconds.
    pub(crate) made_at: Option<i64>,
}

impl Offer {
    /// Whether it was offered to a table that was made before that second.
    pub(crate) fn is_older_than(&self, second: i64) -> bool {
        self.made_at.is_some_and(|made_at| made_at < second)
    }
}

/// A table of the records, and what is read of it: texts, then numbers.
struct Source<'s> {
    table: &'s str,
    texts: &'static [&'static str],
    numbers: &'static [&'static str],
}

const TEXTS: usize = 5;
const NUMBERS: usize = 2;

const OF_HISTORY: Source<'static> = Source {
    table: HISTORY,
    texts: &["version", "checksum", "engine", "applied_by"],
    numbers: &["applied_at", "took_ms"],
};
const OF_JOURNAL: Source<'static> = Source {
    table: JOURNAL,
    texts: &["version", "way", "finished_digest", "statement", "effect"],
    numbers: &["finished"],
};
const OF_SEEDS: Source<'static> =
    Source { table: SEEDS, texts: &["seeder", "row_key"], numbers: &["table_made_at"] };

/// The columns of the engine's own tables that are there.
type Columns = BTreeSet<(String, String)>;

/// What is there of records that lack something.
#[derive(Debug)]
pub(super) struct Lacking {
    /// Whether SeaORM's table is.
    has_seaql: bool,
    /// The columns of the engine's own.
    columns: Columns,
}

impl Lacking {
    /// Whether the table is there; that of SeaORM is called `seaql`.
    pub(super) fn has_table(&self, seaql: &str, table: &str) -> bool {
        if table == seaql { self.has_seaql } else { self.columns.iter().any(|(of, _)| of == table) }
    }

    /// Whether the engine's own history is of an older version, which had fewer columns.
    pub(super) fn is_older(&self) -> bool {
        !self.columns.contains(&(HISTORY.to_owned(), "applied_by".to_owned()))
    }
}

impl Read {
    /// How every revision stands.
    pub(crate) fn standings(&self, revisions: &Revisions<'_>) -> Vec<Standing> {
        compare(&revisions.known(), &self.applied)
    }
}

impl Records<'_> {
    /// How every revision stands, and the migration that an earlier run left open.
    pub(crate) async fn look(
        &self,
        db: &DatabaseConnection,
        revisions: &Revisions<'_>,
    ) -> Result<(Vec<Standing>, Option<Open>)> {
        let read = self.read(db, false).await?;
        Ok((read.standings(revisions), read.open))
    }

    /// Everything, in one query where every table is there and whole. Needs no right but to read.
    ///
    /// # Errors
    /// [`MigrationError::Record`]; [`MigrationError::HalfRestored`] where half of it is a copy's.
    pub(crate) async fn read(&self, db: &DatabaseConnection, with_offers: bool) -> Result<Read> {
        let failed = |source| MigrationError::Record { doing: "read", source };
        let read = self.read_from(db, with_offers).await.map_err(failed)?;
        if read.is_doubtful
            && let Some(file) = mysql::backup::half(db).await?
        {
            return Err(MigrationError::HalfRestored { file, source: None }.into());
        }
        Ok(read)
    }

    async fn read_from(&self, db: &DatabaseConnection, with_offers: bool) -> Result<Read, DbErr> {
        let mut plain = Plain::of(db).await?;
        let error = match plain.rows(&self.query(with_offers, None)).await {
            Ok(rows) => return of_rows(&rows),
            Err(error) => error,
        };
        if !is_missing(&error) {
            return Err(error);
        }
        let columns = self.columns(&mut plain).await?;
        let (read, has_seaql) = match plain.rows(&self.query(with_offers, Some(&columns))).await {
            Ok(rows) => (of_rows(&rows)?, true),
            // SeaORM's table itself: nothing has run.
            Err(error) if is_missing(&error) => {
                let is_doubtful = self.dialect == Dialect::Mysql;
                (Read { is_doubtful, ..Read::default() }, false)
            }
            Err(error) => return Err(error),
        };
        Ok(Read { lacking: Some(Lacking { has_seaql, columns }), ..read })
    }

    /// The query for all of it; without the columns that are not there.
    fn query(&self, with_offers: bool, columns: Option<&Columns>) -> String {
        let has = |table: &str, column: &str| {
            columns.is_none_or(|all| all.contains(&(table.to_owned(), column.to_owned())))
        };
        let (text, number) = match self.dialect {
            Dialect::Mysql => ("CHAR", "SIGNED"),
            Dialect::Postgres => ("text", "bigint"),
            Dialect::Sqlite => ("TEXT", "INTEGER"),
        };
        // Of another collation they could not stand in one column.
        let cast = |name: &str, to: &str| format!("CAST({name} AS {to})");
        let list = |source: &Source<'_>, is_there: &dyn Fn(&str) -> bool| {
            let named = |names: &[&str], width: usize, to: &str| {
                let mut list: Vec<String> = names
                    .iter()
                    .map(|name| cast(if is_there(name) { name } else { "NULL" }, to))
                    .collect();
                list.resize(width, cast("NULL", to));
                list.join(", ")
            };
            let (texts, numbers) = (source.texts, source.numbers);
            format!("{}, {}", named(texts, TEXTS, text), named(numbers, NUMBERS, number))
        };
        let theirs = Source { table: self.table, texts: &["version"], numbers: &["applied_at"] };
        let table = self.render().quote(self.table);
        let mut parts = vec![format!(
            "SELECT {}, {} FROM {table}",
            cast("0", number),
            list(&theirs, &|_| true)
        )];
        let ours =
            [("1", &OF_HISTORY, true), ("2", &OF_JOURNAL, true), ("3", &OF_SEEDS, with_offers)];
        for (kind, source, is_wanted) in ours {
            if is_wanted && has(source.table, source.texts[0]) {
                let list = list(source, &|column| has(source.table, column));
                let history = self.text(self.table);
                parts.push(format!(
                    "SELECT {}, {list} FROM {} WHERE history = {history}",
                    cast(kind, number),
                    source.table
                ));
            }
        }
        if self.dialect == Dialect::Mysql {
            let nothing = list(&Source { table: "", texts: &[], numbers: &[] }, &|_| false);
            parts.push(format!(
                "SELECT {}, {nothing} FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '{}'",
                cast("4", number),
                mysql::backup::MARK
            ));
        }
        parts.join(" UNION ALL ")
    }

    /// The columns of the engine's own tables, as far as this session sees the tables by their names.
    async fn columns(&self, plain: &mut Plain) -> Result<Columns, DbErr> {
        let tables = [HISTORY, JOURNAL, SEEDS];
        let texts = tables.map(|table| self.text(table)).join(", ");
        let sql = match self.dialect {
            Dialect::Sqlite => format!(
                "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c \
                 WHERE t.schema = 'main' AND t.name IN ({texts})"
            ),
            Dialect::Postgres => {
                let tables = tables.map(|table| format!("to_regclass('{table}')")).join(", ");
                format!(
                    "SELECT c.relname::text, a.attname::text FROM pg_attribute a \
                     JOIN pg_class c ON c.oid = a.attrelid \
                     WHERE c.oid IN ({tables}) AND a.attnum > 0 AND NOT a.attisdropped"
                )
            }
            Dialect::Mysql => format!(
                "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR) \
                 FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name IN ({texts})"
            ),
        };
        let mut columns = Columns::new();
        for row in plain.rows(&sql).await? {
            columns.insert((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        if self.dialect == Dialect::Mysql {
            // It does not show what one has no right to, and says of that something else than of
            // what is not there.
            for table in tables.iter().filter(|table| columns.iter().all(|(of, _)| of != *table)) {
                match plain.rows(&format!("SELECT 1 FROM {table} WHERE 1 = 0")).await {
                    Err(error) if !is_missing(&error) => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(columns)
    }
}

/// What the rows of the query say.
fn of_rows(rows: &[QueryResult]) -> Result<Read, DbErr> {
    let mut read = Read::default();
    let mut details = BTreeMap::new();
    for row in rows {
        let text = |at: usize| row.try_get_by_index::<Option<String>>(1 + at);
        let number = |at: usize| row.try_get_by_index::<Option<i64>>(1 + TEXTS + at);
        let first = text(0)?.unwrap_or_default();
        match row.try_get_by_index::<i64>(0)? {
            0 => {
                let seconds = number(0)?.unwrap_or_default();
                let at = DateTime::from_timestamp(seconds, 0);
                read.applied.push(Applied { name: first, at, ..Applied::default() });
            }
            1 => {
                let detail = (text(1)?, text(2)?, text(3)?, number(1)?);
                details.insert((first, number(0)?.unwrap_or_default()), detail);
            }
            2 => {
                let way = text(1)?.unwrap_or_default();
                read.open = Some(Open {
                    version: first,
                    way: if way == Way::Down.name() { Way::Down } else { Way::Up },
                    finished: usize::try_from(number(0)?.unwrap_or_default()).unwrap_or_default(),
                    finished_digest: text(2)?.unwrap_or_default(),
                    begun: begun(text(3)?, text(4)?.as_deref()),
                });
            }
            4 => read.is_doubtful = true,
            _ => {
                let key = text(1)?.unwrap_or_default();
                read.offered.push(Offer { seeder: first, key, made_at: number(0)? });
            }
        }
    }
    for it in &mut read.applied {
        // A record of another moment is of a run that another tool has taken back since.
        let at = it.at.map(|at| at.timestamp()).unwrap_or_default();
        if let Some((checksum, engine, by, took_ms)) = details.remove(&(it.name.clone(), at)) {
            it.checksum = checksum;
            it.engine = engine;
            it.by = by;
            it.took_ms = took_ms;
        }
    }
    read.stale = details.into_keys().map(|(version, _)| version).collect();
    read.applied.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(read)
}
