//! Taking out again what an import has brought in, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::{
    import::{Entity, ImportStatus, Model},
    import_record,
};
use plimsoll::{
    retry::Borrows,
    schema::{OnDelete, Table},
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    TryGetable as _,
    sea_query::{Asterisk, Expr, ExprTrait as _, Query},
};
use serde_json::{Value as Json, json};

use super::{
    batch::mark,
    known,
    write::{fields, key_text, read_back, value, with_keys},
};
use crate::{
    Error, Result, World,
    audit::{self, Audited, Deed},
    rights::Grantee,
    rule::Rule,
    tables::TABLES,
    transaction,
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
    /// How many rows of which table referred to something that went, and do no more.
    pub emptied: BTreeMap<String, u64>,
    /// What stays: something that the import did not bring refers to it, or has its key.
    pub kept: Vec<Kept>,
}

/// Removes the rows that an import made; those that were there before stay, and so do those that have
/// got something since which the import did not bring, and rows that got a key of its rows later. An
/// import that is running stops. It can be interrupted and called again.
///
/// # Errors
/// [`Error::NotFound`] if there is no such import, [`Rule::Transition`] if it was undone already.
pub async fn undo(db: &DatabaseConnection, world: &World, id: i64) -> Result<Undone> {
    let import = Entity::find_by_id(id).one(db).await?;
    let import = import.ok_or_else(|| Error::not_found("import", id.to_string()))?;
    if import.status == ImportStatus::Undone {
        return Err(Rule::Transition.refuses(format!("import {id} was undone already")));
    }
    let scope = &*import.scope;
    let committed = transaction::committed();
    let began = committed.transaction(db, |tx, _: Borrows<'_, '_>| {
        Box::pin(async move {
            let mut row = held(tx, id).await?.into_active_model();
            row.status = Set(ImportStatus::Undoing);
            row.update(tx).await.map_err(Error::from)
        })
    });
    began.await?;
    let mut undone = Undone::default();
    // Later records may refer to earlier ones.
    let mut before = i64::MAX;
    loop {
        let part = committed.transaction(db, |tx, _: Borrows<'_, '_>| {
            Box::pin(some(tx, world, (id, scope), before))
        });
        let Some((last, part)) = part.await? else { break };
        undone.add(part);
        before = last;
    }
    let mut row = import.into_active_model();
    row.status = Set(ImportStatus::Undone);
    row.ended_at = Set(Some(world.clock.now()));
    row.update(db).await?;
    Ok(undone)
}

impl Undone {
    fn add(&mut self, part: Self) {
        for (table, rows) in part.removed {
            *self.removed.entry(table).or_default() += rows;
        }
        for (table, rows) in part.emptied {
            *self.emptied.entry(table).or_default() += rows;
        }
        self.kept.extend(part.kept);
    }
}

/// The row of an import, until the transaction ends.
async fn held(tx: &DatabaseTransaction, id: i64) -> Result<Model> {
    let import = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    import.ok_or_else(|| Error::not_found("import", id.to_string()))
}

/// Some records of the source, the newest first, and where to go on. What an import brought to a record
/// that an earlier one had brought stands there, too.
async fn some(
    tx: &DatabaseTransaction,
    world: &World,
    (id, scope): (i64, &str),
    before: i64,
) -> Result<Option<(i64, Undone)>> {
    // Two who take the same import out take turns.
    held(tx, id).await?;
    let records = import_record::Entity::find()
        .filter(import_record::Column::Scope.eq(scope))
        .filter(import_record::Column::Id.lt(before))
        .order_by_desc(import_record::Column::Id)
        .limit(AT_ONCE)
        .all(tx)
        .await?;
    let Some(last) = records.last().map(|record| record.id) else { return Ok(None) };
    let mut made = BTreeMap::<String, Vec<known::Target>>::new();
    for record in records {
        let is_ours = |target: &known::Target| {
            target.is_made && target.made.import.unwrap_or(record.import_id) == id
        };
        let (ours, others): (Vec<_>, Vec<_>) =
            known::targets(&record)?.into_iter().partition(is_ours);
        if ours.is_empty() && record.import_id != id {
            continue;
        }
        for target in ours {
            made.entry(target.table.clone()).or_default().push(target);
        }
        forget(tx, id, record, &others).await?;
    }
    let mut undone = Undone::default();
    for table in TABLES.iter().rev() {
        let Some(targets) = made.get(&table.name) else { continue };
        remove(tx, table, targets, &mut undone).await?;
    }
    if !made.is_empty() {
        let unit = Audited::new(tx, world.clock.now());
        let by = Grantee::System { reason: "import undo" };
        let details = json!({"removed": undone.removed, "kept": undone.kept.len()});
        unit.record(Deed::of(&by, "imports", "import.undo").on("import", &id).with(details));
        audit::tell(&unit.write().await?);
    }
    Ok(Some((last, undone)))
}

