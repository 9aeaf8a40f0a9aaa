//! Throw-away databases, known by their prefix, swept when they are stale.

#[cfg(feature = "testing")]
mod copy;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::{
    config::Database,
    connect,
    dialect::Dialect,
    error::Result,
    names::hex,
    random::{OsRandom, Random as _},
    render::renderer,
};

#[cfg(feature = "testing")]
pub(crate) use copy::{Script, template_name};

/// What the name of every throw-away database begins with.
const PREFIX: &str = "plimsoll_s_";
/// What the name of a database that others are copied from begins with.
const TEMPLATE_PREFIX: &str = "plimsoll_t_";
/// How long one that was left behind is kept: to look at after a failed test.
const STALE: Duration = Duration::from_hours(6);

/// A place where throw-away databases are made: a server, or a folder of SQLite files.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Any database there: for its server, or its folder.
    base: Database,
}

/// The name of a new throw-away database: the time, so that it can be swept, and chance, because
/// numbers of processes come again.
fn fresh_name() -> String {
    let mut chance = [0; 6];
    OsRandom.fill(&mut chance);
    format!("{PREFIX}{:x}_{}", seconds(SystemTime::now()), hex(&chance))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether a name is that of a database of ours, made longer ago than [`STALE`].
fn is_stale(name: &str, now: u64) -> bool {
    let of = |prefix: &str| {
        let made = name.strip_prefix(prefix)?.split('_').next()?;
        u64::from_str_radix(made, 16).ok()
    };
    of(PREFIX).or_else(|| of(TEMPLATE_PREFIX)).is_some_and(|made| made + STALE.as_secs() < now)
}

impl Place {
    pub(crate) fn new(base: Database) -> Self {
        Self { base }
    }

    /// The database that it was made of.
    #[cfg(feature = "testing")]
    pub(crate) fn base(&self) -> &Database {
        &self.base
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.base.dialect()
    }

    /// The database of that name there.
    pub(crate) fn named(&self, name: &str) -> Database {
        match self.dialect() {
            Dialect::Sqlite => self.base.with_name(&format!("{name}.db")),
            Dialect::Postgres | Dialect::Mysql => self.base.with_name(name),
        }
    }

    fn quote(&self, name: &str) -> String {
        renderer(self.dialect()).quote(name)
    }

    /// Runs a statement on the server, outside any throw-away database.
    async fn on_server(&self, sql: &str) -> Result<()> {
        let db = connect::session(&self.base).await?;
        let outcome = db.execute_unprepared(sql).await;
        db.close().await?;
        outcome?;
        Ok(())
    }

    /// Creates an empty database.
    pub(crate) async fn create(&self) -> Result<Database> {
        let name = fresh_name();
        self.create_named(&name).await?;
        Ok(self.named(&name))
    }

    /// Creates an empty database with the character set and the collation of the one that this place
    /// was made of: what migrations do not say follows from them on MySQL.
    pub(crate) async fn create_alike(&self) -> Result<Database> {
        if self.dialect() != Dialect::Mysql {
            return self.create().await;
        }
        self.create_claimed(None).await
    }

    /// As [`Place::create_alike`] does it on MySQL, with a word at the end of the name that tells whose it is.
    pub(crate) async fn create_claimed(&self, claim: Option<&str>) -> Result<Database> {
        let mut name = fresh_name();
        if let Some(claim) = claim {
            name = format!("{name}_{claim}");
        }
        let db = connect::session(&self.base).await?;
        let made = async {
            let ask =
                "SELECT CAST(@@character_set_database AS CHAR), CAST(@@collation_database AS CHAR)";
            let row = db.query_one_raw(Statement::from_string(Dialect::Mysql.into(), ask)).await?;
            let Some(row) = row else { return Err(DbErr::RecordNotFound(ask.to_owned())) };
            let (charset, collation): (String, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let quoted = self.quote(&name);
            let create =
                format!("CREATE DATABASE {quoted} CHARACTER SET {charset} COLLATE {collation}");
            db.execute_unprepared(&create).await
        }
        .await;
        db.close().await?;
        made?;
        Ok(self.named(&name))
    }

    pub(crate) async fn create_named(&self, name: &str) -> Result<()> {
        let quoted = self.quote(name);
        match self.dialect() {
            // The first connection makes the file.
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => self.on_server(&format!("CREATE DATABASE {quoted}")).await,
            Dialect::Mysql => {
                let sql =
                    format!("CREATE DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
                self.on_server(&sql).await
            }
        }
    }

    /// Removes a database with all that is in it.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        let quoted = self.quote(name);
        match self.dialect() {
            Dialect::Sqlite => {
                if let Some(file) = self.named(name).file() {
                    remove_file(file).map_err(|error| unreadable(file, &error))?;
                }
                Ok(())
            }
            Dialect::Postgres => {
                self.on_server(&format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")).await
            }
            Dialect::Mysql => self.on_server(&format!("DROP DATABASE IF EXISTS {quoted}")).await,
        }
    }

    /// The names of all databases of ours there.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let sql = match self.dialect() {
            Dialect::Sqlite => return Ok(self.files()),
            Dialect::Postgres => "SELECT datname::text FROM pg_database",
            Dialect::Mysql => "SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata",
        };
        let db = connect::session(&self.base).await?;
        let rows =
            db.query_all_raw(Statement::from_string(self.dialect().into(), sql.to_owned())).await;
        db.close().await?;
        let names: Result<Vec<String>, DbErr> =
            rows?.iter().map(|row| row.try_get_by_index(0)).collect();
        Ok(names?)
    }

    fn files(&self) -> Vec<String> {
        let folder = self.base.file().and_then(Path::parent).map(Path::to_path_buf);
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".db").map(str::to_owned))
            .collect()
    }

    /// Removes what earlier runs have left behind for longer than [`STALE`].
    pub(crate) async fn sweep(&self) -> Result<()> {
        let now = seconds(SystemTime::now());
        for name in self.names().await?.iter().filter(|name| is_stale(name, now)) {
            // Two runs can sweep at the same time: the second finds nothing.
            let _ = self.remove(name).await;
        }
        Ok(())
    }
}

/// Removes an SQLite file and what SQLite and the lock keep beside it.
fn remove_file(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal", "-migration-lock"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn unreadable(file: &Path, error: &io::Error) -> DbErr {
    DbErr::Custom(format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_databases_with_our_prefix_are_swept() {
        let now = seconds(SystemTime::now());
        let old = now - STALE.as_secs() - 1;

        assert!(is_stale(&format!("plimsoll_s_{old:x}_ab"), now));
        assert!(is_stale(&format!("plimsoll_t_{old:x}_ab"), now));
        assert!(!is_stale(&fresh_name(), now));
        assert!(!is_stale("plimsoll_s_", now));
        assert!(!is_stale("customers", now));
        assert!(!is_stale("plimsoll", now));
    }
}
