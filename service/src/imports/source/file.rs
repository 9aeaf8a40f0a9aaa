//! Files that are read and never altered.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll::{config::Database, connect};
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, sqlx::sqlite::SqliteConnectOptions};

use crate::{Error, Result};

/// What a file is told apart by from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Stamp {
    /// Of the file as it is now.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let about = fs::metadata(path).map_err(|error| malformed(path, error.to_string()))?;
        Ok(Self { bytes: about.len(), changed: about.modified().ok() })
    }
}

/// A file of SQLite while it is read.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    /// What it was like at first, where no lock keeps others from writing to it meanwhile.
    stamp: Option<Stamp>,
}

impl Watch {
    /// Whether all that was read so far was of one and the same file.
    ///
    /// # Errors
    /// [`Error::Malformed`] when somebody has written to it.
    pub(super) fn look(&self) -> Result<()> {
        match self.stamp {
            Some(stamp) if Stamp::of(&self.path)? != stamp => Err(changed(&self.path)),
            _ => Ok(()),
        }
    }
}

/// Opens a file of SQLite for reading only. Nothing is written to it or beside it.
///
/// A database with a write-ahead log is read through an index that SQLite makes beside it, unless
/// it is told that nobody writes: then it reads the file alone. That is right as long as the log is
/// empty, which is looked at before, and the file stays as it is, which [`Watch::look`] tells.
pub(super) async fn open(path: &Path) -> Result<(DatabaseConnection, Watch)> {
    let owned = path.to_owned();
    let stamp = blocking::unblock(move || looked_at(&owned)).await?;
    let watch = Watch { path: path.to_owned(), stamp };
    if stamp.is_some() {
        let db = alone(path).await.map_err(|error| malformed(path, error.to_string()))?;
        return Ok((db, watch));
    }
    let text = path.to_str().ok_or_else(|| malformed(path, "its name is no text".to_owned()))?;
    let text = text.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    let folder = std::env::current_dir().unwrap_or_default();
    let database = Database::from_url(&format!("sqlite:{text}?mode=ro"), &folder)?;
    let db = connect::session(&database).await;
    Ok((db.map_err(|error| malformed(path, error.to_string()))?, watch))
}

/// The file alone, without what SQLite keeps beside it.
async fn alone(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let connection = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .sqlx_logging(false)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    options.map_sqlx_sqlite_opts(move |_| connection.clone());
    sea_orm::Database::connect(options).await
}

/// Whether the file can be read as it is; what it is like, when it has a write-ahead log.
fn looked_at(path: &Path) -> Result<Option<Stamp>> {
    if !path.is_file() {
        return Err(malformed(path, "there is no such file".to_owned()));
    }
    let failed = |error: io::Error| malformed(path, error.to_string());
    // What SQLite keeps is beside the file itself, not beside a link to it.
    let real = fs::canonicalize(path).map_err(failed)?;
    if beside(&real, "-journal").is_some_and(|bytes| bytes > 0) {
        let why = "a transaction did not end, and its journal is beside the file: let the program \
                   that wrote it, or sqlite3, open it once, so that it is taken back";
        return Err(malformed(path, why.to_owned()));
    }
    let log = beside(&real, "-wal");
    if log.is_some_and(|bytes| bytes > 0) {
        let why = "what was written last is in the write-ahead log beside the file: stop the \
                   program that writes it, and let sqlite3 do `PRAGMA wal_checkpoint(TRUNCATE)` \
                   on it; or copy the file and the log to another place, do so there, and take \
                   the copy";
        return Err(malformed(path, why.to_owned()));
    }
    if log.is_none() && !is_logged(&real).map_err(failed)? {
        return Ok(None);
    }
    Stamp::of(path).map(Some)
}

/// How many bytes a file has that is beside another.
fn beside(path: &Path, suffix: &str) -> Option<u64> {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).ok().map(|about| about.len())
}

/// Whether the header of the file says that there is a write-ahead log.
fn is_logged(path: &Path) -> io::Result<bool> {
    const LOGGED: u8 = 2;
    let mut header = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut header)?;
    let versions = header.get(18..20).unwrap_or_default();
    Ok(header.starts_with(b"SQLite format 3\0") && versions.contains(&LOGGED))
}

/// That somebody has written to the file.
pub(super) fn changed(path: &Path) -> Error {
    malformed(path, "it was changed while it was read".to_owned())
}

pub(super) fn malformed(path: &Path, problem: String) -> Error {
    Error::Malformed { kind: "source", key: path.display().to_string(), problem }
}
