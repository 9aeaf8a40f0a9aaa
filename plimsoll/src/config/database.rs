//! Which database, where, and how many connections to it.

use std::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;

use super::{
    DATABASE_URL, DB_ECHO, DB_HOST, DB_MAX_LIFETIME, DB_NAME, DB_PASS, DB_POOL_SIZE,
    DB_POOL_TIMEOUT, DB_PORT, DB_SSL_MODE, DB_TYPE, DB_USER, Env, SQLITE_PATH, Variable,
    server::{IN_PART, Server, SslMode, Tls, default_port, host},
    url,
};
use crate::{Dialect, Error, Result};

const IN_MEMORY: &str = ":memory:";
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A database to connect to.
///
/// `Display` is safe to print: an SQLite database is shown by its path, a server's by a URL in
/// which the password is `***`.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) place: Place,
    pool: PoolSettings,
    schema: Option<String>,
}

/// How many connections a pool may open, and how long they are waited for and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// How many connections (`DB_POOL_SIZE`).
    pub size: NonZeroU32,
    /// How long to wait for the server or for a free connection (`DB_POOL_TIMEOUT`).
    pub timeout: Duration,
    /// After how long a connection is replaced (`DB_MAX_LIFETIME`).
    pub max_lifetime: Duration,
    /// Whether every statement is logged (`DB_ECHO`).
    pub echo: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Sqlite(File),
    Server(Box<Server>),
}

/// An SQLite file; without a path it lives in memory.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: Option<PathBuf>,
    pub(crate) access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Create,
    Write,
    Read,
    /// To read, while nobody writes.
    Still,
}

impl Access {
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Write)
    }
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            size: NonZeroU32::new(10).expect("ten is not zero"),
            timeout: Duration::from_secs(10),
            max_lifetime: Duration::from_mins(30),
            echo: false,
        }
    }
}

impl PoolSettings {
    fn from_env(env: &Env) -> Result<Self> {
        Ok(Self {
            size: env.read(&DB_POOL_SIZE)?,
            timeout: env.read(&DB_POOL_TIMEOUT)?,
            max_lifetime: env.read(&DB_MAX_LIFETIME)?,
            echo: env.read(&DB_ECHO)?,
        })
    }
}

impl Database {
    /// The configured database: `DATABASE_URL`, else the parts when `DB_TYPE` is set, else the
    /// embedded SQLite file.
    ///
    /// # Errors
    /// One that names the variable: [`Error::InvalidVariable`], [`Error::MissingVariable`],
    /// [`Error::ConflictingVariables`], [`Error::UnsupportedDatabase`]; and those of
    /// [`from_url`](Self::from_url).
    pub fn from_env(env: &Env) -> Result<Self> {
        Self::resolve(env, None)
    }

    /// Like [`from_env`](Self::from_env), but the database is the one of `url` when there is one
    /// (`--database-url`). Pool settings, and `DB_SSL_MODE` where the URL does not say it, come
    /// from the environment all the same.
    ///
    /// # Errors
    /// Those of [`from_env`](Self::from_env).
    pub fn resolve(env: &Env, url: Option<&str>) -> Result<Self> {
        let configured = match url {
            Some(url) => Some(url.to_owned()),
            None => env.get(&DATABASE_URL)?,
        };
        let mut database = match configured {
            Some(url) => Self::from_url(&url, env.folder())?,
            None => Self::at(from_parts(env)?),
        };
        if let Place::Server(server) = &mut database.place
            && server.tls.mode.is_none()
            && let Some((name, value)) = env.named(&DB_SSL_MODE)?
        {
            server.tls.mode = Some(SslMode::read(server.dialect, &value).ok_or_else(|| {
                Error::InvalidVariable {
                    name,
                    value,
                    allowed: SslMode::allowed(server.dialect).to_owned(),
                }
            })?);
        }
        database.pool = PoolSettings::from_env(env)?;
        Ok(database)
    }

