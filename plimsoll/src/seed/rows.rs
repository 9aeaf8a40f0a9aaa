//! The statements about one default row.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr};

use super::{Seeder, Seeds};
use crate::{catalog, dialect::Dialect, schema::Type};

/// The column that says when a row was last changed, where a table has one.
const CHANGED_AT: &str = "updated_at";

impl Seeds<'_> {
    /// The condition that only this row meets.
    pub(super) fn is_row(&self, seeder: &Seeder, cells: &BTreeMap<String, String>) -> String {
        let parts: Vec<String> = seeder
            .key
            .iter()
            .map(|column| format!("{} = {}", self.render().quote(column), cells[column]))
            .collect();
        parts.join(" AND ")
    }

    pub(super) async fn exists(
        &self,
        db: &impl ConnectionTrait,
        table: &str,
        condition: &str,
    ) -> Result<bool, DbErr> {
        let sql = format!("SELECT 1 FROM {} WHERE {condition}", self.render().quote(table));
        Ok(!self.query(db, sql).await?.is_empty())
    }

    /// The columns in which the row in the database is not the default one. The database compares:
    /// it knows what is equal in each type.
    pub(super) async fn differing(
        &self,
        db: &impl ConnectionTrait,
        seeder: &Seeder,
        cells: &BTreeMap<String, String>,
        condition: &str,
    ) -> Result<Vec<String>, DbErr> {
        let same = match self.dialect() {
            Dialect::Sqlite => "IS",
            Dialect::Postgres => "IS NOT DISTINCT FROM",
            Dialect::Mysql => "<=>",
        };
        let others: Vec<&String> =
            cells.keys().filter(|column| !seeder.key.contains(column)).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<String> = others
            .iter()
            .map(|column| {
                let quoted = self.render().quote(column);
                format!("CASE WHEN {quoted} {same} {} THEN 1 ELSE 0 END", cells[*column])
            })
            .collect();
        let table = self.render().quote(&seeder.table);
        let sql = format!("SELECT {} FROM {table} WHERE {condition}", parts.join(", "));
        let rows = self.query(db, sql).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let mut columns = Vec::new();
        for (at, column) in others.into_iter().enumerate() {
            if row.try_get_by_index::<i32>(at)? == 0 {
                columns.push(column.clone());
            }
        }
        Ok(columns)
    }

    pub(super) async fn insert(
        &self,
        db: &impl ConnectionTrait,
        seeder: &Seeder,
        cells: &BTreeMap<String, String>,
    ) -> Result<(), DbErr> {
        let columns: Vec<String> = cells.keys().cloned().collect();
        let values: Vec<&str> = cells.values().map(String::as_str).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.render().quote(&seeder.table),
            self.render().quoted(&columns),
            values.join(", ")
        );
        db.execute_unprepared(&sql).await.map(|_| ())
    }

    pub(super) async fn update(
        &self,
        db: &impl ConnectionTrait,
        seeder: &Seeder,
        cells: &BTreeMap<String, String>,
        condition: &str,
    ) -> Result<(), DbErr> {
        let mut parts: Vec<String> = cells
            .iter()
            .filter(|(column, _)| !seeder.key.contains(column))
            .map(|(column, value)| format!("{} = {value}", self.render().quote(column)))
            .collect();
        if !cells.contains_key(CHANGED_AT)
            && let Some(now) = self.now_in(db, &seeder.table).await?
        {
            parts.push(format!("{CHANGED_AT} = {now}"));
        }
        let table = self.render().quote(&seeder.table);
        let sql = format!("UPDATE {table} SET {} WHERE {condition}", parts.join(", "));
        db.execute_unprepared(&sql).await.map(|_| ())
    }

    /// The present moment as the table's [`CHANGED_AT`] holds it; nothing when it has no such
    /// column, or one that holds no moment.
    async fn now_in(
        &self,
        db: &impl ConnectionTrait,
        table: &str,
    ) -> Result<Option<&'static str>, DbErr> {
        let ty = catalog::column_type(db, table, CHANGED_AT).await?.unwrap_or_default();
        let ty = if ty.starts_with("datetime") || ty.ends_with("without time zone") {
            Type::DateTime
        } else if ty.starts_with("timestamp") {
            Type::Timestamp
        } else {
            return Ok(None);
        };
        Ok(self.render().now(&ty))
    }
}
