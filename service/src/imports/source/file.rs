//! Files that are read and never altered.

use std::path::Path;

use plimsoll::{config::Database, connect};
use sea_orm::DatabaseConnection;

use crate::{Error, Result};

/// Opens a file of SQLite for reading only. Nothing is written to it or beside it.
pub(super) async fn open(path: &Path) -> Result<DatabaseConnection> {
    if !path.is_file() {
        return Err(malformed(path, "there is no such file".to_owned()));
    }
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    if std::fs::metadata(journal).is_ok_and(|journal| journal.len() > 0) {
        let why = "a transaction did not end, and its journal is beside the file: let the program \
                   that wrote it, or sqlite3, open it once, so that it is taken back";
        return Err(malformed(path, why.to_owned()));
    }
    let text = path.to_str().ok_or_else(|| malformed(path, "its name is no text".to_owned()))?;
    let text = text.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    let folder = std::env::current_dir().unwrap_or_default();
    let database = Database::from_url(&format!("sqlite:{text}?mode=ro"), &folder)?;
    connect::session(&database).await.map_err(|error| malformed(path, error.to_string()))
}

pub(super) fn malformed(path: &Path, problem: String) -> Error {
    Error::Malformed { kind: "source", key: path.display().to_string(), problem }
}
