//! Taking out again what an import has brought in, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::{
    import::{Entity, ImportStatus},
    import_record,
};
use plimsoll::{
    retry::{self, Borrows},
    schema::{OnDelete, Table},
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::{Value as Json, json};

use super::{
    known,
    write::{fields, key_text, value, with_keys},
};
use crate::{
    Error, Result, World,
    audit::{self, Audited, Deed},
    rights::Grantee,
    rule::Rule,
    tables::TABLES,
};

/// How many records are undone in one transaction.
const AT_ONCE: u64 = 200;

/// A row that an import brought and that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its table.
    pub table: String,
    /// What the source calls it.
    pub source: String,
    /// Why it stays.
    pub because: String,
}

/// What taking an import out came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// How many rows of which table went.
    pub removed: BTreeMap<String, u64>,
    /// What stays: something that the import did not bring refers to it.
    pub kept: Vec<Kept>,
}

/// Removes the rows that an import made; those that were there before stay, and so do those that have
/// got something since which the import did not bring. It can be interrupted and called again.
///
/// # Errors
/// [`Error::NotFound`] if there is no such import, [`Rule::Transition`] if it was undone already.
pub async fn undo(db: &DatabaseConnection, world: &World, id: i64) -> Result<Undone> {
    let import = Entity::find_by_id(id).one(db).await?;
    let import = import.ok_or_else(|| Error::not_found("import", id.to_string()))?;
    if import.status == ImportStatus::Undone {
        return Err(Rule::Transition.refuses(format!("import {id} was undone already")));
    }
    let mut row = import.into_active_model();
    row.status = Set(ImportStatus::Undoing);
    let import = row.update(db).await?;
    let mut undone = Undone::default();
    // Later records may refer to earlier ones.
    let mut before = i64::MAX;
    loop {
        let part =
            retry::transaction(db, |tx, _: Borrows<'_, '_>| Box::pin(some(tx, world, id, before)));
        let Some((last, part)) = part.await? else { break };
        for (table, rows) in part.removed {
            *undone.removed.entry(table).or_default() += rows;
        }
        undone.kept.extend(part.kept);
        before = last;
    }
    let mut row = import.into_active_model();
    row.status = Set(ImportStatus::Undone);
    row.ended_at = Set(Some(world.clock.now()));
    row.update(db).await?;
    Ok(undone)
}

/// Some records, the newest first, and where to go on.
async fn some(
    tx: &DatabaseTransaction,
    world: &World,
    id: i64,
    before: i64,
) -> Result<Option<(i64, Undone)>> {
    let records = import_record::Entity::find()
        .filter(import_record::Column::ImportId.eq(id))
        .filter(import_record::Column::Id.lt(before))
        .order_by_desc(import_record::Column::Id)
        .limit(AT_ONCE)
        .all(tx)
        .await?;
    let Some(last) = records.last().map(|record| record.id) else { return Ok(None) };
    let mut made = BTreeMap::<String, Vec<known::Target>>::new();
    for record in &records {
        for target in known::targets(record)?.into_iter().filter(|target| target.is_made) {
            made.entry(target.table.clone()).or_default().push(target);
        }
    }
    let mut undone = Undone::default();
    for table in TABLES.iter().rev() {
        let Some(targets) = made.get(&table.name) else { continue };
        remove(tx, table, targets, &mut undone).await?;
    }
    let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
    import_record::Entity::delete_many()
        .filter(import_record::Column::Id.is_in(ids))
        .exec(tx)
        .await?;
    let unit = Audited::new(tx, world.clock.now());
    let by = Grantee::System { reason: "import undo" };
    let details = json!({"removed": undone.removed, "kept": undone.kept.len()});
    unit.record(Deed::of(&by, "imports", "import.undo").on("import", &id).with(details));
    audit::tell(&unit.write().await?);
    Ok(Some((last, undone)))
}

/// Removes those rows of a table that nothing refers to.
async fn remove(
    tx: &DatabaseTransaction,
    table: &Table,
    targets: &[known::Target],
    undone: &mut Undone,
) -> Result<()> {
    for some in targets.chunks(500) {
        let keys: Vec<&[Json]> = some.iter().map(|target| target.key.as_slice()).collect();
        let held = held(tx, table, &keys).await?;
        let mut going = Vec::new();
        for target in some {
            match held.get(&key_text(&target.key)) {
                Some(by) => undone.kept.push(Kept {
                    table: table.name.clone(),
                    source: target.source.clone(),
                    because: format!("rows of {} belong to it", listed(by)),
                }),
                None => going.push(target.key.as_slice()),
            }
        }
        if !going.is_empty() {
            let gone = Query::delete()
                .from_table(table.name.clone())
                .and_where(with_keys(table, &going)?)
                .take();
            let rows = tx.execute(&gone).await?.rows_affected();
            *undone.removed.entry(table.name.clone()).or_default() += rows;
        }
    }
    Ok(())
}

fn listed(tables: &BTreeSet<String>) -> String {
    let tables: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    tables.join(", ")
}

/// Which of the rows others would go with, or keep from going: those of which tables.
async fn held(
    tx: &DatabaseTransaction,
    table: &Table,
    keys: &[&[Json]],
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut held = BTreeMap::<String, BTreeSet<String>>::new();
    let [name] = &table.primary_key[..] else { return Ok(held) };
    for other in TABLES.iter() {
        let to = other.foreign_keys.iter().filter(|key| key.references == table.name);
        for key in to.filter(|key| key.on_delete != OnDelete::SetNull) {
            let column = &key.columns;
            let among: Result<Vec<_>> =
                keys.iter().map(|key| value(table, name, &key[0])).collect();
            let query = Query::select()
                .distinct()
                .column(column[0].clone())
                .from(other.name.clone())
                .and_where(Expr::col(column[0].clone()).is_in(among?))
                .take();
            for row in fields(other, column, &tx.query_all(&query).await?)? {
                let of = key_text(&[row[&column[0]].clone()]);
                held.entry(of).or_default().insert(other.name.clone());
            }
        }
    }
    Ok(held)
}