    /// The database of a URL, with the default pool settings; relative paths start at `folder`.
    ///
    /// `sqlite:`, `postgres:`, `postgresql:`, `mysql:` and `mariadb:` are read as `SeaORM` reads
    /// them (`sqlite:///data/a.db` is absolute). With a driver (`postgresql+asyncpg:`,
    /// `sqlite+aiosqlite:`) they are read as `SQLAlchemy` does (three slashes are relative, four
    /// absolute).
    ///
    /// # Errors
    /// [`Error::UnsupportedDatabase`], [`Error::InvalidUrl`] (also when it names no database) or
    /// [`Error::InvalidUrlParameter`]. None of them shows a password.
    pub fn from_url(url: &str, folder: &Path) -> Result<Self> {
        url::read(url, folder, false).map(Self::at)
    }

    /// Like [`from_url`](Self::from_url), for a URL that need not name a database: without a name
    /// it is the one that every server has (`postgres`, `information_schema`).
    ///
    /// # Errors
    /// Those of [`from_url`](Self::from_url).
    pub fn from_server_url(url: &str, folder: &Path) -> Result<Self> {
        url::read(url, folder, true).map(Self::at)
    }

    fn at(place: Place) -> Self {
        Self { place, pool: PoolSettings::default(), schema: None }.without_schema_option()
    }

    /// `?search_path=` and `?schema=` of a URL are the schema.
    fn without_schema_option(mut self) -> Self {
        if let Place::Server(server) = &mut self.place
            && let Some(at) = server.options.iter().position(|(name, _)| name == "search_path")
        {
            self.schema = Some(server.options.remove(at).1);
        }
        self
    }

    /// The kind of database.
    pub fn dialect(&self) -> Dialect {
        match &self.place {
            Place::Sqlite(_) => Dialect::Sqlite,
            Place::Server(server) => server.dialect,
        }
    }

    /// The database's name on its server; the path of an SQLite file, or `:memory:`.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Sqlite(File { path: Some(path), .. }) => path.to_string_lossy().into_owned(),
            Place::Sqlite(_) => IN_MEMORY.to_owned(),
            Place::Server(server) => server.name.clone(),
        }
    }

    /// The file of an SQLite database that is not in memory.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(file) => file.path.as_deref(),
            Place::Server(_) => None,
        }
    }

    /// Another database on the same server, with the same user; for SQLite another file, a
    /// relative `name` in the folder of this one.
    #[must_use]
    pub fn with_name(&self, name: &str) -> Self {
        let mut other = self.clone();
        match &mut other.place {
            Place::Server(server) => name.clone_into(&mut server.name),
            Place::Sqlite(file) => {
                let folder = self.file().and_then(Path::parent).unwrap_or(Path::new("."));
                file.path = located(name, folder);
            }
        }
        other
    }

    /// The same database to read from: an SQLite file need not be writable, and one that is not there yet
    /// is not made, but stands for an empty database.
    #[must_use]
    pub(crate) fn to_read(&self) -> Self {
        let mut other = self.clone();
        if let Place::Sqlite(file) = &mut other.place {
            let is_there = file.path.as_ref().is_some_and(|path| path.exists());
            if file.access == Access::Create && !is_there {
                file.path = None;
            } else {
                file.access = Access::Read;
            }
        }
        other
    }

    /// The same database with another PostgreSQL search path (`--database-schema`): one schema, or
    /// several separated by commas.
    #[must_use]
    pub fn with_schema(mut self, schema: Option<String>) -> Self {
        self.schema = schema;
        self
    }

    /// The PostgreSQL search path, when it is not the server's.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The same database with other pool settings.
    #[must_use]
    pub fn with_pool(mut self, pool: PoolSettings) -> Self {
        self.pool = pool;
        self
    }

    /// How many connections a pool may open.
    pub fn pool(&self) -> &PoolSettings {
        &self.pool
    }

    /// The URL that [`from_url`](Self::from_url) reads back as this database, with the password in
    /// it: for handing to another process.
    pub fn url(&self) -> SecretString {
        let mut url = self.shown(true);
        let mut query = Vec::new();
        match &self.place {
            Place::Sqlite(file) => {
                if let Some(path) = &file.path {
                    let path = path.to_string_lossy();
                    url = format!("sqlite:{}", utf8_percent_encode(&path, IN_PATH));
                } else {
                    url = format!("sqlite:{IN_MEMORY}");
                }
                match file.access {
                    Access::Create => {}
                    Access::Write => query.push(("mode".to_owned(), "rw".to_owned())),
                    Access::Read | Access::Still => {
                        query.push(("mode".to_owned(), "ro".to_owned()));
                    }
                }
            }
            Place::Server(server) => {
                query = server.parameters();
                query.extend(
                    self.schema.iter().map(|path| ("search_path".to_owned(), path.clone())),
                );
            }
        }
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.extend([name.as_str(), "="]);
            url.extend(utf8_percent_encode(value, IN_PART));
        }
        url.into()
    }

    fn shown(&self, with_password: bool) -> String {
        match &self.place {
            Place::Sqlite(_) => self.name(),
            Place::Server(server) => server.shown(with_password),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(false))
    }
}

