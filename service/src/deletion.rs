//! Deleting a row with all that depends on it, as the foreign keys say, and saying what that was.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use plimsoll::schema::{ForeignKey, OnDelete, Table};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IdenStatic as _, Iterable as _,
    PrimaryKeyToColumn as _, SqlErr, TryGetable, Value,
    sea_query::{Asterisk, Expr, ExprTrait as _, LockType, Query, SelectStatement, SimpleExpr},
};

use crate::{Error, Result, rule::Rule, tables::TABLES};

/// What a deletion does besides removing the row that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// How many rows of which table went with it.
    pub removed: BTreeMap<String, u64>,
    /// How many rows of which table referred to it, or to what went with it, and do no more.
    pub emptied: BTreeMap<String, u64>,
    /// How many rows of which table keep it from being deleted; none when it was.
    pub held: BTreeMap<String, u64>,
}

impl fmt::Display for Deletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.removed.is_empty(), self.emptied.is_empty()) {
            (true, true) => f.write_str("nothing went with it"),
            (false, true) => write!(f, "with it went {}", listed(&self.removed)),
            (true, false) => write!(f, "{} refer to it no more", listed(&self.emptied)),
            (false, false) => write!(
                f,
                "with it went {}; {} refer to it no more",
                listed(&self.removed),
                listed(&self.emptied)
            ),
        }
    }
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> =
        counts.iter().map(|(table, rows)| format!("{rows} of `{table}`")).collect();
    parts.join(", ")
}

/// What the deletion of the row with that key would do, if there is one. One query.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn foresee<E: EntityTrait>(
    db: &impl ConnectionTrait,
    key: impl Into<Value>,
) -> Result<Deletion> {
    let mut deletion = Deletion::default();
    let effects = effects(E::default().table_name(), row::<E>(key.into()));
    if effects.is_empty() {
        return Ok(deletion);
    }
    let mut query = Query::select();
    for (.., count) in &effects {
        query.expr(Expr::SubQuery(None, Box::new(count.clone().into())));
    }
    let Some(counts) = db.query_one(&query).await? else { return Ok(deletion) };
    for (at, (effect, table, _)) in effects.into_iter().enumerate() {
        let rows = i64::try_get_by(&counts, at).map_err(DbErr::from)?;
        let of = match effect {
            Effect::Removed => &mut deletion.removed,
            Effect::Emptied => &mut deletion.emptied,
            Effect::Held => &mut deletion.held,
        };
        if let Some(rows) = u64::try_from(rows).ok().filter(|rows| *rows > 0) {
            *of.entry(table).or_default() += rows;
        }
    }
    Ok(deletion)
}

