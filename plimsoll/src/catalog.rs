//! Small questions to the catalog of a database: which tables and indexes are there.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait as _,
};

use crate::{
    dialect::{
        Dialect,
        mysql::lease,
        postgres::elsewhere::{self, Dropped},
    },
    error::{Error, MigrationError, Result},
    render::renderer,
    retry,
};

async fn names(db: &impl ConnectionTrait, sql: String) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The tables of the current schema that no extension owns, without views.
pub(crate) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    named(db, None).await
}

/// The condition on `table_name` of MySQL's catalog that a table is called by this text. The catalog finds a
/// name in any case, and some servers keep all names in lower case.
pub(crate) fn is_named(table: &str) -> String {
    format!(
        "table_name = {table} AND BINARY table_name = IF(@@lower_case_table_names = 1, LOWER({table}), {table})"
    )
}

/// Those of the tables that have this name, which on SQLite may be in another case.
async fn named(db: &impl ConnectionTrait, table: Option<&str>) -> Result<Vec<String>, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    // A server that opens each table to tell of it is asked for one alone.
    let only = |column: &str| match table {
        Some(table) => {
            let table = renderer(dialect).text(table);
            match dialect {
                Dialect::Mysql => format!(" AND {}", is_named(&table)),
                Dialect::Sqlite | Dialect::Postgres => format!(" AND {column} = {table}"),
            }
        }
        None => String::new(),
    };
    let sql = match dialect {
        // A virtual table keeps its rows in shadow tables, which come and go with it.
        Dialect::Sqlite => format!(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' \
             AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'{} \
             ORDER BY name",
            only("name")
        ),
        // A cast of the schema to `regnamespace` would read its name as SQL and fold its capitals.
        Dialect::Postgres => format!(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') \
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')\
               {} ORDER BY 1",
            only("c.relname")
        ),
        Dialect::Mysql => format!(
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
             WHERE table_schema = DATABASE() \
               AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED'){} ORDER BY 1",
            only("table_name")
        ),
    };
    names(db, sql).await
}

/// Whether the current schema has a table of that name.
pub(crate) async fn has_table(db: &impl ConnectionTrait, table: &str) -> Result<bool, DbErr> {
    // MySQL was asked for the very name, which it may keep in lower case.
    let is_found = db.get_database_backend() == DbBackend::MySql;
    Ok(named(db, Some(table)).await?.iter().any(|name| is_found || name == table))
}

/// The type of a column, in lower case and in the words of the database; nothing when the current
/// schema has no such column.
pub(crate) async fn column_type(
    db: &impl ConnectionTrait,
    table: &str,
    column: &str,
) -> Result<Option<String>, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let render = renderer(dialect);
    let (table, column) = (render.text(table), render.text(column));
    let sql = match dialect {
        Dialect::Sqlite => {
            format!("SELECT lower(type) FROM pragma_table_info({table}) WHERE name = {column}")
        }
        Dialect::Postgres => format!(
            "SELECT format_type(a.atttypid, NULL) FROM pg_attribute a \
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relname = {table} \
               AND a.attname = {column} AND a.attnum > 0 AND NOT a.attisdropped"
        ),
        Dialect::Mysql => format!(
            "SELECT CAST(data_type AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = {table} AND column_name = {column}"
        ),
    };
    Ok(names(db, sql).await?.pop())
}

/// Whether a table has an index of that name.
pub(crate) async fn has_index(
    db: &impl ConnectionTrait,
    table: &str,
    index: &str,
) -> Result<bool, DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let render = renderer(dialect);
    let (table, index) = (render.text(table), render.text(index));
    let sql = match dialect {
        Dialect::Sqlite => {
            format!("SELECT name FROM pragma_index_list({table}) WHERE name = {index}")
        }
        Dialect::Postgres => format!(
            "SELECT indexname::text FROM pg_indexes \
             WHERE schemaname = current_schema() AND tablename = {table} AND indexname = {index}"
        ),
        Dialect::Mysql => format!(
            "SELECT DISTINCT CAST(index_name AS CHAR) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = {table} AND index_name = {index}"
        ),
    };
    Ok(!names(db, sql).await?.is_empty())
}

