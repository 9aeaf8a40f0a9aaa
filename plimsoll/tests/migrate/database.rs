//! What the tests ask a database. The tests of the `migration` crate include this file, too.

use plimsoll::Dialect;
use sea_orm::{ConnectionTrait, QueryResult, Statement, TryGetable};

/// The kind of database that a connection leads to.
pub(crate) fn dialect(db: &impl ConnectionTrait) -> Dialect {
    db.get_database_backend().into()
}

pub(crate) async fn run(db: &impl ConnectionTrait, sql: &str) {
    let done = db.execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub(crate) async fn rows(db: &impl ConnectionTrait, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The first column of every row.
pub(crate) async fn all<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Vec<T> {
    rows(db, sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// The first column of the only row.
pub(crate) async fn one<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> T {
    let mut found = all(db, sql).await;
    assert_eq!(found.len(), 1, "{sql}");
    found.remove(0)
}

pub(crate) async fn count(db: &impl ConnectionTrait, table: &str) -> i64 {
    one(db, &format!("SELECT count(*) FROM {table}")).await
}

/// A name between the quotes of the database.
pub(crate) fn quote(db: &impl ConnectionTrait, name: &str) -> String {
    match dialect(db) {
        Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The tables of the database that neither SeaORM nor the engine keeps for itself.
pub(crate) async fn tables(db: &impl ConnectionTrait) -> Vec<String> {
    let sql = match dialect(db) {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Dialect::Postgres => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        }
        Dialect::Mysql => {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
             WHERE table_schema = DATABASE() ORDER BY table_name"
        }
    };
    let ours = |name: &String| {
        name.starts_with("plimsoll_") || name.starts_with("sqlite_") || name == "seaql_migrations"
    };
    all::<String>(db, sql).await.into_iter().filter(|name| !ours(name)).collect()
}

/// Everything that the schema is, as the database itself tells it.
pub(crate) async fn fingerprint(db: &impl ConnectionTrait) -> Vec<String> {
    match dialect(db) {
        Dialect::Sqlite => {
            all(
                db,
                "SELECT type || ' ' || tbl_name || ' ' || name || ' ' || coalesce(sql, '') \
                 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1",
            )
            .await
        }
        Dialect::Postgres => {
            all(
                db,
                "SELECT format('column %s %s %s %s %s %s %s', c.oid::regclass, \
                   row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname, \
                   format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, \
                   pg_get_expr(d.adbin, d.adrelid)) \
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
                   AND NOT a.attisdropped \
                 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
                 UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, \
                   pg_get_constraintdef(oid)) \
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
                 UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
                 UNION ALL SELECT format('comment %s %s %s', objoid::regclass, objsubid, description) \
                 FROM pg_description WHERE classoid = 'pg_class'::regclass \
                   AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) \
                 ORDER BY 1",
            )
            .await
        }
        Dialect::Mysql => {
            let mut created = Vec::new();
            let tables: Vec<String> = all(db, "SHOW TABLES").await;
            for table in tables {
                let row = rows(db, &format!("SHOW CREATE TABLE {}", quote(db, &table))).await;
                let text: String = row[0].try_get_by_index(1).unwrap();
                // Where the keys have got to is no part of the schema.
                let kept = text.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
                created.push(kept.collect::<Vec<_>>().join(" "));
            }
            created
        }
    }
}

/// What SeaORM's table says has run, in the order of the names.
pub(crate) async fn recorded(db: &impl ConnectionTrait) -> Vec<String> {
    all(db, "SELECT version FROM seaql_migrations ORDER BY version").await
}
