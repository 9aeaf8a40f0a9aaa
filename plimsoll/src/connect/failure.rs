//! What a driver's error means to the person who reads it.

use std::{io::ErrorKind, time::Duration};

use sea_orm::{
    ConnAcquireErr, DbErr,
    sqlx::{self, mysql::MySqlDatabaseError, postgres::PgDatabaseError},
};

use crate::{
    Dialect, Error,
    config::{Access, Database, File, Host, Server},
    retry::{SQLITE_BUSY, SQLITE_LOCKED, driver_error, sqlite_primary},
};

/// Why a server's database could not be connected to; no error means that time ran out.
pub(super) fn of_server(
    database: &Database,
    server: &Server,
    limit: Duration,
    error: Option<DbErr>,
) -> Error {
    let dialect = server.dialect;
    let address = server.address();
    let source = match error {
        None | Some(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => {
            return Error::NoAnswer { dialect, address, limit };
        }
        Some(source) => source,
    };
    match driver_error(&source).map_or(Meaning::Other, meaning) {
        Meaning::HostNotFound => Error::HostNotFound { host: host(server), source },
        Meaning::Unreachable => Error::Unreachable { dialect, address, source },
        Meaning::Denied => Error::AccessDenied { database: database.to_string(), source },
        Meaning::NoDatabase => {
            let create = create(server);
            Error::NoSuchDatabase {
                name: server.name.clone(),
                address,
                create,
                source: Box::new(source),
            }
        }
        Meaning::Busy => Error::ServerBusy { dialect, address, source },
        Meaning::Tls => Error::Tls { dialect, address, source },
        Meaning::Other => Error::ConnectionFailed { database: database.to_string(), source },
    }
}

/// Why an SQLite file could not be opened.
pub(super) fn of_file(database: &Database, file: &File, source: DbErr) -> Error {
    let Some(path) = file.path.clone() else {
        return Error::ConnectionFailed { database: database.to_string(), source };
    };
    match driver_error(&source).and_then(sqlite_code) {
        Some(SQLITE_BUSY | SQLITE_LOCKED) => Error::FileLocked { file: path, source },
        Some(14) if file.access != Access::Create && !path.exists() => {
            Error::FileMissing { file: path }
        }
        // No permission, read-only, input or output error, full, cannot open.
        Some(3 | 8 | 10 | 13 | 14) => Error::FileNotWritable { file: path, source },
        // Damaged, not a database.
        Some(11 | 26) => Error::NotADatabase { file: path, source },
        _ => Error::ConnectionFailed { database: database.to_string(), source },
    }
}

pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// Whether `SQLite` could not open the file, or what it keeps beside it.
pub(super) fn is_without_index(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(8 | 14))
}

fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?.parse().ok()?;
    Some(sqlite_primary(code))
}

enum Meaning {
    HostNotFound,
    Unreachable,
    Denied,
    NoDatabase,
    Busy,
    Tls,
    Other,
}

fn meaning(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::TimedOut => Meaning::Unreachable,
            _ if is_lookup(error) => Meaning::HostNotFound,
            _ => Meaning::Other,
        },
        sqlx::Error::Tls(_) => Meaning::Tls,
        // What `MySQL` 8 comes to when a password must not travel in clear.
        sqlx::Error::Configuration(reason) if reason.to_string().contains("use TLS") => {
            Meaning::Tls
        }
        sqlx::Error::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                of_postgres(error.code())
            } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
                of_mysql(error.number())
            } else {
                Meaning::Other
            }
        }
        _ => Meaning::Other,
    }
}

/// The standard library gives a failed look-up neither a kind nor a number, except on Windows.
fn is_lookup(error: &std::io::Error) -> bool {
    const WINDOWS: [i32; 2] = [11001, 11004];
    match error.raw_os_error() {
        Some(code) => cfg!(windows) && WINDOWS.contains(&code),
        None => error.to_string().contains("lookup address"),
    }
}

fn of_postgres(code: &str) -> Meaning {
    match code {
        // Wrong password, no such user or no rule for it, no right to connect.
        "28P01" | "28000" | "42501" => Meaning::Denied,
        "3D000" => Meaning::NoDatabase,
        // Too many connections, starting or stopping.
        "53300" | "57P03" => Meaning::Busy,
        _ => Meaning::Other,
    }
}

fn of_mysql(number: u16) -> Meaning {
    match number {
        // Wrong password; no right to the database; the user is the operating system's only; the
        // host is blocked, not allowed.
        1045 | 1044 | 1698 | 1129 | 1130 => Meaning::Denied,
        1049 => Meaning::NoDatabase,
        // Too many connections; of this user; stopping.
        1040 | 1203 | 1226 | 1053 => Meaning::Busy,
        _ => Meaning::Other,
    }
}

fn host(server: &Server) -> String {
    match &server.host {
        Host::Tcp(host) => host.clone(),
        Host::Socket(path) => path.display().to_string(),
    }
}

/// The command that creates the database, to be typed into a shell.
fn create(server: &Server) -> String {
    let (place, port) = match &server.host {
        Host::Tcp(host) => (host.clone(), server.port.to_string()),
        Host::Socket(path) => (path.display().to_string(), server.port.to_string()),
    };
    let user = |option: &str| {
        server.user.as_ref().map(|user| format!(" {option} {}", shell(user))).unwrap_or_default()
    };
    if server.dialect == Dialect::Mysql {
        let place = match &server.host {
            Host::Tcp(_) => format!("-h {} -P {port}", shell(&place)),
            Host::Socket(_) => format!("-S {}", shell(&place)),
        };
        let password = if server.password.is_some() { " -p" } else { "" };
        let name = server.name.replace('`', "``");
        let sql = format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        format!("mariadb {place}{}{password} -e {}", user("-u"), shell(&sql))
    } else {
        let name = server.name.replace('"', "\"\"");
        let sql = format!("CREATE DATABASE \"{name}\"");
        format!("psql -h {} -p {port}{} -d postgres -c {}", shell(&place), user("-U"), shell(&sql))
    }
}

/// A word that a shell takes as it is.
fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Place;

    fn created(url: &str) -> String {
        match Database::from_url(url, Path::new("/")).unwrap().place {
            Place::Server(server) => create(&server),
            Place::Sqlite(_) => unreachable!("the test asks for servers"),
        }
    }

    #[test]
    fn the_command_that_creates_a_database_can_be_pasted() {
        assert_eq!(
            created("postgres://ann:secret@db.example:5433/shop"),
            r#"psql -h db.example -p 5433 -U ann -d postgres -c 'CREATE DATABASE "shop"'"#
        );
        assert_eq!(
            created("postgres://o%27neil@localhost/it%27s%22"),
            r#"psql -h localhost -p 5432 -U 'o'\''neil' -d postgres -c 'CREATE DATABASE "it'\''s"""'"#
        );
        assert_eq!(
            created("mysql://root:secret@127.0.0.1/shop"),
            "mariadb -h 127.0.0.1 -P 3306 -u root -p -e 'CREATE DATABASE `shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'"
        );
        assert_eq!(
            created("mysql://root@localhost/shop?unix_socket=/run/mysqld/mysqld.sock"),
            "mariadb -S /run/mysqld/mysqld.sock -u root -e 'CREATE DATABASE `shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'"
        );
    }
}
