//! Copies of an SQLite database, made and brought back by SQL alone: `sqlx` has no safe way to SQLite's
//! own backup, and a file that is exchanged under another connection goes on in secret.

use std::{collections::BTreeSet, io, path::Path};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement,
    TransactionTrait as _,
};

use crate::{
    dialect::Dialect,
    error::{MigrationError, Result},
    render::renderer,
    retry,
};

/// What a database file begins with.
pub(crate) const MAGIC: &[u8] = b"SQLite format 3\0";
/// What the copy is called while it is read.
const COPY: &str = "plimsoll_copy";

async fn texts(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

fn text(text: &str) -> String {
    renderer(Dialect::Sqlite).text(text)
}

fn quote(name: &str) -> String {
    renderer(Dialect::Sqlite).quote(name)
}

/// Makes the copy in `file`, which is there and empty: the state of one moment, whoever writes
/// meanwhile; and looks whether it is sound.
///
/// # Errors
/// [`crate::Error::Database`], [`MigrationError::BadCopy`].
pub(crate) async fn copy(db: &DatabaseConnection, file: &Path) -> Result<()> {
    db.execute_unprepared(&format!("VACUUM INTO {}", text(&name(file)?))).await?;
    check(db, file).await
}

/// The name of a file as SQLite takes it for one: a name that begins with `file:` would be an address.
///
/// # Errors
/// [`MigrationError::CopyFile`] for a name that is no text.
fn name(file: &Path) -> Result<String> {
    let failed = |source| MigrationError::CopyFile { doing: "name", file: file.to_owned(), source };
    let whole = std::path::absolute(file).map_err(failed)?;
    let name = whole.into_os_string().into_string();
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8");
    Ok(name.map_err(no_text).map_err(failed)?)
}

/// Refuses a file that is no sound database, or has none of its pages.
///
/// # Errors
/// [`MigrationError::BadCopy`].
pub(crate) async fn check(db: &DatabaseConnection, file: &Path) -> Result<()> {
    attach(db, file).await?;
    let sound = look(db, file).await;
    let detached = detach(db).await;
    sound?;
    detached
}

/// Lets the file stand beside the database.
async fn attach(db: &DatabaseConnection, file: &Path) -> Result<()> {
    let attach = format!("ATTACH {} AS {COPY}", text(&name(file)?));
    let attached = db.execute_unprepared(&attach).await;
    attached.map_err(|error| {
        let said = error.to_string();
        if said.contains("same text encoding") {
            // It may well be sound: nobody has looked.
            let problem = "its texts are in another encoding than those of the database, and SQLite cannot \
                           bring the one into the other; put the file itself in the place of the database \
                           while nobody has that open"
                .to_owned();
            return MigrationError::BadCopy { file: file.to_owned(), problem };
        }
        bad(file, &said)
    })?;
    Ok(())
}

async fn detach(db: &DatabaseConnection) -> Result<()> {
    db.execute_unprepared(&format!("DETACH {COPY}")).await?;
    Ok(())
}

fn bad(file: &Path, problem: &str) -> MigrationError {
    MigrationError::BadCopy {
        file: file.to_owned(),
        problem: format!("it is not a sound SQLite database: {problem}"),
    }
}

async fn look(db: &DatabaseConnection, file: &Path) -> Result<()> {
    // A row that no CHECK would take now is as good a row as it was.
    db.execute_unprepared("PRAGMA ignore_check_constraints = ON").await?;
    let said = texts(db, &format!("PRAGMA {COPY}.integrity_check(1)")).await;
    db.execute_unprepared("PRAGMA ignore_check_constraints = OFF").await?;
    let said = said.map_err(|error| bad(file, &error.to_string()))?;
    if said != ["ok"] {
        return Err(bad(file, &said.join("; ")).into());
    }
    Ok(())
}

/// Puts what is in the copy in the place of all that is in the database, in one transaction: whoever has
/// the database open sees it before or after, and so does whoever opens it after a crash.
///
/// # Errors
/// [`crate::Error::Database`]; then nothing has changed.
pub(crate) async fn restore(db: &DatabaseConnection, file: &Path) -> Result<()> {
    attach(db, file).await?;
    // A PRAGMA inside the transaction would do nothing, and the drops would cascade.
    db.execute_unprepared("PRAGMA foreign_keys = OFF").await?;
    db.execute_unprepared("PRAGMA ignore_check_constraints = ON").await?;
    let restored = async {
        let tx = db.begin_with_options(retry::to_write(db, None)).await?;
        replace(&tx).await?;
        tx.commit().await
    }
    .await;
    // Rolled back or not, what the schema is has to be read anew.
    let read_anew = db.execute_unprepared("PRAGMA writable_schema = RESET").await;
    db.execute_unprepared("PRAGMA foreign_keys = ON").await?;
    db.execute_unprepared("PRAGMA ignore_check_constraints = OFF").await?;
    let detached = detach(db).await;
    restored?;
    read_anew?;
    detached
}

async fn replace(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    clear(tx).await?;
    let tables = format!(
        "SELECT name FROM {COPY}.sqlite_schema WHERE type = 'table' AND rootpage > 0 \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    );
    let tables = texts(tx, &tables).await?;
    for table in &tables {
        let name = text(table);
        let sql =
            format!("SELECT sql FROM {COPY}.sqlite_schema WHERE type = 'table' AND name = {name}");
        for create in texts(tx, &sql).await? {
            tx.execute_unprepared(&create).await?;
        }
        fill(tx, table).await?;
    }
    counters(tx).await?;
    create_all(tx, "index").await?;
    // A virtual table is its entry alone: its rows are in tables that have come already.
    tx.execute_unprepared("PRAGMA writable_schema = ON").await?;
    tx.execute_unprepared(&format!(
        "INSERT INTO main.sqlite_schema (type, name, tbl_name, rootpage, sql) \
         SELECT type, name, tbl_name, rootpage, sql FROM {COPY}.sqlite_schema \
         WHERE type = 'table' AND rootpage = 0"
    ))
    .await?;
    let version =
        texts(tx, "SELECT CAST(schema_version AS TEXT) FROM pragma_schema_version").await?;
    let version: i64 = version.first().and_then(|it| it.parse().ok()).unwrap_or_default();
    tx.execute_unprepared(&format!("PRAGMA main.schema_version = {}", version + 1)).await?;
    tx.execute_unprepared("PRAGMA writable_schema = OFF").await?;
    create_all(tx, "view").await?;
    create_all(tx, "trigger").await?;
    for number in ["user_version", "application_id"] {
        let sql = format!("PRAGMA {COPY}.{number}");
        let row = tx.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        let value: i32 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        tx.execute_unprepared(&format!("PRAGMA main.{number} = {value}")).await?;
    }
    Ok(())
}

/// Drops everything. A virtual table takes the tables of its rows along, so that they go first.
async fn clear(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    for (kind, of) in [
        ("VIEW", "type = 'view'"),
        ("TABLE", "type = 'table' AND rootpage = 0"),
        ("TABLE", "type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"),
    ] {
        let names = format!("SELECT name FROM main.sqlite_schema WHERE {of}");
        for name in texts(tx, &names).await? {
            tx.execute_unprepared(&format!("DROP {kind} main.{}", quote(&name))).await?;
        }
    }
    let statistics = "SELECT name FROM main.sqlite_schema \
                      WHERE type = 'table' AND name LIKE 'sqlite\\_stat%' ESCAPE '\\'";
    for name in texts(tx, statistics).await? {
        tx.execute_unprepared(&format!("DROP TABLE main.{}", quote(&name))).await?;
    }
    Ok(())
}

/// Copies the rows of a table, with the numbers that SQLite has for them: an index for full text knows
/// rows by these.
async fn fill(tx: &DatabaseTransaction, table: &str) -> Result<(), DbErr> {
    let name = text(table);
    let columns = format!(
        "SELECT name FROM pragma_table_xinfo({name}, '{COPY}') WHERE hidden = 0 ORDER BY cid"
    );
    let columns = texts(tx, &columns).await?;
    let has_rowid =
        format!("SELECT name FROM pragma_table_list({name}) WHERE schema = '{COPY}' AND wr = 0");
    let has_rowid = !texts(tx, &has_rowid).await?.is_empty();
    let is_key = format!(
        "SELECT name FROM pragma_table_xinfo({name}, '{COPY}') WHERE pk = 1 AND lower(type) = 'integer' \
         AND (SELECT max(pk) FROM pragma_table_xinfo({name}, '{COPY}')) = 1"
    );
    let is_key = !texts(tx, &is_key).await?.is_empty();
    let taken: BTreeSet<String> = columns.iter().map(|name| name.to_lowercase()).collect();
    let number = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken.contains(*name));
    let mut listed: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    listed.extend(number.filter(|_| has_rowid && !is_key).map(str::to_owned));
    let (listed, table) = (listed.join(", "), quote(table));
    tx.execute_unprepared(&format!(
        "INSERT INTO main.{table} ({listed}) SELECT {listed} FROM {COPY}.{table}"
    ))
    .await?;
    Ok(())
}

/// The numbers that AUTOINCREMENT has given out, and what ANALYZE found.
async fn counters(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let kept = format!(
        "SELECT name FROM {COPY}.sqlite_schema WHERE type = 'table' \
         AND (name = 'sqlite_sequence' OR name LIKE 'sqlite\\_stat%' ESCAPE '\\')"
    );
    let kept = texts(tx, &kept).await?;
    if kept.iter().any(|name| name.starts_with("sqlite_stat")) {
        tx.execute_unprepared("ANALYZE main.sqlite_schema").await?;
    }
    for name in ["sqlite_sequence", "sqlite_stat1", "sqlite_stat4"] {
        let there = format!("SELECT name FROM main.sqlite_schema WHERE name = '{name}'");
        if texts(tx, &there).await?.is_empty() {
            continue;
        }
        tx.execute_unprepared(&format!("DELETE FROM main.{name}")).await?;
        if kept.iter().any(|it| it == name) {
            let fill = format!("INSERT INTO main.{name} SELECT * FROM {COPY}.{name}");
            tx.execute_unprepared(&fill).await?;
        }
    }
    Ok(())
}

async fn create_all(tx: &DatabaseTransaction, kind: &str) -> Result<(), DbErr> {
    let sql = format!(
        "SELECT sql FROM {COPY}.sqlite_schema WHERE type = '{kind}' AND sql IS NOT NULL ORDER BY rowid"
    );
    for create in texts(tx, &sql).await? {
        tx.execute_unprepared(&create).await?;
    }
    Ok(())
}
