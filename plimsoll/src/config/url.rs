//! Database URLs, as `SeaORM` and as `SQLAlchemy` write them.

use std::path::Path;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Url, form_urlencoded};

use super::{
    database::{Access, File, Place, kind, located},
    server::{Server, SslMode, Tls, default_port, host},
};
use crate::{Dialect, Error, Result};

/// Reads a URL; a `nameless` one need not name a database.
pub(super) fn read(text: &str, folder: &Path, nameless: bool) -> Result<Place> {
    let text = text.trim();
    let (scheme, rest) = text.split_once(':').ok_or_else(|| invalid("it has no scheme"))?;
    let (name, driver) = match scheme.split_once('+') {
        Some((name, driver)) => (name, Some(driver)),
        None => (scheme, None),
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid("it has no scheme"));
    }
    let dialect = kind(name, "the database URL")?.ok_or_else(|| Error::UnsupportedDatabase {
        kind: name.to_owned(),
        given_by: "the database URL",
    })?;
    match dialect {
        Dialect::Sqlite => sqlite(rest, driver.is_some(), folder).map(Place::Sqlite),
        Dialect::Postgres | Dialect::Mysql => {
            of_server(dialect, rest, folder, nameless).map(|server| Place::Server(Box::new(server)))
        }
    }
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::InvalidUrl { reason: reason.into() }
}

fn parameter(name: &str, reason: impl Into<String>) -> Error {
    Error::InvalidUrlParameter { parameter: name.to_owned(), reason: reason.into() }
}

fn sqlite(rest: &str, alchemy: bool, folder: &Path) -> Result<File> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = if alchemy {
        let path = path.strip_prefix("//").ok_or_else(|| invalid("`//` is missing"))?;
        match path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None if path.is_empty() => String::new(),
            None => {
                return Err(invalid(
                    "an SQLite file has no host: write three slashes, or four before an absolute path",
                ));
            }
        }
    } else {
        let path = path.strip_prefix("//").unwrap_or(path);
        decoded(path.strip_prefix('/').filter(|path| is_drive(path)).unwrap_or(path))?
    };
    let memory = path.is_empty() || path.trim_start_matches('/') == ":memory:";
    let mut file =
        File { path: if memory { None } else { located(&path, folder) }, access: Access::Create };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("mode", "rwc") | ("cache", "private") | ("check_same_thread", _) => {}
            ("mode", "rw") => file.access = Access::Write,
            ("mode", "ro") => file.access = Access::Read,
            ("mode", "memory") => file.path = None,
            ("cache", "shared") if file.path.is_none() => {}
            ("mode", _) => return Err(parameter("mode", "is not one of ro, rw, rwc, memory")),
            ("cache", _) => return Err(parameter("cache", "can only be private for a file")),
            _ => return Err(unknown(&name, "mode")),
        }
    }
    Ok(file)
}

/// `C:/…`, which a URL writes behind a slash.
fn is_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    cfg!(windows) && bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

fn of_server(dialect: Dialect, rest: &str, folder: &Path, nameless: bool) -> Result<Server> {
    let behind =
        rest.strip_prefix("//").ok_or_else(|| invalid("`//` is missing after the scheme"))?;
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    // `user@/name?host=/socket`: the `url` crate wants a host behind the `@`.
    let host_missing = behind[..end].ends_with('@');
    let filler = if host_missing { "localhost" } else { "" };
    let url = Url::parse(&format!("{dialect}://{}{filler}{}", &behind[..end], &behind[end..]))
        .map_err(|error| invalid(error.to_string()))?;
    if url.fragment().is_some() {
        return Err(invalid("a `#` that is not percent-encoded"));
    }
    let path = url.path().strip_prefix('/').unwrap_or_default();
    // A `/` or `?` in a password ends the host there, and the rest of the password would be read
    // as the name, and printed.
    if path.contains('/') || path.contains('@') {
        return Err(invalid("a `/` or `@` that is not percent-encoded"));
    }
    let user = decoded(url.username())?;
    let password = url.password().map(decoded).transpose()?;
    let mut server = Server {
        dialect,
        host: host(&decoded(
            url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost"),
        )?),
        port: url.port().unwrap_or_else(|| default_port(dialect)),
        user: Some(user).filter(|user| !user.is_empty()),
        password: password.filter(|password| !password.is_empty()).map(SecretString::from),
        name: decoded(path)?,
        tls: Tls::default(),
        application_name: None,
        options: Vec::new(),
        statement_cache: None,
    };
    // The same with a `?`: the rest would be read as parameters.
    let doubtful = server.user.is_none() && url.query().is_some_and(|query| query.contains('@'));
    for (name, value) in url.query_pairs() {
        let read = match dialect {
            Dialect::Mysql => mysql_parameter(&mut server, &name, &value, folder),
            _ => postgres_parameter(&mut server, &name, &value, folder),
        };
        read.map_err(|error| if doubtful { stray_question_mark() } else { error })?;
    }
    if server.name.is_empty() {
        if !nameless {
            return Err(invalid("it names no database: append `/name`"));
        }
        let everywhere = if dialect == Dialect::Mysql { "information_schema" } else { "postgres" };
        everywhere.clone_into(&mut server.name);
    }
    Ok(server)
}

