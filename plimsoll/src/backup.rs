//! Copies of a whole database: SQLite's by its own SQL, those of servers by the programs that come with
//! them (decision 21).

pub(crate) mod file;
pub(crate) mod tool;

use std::{
    error::Error as _,
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;

use crate::{
    config::{self, Database},
    dialect::{Dialect, mysql, postgres, sqlite},
    error::{MigrationError, Result},
    scratch,
    stop::Stop,
};

use file::Partial;

/// A copy to be made of a database.
#[derive(Clone, Debug)]
pub struct Backup {
    database: Database,
    to: To,
}

#[derive(Clone, Debug)]
enum To {
    File(PathBuf),
    /// Under a name that says when, and at which revision.
    Folder(PathBuf),
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where it is.
    pub file: PathBuf,
    /// How large it is.
    pub bytes: u64,
    /// Tables that other sessions could have written meanwhile: those of MySQL and MariaDB that are not
    /// `InnoDB`'s.
    pub loose: Vec<String>,
    /// Columns with numbers that the copy has with fewer digits: those of type FLOAT on MySQL and MariaDB,
    /// whose text has six.
    pub rounded: Vec<String>,
}

impl Backup {
    /// A copy of `database` in this file, which must not be there.
    pub fn to_file(database: &Database, file: impl Into<PathBuf>) -> Self {
        Self { database: database.clone(), to: To::File(file.into()) }
    }

    /// A copy of `database` in this folder, under a name with the time and the revision in it.
    pub fn to_folder(database: &Database, folder: impl Into<PathBuf>) -> Self {
        Self { database: database.clone(), to: To::Folder(folder.into()) }
    }

    fn file(&self, revision: Option<&str>, now: DateTime<Utc>) -> PathBuf {
        match &self.to {
            To::File(file) => file.clone(),
            To::Folder(folder) => folder.join(name(&self.database, revision, now)),
        }
    }

    /// Makes it, by the session `db` on that database, which is at `revision`. On MySQL and MariaDB it
    /// heeds a wish to stop.
    ///
    /// # Errors
    /// [`MigrationError::CopyFile`], [`MigrationError::Tool`], [`MigrationError::ToolFailed`],
    /// [`MigrationError::BadCopy`] when what was written is not sound, [`crate::Error::Database`].
    pub(crate) async fn make(
        &self,
        db: &DatabaseConnection,
        revision: Option<&str>,
        stop: &Stop,
    ) -> Result<Copied> {
        let file = self.file(revision, Utc::now());
        let partial = Partial::begin(&file)?;
        let mut lacks = mysql::backup::Lacks::default();
        match (&self.database.place, self.database.dialect()) {
            (config::Place::Sqlite(_), _) => {
                Box::pin(sqlite::backup::copy(db, partial.path())).await?;
            }
            (config::Place::Server(server), Dialect::Mysql) => {
                let _heeding = stop.heed();
                let copied = Box::pin(mysql::backup::copy(db, server, partial.path()));
                let Some(copied) = stop.unless_asked(copied).await else {
                    return Err(MigrationError::stopped(Vec::new()).into());
                };
                lacks = copied?;
            }
            (config::Place::Server(server), _) => {
                Box::pin(postgres::backup::copy(db, server, partial.path())).await?;
            }
        }
        let mysql::backup::Lacks { loose, rounded } = lacks;
        Ok(Copied { bytes: partial.finish()?, file, loose, rounded })
    }
}

/// What a copy is called: the database, when, and at which revision.
fn name(database: &Database, revision: Option<&str>, now: DateTime<Utc>) -> String {
    let name = match database.file() {
        Some(file) => file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        None => database.name(),
    };
    let plain = |text: &str| -> String {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let text: String = text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        // A name may have 255 bytes, and the digest beside it has a longer one.
        text[..text.floor_char_boundary(80)].trim_start_matches('.').to_owned()
    };
    let ending = match database.dialect() {
        Dialect::Sqlite => "db",
        Dialect::Postgres => "dump",
        Dialect::Mysql => "sql",
    };
    let revision = plain(revision.unwrap_or("base"));
    format!("{}-{}-{revision}.{ending}", plain(&name), now.format("%Y%m%dT%H%M%S%.3fZ"))
}

/// The folder of the copies of a database: beside an SQLite file, else in `otherwise`.
pub(crate) fn folder(database: &Database, otherwise: &Path) -> PathBuf {
    database.file().and_then(Path::parent).unwrap_or(otherwise).join("backups")
}

/// The kind of database that a file is a copy of, by what it begins with.
fn kind(head: &[u8]) -> Option<Dialect> {
    if head.starts_with(sqlite::backup::MAGIC) {
        Some(Dialect::Sqlite)
    } else if head.starts_with(postgres::backup::MAGIC) {
        Some(Dialect::Postgres)
    } else {
        mysql::backup::is_dump(head).then_some(Dialect::Mysql)
    }
}

/// Refuses a file that is no whole copy of a database of this kind. Changes nothing in the database. Says
/// what could not be tried of it, and why.
///
/// # Errors
/// [`MigrationError::CopyFile`], [`MigrationError::BadCopy`], [`MigrationError::Tool`].
pub(crate) async fn check(
    db: &DatabaseConnection,
    database: &Database,
    copy: &Path,
    stop: &Stop,
) -> Result<Option<String>> {
    let bad = |problem: String| MigrationError::BadCopy { file: copy.to_owned(), problem };
    let [head, _] = file::ends(copy, 64)?;
    if database.file().is_some_and(|of| fs::canonicalize(of).ok() == fs::canonicalize(copy).ok()) {
        return Err(bad("it is the database itself".to_owned()).into());
    }
    let wanted = database.dialect();
    match kind(&head) {
        Some(kind) if kind == wanted => {}
        Some(kind) => {
            let problem = format!("it is a copy of a {kind} database, and this is {wanted}");
            return Err(bad(problem).into());
        }
        None if head.is_empty() => return Err(bad("it is empty".to_owned()).into()),
        None => return Err(bad("it is no copy that `backup` writes".to_owned()).into()),
    }
    file::compare_digest(copy)?;
    match (&database.place, wanted) {
        (config::Place::Sqlite(_), _) => Box::pin(sqlite::backup::check(db, copy)).await?,
        (config::Place::Server(server), Dialect::Mysql) => {
            let place = scratch::Place::new(database.clone());
            let _heeding = stop.heed();
            let claim = mysql::backup::claim(db).await;
            // What a process has left that was killed in the middle has all that its copy has.
            for name in Box::pin(place.names()).await? {
                if mysql::backup::is_left(db, &name).await {
                    let _ = Box::pin(place.remove(&name)).await;
                }
            }
            let scratch = Box::pin(place.create_claimed(claim.as_deref())).await;
            let name = scratch.as_ref().ok().map(Database::name);
            let checked = mysql::backup::check(db, server, copy, name.as_deref(), stop).await;
            if let Some(name) = name {
                Box::pin(place.remove(&name)).await?;
            }
            if let Some(claim) = claim {
                mysql::backup::disclaim(db, &claim).await?;
            }
            checked?;
            return Ok(scratch.err().map(|error| {
                format!(
                    "the copy was read, and not tried in a database of its own, because none can be made: {}",
                    error.source().map_or_else(|| error.to_string(), ToString::to_string)
                )
            }));
        }
        (config::Place::Server(_), _) => postgres::backup::check(db, copy).await?,
    }
    Ok(None)
}

/// Puts what is in the copy, which was checked, in the place of all that is in the database.
///
/// # Errors
/// [`MigrationError::ToolFailed`], [`crate::Error::Database`]: then nothing has changed;
/// [`MigrationError::HalfRestored`].
pub(crate) async fn restore(
    db: &DatabaseConnection,
    database: &Database,
    copy: &Path,
    stop: &Stop,
) -> Result<()> {
    match (&database.place, database.dialect()) {
        (config::Place::Sqlite(_), _) => Box::pin(sqlite::backup::restore(db, copy)).await,
        (config::Place::Server(server), Dialect::Mysql) => {
            let _heeding = stop.heed();
            Box::pin(mysql::backup::restore(db, server, copy, stop)).await
        }
        (config::Place::Server(server), _) => {
            Box::pin(postgres::backup::restore(db, server, copy)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_after_the_database_the_time_and_the_revision() {
        let of = |url, revision| {
            let database = Database::from_url(url, Path::new("/data")).unwrap();
            let now = DateTime::from_timestamp_millis(1_796_000_000_123).unwrap();
            (name(&database, revision, now), folder(&database, Path::new("/here")))
        };

        assert_eq!(
            of("sqlite:app.db", Some("m01_ports")),
            ("app-20261130T005320.123Z-m01_ports.db".to_owned(), "/data/backups".into())
        );
        assert_eq!(
            of("mysql://a@localhost/my%20app", None),
            ("my_app-20261130T005320.123Z-base.sql".to_owned(), "/here/backups".into())
        );
    }

    #[test]
    fn the_kind_of_a_copy_is_seen_by_its_beginning() {
        assert_eq!(kind(b"SQLite format 3\0\x10"), Some(Dialect::Sqlite));
        assert_eq!(kind(b"PGDMP\x01"), Some(Dialect::Postgres));
        assert_eq!(kind(b"-- MySQL dump 10.13"), Some(Dialect::Mysql));
        assert_eq!(kind(b"SELECT 1;"), None);
        assert_eq!(kind(b""), None);
    }
}