/// The dialect of a name that users type; `None` for one that we do not know at all.
pub(super) fn kind(name: &str, given_by: &'static str) -> Result<Option<Dialect>> {
    match name.to_ascii_lowercase().as_str() {
        "sqlite" | "sqlite3" => Ok(Some(Dialect::Sqlite)),
        "postgres" | "postgresql" => Ok(Some(Dialect::Postgres)),
        "mysql" | "mariadb" => Ok(Some(Dialect::Mysql)),
        "mssql" | "sqlserver" | "oracle" => {
            Err(Error::UnsupportedDatabase { kind: name.to_owned(), given_by })
        }
        _ => Ok(None),
    }
}

/// Where an SQLite database of this name is; nowhere for one in memory.
pub(super) fn located(path: &str, folder: &Path) -> Option<PathBuf> {
    if path == IN_MEMORY {
        return None;
    }
    let path = folder.join(path);
    Some(std::path::absolute(&path).unwrap_or(path))
}

fn from_parts(env: &Env) -> Result<Place> {
    let Some((variable, value)) = env.named(&DB_TYPE)? else {
        // Whoever names a part means a server: the embedded file in its place would be a surprise.
        for part in [&DB_HOST, &DB_PORT, &DB_NAME, &DB_USER, &DB_PASS] {
            if let Some((name, _)) = env.named(part)? {
                let because = format!("`{name}` is: the kind of database is needed with it");
                return Err(Error::MissingVariable { name: DB_TYPE.name, because });
            }
        }
        return embedded(env);
    };
    let allowed = "one of sqlite, postgres (postgresql), mysql (mariadb)";
    let dialect = kind(value.trim(), variable)?.ok_or_else(|| Error::InvalidVariable {
        name: variable,
        value: value.clone(),
        allowed: allowed.to_owned(),
    })?;
    if dialect == Dialect::Sqlite {
        return embedded(env);
    }
    let needed = |wanted: &Variable| {
        env.get(wanted)?.ok_or_else(|| Error::MissingVariable {
            name: wanted.name,
            because: format!("`{variable}` is `{value}`"),
        })
    };
    let port = env.parse::<NonZeroU16>(&DB_PORT)?;
    Ok(Place::Server(Box::new(Server {
        dialect,
        host: host(&env.read::<String>(&DB_HOST)?),
        port: port.map_or_else(|| default_port(dialect), NonZeroU16::get),
        user: Some(needed(&DB_USER)?),
        password: env.get(&DB_PASS)?.map(SecretString::from),
        name: needed(&DB_NAME)?,
        tls: Tls::default(),
        application_name: None,
        options: Vec::new(),
        statement_cache: None,
    })))
}

fn embedded(env: &Env) -> Result<Place> {
    let path = located(&env.read::<String>(&SQLITE_PATH)?, env.folder());
    Ok(Place::Sqlite(File { path, access: Access::Create }))
}

#[cfg(test)]
mod tests;
