//! Copies of a MySQL or MariaDB database by the server's own dump, brought back by its client.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};
use secrecy::ExposeSecret as _;

use super::lease;
use crate::{
    backup::{file, tool::Tool},
    config::{Host, Server, SslMode},
    dialect::{Dialect, lock::row},
    error::{MigrationError, Result},
    render::renderer,
};

const INSTALL: &str = "apt-get install mariadb-client, dnf install mariadb, brew install mariadb";

/// The table that is there while a copy is brought back: nothing else says that what is there is half
/// of something.
pub(crate) const MARK: &str = "plimsoll_restoring";

/// What a dump begins with: MariaDB's, MySQL's, and both as older ones write it.
const BEGINNINGS: [&[u8]; 4] = [
    b"/*M!999999\\- enable the sandbox mode */",
    b"-- MariaDB dump",
    b"-- MySQL dump",
    b"/*!999999\\-",
];
/// What a whole dump ends with.
const END: &[u8] = b"-- Dump completed";

/// Whether a file that begins so is a dump.
pub(crate) fn is_dump(head: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| head.starts_with(beginning))
}

/// What has to be known of the server to start its tools.
struct There {
    is_mariadb: bool,
    is_encrypted: bool,
}

impl There {
    async fn ask(db: &DatabaseConnection) -> Result<Self, DbErr> {
        let version = row(db, "SELECT CAST(VERSION() AS CHAR)".to_owned()).await?;
        let version: String =
            version.map(|it| it.try_get_by_index(0)).transpose()?.unwrap_or_default();
        let cipher = row(db, "SHOW STATUS LIKE 'Ssl_cipher'".to_owned()).await?;
        let cipher: String =
            cipher.map(|it| it.try_get_by_index(1)).transpose()?.unwrap_or_default();
        Ok(Self { is_mariadb: version.contains("MariaDB"), is_encrypted: !cipher.is_empty() })
    }

    /// The one of the tools that came with such a server, else the other.
    fn find(&self, [mariadb, mysql]: [&'static str; 2]) -> Result<Tool> {
        let names = if self.is_mariadb { [mariadb, mysql] } else { [mysql, mariadb] };
        Tool::find(&names, INSTALL)
    }

    fn dump(&self) -> Result<Tool> {
        self.find(["mariadb-dump", "mysqldump"])
    }

    fn client(&self) -> Result<Tool> {
        self.find(["mariadb", "mysql"])
    }

    /// A tool that connects as this process does, and reads nobody's option files.
    fn command(&self, tool: &Tool, server: &Server) -> Command {
        let mut command = tool.command();
        command.args(["--no-defaults", "--default-character-set=utf8mb4"]);
        match &server.host {
            Host::Tcp(host) => {
                command.arg("--protocol=TCP").arg(format!("--host={host}"));
                command.arg(format!("--port={}", server.port))
            }
            Host::Socket(file) => {
                command.arg("--protocol=SOCKET").arg(format!("--socket={}", file.display()))
            }
        };
        if let Some(user) = &server.user {
            command.arg(format!("--user={user}"));
        }
        match &server.password {
            Some(password) => command.env("MYSQL_PWD", password.expose_secret()),
            None => command.env_remove("MYSQL_PWD"),
        };
        command.args(encryption(tool, server.ssl_mode(), self.is_encrypted));
        let files = [
            ("ssl-ca", &server.tls.authority),
            ("ssl-cert", &server.tls.certificate),
            ("ssl-key", &server.tls.key),
        ];
        for (name, path) in files {
            if let Some(path) = path {
                command.arg(format!("--{name}={}", path.display()));
            }
        }
        command
    }
}

fn is_mariadbs(tool: &Tool) -> bool {
    tool.version.contains("MariaDB")
}

/// The mode in the words of the tool. MariaDB's knows no "where it is offered": there it is what this
/// process came to.
fn encryption(tool: &Tool, mode: SslMode, is_encrypted: bool) -> &'static [&'static str] {
    match (is_mariadbs(tool), mode) {
        (true, SslMode::Disable) => &["--skip-ssl"],
        (true, SslMode::Allow | SslMode::Prefer) if !is_encrypted => &["--skip-ssl"],
        (true, SslMode::Allow | SslMode::Prefer | SslMode::Require) => {
            &["--ssl", "--skip-ssl-verify-server-cert"]
        }
        // It has no mode that looks at the authority alone.
        (true, SslMode::VerifyAuthority | SslMode::VerifyHost) => {
            &["--ssl", "--ssl-verify-server-cert"]
        }
        (false, SslMode::Disable) => &["--ssl-mode=DISABLED"],
        (false, SslMode::Allow | SslMode::Prefer) => &["--ssl-mode=PREFERRED"],
        (false, SslMode::Require) => &["--ssl-mode=REQUIRED"],
        (false, SslMode::VerifyAuthority) => &["--ssl-mode=VERIFY_CA"],
        (false, SslMode::VerifyHost) => &["--ssl-mode=VERIFY_IDENTITY"],
    }
}