/// Deletes the row with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Rule::InUse`] while something refers to it, or to what
/// would go with it, that has to be settled first.
pub(crate) async fn delete<E: EntityTrait>(
    tx: &DatabaseTransaction,
    kind: &'static str,
    key: impl Into<Value>,
) -> Result<Deletion> {
    let key = key.into();
    let shown = shown(&key);
    let table = E::default().table_name().to_owned();
    // Held first: nobody refers to it from then on, and what is foreseen is what happens.
    let held = Query::select()
        .expr(Expr::val(1))
        .from(table.clone())
        .and_where(row::<E>(key.clone()))
        .lock(LockType::Update)
        .take();
    if tx.query_one(&held).await?.is_none() {
        return Err(Error::not_found(kind, shown));
    }
    let deletion = foresee::<E>(tx, key.clone()).await?;
    if !deletion.held.is_empty() {
        let holding = listed(&deletion.held);
        return Err(Rule::InUse.refuses(format!("{kind} `{shown}` has {holding} that refer to it")));
    }
    let gone = Query::delete().from_table(table).and_where(row::<E>(key)).take();
    match tx.execute(&gone).await {
        Ok(_) => Ok(deletion),
        Err(error) if is_referred_to(&error) => {
            Err(Rule::InUse.refuses(format!("something refers to {kind} `{shown}` since just now")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a foreign key stands in the way.
fn is_referred_to(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
}

/// The row with that key, whose primary key is one column.
fn row<E: EntityTrait>(key: Value) -> SimpleExpr {
    let column = E::PrimaryKey::iter().next().map(|key| key.into_column().as_str().to_owned());
    Expr::col(column.unwrap_or_default()).eq(key)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// Goes with what it is a part of.
    Removed,
    /// Refers to it no more.
    Emptied,
    /// Keeps it from being deleted.
    Held,
}

/// What happens to the rows of which table, and how to count them.
fn effects(table: &str, rows: SimpleExpr) -> Vec<(Effect, String, SelectStatement)> {
    let mut going = BTreeMap::from([(table.to_owned(), rows)]);
    let mut effects = Vec::new();
    for name in parts_in_order(table) {
        let rows = keys_to(&name, OnDelete::Cascade, &going).reduce(SimpleExpr::or);
        if let Some(rows) = rows {
            effects.push((Effect::Removed, name.clone(), count(&name, rows.clone())));
            going.insert(name, rows);
        }
    }
    for other in TABLES.iter() {
        // A row whose key refers to nothing stays; the condition alone would not say so.
        let stays = going.get(&other.name).map(|rows| {
            let goes: SimpleExpr = Expr::case(rows.clone(), 1).finally(0).into();
            goes.eq(0)
        });
        if let Some(rows) = keys_to(&other.name, OnDelete::SetNull, &going).reduce(SimpleExpr::or) {
            let rows = stays.into_iter().fold(rows, SimpleExpr::and);
            effects.push((Effect::Emptied, other.name.clone(), count(&other.name, rows)));
        }
        if let Some(rows) = keys_to(&other.name, OnDelete::Restrict, &going).reduce(SimpleExpr::or)
        {
            effects.push((Effect::Held, other.name.clone(), count(&other.name, rows)));
        }
    }
    effects
}

/// For each key of the table that does so: which of its rows refer to what goes.
fn keys_to<'a>(
    table: &'a str,
    action: OnDelete,
    going: &'a BTreeMap<String, SimpleExpr>,
) -> impl Iterator<Item = SimpleExpr> + 'a {
    keys_of(table).filter(move |key| key.on_delete == action).filter_map(move |key| {
        let rows = going.get(&key.references)?;
        let gone = Query::select()
            .column(key.referenced_columns.first()?.clone())
            .from(key.references.clone())
            .and_where(rows.clone())
            .take();
        Some(Expr::col(key.columns.first()?.clone()).in_subquery(gone))
    })
}

fn keys_of(table: &str) -> impl Iterator<Item = &'static ForeignKey> + '_ {
    TABLES.iter().filter(move |of| of.name == table).flat_map(|of| &of.foreign_keys)
}

/// The tables whose rows are parts of the table's, or parts of those, each after all that it is a part
/// of itself.
fn parts_in_order(table: &str) -> Vec<String> {
    let mut reached = BTreeSet::from([table]);
    while let Some(next) = TABLES.iter().find(|part| {
        !reached.contains(part.name.as_str()) && wholes(part).any(|whole| reached.contains(whole))
    }) {
        reached.insert(&next.name);
    }
    let mut done = BTreeSet::from([table]);
    let mut order = Vec::new();
    while let Some(next) = TABLES.iter().find(|part| {
        reached.contains(part.name.as_str())
            && !done.contains(part.name.as_str())
            && wholes(part).all(|whole| !reached.contains(whole) || done.contains(whole))
    }) {
        done.insert(&next.name);
        order.push(next.name.clone());
    }
    order
}

/// The tables that the rows of a table are parts of.
fn wholes(part: &Table) -> impl Iterator<Item = &str> {
    part.foreign_keys
        .iter()
        .filter(|key| key.on_delete == OnDelete::Cascade && key.references != part.name)
        .map(|key| key.references.as_str())
}

fn count(table: &str, rows: SimpleExpr) -> SelectStatement {
    Query::select().expr(Expr::col(Asterisk).count()).from(table.to_owned()).and_where(rows).take()
}

fn shown(key: &Value) -> String {
    match key {
        Value::String(Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_part_comes_after_all_that_it_is_a_part_of() {
        for table in TABLES.iter() {
            let order = parts_in_order(&table.name);

            for (at, part) in order.iter().enumerate() {
                for key in keys_of(part).filter(|key| key.on_delete == OnDelete::Cascade) {
                    let whole = order.iter().position(|name| *name == key.references);
                    assert!(whole.is_none_or(|whole| whole <= at), "{}: {order:?}", table.name);
                }
            }
        }
        assert_eq!(parts_in_order("route_tables"), ["route_health_status"]);
        assert!(parts_in_order("clusters").contains(&"route_health_status".to_owned()));
    }

    #[test]
    fn every_foreign_key_has_one_column_by_which_it_is_followed() {
        for key in TABLES.iter().flat_map(|table| &table.foreign_keys) {
            assert_eq!((key.columns.len(), key.referenced_columns.len()), (1, 1), "{key:?}");
        }
    }
}
