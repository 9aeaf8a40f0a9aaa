//! Statements that add rows: for as many rows of the same columns the same text, batch after batch.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sea_orm::{
    DbBackend, Statement, StatementBuilder, Value,
    sea_query::{Query, Values},
};

/// The texts that were made.
#[derive(Debug, Default)]
pub(super) struct Inserts(Mutex<HashMap<Shape, String>>);

/// What a text is for.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shape {
    table: &'static str,
    columns: Vec<&'static str>,
    rows: usize,
    /// The column of the new rows that it gives back.
    gives: Option<&'static str>,
}

/// How many texts are kept: those of one import are few, unless each of its rows has other columns.
const MOST: usize = 64;

impl Inserts {
    /// Adds rows with these values, row by row in the order of the columns, and gives back a column of them
    /// where it is to.
    pub(super) fn statement(
        &self,
        db_backend: DbBackend,
        table: &'static str,
        columns: &[&'static str],
        gives: Option<&'static str>,
        values: Vec<Value>,
    ) -> Statement {
        let rows = values.len() / columns.len().max(1);
        let shape = Shape { table, columns: columns.to_vec(), rows, gives };
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() >= MOST && !texts.contains_key(&shape) {
            texts.clear();
        }
        let sql = texts.entry(shape).or_insert_with_key(|shape| shape.text(db_backend)).clone();
        Statement { sql, values: Some(Values(values)), db_backend }
    }
}

impl Shape {
    fn text(&self, backend: DbBackend) -> String {
        let Self { table, columns, rows, gives } = self;
        let mut insert = Query::insert();
        insert.into_table(*table).columns(columns.iter().copied());
        for _ in 0..*rows {
            // Something has to stand for the values.
            insert.values_panic(columns.iter().map(|_| Value::Bool(None).into()));
        }
        if let Some(column) = gives {
            insert.returning_col(*column);
        }
        StatementBuilder::build(&insert, &backend).sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_a_place_for_each_value() {
        let inserts = Inserts::default();
        let statement = |backend, rows: i32, gives| {
            let values: Vec<Value> = (0..2 * rows).map(Value::from).collect();
            let made =
                inserts.statement(backend, "devices", &["id", "name"], gives, values.clone());
            assert_eq!(made.values, Some(Values(values)));
            made.sql
        };

        for _ in 0..2 {
            assert_eq!(
                statement(DbBackend::Postgres, 2, Some("id")),
                r#"INSERT INTO "devices" ("id", "name") VALUES ($1, $2), ($3, $4) RETURNING "id""#
            );
            assert_eq!(
                statement(DbBackend::Postgres, 1, None),
                r#"INSERT INTO "devices" ("id", "name") VALUES ($1, $2)"#
            );
        }
    }

    #[test]
    fn only_so_many_texts_are_kept() {
        let inserts = Inserts::default();
        for rows in 1..=3 * MOST {
            let values = vec![Value::Int(None); rows];
            let sql = inserts.statement(DbBackend::Sqlite, "devices", &["id"], None, values).sql;

            assert_eq!(sql.matches('?').count(), rows);
            assert!(inserts.0.lock().unwrap().len() <= MOST);
        }
    }
}