/// Makes a copy of the database, as it is at one moment as far as its tables are `InnoDB`'s. Tells which
/// are not.
///
/// # Errors
/// [`MigrationError::Tool`], [`MigrationError::ToolFailed`].
pub(crate) async fn copy(
    db: &DatabaseConnection,
    server: &Server,
    file: &Path,
) -> Result<Vec<String>> {
    let there = There::ask(db).await?;
    let tool = there.dump()?;
    let mut command = there.command(&tool, server);
    command.args([
        "--single-transaction",
        "--routines",
        "--triggers",
        "--events",
        "--hex-blob",
        "--no-tablespaces",
        "--comments",
    ]);
    if !is_mariadbs(&tool) {
        command.args(["--set-gtid-purged=OFF", "--column-statistics=0"]);
    }
    // Who holds the lock now does not hold it where the copy is brought back.
    command.arg(format!("--ignore-table={}.{}", server.name, lease::TABLE));
    command.arg(format!("--result-file={}", file.display())).arg("--").arg(&server.name);
    tool.run_beside("copy the database", &mut command).await?;
    is_whole(file)?;
    let others = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_type LIKE '%BASE TABLE%' AND engine <> 'InnoDB' ORDER BY 1";
    Ok(texts(db, others).await?)
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Refuses a file without the end that only a whole dump has.
fn is_whole(file: &Path) -> Result<()> {
    let [_, tail] = file::ends(file, 200)?;
    let last = tail.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    if last.is_some_and(|line| line.starts_with(END)) {
        return Ok(());
    }
    let problem = "it is not whole: its last line is missing".to_owned();
    Err(MigrationError::BadCopy { file: file.to_owned(), problem }.into())
}

/// Refuses a file that is not whole, or that its server does not take: it is brought back in `scratch`
/// first, an empty database, where there is one.
///
/// # Errors
/// [`MigrationError::BadCopy`], [`MigrationError::Tool`].
pub(crate) async fn check(
    db: &DatabaseConnection,
    server: &Server,
    file: &Path,
    scratch: Option<&str>,
) -> Result<()> {
    is_whole(file)?;
    let there = There::ask(db).await?;
    there.client()?;
    let Some(scratch) = scratch else { return Ok(()) };
    load(&there, server, scratch, file).await.map_err(|error| {
        let problem = format!("the server does not take it: {error}");
        MigrationError::BadCopy { file: file.to_owned(), problem }.into()
    })
}

async fn load(there: &There, server: &Server, name: &str, copy: &Path) -> Result<()> {
    let tool = there.client()?;
    let mut command = there.command(&tool, server);
    // The client's own commands are not for a file.
    command.args(["--batch", "--binary-mode"]).arg(format!("--database={name}"));
    tool.run_beside("bring the copy back", command.stdin(Stdio::from(file::open(copy)?))).await
}

/// Puts what is in the copy in the place of all that is in the database. There is no transaction for
/// that: until it is done [`MARK`] is there.
///
/// # Errors
/// [`MigrationError::HalfRestored`] when it stopped on the way.
pub(crate) async fn restore(db: &DatabaseConnection, server: &Server, file: &Path) -> Result<()> {
    let there = There::ask(db).await?;
    there.client()?;
    let name = renderer(Dialect::Mysql).text(&file.to_string_lossy());
    db.execute_unprepared(&format!(
        "CREATE TABLE IF NOT EXISTS {MARK} (file text) CHARACTER SET utf8mb4"
    ))
    .await?;
    let restored = async {
        db.execute_unprepared(&format!("DELETE FROM {MARK}")).await?;
        db.execute_unprepared(&format!("INSERT INTO {MARK} VALUES ({name})")).await?;
        clear(db).await?;
        load(&there, server, &server.name, file).await?;
        db.execute_unprepared(&format!("DROP TABLE {MARK}")).await?;
        Ok(())
    };
    restored.await.map_err(|source: crate::Error| {
        let file = file.to_string_lossy().into_owned();
        MigrationError::HalfRestored { file, source: Some(Box::new(source)) }.into()
    })
}

/// The copy that was being brought back when it stopped on the way.
///
/// # Errors
/// What the server says.
pub(crate) async fn half(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    let there = format!(
        "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name = '{MARK}'"
    );
    if texts(db, &there).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(texts(db, &format!("SELECT file FROM {MARK}")).await?.pop().unwrap_or_default()))
}

/// Drops everything that a dump brings back.
async fn clear(db: &DatabaseConnection) -> Result<(), DbErr> {
    let quote = |name: &String| renderer(Dialect::Mysql).quote(name);
    let lock = lease::TABLE;
    let objects = format!(
        "SELECT CONCAT(CASE table_type WHEN 'VIEW' THEN 'VIEW ' WHEN 'SEQUENCE' THEN 'SEQUENCE ' ELSE 'TABLE ' END, \
         '`', REPLACE(table_name, '`', '``'), '`') FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name NOT IN ('{MARK}', '{lock}') ORDER BY table_type = 'VIEW' DESC"
    );
    let routines = "SELECT CONCAT(routine_type, ' `', REPLACE(routine_name, '`', '``'), '`') \
         FROM information_schema.routines WHERE routine_schema = DATABASE()";
    let events = "SELECT CAST(event_name AS CHAR) FROM information_schema.events WHERE event_schema = DATABASE()";
    // A table that another session uses would be waited for a day.
    db.execute_unprepared("SET foreign_key_checks = 0, lock_wait_timeout = 30").await?;
    let cleared = async {
        for object in texts(db, &objects).await?.into_iter().chain(texts(db, routines).await?) {
            db.execute_unprepared(&format!("DROP {object}")).await?;
        }
        for event in texts(db, events).await? {
            db.execute_unprepared(&format!("DROP EVENT {}", quote(&event))).await?;
        }
        Ok(())
    }
    .await;
    db.execute_unprepared("SET foreign_key_checks = 1, lock_wait_timeout = DEFAULT").await?;
    cleared
}
