//! A table that SQLite cannot alter in place is built anew.
//!
//! The order is that of SQLite's own advice: create under another name, copy, drop the old one,
//! rename (<https://www.sqlite.org/lang_altertable.html#otheralter>). To rename the old one away
//! first would take the foreign keys of other tables along.

use super::render::Sqlite;
use crate::{
    change::Change,
    dialect::render::{Effect, Rebuild, Render as _, Statement, Unrenderable},
    schema::{Table, TableOption},
};

/// The rebuild as a statement.
pub(crate) fn statement(from: Table, to: Table) -> Result<Statement, Unrenderable> {
    let rebuild = rebuild(from, to)?;
    // What a script says: there other tables' triggers and views would stand in the way, too.
    let texts: Vec<&str> = ["-- `up` makes its triggers again, a script does not\n\
                             PRAGMA legacy_alter_table = ON"]
    .into_iter()
    .chain(rebuild.replace.iter().map(String::as_str))
    .chain(["PRAGMA legacy_alter_table = OFF"])
    .chain(rebuild.indexes.iter().map(String::as_str))
    .collect();
    Ok(Statement {
        sql: texts.join(";\n"),
        table: rebuild.to.name.clone(),
        effect: Effect::Rebuild(Box::new(rebuild)),
    })
}

fn rebuild(from: Table, to: Table) -> Result<Rebuild, Unrenderable> {
    let new = Table { name: format!("plimsoll_new_{}", to.name), ..to.clone() };
    let bare = Table { indexes: Vec::new(), ..new.clone() };
    let mut replace: Vec<String> = Sqlite
        .change(&Change::CreateTable(bare))?
        .into_iter()
        .map(|statement| statement.sql)
        .collect();
    replace.extend(copy(&from, &to, &new.name));
    if counts(&from) && counts(&to) {
        replace.extend(count_on(&to.name, &new.name));
    }
    let (old, name) = (Sqlite.quote(&to.name), Sqlite.quote(&new.name));
    replace.push(format!("DROP TABLE {old}"));
    replace.push(format!("ALTER TABLE {name} RENAME TO {old}"));
    let indexes = to.indexes.iter().map(|index| Ok(Sqlite.create_index(&to.name, index)?.sql));
    let indexes = indexes.collect::<Result<_, Unrenderable>>()?;
    Ok(Rebuild { from, to, replace, indexes })
}

/// What fills the new table: the values of the columns that both have, and the numbers of the rows
/// where nothing else says them. What is computed, the new table computes itself.
fn copy(from: &Table, to: &Table, new: &str) -> Option<String> {
    let kept = to.columns.iter().filter(|column| column.generated.is_none());
    let kept = kept.filter(|column| from.column(&column.name).is_some());
    let mut columns: Vec<String> = kept.map(|column| Sqlite.quote(&column.name)).collect();
    if !(is_without_rowid(from) || is_without_rowid(to) || is_numbered_by_a_column(to)) {
        columns.extend(rowid(from, to).map(str::to_owned));
    }
    if columns.is_empty() {
        return None;
    }
    let (columns, new, old) = (columns.join(", "), Sqlite.quote(new), Sqlite.quote(&to.name));
    Some(format!("INSERT INTO {new} ({columns}) SELECT {columns} FROM {old}"))
}

/// The keys that were given out once are not given out again.
fn count_on(old: &str, new: &str) -> [String; 2] {
    let (old, new) = (Sqlite.text(old), Sqlite.text(new));
    [
        format!("DELETE FROM sqlite_sequence WHERE name = {new}"),
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {new}, seq FROM sqlite_sequence \
             WHERE name = {old}"
        ),
    ]
}

fn counts(table: &Table) -> bool {
    table.columns.iter().any(|column| column.auto_increment)
}

fn is_without_rowid(table: &Table) -> bool {
    table.options.contains(&TableOption::WithoutRowid)
}

/// Whether the primary key is the number of the row.
fn is_numbered_by_a_column(table: &Table) -> bool {
    let [key] = &*table.primary_key else { return false };
    table.column(key).is_some_and(|column| Sqlite.ty(&column.ty).is_ok_and(|ty| ty == "integer"))
}

/// A name for the number of the row that no column has taken.
fn rowid(from: &Table, to: &Table) -> Option<&'static str> {
    let is_taken = |name: &str| {
        from.columns.iter().chain(&to.columns).any(|it| it.name.eq_ignore_ascii_case(name))
    };
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| !is_taken(name))
}
