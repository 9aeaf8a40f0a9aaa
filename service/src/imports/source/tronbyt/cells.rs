//! The columns of a row while it is put together.

use litemap::LiteMap;
use serde_json::Value as Json;

use crate::imports::unit::{Cell, Label, Row, Unit};

/// The columns of a row that is being made.
#[derive(Default)]
pub(super) struct Cells {
    cells: LiteMap<Label, Cell>,
    names: LiteMap<Label, Label>,
}

impl Cells {
    pub(super) fn set(&mut self, column: &'static str, value: impl Into<Json>) {
        self.cells.insert(column.into(), Cell::Is(value.into()));
    }

    pub(super) fn maybe(&mut self, column: &'static str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.set(column, value);
        }
    }

    /// What the document calls the column.
    pub(super) fn called(&mut self, column: &'static str, name: &'static str) {
        if column != name {
            self.names.insert(column.into(), name.into());
        }
    }

    pub(super) fn row(&mut self, column: &'static str, key: &str) {
        self.cells.insert(column.into(), Cell::Row(key.to_owned()));
    }

    pub(super) fn named(
        &mut self,
        column: &'static str,
        table: &'static str,
        by: &'static str,
        text: &str,
    ) {
        self.cells.insert(column.into(), Cell::Named(table, by, text.to_owned()));
    }
}

impl Unit {
    pub(super) fn push(&mut self, table: &'static str, key: &str, path: &str, cells: Cells) {
        let (table, key, path) = (table.into(), key.to_owned(), path.to_owned());
        let Cells { cells, names } = cells;
        self.rows.push(Row { table, key, path, cells, names, ..Row::default() });
    }
}
