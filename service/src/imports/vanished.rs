//! What earlier imports brought and the source does not give any more. It stays here, and is told.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::import_record::{Column, Entity};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::Value as Json;

use super::{
    batch::mark,
    known::{self, Known, Target},
    unit::{Remark, Unit, Weight},
    write::{key_text, read_back},
};
use crate::{Result, tables};

/// What is said of it.
pub(super) const WHY: &str =
    "an earlier import brought it, and the source does not give it any more; it stays here";

/// How many names of records are read at once.
const NAMES: u64 = 1_000;
/// How many records are looked at at once.
const RECORDS: usize = 100;

/// The rows that were brought with these records, are not in them any more, and are here still: of which
/// record, and what the source called them. Of a record that is refused as a whole that is told.
pub(super) async fn parts(
    db: &impl ConnectionTrait,
    known: &BTreeMap<String, Known>,
    units: &[Unit],
) -> Result<Vec<(usize, String)>> {
    let mut gone = Vec::new();
    for (at, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.rows.is_empty()) {
        let Some(known) = known.get(&unit.key) else { continue };
        let given: BTreeSet<&str> = unit.rows.iter().map(|row| &*row.key).collect();
        let was_brought = |target: &&Target| target.is_made && !given.contains(&*target.source);
        gone.extend(known.targets.iter().filter(was_brought).map(|target| (at, target)));
    }
    let here = here(db, gone.iter().map(|(_, target)| *target).collect()).await?;
    let gone = gone.into_iter().filter(|(_, target)| here.contains(&*target.source));
    Ok(gone.map(|(at, target)| (at, target.source.clone())).collect())
}

/// A remark about each record that is gone from the source, and of which something is here still.
pub(super) async fn records(
    db: &impl ConnectionTrait,
    scope: &str,
    is_gone: impl Fn(&str) -> bool + Send + Sync,
) -> Result<Vec<Remark>> {
    let mut remarks = Vec::new();
    let mut behind = 0;
    loop {
        let names: Vec<(i64, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::RecordKey])
            .filter(Column::Scope.eq(scope))
            .filter(Column::Id.gt(behind))
            .order_by_asc(Column::Id)
            .limit(NAMES)
            .into_tuple()
            .all(db)
            .await?;
        let Some((last, _)) = names.last() else { return Ok(remarks) };
        behind = *last;
        let gone: Vec<i64> =
            names.iter().filter(|(_, name)| is_gone(name)).map(|(id, _)| *id).collect();
        for some in gone.chunks(RECORDS) {
            let found = Entity::find().filter(Column::Id.is_in(some.iter().copied()));
            for record in found.order_by_asc(Column::Id).all(db).await? {
                let targets = known::targets(&record)?;
                let brought = targets.iter().filter(|target| target.is_made).collect();
                if !here(db, brought).await?.is_empty() {
                    remarks.push(told(record.record_key));
                }
            }
        }
    }
}

fn told(record: String) -> Remark {
    let mut unit = Unit { key: record, ..Unit::default() };
    unit.remark(Weight::Warning, "", &Json::Null, WHY);
    unit.remarks.remove(0)
}

/// Which of the rows are here, and not others that got their keys: what the source called them.
async fn here<'t>(
    db: &impl ConnectionTrait,
    targets: Vec<&'t Target>,
) -> Result<BTreeSet<&'t str>> {
    let mut by_table = BTreeMap::<&str, Vec<&'t Target>>::new();
    for target in targets {
        by_table.entry(&target.table).or_default().push(target);
    }
    let mut here = BTreeSet::new();
    for (name, targets) in by_table {
        let Ok(table) = tables::named(name) else { continue };
        let mark = mark(table);
        let columns = mark.into_iter().collect();
        let keys: Vec<&[Json]> = targets.iter().map(|target| &*target.key).collect();
        let back = read_back(db, table, &columns, &keys).await?;
        for target in targets {
            let Some(row) = back.get(&key_text(&target.key)) else { continue };
            let now = mark.and_then(|name| row.get(name)?.as_str());
            if target.made.mark.is_none() || target.made.mark.as_deref() == now {
                here.insert(&*target.source);
            }
        }
    }
    Ok(here)
}
