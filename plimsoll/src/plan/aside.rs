//! Foreign keys that stand in the way of other changes, and are set aside for them.
//!
//! `PostgreSQL` and `MySQL` hold on to what a key stands on: its types must agree, and what makes the
//! columns unique that it refers to may not go. So the key goes before the changes and comes back
//! behind them. `SQLite` looks at keys only when rows come.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    change::Change,
    dialect::Dialect,
    render::Unrenderable,
    schema::{ForeignKey, Index, Schema, Table, TableOption, Type},
};

/// What a change is to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It is made, and the schema has it.
    Whole,
    /// It is made, and the schema is the same when all is done.
    Statement,
    /// The schema has it, and what makes it stands elsewhere.
    Schema,
}

/// A change of the step at `at`.
pub(super) struct Placed<'c> {
    pub(super) at: usize,
    pub(super) change: Cow<'c, Change>,
    pub(super) part: Part,
}

/// A foreign key, with its table.
type Key = (String, ForeignKey);

/// Where a foreign key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// It is there before the first change.
    There(Key),
    /// It comes by itself.
    Added,
    /// It comes with its table.
    Created,
}

impl Origin {
    fn before(&self) -> Option<&Key> {
        match self {
            Self::There(key) => Some(key),
            Self::Added | Self::Created => None,
        }
    }
}

/// A foreign key on its way through the changes.
struct Kept {
    from: Origin,
    /// As it is now; none when it has gone.
    now: Option<Key>,
    /// As it was on the way.
    states: Vec<Key>,
    /// Whether it stands in the way of one of them.
    in_the_way: bool,
    /// Whether something made unique what it refers to.
    was_unique: bool,
    /// Whether the table went that it refers to.
    target_went: bool,
}

/// The changes in a row, with the keys set aside that stand in their way; `schema` is before them.
///
/// # Errors
/// A foreign key whose table went that it refers to, or that could not come back: its target is unique
/// no more when all is done, or the columns on its two sides are of other types.
pub(super) fn placed<'c>(
    dialect: Dialect,
    changes: &[(usize, &'c Change)],
    schema: &Schema,
) -> Result<Vec<Placed<'c>>, Unrenderable> {
    let as_it_is = || {
        let whole = changes.iter().map(|(at, change)| (*at, Cow::Borrowed(*change), Part::Whole));
        whole.map(|(at, change, part)| Placed { at, change, part }).collect()
    };
    let any = |is_it: &dyn Fn(&Change) -> bool| changes.iter().any(|(_, change)| is_it(change));
    let is_early = (any(&makes_unique) && any(&brings_keys)) || comes_before_its_table(changes);
    if !is_early && !any(&|change| can_be_hindered(dialect, change)) {
        return Ok(as_it_is());
    }
    let (kept, now) = followed(dialect, changes, schema);
    let kept = settled(dialect, kept, &now)?;
    if dialect == Dialect::Sqlite || !kept.iter().any(|key| key.in_the_way) {
        return Ok(as_it_is());
    }
    let aside = || kept.iter().filter(|key| key.in_the_way);
    let is_aside = |table: &str, key: &ForeignKey| {
        aside().flat_map(|kept| &kept.states).any(|(of, it)| of == table && it == key)
    };
    let (Some((first, _)), Some((last, _))) = (changes.first(), changes.last()) else {
        return Ok(Vec::new());
    };
    let statement =
        |at: usize, change| Placed { at, change: Cow::Owned(change), part: Part::Statement };
    let mut placed = Vec::new();
    for (table, key) in aside().filter_map(|it| it.from.before().cloned()) {
        placed.push(statement(*first, Change::DropForeignKey { table, key }));
    }
    for (at, change) in changes {
        if let Change::CreateTable(table) = change {
            let without = created_without(table, &kept);
            let change = without.map_or(Cow::Borrowed(*change), Cow::Owned);
            placed.push(Placed { at: *at, change, part: Part::Whole });
            continue;
        }
        let part = match change {
            Change::AddForeignKey { table, key } | Change::DropForeignKey { table, key }
                if is_aside(table, key) =>
            {
                Part::Schema
            }
            Change::AlterForeignKey { table, from, to }
                if is_aside(table, from) || is_aside(table, to) =>
            {
                Part::Schema
            }
            _ => Part::Whole,
        };
        placed.push(Placed { at: *at, change: Cow::Borrowed(change), part });
    }
    for kept in aside() {
        let Some((table, key)) = kept.now.clone() else { continue };
        let change = Change::AddForeignKey { table, key };
        if kept.from == Origin::Created {
            let change = Cow::Owned(change.clone());
            placed.push(Placed { at: *last, change, part: Part::Schema });
        }
        placed.push(statement(*last, change));
    }
    Ok(placed)
}

