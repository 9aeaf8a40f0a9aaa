//! Columns that name rows of other tables by their keys without a foreign key: in another database the
//! keys are others.

use plimsoll::schema::Table;
use serde_json::{Value as Json, json};

use super::{choice::is_exported, page::Fields};
use crate::tables::{self, is_counted};

/// How a column names rows.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// A list of keys of that table.
    List(&'static str),
    /// A word before the key of that table.
    Behind(&'static str, &'static str),
    /// The key as text; the column named here has the kind, which is the name of a table without the
    /// `s` at its end.
    OfKind(&'static str),
}

/// The columns, by their tables.
static BY_KEY: [(&str, &str, Way); 4] = [
    ("query_executions", "target_hosts", Way::List("fleet_hosts")),
    ("api_usage", "caller", Way::Behind("user:", "users")),
    ("resource_assignments", "resource_id", Way::OfKind("resource_type")),
    ("shell_sessions", "resource_id", Way::OfKind("resource_type")),
];

/// Whether rows of the table name others in such a way.
pub(super) fn names_rows(table: &Table) -> bool {
    BY_KEY.iter().any(|(of, ..)| *of == table.name)
}

/// Rows that a value names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) table: &'static Table,
    pub(super) keys: Vec<i64>,
    /// What stands before the key; nothing in a list.
    before: Option<&'static str>,
}

/// The rows that the column of a row names; nothing for any other column, and for what is no key.
pub(super) fn named(table: &Table, column: &str, row: &Fields) -> Option<Named> {
    let (.., way) = BY_KEY.iter().find(|(of, name, _)| *of == table.name && *name == column)?;
    let value = row.get(column)?;
    match way {
        Way::List(of) => {
            let keys: Option<Vec<i64>> = value.as_array()?.iter().map(Json::as_i64).collect();
            Some(Named { table: tables::named(of).ok()?, keys: keys?, before: None })
        }
        Way::Behind(word, of) => {
            let key = value.as_str()?.strip_prefix(*word)?.parse().ok()?;
            Some(Named { table: tables::named(of).ok()?, keys: vec![key], before: Some(*word) })
        }
        Way::OfKind(kind) => {
            let of = tables::named(&format!("{}s", row.get(*kind)?.as_str()?)).ok()?;
            let key = value.as_str()?.parse().ok()?;
            let is_ours = is_exported(&of.name) && is_counted(of);
            is_ours.then(|| Named { table: of, keys: vec![key], before: Some("") })
        }
    }
}

impl Named {
    /// What is exported in the place of the value. Of a list, what names no row any more is left
    /// out. A word with a key that is gone stays as it is, for what is counted by it; a key by itself
    /// does not: over there it might be that of another row.
    pub(super) fn form(&self, is_there: impl Fn(i64) -> bool) -> Option<Json> {
        let shown = |key: &i64| format!("{}/{key}", self.table.name);
        let there = |key: &&i64| self.before == Some("") || is_there(**key);
        let rows: Vec<String> = self.keys.iter().filter(there).map(shown).collect();
        match (self.before, rows.first()) {
            (None, None) => Some(json!({"is": []})),
            (None, Some(_)) => Some(json!({"rows": rows})),
            (Some(before), Some(row)) => Some(json!({"text": [before, row]})),
            (Some(_), None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(table: &str, column: &str, row: Json) -> Option<Json> {
        let row: Fields = serde_json::from_value(row).unwrap();
        named(tables::named(table).unwrap(), column, &row)?.form(|key| key != 9)
    }

    #[test]
    fn keys_in_texts_and_lists_are_named_by_their_tables() {
        let hosts = json!({"target_hosts": [3, 9, 4]});
        let rows = Some(json!({"rows": ["fleet_hosts/3", "fleet_hosts/4"]}));
        assert_eq!(form("query_executions", "target_hosts", hosts), rows);
        let caller = |text: &str| form("api_usage", "caller", json!({"caller": text}));
        assert_eq!(caller("user:42"), Some(json!({"text": ["user:", "users/42"]})));
        assert_eq!((caller("user:9"), caller("anonymous")), (None, None));
        let resource = |kind: &str, id: &str| {
            let row = json!({"resource_type": kind, "resource_id": id});
            form("resource_assignments", "resource_id", row)
        };
        assert_eq!(resource("cluster", "7"), Some(json!({"text": ["", "clusters/7"]})));
        assert_eq!(resource("cluster", "9"), Some(json!({"text": ["", "clusters/9"]})));
        assert_eq!((resource("bucket", "7"), resource("cluster", "main")), (None, None));
    }

    #[test]
    fn every_column_that_names_rows_by_their_keys_is_there() {
        for (table, column, _) in BY_KEY {
            let table = tables::named(table).unwrap();
            assert!(tables::column(table, column).is_some(), "{}.{column}", table.name);
        }
    }
}
