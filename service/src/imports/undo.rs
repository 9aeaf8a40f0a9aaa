//! Taking out again what an import has brought in, and nothing else.

mod referrers;

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::{
    import::{Entity, ImportStatus, Model},
    import_record,
};
use plimsoll::{retry::Borrows, schema::Table};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction,
    DbBackend, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{ExprTrait as _, Query},
};
use serde_json::{Value as Json, json};

use super::{
    batch::mark,
    known,
    write::{key_text, read_back, with_keys},
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
    /// How many rows of which table the import had changed which it did not make: they stay as they are
    /// now, since what they were before is not known.
    pub changed: BTreeMap<String, u64>,
    /// What stays: something that the import did not bring refers to it, or has its key.
    pub kept: Vec<Kept>,
}

/// Removes the rows that an import made; those that were there before stay, changed by it or not, and so do those that have
/// got something since which the import did not bring, and rows that got a key of its rows later. An
/// import that is running stops. It can be interrupted and called again.
///
/// # Errors
/// [`Error::NotFound`] if there is no such import, [`Rule::Transition`] if it was undone already.
pub async fn undo(db: &DatabaseConnection, world: &World, id: i64) -> Result<Undone> {
    let committed = transaction::committed();
    let began = committed.transaction(db, |tx, _: Borrows<'_, '_>| {
        Box::pin(async move {
            let import = held(tx, id).await?;
            if import.status == ImportStatus::Undone {
                return Err(Rule::Transition.refuses(format!("import {id} was undone already")));
            }
            let mut row = import.into_active_model();
            row.status = Set(ImportStatus::Undoing);
            row.update(tx).await.map_err(Error::from)
        })
    });
    let import = began.await?;
    let scope = &*import.scope;
    let mut undone = Undone::default();
    // Later records may refer to earlier ones.
    let mut before = i64::MAX;
    loop {
        let part = committed.transaction(db, |tx, _: Borrows<'_, '_>| {
            Box::pin(some(tx, world, (id, scope), before))
        });
        let Some((last, part, deeds)) = part.await? else { break };
        audit::tell(&deeds);
        undone.add(part);
        before = last;
    }
    let mut row = import.into_active_model();
    row.status = Set(ImportStatus::Undone);
    row.ended_at = Set(Some(world.clock.now()));
    row.update_without_returning(db).await?;
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
        for (table, rows) in part.changed {
            *self.changed.entry(table).or_default() += rows;
        }
        self.kept.extend(part.kept);
    }
}

/// The row of an import, until the transaction ends.
async fn held(tx: &DatabaseTransaction, id: i64) -> Result<Model> {
    let import = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    import.ok_or_else(|| Error::not_found("import", id.to_string()))
}

