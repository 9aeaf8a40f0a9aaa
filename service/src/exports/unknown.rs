//! What a database has and this program does not know: somebody added it, and it stays where it is.

use std::{collections::BTreeSet, fmt};

use plimsoll::schema::{Beyond, Schema, Table};

use crate::tables;

/// The table in which SeaORM writes down what has run.
pub(super) const HISTORY: &str = "seaql_migrations";

/// How the tables of the engine begin.
const ENGINE: &str = "plimsoll_";

/// What is no table of the ones that a schema lists, and has rows of its own.
const WITH_ROWS: [&str; 2] = ["virtual table", "foreign table"];

/// A column, or a whole table, that is not exported because this program does not know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The table.
    pub table: String,
    /// The column, of a table that is known.
    pub column: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column } = self;
        match column {
            Some(column) => {
                write!(f, "column `{column}` of `{table}` is not exported: nothing here knows it")
            }
            None => write!(f, "table `{table}` is not exported: nothing here knows it"),
        }
    }
}

/// What of these tables is unknown, each once; of an export of all domains, also which tables are.
pub(super) fn unknown(found: &Schema, exported: &[&Table], is_all: bool) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    for table in exported {
        let columns = found.tables.get(&table.name).map_or(&[][..], |it| it.columns.as_slice());
        let strange = columns.iter().filter(|it| tables::column(table, &it.name).is_none());
        unknown.extend(strange.map(|column| Unknown {
            table: table.name.clone(),
            column: Some(column.name.clone()),
        }));
    }
    if is_all {
        let has_rows = |it: &&Beyond| it.table.is_none() && WITH_ROWS.contains(&it.kind.as_str());
        let others = found.beyond.iter().filter(has_rows).map(|it| &it.name);
        let there: BTreeSet<&String> = found.tables.keys().chain(others).collect();
        let is_strange = |name: &&String| {
            tables::named(name).is_err() && *name != HISTORY && !name.starts_with(ENGINE)
        };
        let strange = there.into_iter().filter(is_strange);
        unknown.extend(strange.map(|name| Unknown { table: name.clone(), column: None }));
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_told_once_and_records_of_migrations_are_not() {
        let [settings, users] = ["application_settings", "users"].map(tables::named);
        let (settings, users) = (settings.unwrap(), users.unwrap());
        let mut altered = users.clone();
        let mut column = users.columns[0].clone();
        column.name = "shoe_size".to_owned();
        altered.columns.push(column);
        let others = ["seaql_migrations", "plimsoll_lock", "ships"].map(Table::new);
        let mut found = Schema::of([settings.clone(), altered].into_iter().chain(others));
        let beyond = |kind: &str, name: &str| Beyond {
            table: None,
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        found.beyond = vec![beyond("view", "sailors"), beyond("virtual table", "words")];
        let told = |exported: &[&Table], is_all: bool| -> Vec<String> {
            unknown(&found, exported, is_all).iter().map(ToString::to_string).collect()
        };

        let size = "column `shoe_size` of `users` is not exported: nothing here knows it";
        let table = |name: &str| format!("table `{name}` is not exported: nothing here knows it");
        assert_eq!(told(&[settings], false), [""; 0]);
        assert_eq!(told(&[settings, users], false), [size]);
        let all = [size.to_owned(), table("ships"), table("words")];
        assert_eq!(told(&[settings, users], true), all);
    }
}
