//! Whether the lines of an export come as one is written: each row once, behind those that it refers
//! to, and the end.

use std::collections::BTreeSet;

use plimsoll::schema::{Table, Type};

use super::line::{Header, Line, Row};
use crate::tables;

/// The longest key that can be written down of a record.
const LONGEST: usize = 255;

/// What came so far.
#[derive(Debug)]
pub(super) struct Order<'h> {
    header: &'h Header,
    lines: u64,
    rows: u64,
    /// Which of the tables the last row was of.
    table: usize,
    /// Its key, in a table whose keys are numbers: they grow from row to row, so that none is there
    /// twice and nothing has to be remembered.
    last: Vec<i64>,
    /// The keys of the table, where they are texts.
    texts: BTreeSet<String>,
    is_ended: bool,
}

impl<'h> Order<'h> {
    /// Of a file with this header, before its first line.
    pub(super) fn of(header: &'h Header) -> Self {
        Self {
            header,
            lines: 0,
            rows: 0,
            table: 0,
            last: Vec::new(),
            texts: BTreeSet::new(),
            is_ended: false,
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub(super) fn take(&mut self, line: &Line) -> Result<(), String> {
        self.lines += 1;
        if self.is_ended {
            return Err("it comes behind the end".to_owned());
        }
        match line {
            Line::Header(_) if self.lines == 1 => Ok(()),
            Line::Header(_) => Err("another export begins".to_owned()),
            Line::Row(row) => self.row(row),
            Line::End { rows } if *rows == self.rows => {
                self.is_ended = true;
                Ok(())
            }
            Line::End { rows } => Err(format!("{rows} rows were exported, and {} came", self.rows)),
        }
    }

    /// How many rows there are, behind the last line.
    ///
    /// # Errors
    /// That the file was cut off.
    pub(super) fn end(self) -> Result<u64, String> {
        if self.is_ended {
            return Ok(self.rows);
        }
        Err("the file ends behind it, and the export did not: it was cut off".to_owned())
    }

    fn row(&mut self, row: &Row) -> Result<(), String> {
        let Row { table, key, .. } = row;
        let Some(at) = self.header.tables.iter().position(|of| of == table) else {
            return Err(format!("the header has no table `{table}`"));
        };
        if at < self.table {
            return Err(format!("rows of `{table}` come too late"));
        }
        if at > self.table {
            self.table = at;
            self.last.clear();
            self.texts.clear();
        }
        let parts = key.strip_prefix(table.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let parts = parts.filter(|_| key.chars().count() <= LONGEST && !key.contains('\0'));
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
            return Err(format!("its key is none of `{table}`"));
        };
        if tables::named(table).is_ok_and(is_numbered) {
            self.number(key, parts)?;
        } else if !self.texts.insert(parts.to_owned()) {
            return Err(format!("`{key}` was there before"));
        }
        self.rows += 1;
        Ok(())
    }

    fn number(&mut self, key: &str, parts: &str) -> Result<(), String> {
        let numbers: Result<Vec<i64>, _> = parts.split('/').map(str::parse).collect();
        let numbers = numbers.map_err(|_| format!("`{key}` has no number"))?;
        match numbers.cmp(&self.last) {
            std::cmp::Ordering::Greater => self.last = numbers,
            std::cmp::Ordering::Equal => return Err(format!("`{key}` was there before")),
            std::cmp::Ordering::Less => return Err(format!("`{key}` comes too late")),
        }
        Ok(())
    }
}

/// Whether the keys of the table are whole numbers.
fn is_numbered(table: &Table) -> bool {
    let is_number = |name: &String| {
        tables::column(table, name).is_some_and(|column| column.ty == Type::BigInteger)
    };
    table.primary_key.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn header() -> Header {
        let tables = ["users", "user_roles", "devices"].map(str::to_owned).to_vec();
        Header { database: None, tables }
    }

    fn row(key: &str) -> Line {
        let table = key.split('/').next().unwrap_or_default().to_owned();
        Line::Row(Row { table, key: key.to_owned(), columns: Map::new() })
    }

    fn all(lines: &[Line]) -> Result<u64, String> {
        let header = header();
        let mut order = Order::of(&header);
        order.take(&Line::Header(header.clone()))?;
        for line in lines {
            order.take(line)?;
        }
        order.end()
    }

    #[test]
    fn rows_come_table_by_table_and_once() {
        let rows = ["users/2", "users/10", "user_roles/2/9", "user_roles/10/1", "devices/b"];
        let whole: Vec<Line> = rows.map(row).into_iter().chain([Line::End { rows: 5 }]).collect();

        assert_eq!(all(&whole), Ok(5));
        for (wrong, why) in [
            (&["users/2", "users/2"][..], "was there before"),
            (&["users/10", "users/2"], "comes too late"),
            (&["devices/a", "devices/a"], "was there before"),
            (&["devices/a", "users/2"], "come too late"),
            (&["users/x"], "has no number"),
            (&["users/"], "is none of"),
            (&["roles/1"], "the header has no table"),
        ] {
            let lines: Vec<Line> = wrong.iter().map(|key| row(key)).collect();
            let refused = all(&lines).unwrap_err();
            assert!(refused.contains(why), "{wrong:?}: {refused}");
        }
    }

    #[test]
    fn the_end_says_how_many_there_were_and_is_the_end() {
        assert!(all(&[row("users/2")]).unwrap_err().contains("cut off"));
        assert!(all(&[Line::End { rows: 1 }]).unwrap_err().contains("0 came"));
        let behind = [Line::End { rows: 0 }, row("users/2")];
        assert!(all(&behind).unwrap_err().contains("behind the end"));
        assert!(all(&[Line::Header(header())]).unwrap_err().contains("another export"));
    }
}
