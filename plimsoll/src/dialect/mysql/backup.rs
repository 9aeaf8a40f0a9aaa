//! Copies of a MySQL or MariaDB database by the server's own dump, brought back by its client.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement};
use secrecy::ExposeSecret as _;

use super::{
    dump::{self, Said},
    lease,
};
use crate::{
    backup::{file, tool::Tool},
    config::{Host, Server, SslMode},
    dialect::{Dialect, lock::row},
    error::{MigrationError, Result},
    limits::is_hindered,
    names::hex,
    random::{OsRandom, Random as _},
    render::renderer,
    stop::Stop,
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

/// As much as there can be: what the server takes is its own to say.
const LARGEST_PACKET: &str = "--max-allowed-packet=1G";

/// How long is waited for whoever uses the tables that are to go, and for a client that still loads.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a single try waits: whoever comes behind it in the queue waits as long.
const ONE_TRY: u32 = 1;
const PAUSE: Duration = Duration::from_millis(200);
/// What the name of such a lock begins with.
const CLAIM: &str = "copy";

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
        // Ctrl-C is for this process, which ends the tool and says how it stands.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
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

/// What a copy need not have as it was.
#[derive(Debug, Default)]
pub(crate) struct Lacks {
    /// Tables that are not `InnoDB`'s.
    pub(crate) loose: Vec<String>,
    /// Columns of FLOAT with numbers that a dump writes with fewer digits.
    pub(crate) rounded: Vec<String>,
}

/// Makes a copy of the database, as it is at one moment as far as its tables are `InnoDB`'s.
///
/// # Errors
/// [`MigrationError::Tool`], [`MigrationError::ToolFailed`].
pub(crate) async fn copy(db: &DatabaseConnection, server: &Server, file: &Path) -> Result<Lacks> {
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
        LARGEST_PACKET,
    ]);
    if !is_mariadbs(&tool) {
        command.args(["--set-gtid-purged=OFF", "--column-statistics=0"]);
    }
    // Who holds the lock now does not hold it where the copy is brought back.
    command.arg(format!("--ignore-table={}.{}", server.name, lease::TABLE));
    command.arg(format!("--result-file={}", file.display())).arg("--").arg(&server.name);
    tool.run_beside("copy the database", &mut command).await?;
    is_whole(file)?;
    if let Some(said) = too_long(db, &read(file)?).await? {
        let doing = "copy the database";
        return Err(MigrationError::ToolFailed { tool: tool.name, doing, said }.into());
    }
    let others = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_type LIKE '%BASE TABLE%' AND engine <> 'InnoDB' ORDER BY 1";
    Ok(Lacks { loose: texts(db, others).await?, rounded: rounded(db).await? })
}

/// Why the server would not take this dump back: a statement is longer than it reads.
async fn too_long(db: &DatabaseConnection, said: &Said) -> Result<Option<String>, DbErr> {
    let ask = "SELECT CAST(@@GLOBAL.max_allowed_packet AS UNSIGNED)".to_owned();
    let most: u64 =
        row(db, ask).await?.map(|it| it.try_get_by_index(0)).transpose()?.unwrap_or(u64::MAX);
    let (length, beginning) = &said.longest;
    Ok((*length >= most).then(|| {
        format!(
            "a statement of the copy (`{beginning} …`) has {length} bytes, and `max_allowed_packet` of the \
             server is {most}: it could not be brought back before that is more"
        )
    }))
}