/// Forgets what an import brought to a record; the record itself when nobody else brought something.
async fn forget(
    tx: &DatabaseTransaction,
    id: i64,
    record: import_record::Model,
    others: &[known::Target],
) -> Result<()> {
    let other = others.iter().filter(|target| target.is_made);
    let other = other.filter_map(|target| target.made.import).find(|import| *import != id);
    let owner = if record.import_id == id { other } else { Some(record.import_id) };
    let Some(owner) = owner else {
        import_record::Entity::delete_by_id(record.id).exec(tx).await?;
        return Ok(());
    };
    let mut row = record.into_active_model();
    row.import_id = Set(owner);
    // What is missing is brought again by the next import.
    row.digest = Set(super::batch::INCOMPLETE.to_owned());
    row.targets = Set(others.iter().map(known::Target::json).collect());
    row.update(tx).await?;
    Ok(())
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
        let held_by = holders(tx, table, &keys).await?;
        let marks = marks(tx, table, &keys).await?;
        let mut going = Vec::new();
        for target in some {
            let key = key_text(&target.key);
            let because = match (held_by.get(&key), &target.made.mark, marks.get(&key)) {
                (Some(by), ..) => format!("rows of {} belong to it", listed(by)),
                (None, Some(mark), Some(now)) if mark != now => {
                    "another row has its key now".to_owned()
                }
                _ => {
                    going.push(target.key.as_slice());
                    continue;
                }
            };
            let (table, source) = (table.name.clone(), target.source.clone());
            undone.kept.push(Kept { table, source, because });
        }
        if !going.is_empty() {
            emptied(tx, table, &going, undone).await?;
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

/// What tells each of the rows from another one that got its key later.
async fn marks(
    tx: &DatabaseTransaction,
    table: &Table,
    keys: &[&[Json]],
) -> Result<BTreeMap<String, String>> {
    let Some(mark) = mark(table) else { return Ok(BTreeMap::new()) };
    let back = read_back(tx, table, &BTreeSet::from([mark.to_owned()]), keys).await?;
    let marks =
        back.into_iter().filter_map(|(key, row)| Some((key, row[mark].as_str()?.to_owned())));
    Ok(marks.collect())
}

/// Counts the rows that refer to these by columns that are emptied when they go.
async fn emptied(
    tx: &DatabaseTransaction,
    table: &Table,
    keys: &[&[Json]],
    undone: &mut Undone,
) -> Result<()> {
    let [name] = &table.primary_key[..] else { return Ok(()) };
    for other in TABLES.iter() {
        let to = other.foreign_keys.iter().filter(|key| key.references == table.name);
        for key in to.filter(|key| key.on_delete == OnDelete::SetNull) {
            let among: Result<Vec<_>> =
                keys.iter().map(|key| value(table, name, &key[0])).collect();
            let count = Query::select()
                .expr(Expr::col(Asterisk).count())
                .from(other.name.clone())
                .and_where(Expr::col(key.columns[0].clone()).is_in(among?))
                .take();
            let row = tx.query_one(&count).await?;
            let rows =
                row.map(|row| i64::try_get_by(&row, 0_usize)).transpose().map_err(DbErr::from)?;
            let rows = u64::try_from(rows.unwrap_or_default()).unwrap_or_default();
            if rows > 0 {
                *undone.emptied.entry(other.name.clone()).or_default() += rows;
            }
        }
    }
    Ok(())
}

fn listed(tables: &BTreeSet<String>) -> String {
    let tables: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    tables.join(", ")
}

/// Which of the rows others would go with, or keep from going: those of which tables.
async fn holders(
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