fn postgres_parameter(server: &mut Server, name: &str, value: &str, folder: &Path) -> Result<()> {
    match name {
        "sslmode" | "ssl-mode" | "ssl" => {
            server.tls.mode = Some(ssl_mode(server.dialect, name, value)?);
        }
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => {
            server.tls.authority = Some(folder.join(value));
        }
        "sslcert" | "ssl-cert" => server.tls.certificate = Some(folder.join(value)),
        "sslkey" | "ssl-key" => server.tls.key = Some(folder.join(value)),
        "statement-cache-capacity" | "statement_cache_size" | "prepared_statement_cache_size" => {
            let capacity: usize = number(name, value)?;
            // Each statement gets a name then, and none is ever given up.
            if capacity == 0 {
                return Err(parameter(name, "cannot be 0: the server would keep every statement"));
            }
            server.statement_cache = Some(capacity);
        }
        "host" | "hostaddr" => server.host = host(value),
        "port" => server.port = number(name, value)?,
        "dbname" => value.clone_into(&mut server.name),
        "user" => server.user = Some(value.to_owned()),
        "password" => server.password = Some(value.to_owned().into()),
        "application_name" => server.application_name = Some(value.to_owned()),
        "search_path" | "schema" => server.options.push(("search_path".into(), value.to_owned())),
        "options" => {
            let settings = command_line(value).ok_or_else(|| {
                parameter(name, "is not of the form `-c name=value -c name=value`")
            })?;
            server.options.extend(settings);
        }
        _ => match name.strip_prefix("options[").and_then(|name| name.strip_suffix(']')) {
            Some(option) => server.options.push((option.to_owned(), value.to_owned())),
            None => {
                return Err(unknown(
                    name,
                    "sslmode, ssl, sslrootcert, sslcert, sslkey, host, port, dbname, user, password, \
                     application_name, search_path, options, statement-cache-capacity",
                ));
            }
        },
    }
    Ok(())
}

fn mysql_parameter(server: &mut Server, name: &str, value: &str, folder: &Path) -> Result<()> {
    match name.replace('_', "-").as_str() {
        "sslmode" | "ssl-mode" | "ssl" => {
            server.tls.mode = Some(ssl_mode(server.dialect, name, value)?);
        }
        "sslca" | "ssl-ca" => server.tls.authority = Some(folder.join(value)),
        "sslcert" | "ssl-cert" => server.tls.certificate = Some(folder.join(value)),
        "sslkey" | "ssl-key" => server.tls.key = Some(folder.join(value)),
        "statement-cache-capacity" => server.statement_cache = Some(number(name, value)?),
        "socket" | "unix-socket" => server.host = host(value),
        "charset" if value.eq_ignore_ascii_case("utf8mb4") => {}
        "charset" => return Err(parameter(name, "can only be utf8mb4")),
        "timezone" | "time-zone" if matches!(value, "+00:00" | "UTC" | "utc") => {}
        "timezone" | "time-zone" => return Err(parameter(name, "can only be +00:00")),
        "use-unicode" => {}
        _ => {
            return Err(unknown(
                name,
                "ssl-mode, ssl, ssl-ca, ssl-cert, ssl-key, socket, charset, time-zone, statement-cache-capacity",
            ));
        }
    }
    Ok(())
}

/// `ssl=true` of other drivers, `ssl=require` of asyncpg, else the dialect's own words.
fn ssl_mode(dialect: Dialect, name: &str, value: &str) -> Result<SslMode> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" if name == "ssl" => Ok(SslMode::Require),
        "false" | "0" if name == "ssl" => Ok(SslMode::Disable),
        _ => SslMode::read(dialect, value)
            .ok_or_else(|| parameter(name, format!("is not {}", SslMode::allowed(dialect)))),
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| parameter(name, "is not a number in its range"))
}

/// A parameter that nobody knows. A text that is no name is not shown: it may be the end of a
/// password with a `?` in it.
fn unknown(name: &str, known: &str) -> Error {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) {
        return stray_question_mark();
    }
    parameter(name, format!("is not known; known are {known}"))
}

fn stray_question_mark() -> Error {
    invalid("a `?` that is not percent-encoded, or a parameter without a name")
}

fn decoded(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| invalid("percent-encoded text that is not UTF-8"))
}

/// The settings of libpq's `options`: `-c name=value` and `--name=value`, where a backslash takes
/// the next character as it is.
fn command_line(text: &str) -> Option<Vec<(String, String)>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.push(characters.next()?),
            ' ' => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(setting) => setting.to_owned(),
            None if word == "-c" => words.next()?,
            None => word.strip_prefix("-c")?.to_owned(),
        };
        let (name, value) = setting.split_once('=')?;
        settings.push((name.to_owned(), value.to_owned()));
    }
    Some(settings)
}