/// Columns with numbers that come back as others: the server writes a FLOAT as text with six digits.
async fn rounded(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let columns = "SELECT CONCAT('`', REPLACE(c.table_name, '`', '``'), '`'), \
         CONCAT('`', REPLACE(c.column_name, '`', '``'), '`'), CONCAT(c.table_name, '.', c.column_name) \
         FROM information_schema.columns c JOIN information_schema.tables t \
         ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
         WHERE c.table_schema = DATABASE() AND c.data_type = 'float' AND t.table_type LIKE '%BASE TABLE%' \
         AND COALESCE(c.generation_expression, '') = '' ORDER BY 3";
    let mut rounded = Vec::new();
    for column in db.query_all_raw(Statement::from_string(DbBackend::MySql, columns)).await? {
        let [table, name, shown] = [0, 1, 2].map(|at| column.try_get_by_index::<String>(at));
        let (table, name) = (table?, name?);
        let ask = format!(
            "SELECT 1 FROM {table} WHERE {name} <> CAST(CAST({name} AS CHAR) AS FLOAT) LIMIT 1"
        );
        // An older server does not know the cast: nobody can tell then.
        if row(db, ask).await.ok().is_none_or(|found| found.is_some()) {
            rounded.push(shown?);
        }
    }
    Ok(rounded)
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

/// Refuses a file that is not whole, that leads out of the database, or that its server does not take: it
/// is brought back in `scratch` first, an empty database, where there is one. Where there is none, what
/// the rights of this user forbid is looked for in the file.
///
/// # Errors
/// [`MigrationError::BadCopy`], [`MigrationError::Tool`], [`MigrationError::Stopped`].
pub(crate) async fn check(
    db: &DatabaseConnection,
    server: &Server,
    file: &Path,
    scratch: Option<&str>,
    stop: &Stop,
) -> Result<()> {
    is_whole(file)?;
    let said = read(file)?;
    let there = There::ask(db).await?;
    there.client()?;
    let too_long = too_long(db, &said).await?;
    let bad = |problem| MigrationError::BadCopy { file: file.to_owned(), problem };
    if let Some(problem) = too_long {
        return Err(bad(problem).into());
    }
    let Some(scratch) = scratch else {
        let foreign = foreign(db, &said).await?;
        if foreign.is_empty() {
            return Ok(());
        }
        let problem = format!(
            "it has views, triggers or routines that work for {}, and this user may create none for others",
            foreign.join(", ")
        );
        return Err(bad(problem).into());
    };
    let loaded = load(&there, server, scratch, file, &said.names, None);
    match stop.unless_asked(loaded).await {
        Some(loaded) => {
            Ok(loaded.map_err(|error| bad(format!("the server does not take it: {error}")))?)
        }
        None => Err(MigrationError::stopped(Vec::new()).into()),
    }
}

/// Reads a copy as the client will, and refuses what leads out of the database.
fn read(file: &Path) -> Result<Said> {
    let read = dump::read(file::open(file)?).map_err(|source| MigrationError::CopyFile {
        doing: "read",
        file: file.to_owned(),
        source,
    })?;
    Ok(read.map_err(|problem| MigrationError::BadCopy { file: file.to_owned(), problem })?)
}

/// A lock of this session that the database is named after in which it tries a copy: it is free when the
/// process has gone. None where the server has no such locks.
pub(crate) async fn claim(db: &DatabaseConnection) -> Option<String> {
    let mut chance = [0; 6];
    OsRandom.fill(&mut chance);
    let claim = format!("{CLAIM}{}", hex(&chance));
    let taken = row(db, format!("SELECT CAST(GET_LOCK('plimsoll:{claim}', 0) AS SIGNED)")).await;
    let taken = taken.ok().flatten().and_then(|row| row.try_get_by_index::<Option<i64>>(0).ok());
    (taken == Some(Some(1))).then_some(claim)
}

/// Whether a database was made by a process that has gone, to try a copy in it.
pub(crate) async fn is_left(db: &DatabaseConnection, name: &str) -> bool {
    let Some((_, chance)) = name.rsplit_once(&format!("_{CLAIM}")) else { return false };
    if !chance.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let ask = format!("SELECT CAST(IS_FREE_LOCK('plimsoll:{CLAIM}{chance}') AS SIGNED)");
    let free = row(db, ask).await.ok().flatten();
    free.and_then(|row| row.try_get_by_index::<Option<i64>>(0).ok()).flatten() == Some(1)
}

/// Frees it.
pub(crate) async fn disclaim(db: &DatabaseConnection, claim: &str) -> Result<(), DbErr> {
    row(db, format!("SELECT RELEASE_LOCK('plimsoll:{claim}')")).await.map(drop)
}

/// Whom the copy works for and this user may not name.
async fn foreign(db: &DatabaseConnection, said: &Said) -> Result<Vec<String>, DbErr> {
    let own = texts(db, "SELECT CAST(CURRENT_USER() AS CHAR)").await?;
    let may_name = |grant: &String| {
        let rights = ["ALL PRIVILEGES", "SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"];
        grant.split_once(" ON *.* ").is_some_and(|(given, _)| {
            let given = given.trim_start_matches("GRANT ");
            given.split(", ").any(|right| rights.contains(&right))
        })
    };
    if texts(db, "SHOW GRANTS").await?.iter().any(may_name) {
        return Ok(Vec::new());
    }
    Ok(said.definers.iter().filter(|it| !own.contains(it)).cloned().collect())
}

/// The name of the lock that a client holds while it loads into this database: its session goes on for
/// a while when its process was killed.
fn loading(name: &str) -> String {
    format!("CONCAT('plimsoll-load:', SHA1({}))", renderer(Dialect::Mysql).text(name))
}

/// Waits until no client loads into this database. Whether the server has such locks.
///
/// # Errors
/// [`MigrationError::LockTimeout`].
async fn alone(db: &DatabaseConnection, name: &str, stop: &Stop) -> Result<bool> {
    let (began, lock) = (Instant::now(), loading(name));
    loop {
        // A cluster can refuse them.
        let Ok(free) = row(db, format!("SELECT CAST(IS_FREE_LOCK({lock}) AS SIGNED)")).await else {
            return Ok(false);
        };
        match free.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten() {
            Some(1) => return Ok(true),
            None => return Ok(false),
            Some(_) => {}
        }
        if stop.is_asked() {
            return Err(MigrationError::stopped(Vec::new()).into());
        }
        if began.elapsed() > PATIENCE {
            let holder = "the client of an earlier `restore`, which still loads".to_owned();
            return Err(MigrationError::LockTimeout { waited: began.elapsed(), holder }.into());
        }
        Delay::new(PAUSE).await;
    }
}

/// Has the client load the copy, but for `names` in it. What it reads comes from this process, so that
/// it ends with it.
async fn load(
    there: &There,
    server: &Server,
    name: &str,
    copy: &Path,
    names: &[Range<u64>],
    lock: Option<String>,
) -> Result<()> {
    let tool = there.client()?;
    let mut command = there.command(&tool, server);
    // The client's own commands are not for a file.
    command.args(["--batch", "--binary-mode", LARGEST_PACKET]).arg(format!("--database={name}"));
    if let Some(lock) = lock {
        command.arg(format!("--init-command=DO GET_LOCK({lock}, 0)"));
    }
    let (copy, names) = (file::open(copy)?, names.to_vec());
    let doing = "bring the copy back";
    let mut started = tool.start(doing, command.stdin(Stdio::piped()))?;
    let Some(input) = started.child.stdin.take() else { return started.finish() };
    let pouring = thread::spawn(move || pour(copy, input, &names));
    while matches!(started.child.try_wait(), Ok(None)) {
        Delay::new(PAUSE / 10).await;
    }
    started.finish()?;
    // It may have ended well on less than all.
    let poured = pouring.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    poured.map_err(|error| {
        MigrationError::ToolFailed { tool: tool.name, doing, said: error.to_string() }.into()
    })
}

fn pour(mut copy: File, mut input: ChildStdin, names: &[Range<u64>]) -> io::Result<()> {
    let mut at = 0;
    for name in names {
        io::copy(&mut (&mut copy).take(name.start - at), &mut input)?;
        at = copy.seek(SeekFrom::Start(name.end))?;
    }
    io::copy(&mut copy, &mut input).map(drop)
}

/// Puts what is in the copy in the place of all that is in the database. There is no transaction for
/// that: until it is done [`MARK`] is there, and names the copy.
///
/// # Errors
/// [`MigrationError::HalfRestored`] when it stopped on the way; any other when nothing was dropped.
pub(crate) async fn restore(
    db: &DatabaseConnection,
    server: &Server,
    file: &Path,
    stop: &Stop,
) -> Result<()> {
    let there = There::ask(db).await?;
    there.client()?;
    let said = read(file)?;
    let lock = alone(db, &server.name, stop).await?.then(|| loading(&server.name));
    let was_half = half(db).await?.is_some();
    let file_name = renderer(Dialect::Mysql).text(&file.to_string_lossy());
    // Who may not drop it is told so before there is one that nobody could take away.
    db.execute_unprepared(&format!("DROP TABLE IF EXISTS {MARK}_not")).await?;
    db.execute_unprepared(&format!(
        "CREATE TABLE IF NOT EXISTS {MARK} (file text) CHARACTER SET utf8mb4"
    ))
    .await?;
    if let Err(error) = hold(db, stop).await {
        if !was_half {
            db.execute_unprepared(&format!("DROP TABLE {MARK}")).await?;
        }
        return Err(error);
    }
    let restored = async {
        let begun = async {
            db.execute_unprepared(&format!("DELETE FROM {MARK}")).await?;
            db.execute_unprepared(&format!("INSERT INTO {MARK} VALUES ({file_name})")).await?;
            drop_held(db).await
        };
        let begun = begun.await;
        db.execute_unprepared("UNLOCK TABLES").await?;
        begun?;
        clear(db).await?;
        let loaded = load(&there, server, &server.name, file, &said.names, lock);
        match stop.unless_asked(loaded).await {
            Some(loaded) => loaded?,
            None => return Err(MigrationError::stopped(Vec::new()).into()),
        }
        db.execute_unprepared(&format!("DROP TABLE {MARK}")).await?;
        Ok(())
    };
    restored.await.map_err(|source: crate::Error| {
        let file = file.to_string_lossy().into_owned();
        MigrationError::HalfRestored { file, source: Some(Box::new(source)) }.into()
    })
}

/// The tables that hold rows, and what numbers them, quoted.
async fn stored(db: &DatabaseConnection, and: &str) -> Result<Vec<String>, DbErr> {
    let sql = format!(
        "SELECT CONCAT('`', REPLACE(table_name, '`', '``'), '`') FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_type LIKE '%BASE TABLE%' AND table_name <> '{}'{and}",
        lease::TABLE
    );
    texts(db, &sql).await
}

/// Locks every table, so that nothing goes while somebody reads: each try waits a second, and behind it
/// nobody waits longer.
async fn hold(db: &DatabaseConnection, stop: &Stop) -> Result<()> {
    db.execute_unprepared(&format!("SET lock_wait_timeout = {ONE_TRY}")).await?;
    let began = Instant::now();
    let held = loop {
        let tables = stored(db, "").await?.join(" WRITE, ");
        match db.execute_unprepared(&format!("LOCK TABLES {tables} WRITE")).await {
            Ok(_) => break Ok(()),
            Err(_) if stop.is_asked() => {
                break Err(MigrationError::stopped(Vec::new()).into());
            }
            Err(error) if began.elapsed() > PATIENCE || !is_hindered(&error) => {
                break Err(error.into());
            }
            Err(_) => Delay::new(PAUSE).await,
        }
    };
    db.execute_unprepared("SET lock_wait_timeout = DEFAULT").await?;
    held
}

/// Drops the tables that [`hold`] has locked, in one statement.
async fn drop_held(db: &DatabaseConnection) -> Result<(), DbErr> {
    let tables = stored(db, &format!(" AND table_name <> '{MARK}'")).await?.join(", ");
    if tables.is_empty() {
        return Ok(());
    }
    db.execute_unprepared("SET foreign_key_checks = 0").await?;
    let dropped = db.execute_unprepared(&format!("DROP TABLE {tables}")).await;
    db.execute_unprepared("SET foreign_key_checks = 1").await?;
    dropped.map(drop)
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
    // Without a row nothing had gone yet.
    Ok(texts(db, &format!("SELECT file FROM {MARK}")).await?.pop())
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