/// Some records that the import brought something to, the newest first: where to go on, what came of them, and what the
/// audit log has of it. What it brought to a record that an earlier one had brought stands there, too.
async fn some(
    tx: &DatabaseTransaction,
    world: &World,
    (id, scope): (i64, &str),
    before: i64,
) -> Result<Option<(i64, Undone, Vec<Deed>)>> {
    // Two who take the same import out take turns.
    held(tx, id).await?;
    let records = import_record::Entity::find()
        .filter(import_record::Column::Scope.eq(scope))
        .filter(import_record::Column::Id.lt(before))
        .filter(may_have_something_of(id, tx.get_database_backend()))
        .order_by_desc(import_record::Column::Id)
        .limit(AT_ONCE)
        .all(tx)
        .await?;
    let Some(last) = records.last().map(|record| record.id) else { return Ok(None) };
    let mut undone = Undone::default();
    let mut made = BTreeMap::<String, Vec<known::Target>>::new();
    for record in records {
        let is_ours = |target: &known::Target| {
            target.is_made && target.made.import.unwrap_or(record.import_id) == id
        };
        let (ours, mut others): (Vec<_>, Vec<_>) =
            known::targets(&record)?.into_iter().partition(is_ours);
        let mut changed = 0;
        for target in &mut others {
            if target.changed.remove(&id) {
                changed += 1;
                *undone.changed.entry(target.table.clone().into_owned()).or_default() += 1;
            }
        }
        if ours.is_empty() && record.import_id != id {
            if changed > 0 {
                let mut row = record.into_active_model();
                row.targets = Set(json!(others));
                row.update(tx).await?;
            }
            continue;
        }
        for target in ours {
            made.entry(target.table.clone().into_owned()).or_default().push(target);
        }
        forget(tx, id, record, &others).await?;
    }
    for table in TABLES.iter().rev() {
        let Some(targets) = made.get(&table.name) else { continue };
        remove(tx, table, targets, &mut undone).await?;
    }
    let mut deeds = Vec::new();
    if !made.is_empty() || !undone.changed.is_empty() {
        let unit = Audited::new(tx, world.clock.now());
        let by = Grantee::System { reason: "import undo" };
        let Undone { removed, changed, kept, .. } = &undone;
        let details = json!({"removed": removed, "changed": changed, "kept": kept.len()});
        unit.record(Deed::of(&by, "imports", "import.undo").on("import", &id).with(details));
        deeds = unit.write().await?;
    }
    Ok(Some((last, undone, deeds)))
}

/// Records of the import, and those of others in whose targets it seems to stand.
fn may_have_something_of(id: i64, backend: DbBackend) -> Condition {
    let targets = || known::as_text(backend);
    Condition::any()
        .add(import_record::Column::ImportId.eq(id))
        .add(targets().like(format!("%true,{id},%")))
        .add(targets().like(format!("%true, {id}, %")))
        .add(targets().like(format!("%\"{}\"%", known::by(id))))
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
    row.targets = Set(json!(others));
    row.update(tx).await?;
    Ok(())
}

/// Removes those rows of a table that nothing refers to.
async fn remove(
    tx: &DatabaseTransaction,
    table: &'static Table,
    targets: &[known::Target],
    undone: &mut Undone,
) -> Result<()> {
    for some in targets.chunks(500) {
        let keys: Vec<&[Json]> = some.iter().map(|target| target.key.as_slice()).collect();
        let referrers = referrers::of(tx, table, &keys).await?;
        let marks = marks(tx, table, &keys).await?;
        let mut going = Vec::new();
        for target in some {
            let key = key_text(&target.key);
            let referrers = referrers.get(&key);
            let held_by = referrers.map(|it| &it.holders).filter(|holders| !holders.is_empty());
            let because = match (held_by, &target.made.mark, marks.get(&key)) {
                (Some(by), ..) => format!("rows of {} belong to it", listed(by)),
                (None, Some(mark), Some(now)) if mark != now => {
                    "another row has its key now".to_owned()
                }
                _ => {
                    going.push(target.key.as_slice());
                    for (other, rows) in referrers.into_iter().flat_map(|it| &it.emptied) {
                        *undone.emptied.entry((*other).to_owned()).or_default() += rows;
                    }
                    continue;
                }
            };
            let (table, source) = (table.name.clone(), target.source.clone());
            undone.kept.push(Kept { table, source, because });
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

/// What tells each of the rows from another one that got its key later.
async fn marks(
    tx: &DatabaseTransaction,
    table: &'static Table,
    keys: &[&[Json]],
) -> Result<BTreeMap<String, String>> {
    let Some(mark) = mark(table) else { return Ok(BTreeMap::new()) };
    let back = read_back(tx, table, &BTreeSet::from([mark]), keys).await?;
    let marks =
        back.into_iter().filter_map(|(key, row)| Some((key, row[mark].as_str()?.to_owned())));
    Ok(marks.collect())
}

fn listed(tables: &BTreeSet<&str>) -> String {
    let tables: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    tables.join(", ")
}
