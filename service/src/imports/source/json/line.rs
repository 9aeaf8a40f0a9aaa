//! The lines of an export, one after the other.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json};

use super::{super::file::malformed, Place};
use crate::{Error, Result, exports::VERSION};

/// The longest line, in bytes: a file that is none of an export is not read into memory.
const LONGEST: u64 = 1 << 26;

/// What an export says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// What the exporting database is told from others by.
    pub(super) database: Option<String>,
    /// Its tables, in the order in which their rows come.
    pub(super) tables: Vec<String>,
}

/// A row as it was exported.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) table: String,
    /// What it is called in the file: `devices/17`.
    pub(super) key: String,
    pub(super) columns: Map<String, Json>,
}

/// A line of an export.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// The first.
    Header(Header),
    /// A row.
    Row(Row),
    /// The last: how many rows came before it.
    End { rows: u64 },
}

/// The lines of a file from some place on.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    place: Place,
}

impl Lines {
    /// Opens the file for reading only.
    pub(super) fn open(path: &Path, place: Place) -> Result<Self> {
        let open = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(place.byte))?;
            Ok(BufReader::new(file))
        };
        let file = open().map_err(|error: std::io::Error| malformed(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), file, place })
    }

    /// Where the next line begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next line; nothing at the end of the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the number of a line that is none of an export.
    pub(super) fn read(&mut self) -> Result<Option<Line>> {
        let mut bytes = Vec::new();
        let read = self.file.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| malformed(&self.path, error.to_string()))? as u64;
        if read == 0 {
            return Ok(None);
        }
        self.place = Place { byte: self.place.byte + read, line: self.place.line + 1 };
        if read == LONGEST {
            return Err(self.malformed("it is too long"));
        }
        let json = serde_json::from_slice(&bytes).map_err(|error| {
            self.malformed(&format!("it is no JSON from column {} on", error.column()))
        })?;
        parsed(json).map(Some).map_err(|problem| self.malformed(&problem))
    }

    /// That something is wrong with the line that was read last.
    pub(super) fn malformed(&self, problem: &str) -> Error {
        malformed(&self.path, format!("line {}: {problem}", self.place.line))
    }
}

fn parsed(json: Json) -> Result<Line, String> {
    let Json::Object(mut members) = json else { return Err("it is no object".to_owned()) };
    if let Some(version) = members.get("plimsoll_export") {
        return header(version, &members).map(Line::Header);
    }
    if members.get("end") == Some(&Json::Bool(true)) {
        let rows = members.get("rows").and_then(Json::as_u64);
        let end = rows.map(|rows| Line::End { rows });
        return end.ok_or_else(|| "it does not say how many rows there were".to_owned());
    }
    match (members.remove("table"), members.remove("key"), members.remove("row")) {
        (Some(Json::String(table)), Some(Json::String(key)), Some(Json::Object(columns)))
            if members.is_empty() =>
        {
            Ok(Line::Row(Row { table, key, columns }))
        }
        _ => Err("it is no row: that has `table`, `key` and `row`".to_owned()),
    }
}

fn header(version: &Json, members: &Map<String, Json>) -> Result<Header, String> {
    if version.as_u64() != Some(VERSION) {
        return Err(format!("the export is of form {version}, and {VERSION} is known"));
    }
    let tables = members.get("tables").and_then(Json::as_array);
    let tables: Option<Vec<String>> = tables
        .map(|tables| tables.iter().map(|table| table.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let database = members.get("database").and_then(Json::as_str).map(str::to_owned);
    let header = tables.map(|tables| Header { database, tables });
    header.ok_or_else(|| "it does not say which tables it has".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_a_header_a_row_or_the_end() {
        let header = json!({"plimsoll_export": 1, "tables": ["users"], "domains": ["identity"]});
        let row = json!({"table": "users", "key": "users/1", "row": {"username": "ana"}});

        let read = Header { database: None, tables: vec!["users".to_owned()] };
        assert_eq!(parsed(header), Ok(Line::Header(read)));
        assert!(matches!(parsed(row), Ok(Line::Row(row)) if row.key == "users/1"));
        assert_eq!(parsed(json!({"end": true, "rows": 3})), Ok(Line::End { rows: 3 }));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        for wrong in [
            json!([]),
            json!({}),
            json!({"end": false, "rows": 3}),
            json!({"end": true}),
            json!({"table": "users", "key": "users/1"}),
            json!({"table": "users", "key": 1, "row": {}}),
            json!({"table": "users", "key": "users/1", "row": {}, "more": 1}),
            json!({"plimsoll_export": 1}),
            json!({"plimsoll_export": 1, "tables": [1]}),
        ] {
            assert!(parsed(wrong.clone()).is_err(), "{wrong}");
        }
        let newer = parsed(json!({"plimsoll_export": 2, "tables": []})).unwrap_err();
        assert!(newer.contains("form 2"), "{newer}");
    }
}