/// What drops every table of the current schema, and on PostgreSQL the enumerations that stood in
/// them: what comes before the transaction, what is in it, what comes behind it.
pub(crate) async fn drops(db: &DatabaseConnection) -> Result<[Vec<String>; 3], DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let render = renderer(dialect);
    // The table of the lock is held meanwhile.
    let goes = |table: &&String| *table != lease::TABLE;
    let quoted: Vec<String> =
        tables(db).await?.iter().filter(goes).map(|table| render.quote(table)).collect();
    let around = |off: &str, inside, on: &str| [vec![off.to_owned()], inside, vec![on.to_owned()]];
    Ok(match dialect {
        // A PRAGMA inside the transaction would do nothing, and the drops would cascade.
        Dialect::Sqlite => {
            let drops = quoted.iter().map(|table| format!("DROP TABLE {table}")).collect();
            around("PRAGMA foreign_keys = OFF", drops, "PRAGMA foreign_keys = ON")
        }
        Dialect::Postgres => {
            let mut drops = Vec::new();
            if !quoted.is_empty() {
                drops.push(format!("DROP TABLE {} CASCADE", quoted.join(", ")));
            }
            let types = "SELECT format('%I', t.typname) \
                 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
                 WHERE n.nspname = current_schema() AND t.typtype = 'e' \
                   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";
            let types = names(db, types.to_owned()).await?;
            drops.extend(types.iter().map(|name| format!("DROP TYPE {name} CASCADE")));
            [Vec::new(), drops, Vec::new()]
        }
        Dialect::Mysql if quoted.is_empty() => [const { Vec::new() }; 3],
        Dialect::Mysql => {
            let drop = format!("DROP TABLE {}", quoted.join(", "));
            around("SET foreign_key_checks = 0", vec![drop], "SET foreign_key_checks = 1")
        }
    })
}

/// As [`drops`], and what else could keep a name: views, which go first, and on PostgreSQL and MariaDB the
/// sequences that belong to no table.
pub(crate) async fn all_drops(db: &DatabaseConnection) -> Result<[Vec<String>; 3], DbErr> {
    let dialect = Dialect::from(db.get_database_backend());
    let [before, drops, behind] = drops(db).await?;
    let (views, sequences) = match dialect {
        Dialect::Sqlite => {
            ("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name", None)
        }
        Dialect::Postgres => (
            "SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW IF EXISTS ' \
             || quote_ident(c.relname) || ' CASCADE' \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relkind IN ('v', 'm') \
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
             ORDER BY 1",
            Some(
                "SELECT quote_ident(c.relname) || ' CASCADE' \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = current_schema() AND c.relkind = 'S' \
                   AND NOT EXISTS (SELECT FROM pg_depend d \
                                   WHERE d.objid = c.oid AND d.deptype IN ('a', 'e', 'i')) \
                 ORDER BY 1",
            ),
        ),
        Dialect::Mysql => (
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type = 'VIEW' ORDER BY 1",
            Some(
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE' ORDER BY 1",
            ),
        ),
    };
    let quote = |name: String| match dialect {
        Dialect::Postgres => name,
        _ => renderer(dialect).quote(&name),
    };
    let kind = if dialect == Dialect::Postgres { "" } else { "VIEW " };
    let views = names(db, views.to_owned()).await?.into_iter();
    let mut inside: Vec<String> = views.map(|view| format!("DROP {kind}{}", quote(view))).collect();
    inside.extend(drops);
    if let Some(sequences) = sequences {
        let sequences = names(db, sequences.to_owned()).await?.into_iter();
        inside.extend(sequences.map(|name| format!("DROP SEQUENCE IF EXISTS {}", quote(name))));
    }
    Ok([before, inside, behind])
}

/// Refuses what would take something of another schema along.
///
/// # Errors
/// [`MigrationError::Elsewhere`]; [`crate::Error::Database`] when the database does not tell.
pub(crate) async fn keep_elsewhere(db: &impl ConnectionTrait, dropped: Dropped) -> Result<()> {
    if Dialect::from(db.get_database_backend()) != Dialect::Postgres {
        return Ok(());
    }
    let found = names(db, elsewhere::query("current_schema()", dropped)).await?;
    if found.is_empty() { Ok(()) } else { Err(MigrationError::Elsewhere { found }.into()) }
}

/// Drops every table of the current schema, and on PostgreSQL the enumerations that stood in them.
///
/// # Errors
/// Those of [`keep_elsewhere`]; [`crate::Error::Database`].
pub(crate) async fn drop_tables(db: &DatabaseConnection) -> Result<()> {
    run(db, drops(db).await?, Dropped::Tables).await
}

/// Drops all that [`all_drops`] names.
///
/// # Errors
/// Those of [`drop_tables`].
pub(crate) async fn drop_all(db: &DatabaseConnection) -> Result<()> {
    run(db, all_drops(db).await?, Dropped::Relations).await
}

/// That tables could not be dropped.
pub(crate) fn not_dropped(source: DbErr) -> MigrationError {
    MigrationError::DropTables { denied: retry::is_denied(&source), source }
}

/// The same of what went wrong while they were dropped; what was refused stays what it is.
pub(crate) fn of_dropping(error: Error) -> Error {
    match error {
        Error::Database { source } => not_dropped(source).into(),
        refused => refused,
    }
}

async fn run(
    db: &DatabaseConnection,
    [before, drops, behind]: [Vec<String>; 3],
    dropped: Dropped,
) -> Result<()> {
    for statement in &before {
        db.execute_unprepared(statement).await?;
    }
    let done = async {
        let tx = db.begin().await?;
        keep_elsewhere(&tx, dropped).await?;
        for statement in &drops {
            tx.execute_unprepared(statement).await?;
        }
        Ok(tx.commit().await?)
    }
    .await;
    for statement in &behind {
        db.execute_unprepared(statement).await?;
    }
    done
}