/// The creation of the table without the keys that come behind the changes, if there are any.
fn created_without(table: &Table, kept: &[Kept]) -> Option<Change> {
    let comes_later = |key: &ForeignKey| {
        kept.iter().any(|kept| {
            kept.from == Origin::Created
                && kept.in_the_way
                && kept.states.first().is_some_and(|(of, it)| *of == table.name && it == key)
        })
    };
    table.foreign_keys.iter().any(comes_later).then(|| {
        let mut table = table.clone();
        table.foreign_keys.retain(|key| !comes_later(key));
        Change::CreateTable(table)
    })
}

fn makes_unique(change: &Change) -> bool {
    match change {
        Change::AddUnique { .. } => true,
        Change::CreateIndex { index, .. } => index.unique,
        _ => false,
    }
}

fn brings_keys(change: &Change) -> bool {
    match change {
        Change::AddForeignKey { .. } => true,
        Change::CreateTable(table) => !table.foreign_keys.is_empty(),
        _ => false,
    }
}

/// Whether a table comes with a key to one that comes behind it.
fn comes_before_its_table(changes: &[(usize, &Change)]) -> bool {
    let mut referred: BTreeSet<&str> = BTreeSet::new();
    changes.iter().any(|(_, change)| {
        let Change::CreateTable(table) = change else { return false };
        let is_referred = referred.contains(&*table.name);
        referred.extend(table.foreign_keys.iter().map(|key| &*key.references));
        is_referred
    })
}

/// Whether a foreign key can stand in its way, whatever foreign keys there are.
fn can_be_hindered(dialect: Dialect, change: &Change) -> bool {
    match change {
        Change::AlterPrimaryKey { .. } | Change::DropUnique { .. } | Change::DropTable(_) => true,
        // New values behind the others are nothing to a key.
        Change::AlterEnum { from, to, .. } => match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => !to.iter().filter(|it| from.contains(it)).eq(from),
            Dialect::Mysql => !to.starts_with(from),
        },
        Change::AlterUnique { from, to, .. } => from.columns != to.columns,
        Change::DropIndex { index, .. } => index.unique,
        Change::AlterIndex { from, to, .. } => from.unique && !from.is_renamed(to),
        Change::AlterColumn { from, to, .. } => match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => !can_be_compared(&from.ty, &to.ty),
            Dialect::Mysql => from.ty != to.ty || from.collation != to.collation,
        },
        Change::AlterOptions { from, to, .. } => {
            dialect == Dialect::Mysql && collation(from) != collation(to)
        }
        _ => false,
    }
}

/// Whether values of both can be compared by `PostgreSQL`, so that a key can stand between them.
fn can_be_compared(one: &Type, other: &Type) -> bool {
    let is_text = |ty: &Type| matches!(ty, Type::Text | Type::String(_) | Type::Char(_));
    one == other
        || (one.is_whole_number() && other.is_whole_number())
        || (is_text(one) && is_text(other))
}

fn collation(options: &[TableOption]) -> Option<&String> {
    options.iter().find_map(|option| match option {
        TableOption::Collation(name) => Some(name),
        _ => None,
    })
}

