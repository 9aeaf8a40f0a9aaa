//! Throw-away databases as copies of one that was made once.

use std::{fmt::Write as _, fs, time::SystemTime};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, Statement};

use super::{Place, TEMPLATE_PREFIX, fresh_name, seconds, unreadable};
use crate::{config::Database, connect, dialect::Dialect, error::Result, render::renderer};

/// The name of the template that goes with `key`, made at `time`.
pub(crate) fn template_name(key: &str, time: SystemTime) -> String {
    format!("{TEMPLATE_PREFIX}{:x}_{key}", seconds(time))
}

impl Place {
    /// Creates a copy of the template, which nobody is connected to.
    pub(crate) async fn copy_of(&self, template: &str, script: &Script) -> Result<Database> {
        let name = fresh_name();
        let copy = self.named(&name);
        match self.dialect() {
            Dialect::Sqlite => {
                let (from, to) = (self.named(template), copy.clone());
                if let (Some(from), Some(to)) = (from.file(), to.file()) {
                    fs::copy(from, to).map_err(|error| unreadable(from, &error))?;
                }
            }
            Dialect::Postgres => {
                let (name, template) = (self.quote(&name), self.quote(template));
                self.on_server(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
            }
            Dialect::Mysql => {
                self.create_named(&name).await?;
                let db = connect::session(&copy).await?;
                let outcome = db.execute_unprepared(&script.0).await;
                db.close().await?;
                outcome?;
            }
        }
        Ok(copy)
    }
}

/// What makes a copy of a MySQL or MariaDB database, which have no templates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(String);

impl Script {
    /// Records the tables of `db` with their rows, which are read from it when the script runs.
    pub(crate) async fn of(db: &DatabaseConnection, name: &str) -> Result<Self> {
        let render = renderer(Dialect::Mysql);
        let mut script = "SET foreign_key_checks = 0;\n".to_owned();
        for table in crate::catalog::tables(db).await? {
            let quoted = render.quote(&table);
            let sql = format!("SHOW CREATE TABLE {quoted}");
            let row = db.query_one_raw(Statement::from_string(Dialect::Mysql.into(), sql)).await?;
            let create: Option<String> = row.map(|row| row.try_get_by_index(1)).transpose()?;
            let columns = columns(db, &table).await?;
            let _ = writeln!(
                script,
                "{};\nINSERT INTO {quoted} ({columns}) SELECT {columns} FROM {}.{quoted};",
                create.unwrap_or_default(),
                render.quote(name),
            );
        }
        script.push_str("SET foreign_key_checks = 1;\n");
        Ok(Self(script))
    }
}

/// The columns of a table that take a value, between commas.
async fn columns(db: &DatabaseConnection, table: &str) -> Result<String> {
    let render = renderer(Dialect::Mysql);
    let sql = format!(
        "SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = {} \
           AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position",
        render.text(table)
    );
    let rows = db.query_all_raw(Statement::from_string(Dialect::Mysql.into(), sql)).await?;
    let names: Result<Vec<String>, DbErr> =
        rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(render.quoted(&names?))
}
