//! Sealing anew, with the first key, what older keys have sealed: in all tables, and while they are
//! in use.

use std::fmt;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection,
    sea_query::{Expr, ExprTrait as _, Order, Query},
};
use serde_json::json;

use super::Secrets;
use crate::{
    Result, World,
    audit::{Deed, audited},
    records::Domain as _,
    rights::Grantee,
    seal::{Keyring, Place, SEALED, key_of},
};

/// How many rows are read at once, and written in one transaction at most.
const AT_ONCE: u64 = 100;

/// What was sealed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The id of the key that everything is sealed with now, but for what could not be opened.
    pub key: String,
    /// Each column that holds what is sealed.
    pub columns: Vec<Resealed>,
    /// What could not be opened, and stays as it was.
    pub unopened: Vec<Unopened>,
}

/// What of one column was sealed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// How many rows were sealed anew.
    pub resealed: u64,
    /// How many were sealed with that key already.
    pub kept: u64,
}

/// Something sealed that no key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The key of the row.
    pub row: i64,
    /// Why, without what stands there.
    pub problem: String,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, row, problem } = self;
        write!(f, "`{table}`.`{column}` of row {row}: {problem}")
    }
}

/// Seals with the first key everything that another one has sealed, up to 100 rows in one
/// transaction. What was sealed with the first key is opened, too, so that afterwards the others
/// can go.
///
/// A row is written only while it holds what was read: what somebody changes meanwhile is never
/// overwritten, but looked at again. Nothing but the sealed text changes, so that `updated_at` and
/// `rotated_at` stay. Each transaction writes a row of the audit log with the column and how many
/// rows of it were sealed anew; none, when none was.
///
/// Every process has to seal with the first key by then: what another key seals behind it stays.
///
/// # Errors
/// [`Error::Sealed`](crate::Error::Sealed) without a key. What was sealed anew before an error
/// stays so.
pub async fn rotate(db: &DatabaseConnection, world: &World, keys: &Keyring) -> Result<Rotated> {
    let key = keys.first()?.to_owned();
    let mut rotated = Rotated { key, columns: Vec::new(), unopened: Vec::new() };
    all(db, world, keys, &mut rotated).await?;
    Ok(rotated)
}

/// A row that was opened, as it stands and as it is to stand.
struct Opened {
    row: i64,
    before: String,
    after: String,
}

async fn all(
    db: &DatabaseConnection,
    world: &World,
    keys: &Keyring,
    rotated: &mut Rotated,
) -> Result<()> {
    for (table, column) in SEALED {
        rotated.columns.push(Resealed { table, column, resealed: 0, kept: 0 });
        let mut after = i64::MIN;
        loop {
            let rows = read(db, (table, column), Expr::col("id").gt(after)).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            some(db, world, keys, rotated, rows).await?;
        }
    }
    Ok(())
}

/// Goes over some rows of the last column, until each is sealed with the first key, cannot be
/// opened or is gone.
async fn some(
    db: &DatabaseConnection,
    world: &World,
    keys: &Keyring,
    rotated: &mut Rotated,
    mut rows: Vec<(i64, String)>,
) -> Result<()> {
    let Rotated { key, columns, unopened } = rotated;
    let counts = columns.last_mut().expect("a column is being gone over");
    let (table, column) = (counts.table, counts.column);
    while !rows.is_empty() {
        let mut opened = Vec::new();
        for (row, before) in rows {
            let place = Place { table, column, row };
            match keys.open(place, &before) {
                Ok(_) if key_of(&before) == Some(key.as_str()) => counts.kept += 1,
                Ok(secret) => {
                    let after = keys.seal(world, place, &secret)?;
                    opened.push(Opened { row, before, after });
                }
                Err(error) => {
                    unopened.push(Unopened { table, column, row, problem: error.to_string() });
                }
            }
        }
        let changed = replace(db, world, key, (table, column), &opened).await?;
        counts.resealed += (opened.len() - changed.len()) as u64;
        if changed.is_empty() {
            break;
        }
        rows = read(db, (table, column), Expr::col("id").is_in(changed)).await?;
    }
    Ok(())
}

/// What is sealed in up to [`AT_ONCE`] of those rows, in the order of their keys.
async fn read(
    db: &DatabaseConnection,
    (table, column): (&'static str, &'static str),
    which: Expr,
) -> Result<Vec<(i64, String)>> {
    let query = Query::select()
        .column("id")
        .column(column)
        .from(table)
        .and_where(which)
        .and_where(Expr::col(column).is_not_null())
        .order_by("id", Order::Asc)
        .limit(AT_ONCE)
        .take();
    let mut rows = Vec::new();
    for row in db.query_all(&query).await? {
        rows.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    }
    Ok(rows)
}

/// Writes each row that still is as it was and how many these were, and gives back the keys of the
/// others.
async fn replace(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    (table, column): (&'static str, &'static str),
    rows: &[Opened],
) -> Result<Vec<i64>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let by = &Grantee::System { reason: "rotation of keys" };
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let mut changed = Vec::new();
            for Opened { row, before, after } in rows {
                let update = Query::update()
                    .table(table)
                    .value(column, after.as_str())
                    .and_where(Expr::col("id").eq(*row))
                    .and_where(Expr::col(column).eq(before.as_str()))
                    .take();
                if unit.tx().execute(&update).await?.rows_affected() == 0 {
                    changed.push(*row);
                }
            }
            let resealed = rows.len() - changed.len();
            if resealed > 0 {
                let details =
                    json!({"key": key, "table": table, "column": column, "resealed": resealed});
                unit.record(Deed::of(by, Secrets::NAME, "rotate").with(details));
            }
            Ok(changed)
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_that_is_gone_over_is_a_text_in_a_table_with_a_key_to_go_by() {
        let tables: Vec<_> = entity::schema().into_iter().collect();
        for (name, column) in SEALED {
            let table = tables.iter().find(|table| table.name == name).expect("the table is there");
            let column = table.columns.iter().find(|of| of.name == column).expect("and the column");

            assert_eq!(table.primary_key, ["id"], "{name}");
            assert_eq!(column.ty, plimsoll::schema::Type::Text, "{name}.{}", column.name);
        }
    }
}