/// Follows every foreign key through the changes, and gives the schema behind them.
fn followed(
    dialect: Dialect,
    changes: &[(usize, &Change)],
    schema: &Schema,
) -> (Vec<Kept>, Schema) {
    let all = schema
        .tables
        .values()
        .flat_map(|table| table.foreign_keys.iter().map(|key| (table.name.clone(), key.clone())));
    let kept = all.map(|key| Kept {
        was_unique: is_unique(schema, &key.1),
        from: Origin::There(key.clone()),
        now: Some(key.clone()),
        states: vec![key],
        in_the_way: false,
        target_went: false,
    });
    let mut kept: Vec<Kept> = kept.collect();
    let mut now = schema.clone();
    for (place, (_, change)) in changes.iter().enumerate() {
        for key in &mut kept {
            if let Some((table, it)) = &key.now {
                key.in_the_way |= can_be_hindered(dialect, change)
                    && stands_in_the_way(dialect, table, it, change, &now);
            }
        }
        for key in &mut kept {
            let refers = |table: &Table| {
                key.now
                    .as_ref()
                    .is_some_and(|(of, it)| it.references == table.name && *of != table.name)
            };
            key.target_went |= matches!(change, Change::DropTable(gone) if refers(gone));
            follow(key, change);
        }
        for (table, key) in added(change) {
            let comes_later = || {
                let mut later = changes[place + 1..].iter();
                later.any(
                    |(_, it)| matches!(it, Change::CreateTable(it) if it.name == key.references),
                )
            };
            let is_there = now.tables.contains_key(&key.references) || key.references == *table;
            let added = (table.clone(), key.clone());
            kept.push(Kept {
                from: if matches!(change, Change::CreateTable(_)) {
                    Origin::Created
                } else {
                    Origin::Added
                },
                now: Some(added.clone()),
                states: vec![added],
                in_the_way: !is_unique(&now, key) || (!is_there && comes_later()),
                was_unique: false,
                target_went: false,
            });
        }
        if let Change::AlterForeignKey { to, .. } = change
            && !is_unique(&now, to)
        {
            let mut altered = kept.iter_mut();
            let altered = altered.find(|key| key.now.as_ref().is_some_and(|it| it.1 == **to));
            if let Some(key) = altered {
                key.in_the_way = true;
            }
        }
        // What the fold does not allow, whoever runs it has refused before.
        let _ = change.apply(&mut now);
        for key in &mut kept {
            key.was_unique |= key.now.as_ref().is_some_and(|(_, it)| is_unique(&now, it));
        }
    }
    (kept, now)
}

