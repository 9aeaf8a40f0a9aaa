//! What refers to rows that are to go: what would go with them, and what would be emptied.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::schema::{OnDelete, Table};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbErr, TryGetable as _,
    sea_query::{Asterisk, Expr, ExprTrait as _, Query},
};
use serde_json::Value as Json;

use super::super::write::{fields, key_text, value};
use crate::{Result, tables::TABLES};

/// What refers to a row, by tables.
#[derive(Debug, Default)]
pub(super) struct Referrers {
    /// What would go with it, or keeps it from going.
    pub(super) holders: BTreeSet<&'static str>,
    /// How many rows would refer to it no more.
    pub(super) emptied: BTreeMap<&'static str, u64>,
}

/// What refers to each of the rows, by their keys.
pub(super) async fn of(
    tx: &DatabaseTransaction,
    table: &Table,
    keys: &[&[Json]],
) -> Result<BTreeMap<String, Referrers>> {
    let mut found = BTreeMap::<String, Referrers>::new();
    let [name] = &table.primary_key[..] else { return Ok(found) };
    for other in TABLES.iter() {
        for key in other.foreign_keys.iter().filter(|key| key.references == table.name) {
            let column = &*key.columns[0];
            let among: Result<Vec<_>> =
                keys.iter().map(|key| value(table, name, &key[0])).collect();
            let query = Query::select()
                .column(column)
                .expr(Expr::col(Asterisk).count())
                .from(other.name.clone())
                .and_where(Expr::col(column).is_in(among?))
                .group_by_col(column)
                .take();
            let rows = tx.query_all(&query).await?;
            for (of, row) in fields(other, &[column], &rows)?.iter().zip(&rows) {
                let of = found.entry(key_text([&of[column]])).or_default();
                if key.on_delete == OnDelete::SetNull {
                    let count = i64::try_get_by(row, 1_usize).map_err(DbErr::from)?;
                    let count = u64::try_from(count).unwrap_or_default();
                    *of.emptied.entry(&other.name).or_default() += count;
                } else {
                    of.holders.insert(&other.name);
                }
            }
        }
    }
    Ok(found)
}
