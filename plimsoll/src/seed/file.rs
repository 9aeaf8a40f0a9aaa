//! Seed files: default rows as TOML, read without a database.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{error::MigrationError, schema::Value};

/// The longest name of a seeder, in characters.
const LONGEST_NAME: usize = 64;
/// The longest key of a row in the journal, in characters.
pub(super) const LONGEST_KEY: usize = 512;

/// One seed file: the default rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeder {
    pub(crate) name: String,
    pub(crate) table: String,
    /// The tables that must be there.
    pub(crate) needs: Vec<String>,
    /// The columns that a row is known by.
    pub(crate) key: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One default row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The values of the key columns as text, with a slash between them.
    pub(crate) key: String,
    pub(crate) cells: BTreeMap<String, Cell>,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Value(Value),
    /// The `id` of the row of `table` that has `value` in `by`.
    Lookup {
        table: String,
        by: String,
        value: Value,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: String,
    key: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    lookup: BTreeMap<String, Lookup>,
    #[serde(default)]
    rows: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lookup {
    table: String,
    by: String,
}

impl Seeder {
    /// Reads a seed file. Its name without the ending is the seeder's.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, MigrationError> {
        let bad = |problem: String| MigrationError::BadSeed { file: file.to_owned(), problem };
        let name = file.strip_suffix(".toml").unwrap_or(file).to_owned();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(bad(format!("its name has not from 1 to {LONGEST_NAME} characters")));
        }
        let read: File = toml::from_str(text).map_err(|why| bad(why.to_string()))?;
        if read.key.is_empty() {
            return Err(bad("`key` names no column".to_owned()));
        }
        let mut seeder = Self {
            name,
            needs: read.needs.clone(),
            table: read.table.clone(),
            key: read.key.clone(),
            rows: Vec::new(),
        };
        let referenced = read.lookup.values().map(|lookup| &lookup.table);
        for table in referenced.chain([&read.table]) {
            if !seeder.needs.contains(table) {
                seeder.needs.push(table.clone());
            }
        }
        for (at, row) in read.rows.iter().enumerate() {
            let rows = read.expand(row).map_err(|why| bad(format!("row {}: {why}", at + 1)))?;
            for row in rows {
                if seeder.rows.iter().any(|other| other.key == row.key) {
                    return Err(bad(format!("row `{}` is there twice", row.key)));
                }
                seeder.rows.push(row);
            }
        }
        Ok(seeder)
    }
}

impl File {
    /// A row as it is written can be several: a list in a looked-up column stands for one row each.
    fn expand(&self, row: &toml::Table) -> Result<Vec<Row>, String> {
        let mut rows = vec![BTreeMap::new()];
        for (column, value) in row {
            let cells = self.cells(column, value)?;
            rows = rows
                .into_iter()
                .flat_map(|row: BTreeMap<String, Cell>| {
                    cells.iter().map(move |cell| {
                        let mut row = row.clone();
                        row.insert(column.clone(), cell.clone());
                        row
                    })
                })
                .collect();
        }
        rows.into_iter().map(|cells| self.keyed(cells)).collect()
    }

    fn cells(&self, column: &str, value: &toml::Value) -> Result<Vec<Cell>, String> {
        let Some(lookup) = self.lookup.get(column) else {
            return Ok(vec![Cell::Value(constant(column, value)?)]);
        };
        let cell = |value| {
            Ok(Cell::Lookup {
                table: lookup.table.clone(),
                by: lookup.by.clone(),
                value: constant(column, value)?,
            })
        };
        match value {
            toml::Value::Array(values) => values.iter().map(cell).collect(),
            value => Ok(vec![cell(value)?]),
        }
    }

    fn keyed(&self, cells: BTreeMap<String, Cell>) -> Result<Row, String> {
        let mut key = Vec::new();
        for column in &self.key {
            let cell = cells.get(column).ok_or_else(|| format!("has no `{column}`"))?;
            let (Cell::Value(value) | Cell::Lookup { value, .. }) = cell;
            key.push(match value {
                Value::Text(text) => text.clone(),
                Value::Int(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                _ => return Err(format!("`{column}` cannot be part of a key")),
            });
        }
        let key = key.join("/");
        if key.chars().count() > LONGEST_KEY {
            return Err(format!("its key is longer than {LONGEST_KEY} characters"));
        }
        Ok(Row { key, cells })
    }
}

fn constant(column: &str, value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(number) => Value::Number(number.to_string()),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Datetime(time) => match time.to_string().parse() {
            Ok(time) => Value::Time(time),
            Err(_) => Value::Text(time.to_string()),
        },
        // Lists and tables are JSON documents.
        toml::Value::Array(_) | toml::Value::Table(_) => Value::Text(
            serde_json::to_string(value).map_err(|why| format!("`{column}` is no JSON: {why}"))?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANTS: &str = r#"
        table = "role_permissions"
        key = ["role_id", "permission_id"]

        [lookup.role_id]
        table = "roles"
        by = "name"

        [lookup.permission_id]
        table = "permissions"
        by = "code"

        [[rows]]
        role_id = "user"
        permission_id = ["document:read", "document:update"]
    "#;

    fn problem(text: &str) -> String {
        Seeder::parse("x.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_list_in_a_looked_up_column_is_a_row_for_each() {
        let seeder = Seeder::parse("grants.toml", GRANTS).unwrap();

        assert_eq!(seeder.name, "grants");
        assert_eq!(seeder.needs, ["permissions", "roles", "role_permissions"]);
        let keys: Vec<_> = seeder.rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["user/document:read", "user/document:update"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_row() {
        assert!(problem("table = 'a'\nkey = ['b']\n[[rows]]\nc = 1").contains("row 1: has no `b`"));
        assert!(problem("table = 'a'\nkey = []").contains("names no column"));
        assert!(problem("table = 'a'\nkey = ['b']\ncolour = 1").contains("unknown field"));
        assert!(
            problem("table = 'a'\nkey = ['b']\n[[rows]]\nb = 'x'\n[[rows]]\nb = 'x'")
                .contains("row `x` is there twice")
        );
    }
}