/// Decides which keys are set aside, when the schema is `now` behind the changes.
///
/// # Errors
/// Those of [`placed`].
fn settled(dialect: Dialect, mut kept: Vec<Kept>, now: &Schema) -> Result<Vec<Kept>, Unrenderable> {
    for key in &mut kept {
        let Some((table, it)) = &key.now else { continue };
        let name = it.name.as_ref().map(|name| format!("`{name}`"));
        let name = name.unwrap_or_else(|| quoted(&it.columns));
        if key.target_went {
            let what = format!(
                "dropping the table `{}` while a foreign key ({name} of `{table}`) refers to it",
                it.references
            );
            return Err(Unrenderable::new(what, dialect));
        }
        if key.in_the_way && !are_of_one_type(dialect, now, table, it) {
            let what = format!(
                "a foreign key between columns whose types differ ({name} of `{table}` to {} of `{}`), \
                 which have to be changed without a step on rows between them,",
                quoted(&it.referenced_columns),
                it.references
            );
            return Err(Unrenderable::new(what, dialect));
        }
        if !key.in_the_way || is_unique(now, it) {
            continue;
        }
        if key.was_unique {
            let what = format!(
                "a foreign key to columns that nothing holds unique any more ({name} of `{table}` to \
                 {} of `{}`)",
                quoted(&it.referenced_columns),
                it.references
            );
            return Err(Unrenderable::new(what, dialect));
        }
        // What never was unique to us the database may know better.
        key.in_the_way = key.from.before().is_some();
    }
    Ok(kept)
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The keys that come with the change, with their table.
fn added(change: &Change) -> Vec<(&String, &ForeignKey)> {
    match change {
        Change::AddForeignKey { table, key } => vec![(table, key)],
        Change::CreateTable(table) => {
            table.foreign_keys.iter().map(|key| (&table.name, key)).collect()
        }
        _ => Vec::new(),
    }
}

/// What becomes of the key with the change.
fn follow(kept: &mut Kept, change: &Change) {
    let Some((table, key)) = &mut kept.now else { return };
    match change {
        Change::RenameTable { from, to } => {
            for name in [table, &mut key.references] {
                if *name == *from {
                    name.clone_from(to);
                }
            }
        }
        Change::RenameColumn { table: of, from, to } => {
            let rename = |columns: &mut Vec<String>| {
                columns.iter_mut().filter(|it| *it == from).for_each(|it| it.clone_from(to));
            };
            if table == of {
                rename(&mut key.columns);
            }
            if key.references == *of {
                rename(&mut key.referenced_columns);
            }
        }
        Change::DropTable(gone) if gone.name == *table => kept.now = None,
        Change::DropForeignKey { table: of, key: gone } if of == table && gone == key => {
            kept.now = None;
        }
        Change::AlterForeignKey { table: of, from, to } if of == table && **from == *key => {
            key.clone_from(to);
        }
        _ => return,
    }
    kept.states.extend(kept.now.clone());
}

/// Whether the database refuses the change while the key of `table` is there.
fn stands_in_the_way(
    dialect: Dialect,
    table: &str,
    key: &ForeignKey,
    change: &Change,
    schema: &Schema,
) -> bool {
    let of = change.table();
    let refers = key.references == of;
    // What the key could refer to through these columns.
    let is_behind = |columns: &[String]| {
        refers
            && match dialect {
                Dialect::Mysql => columns.starts_with(&key.referenced_columns),
                Dialect::Sqlite | Dialect::Postgres => {
                    is_same_set(columns, &key.referenced_columns)
                }
            }
    };
    match change {
        Change::AlterPrimaryKey { from, .. } => is_behind(from),
        Change::DropUnique { unique, .. } | Change::AlterUnique { from: unique, .. } => {
            is_behind(&unique.columns)
        }
        Change::DropIndex { index, .. } => index.column_names().is_some_and(|it| is_behind(&it)),
        Change::AlterIndex { from, .. } => from.column_names().is_some_and(|it| is_behind(&it)),
        Change::AlterColumn { from, .. } => {
            (refers && key.referenced_columns.contains(&from.name))
                || (table == of && key.columns.contains(&from.name))
        }
        Change::DropTable(_) => refers && table != of,
        Change::AlterEnum { name, .. } => {
            let is_of_it = |table: &str, columns: &[String]| {
                let table = schema.tables.get(table);
                let mut columns = columns.iter().filter_map(|name| table?.column(name));
                columns.any(|column| column.ty.named_enum().is_some_and(|(of, _)| of == name))
            };
            is_of_it(table, &key.columns) || is_of_it(&key.references, &key.referenced_columns)
        }
        Change::AlterOptions { .. } => {
            let has_text = |columns: &[String]| {
                let table = schema.tables.get(of);
                columns.iter().filter_map(|name| table?.column(name)).any(|column| {
                    column.collation.is_none()
                        && matches!(column.ty, Type::Text | Type::String(_) | Type::Char(_))
                })
            };
            (refers && has_text(&key.referenced_columns)) || (table == of && has_text(&key.columns))
        }
        _ => false,
    }
}

/// Whether the key can stand between its columns, as far as both sides are known.
fn are_of_one_type(dialect: Dialect, schema: &Schema, table: &str, key: &ForeignKey) -> bool {
    let column = |table: &str, name: &String| schema.tables.get(table)?.column(name);
    key.columns.iter().zip(&key.referenced_columns).all(|(here, there)| {
        match (column(table, here), column(&key.references, there)) {
            (Some(here), Some(there)) => match dialect {
                Dialect::Sqlite => true,
                Dialect::Postgres => {
                    can_be_compared(&here.ty, &there.ty)
                        || (here.ty.is_number() && there.ty.is_number())
                }
                Dialect::Mysql => {
                    let is_number = here.ty.is_whole_number() || there.ty.is_whole_number();
                    !is_number || here.ty == there.ty
                }
            },
            _ => true,
        }
    })
}

fn is_same_set(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|it| other.contains(it))
}

/// Whether something holds the columns unique that the key refers to; so it is taken to be with a
/// table that is not known.
fn is_unique(schema: &Schema, key: &ForeignKey) -> bool {
    let Some(table) = schema.tables.get(&key.references) else { return true };
    let is_it = |columns: &[String]| is_same_set(columns, &key.referenced_columns);
    let by_index = |index: &Index| {
        index.unique
            && index.predicate.is_none()
            && index.column_names().is_some_and(|columns| is_it(&columns))
    };
    is_it(&table.primary_key)
        || table.uniques.iter().any(|unique| is_it(&unique.columns))
        || table.indexes.iter().any(by_index)
}
