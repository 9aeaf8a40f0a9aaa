//! A lock file beside the database. The system frees it when its process ends, however it ends. A
//! lock inside the database would keep the migrating connection itself out.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::PathBuf,
};

use chrono::{SecondsFormat, Utc};
use sea_orm::DatabaseConnection;

use crate::{
    dialect::lock::{Guard, Try, row},
    error::{MigrationError, Result},
    who,
};

/// The lock file of the database; `None` when it is in memory.
pub(crate) async fn file(db: &DatabaseConnection) -> Result<Option<PathBuf>> {
    let sql = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let path: Option<String> = match row(db, sql.to_owned()).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    };
    // SQLite answers with the whole path, symbolic links followed.
    Ok(path.filter(|path| !path.is_empty()).map(|path| {
        let mut name = OsString::from(path);
        name.push("-migration-lock");
        PathBuf::from(name)
    }))
}

pub(crate) fn take(path: &PathBuf) -> Result<Try> {
    let refuse = |source| MigrationError::LockFile { file: path.clone(), source };
    // Never removed: whoever opened the old file would hold a lock that nobody else sees.
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(refuse)?;
    match file.try_lock() {
        Ok(()) => {
            write_holder(&mut file).map_err(refuse)?;
            Ok(Try::Held(Guard::File(file)))
        }
        Err(TryLockError::WouldBlock) => Ok(Try::Busy),
        Err(TryLockError::Error(source)) => Err(refuse(source).into()),
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let since = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    writeln!(file, "{} since {since}", who::process())
}

/// Whether a process holds it. The file is only read, and a lock that it takes is gone at once.
pub(crate) fn is_held(path: &PathBuf) -> bool {
    let tried = File::open(path).map(|file| file.try_lock_shared());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

/// Who wrote the file last.
pub(crate) fn holder(path: &PathBuf) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
