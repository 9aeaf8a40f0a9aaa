//! The order in which changes can run.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    change::Change,
    schema::{ForeignKey, Table},
};

/// Where in the list a change stands: constraints go before what they hold, and come behind what
/// they need.
fn rank(change: &Change) -> u8 {
    match change {
        Change::DropForeignKey { .. } => 0,
        Change::DropIndex { .. } | Change::DropUnique { .. } | Change::DropCheck { .. } => 1,
        Change::DropTable(_) => 2,
        Change::CreateEnum { .. } | Change::AlterEnum { .. } => 3,
        Change::CreateTable(_) => 4,
        Change::AddColumn { .. } => 5,
        Change::AlterColumn { .. } => 6,
        Change::AlterPrimaryKey { .. } => 7,
        Change::AlterUnique { .. } | Change::AlterCheck { .. } | Change::AlterIndex { .. } => 8,
        Change::AddUnique { .. } | Change::AddCheck { .. } => 9,
        Change::CreateIndex { .. } => 10,
        Change::AlterForeignKey { .. } => 11,
        Change::AddForeignKey { .. } => 12,
        Change::DropColumn { .. } => 13,
        Change::DropEnum { .. } => 14,
        _ => 15,
    }
}

/// The changes in an order in which they can run. Tables whose foreign keys lead in a circle lose
/// one of them to a change of its own.
pub(super) fn ordered(changes: Vec<Change>) -> Vec<Change> {
    let (mut created, mut dropped, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::CreateTable(table) => created.push(table),
            Change::DropTable(table) => dropped.push(table),
            other => others.push(other),
        }
    }
    let (created, late) = parents_first(created);
    others.extend(late.into_iter().map(|(table, key)| Change::AddForeignKey { table, key }));
    others.extend(created.into_iter().map(Change::CreateTable));
    let (mut dropped, early) = parents_first(dropped);
    dropped.reverse();
    others.extend(early.into_iter().map(|(table, key)| Change::DropForeignKey { table, key }));
    others.extend(dropped.into_iter().map(Change::DropTable));
    // Stable: tables stay as they were put.
    others.sort_by_key(rank);
    others
}

/// The tables, each behind those that it refers to, and the foreign keys that were taken out of
/// them because they close a circle.
fn parents_first(tables: Vec<Table>) -> (Vec<Table>, Vec<(String, ForeignKey)>) {
    let mut waiting: BTreeMap<String, Table> =
        tables.into_iter().map(|table| (table.name.clone(), table)).collect();
    let mut needed: BTreeMap<String, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in waiting.values() {
        let parents: BTreeSet<&String> = parents(table, &waiting).collect();
        needed.insert(table.name.clone(), parents.len());
        for parent in parents {
            needed_by.entry(parent.clone()).or_default().push(table.name.clone());
        }
    }
    let mut ready: BTreeSet<String> =
        needed.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.clone()).collect();
    let (mut ordered, mut taken) = (Vec::new(), Vec::new());
    loop {
        while let Some(name) = ready.pop_first() {
            for child in needed_by.remove(&name).unwrap_or_default() {
                if let Some(count) = needed.get_mut(&child) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(child);
                    }
                }
            }
            needed.remove(&name);
            ordered.extend(waiting.remove(&name));
        }
        // Nothing is ready: a circle. The table with the fewest keys into it goes first.
        let Some(name) =
            needed.iter().min_by_key(|(_, count)| **count).map(|(name, _)| name.clone())
        else {
            return (ordered, taken);
        };
        let open: BTreeSet<String> = waiting.keys().cloned().collect();
        if let Some(table) = waiting.get_mut(&name) {
            let is_open =
                |key: &ForeignKey| key.references != name && open.contains(&key.references);
            taken.extend(
                table
                    .foreign_keys
                    .iter()
                    .filter(|key| is_open(key))
                    .map(|key| (name.clone(), key.clone())),
            );
            table.foreign_keys.retain(|key| !is_open(key));
        }
        needed.insert(name.clone(), 0);
        // Whoever it waited for no longer counts it.
        for children in needed_by.values_mut() {
            children.retain(|child| *child != name);
        }
        ready.insert(name);
    }
}

/// The other tables among these that a table refers to.
fn parents<'t>(
    table: &'t Table,
    among: &'t BTreeMap<String, Table>,
) -> impl Iterator<Item = &'t String> {
    let keys = table.foreign_keys.iter().map(|key| &key.references);
    keys.filter(|name| **name != table.name && among.contains_key(*name))
}
