//! Names that the database does not tell apart by their case.

use std::collections::BTreeSet;

use crate::{
    change::Change,
    dialect::Dialect,
    normal::is_same_collation,
    schema::{Default, IndexKey, Rule, Schema, Sql, Table},
};

/// Writes tables, columns and collations of `want` as `have` writes them where they are the same to
/// the database: those of SQLite and MySQL, but for tables of MySQL, which can be files.
pub(crate) fn take_case(have: &Schema, want: &mut Schema, dialect: Dialect) {
    if dialect == Dialect::Postgres {
        return;
    }
    if dialect == Dialect::Sqlite {
        for (from, to) in pairs(have.tables.keys(), want.tables.keys()) {
            // What cannot be renamed stays and differs.
            let _ = Change::RenameTable { from, to }.apply(want);
        }
    }
    for (name, found) in &have.tables {
        let Some(table) = want.tables.get_mut(name) else { continue };
        let names = found.columns.iter().map(|column| &column.name);
        let pairs = pairs(names, table.columns.iter().map(|column| &column.name));
        if pairs.is_empty() {
            collations(found, table, dialect);
            continue;
        }
        let written: Vec<Sql> = texts(table).map(|sql| sql.clone()).collect();
        for (from, to) in pairs {
            let _ = Change::RenameColumn { table: name.clone(), from, to }.apply(want);
        }
        // Expressions name the same columns in whatever case.
        let now = want.tables.get_mut(name).into_iter().flat_map(texts);
        now.zip(written).for_each(|(now, written)| *now = written);
        want.tables.get_mut(name).into_iter().for_each(|table| collations(found, table, dialect));
    }
}

fn collations(have: &Table, want: &mut Table, dialect: Dialect) {
    for column in &mut want.columns {
        let found = have.column(&column.name).and_then(|it| it.collation.as_ref());
        if let (Some(found), Some(wanted)) = (found, &mut column.collation)
            && is_same_collation(found, wanted, dialect)
        {
            wanted.clone_from(found);
        }
    }
}

/// The expressions of a table.
fn texts(table: &mut Table) -> impl Iterator<Item = &mut Sql> {
    let of_columns = table.columns.iter_mut().flat_map(|column| {
        let default = match &mut column.default {
            Some(Default::Sql(sql)) => Some(sql),
            _ => None,
        };
        default.into_iter().chain(column.generated.as_mut().map(|it| &mut it.expr))
    });
    let of_checks = table.checks.iter_mut().filter_map(|check| match &mut check.rule {
        Rule::Sql(sql) => Some(sql),
        Rule::OneOf { .. } | Rule::Range { .. } => None,
    });
    let of_indexes = table.indexes.iter_mut().flat_map(|index| {
        let parts = index.columns.iter_mut().filter_map(|part| match &mut part.key {
            IndexKey::Expr(sql) => Some(sql),
            IndexKey::Column(_) => None,
        });
        parts.chain(&mut index.predicate)
    });
    of_columns.chain(of_checks).chain(of_indexes)
}

/// The wanted names that differ in their case alone from one that is there, and that one.
fn pairs<'n>(
    have: impl Iterator<Item = &'n String>,
    want: impl Iterator<Item = &'n String>,
) -> Vec<(String, String)> {
    let (have, want): (BTreeSet<&String>, BTreeSet<&String>) = (have.collect(), want.collect());
    let new = want.iter().filter(|name| !have.contains(*name));
    let mut pairs = Vec::new();
    for name in new {
        let same = |it: &&&String| it.eq_ignore_ascii_case(name) && !want.contains(*it);
        if let Some(found) = have.iter().find(same) {
            pairs.push(((*name).clone(), (*found).clone()));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, Index, Type};

    fn schema(table: &str, column: &str) -> Schema {
        let mut made = Table::new(table);
        made.columns.push(Column::new(column, Type::Text));
        made.indexes.push(Index::over("t", [column]).named("by it"));
        Schema::of([made])
    }

    #[test]
    fn case_is_taken_over_where_it_does_not_count() {
        for (dialect, written) in [
            (Dialect::Sqlite, schema("Ships", "Name")),
            (Dialect::Mysql, schema("ships", "name")),
            (Dialect::Postgres, schema("ships", "name")),
        ] {
            let mut want = schema("ships", "name");
            take_case(&schema("Ships", "Name"), &mut want, dialect);
            assert_eq!(want, written);
        }
        let mut want = schema("ships", "name");
        take_case(&schema("ships", "NAME"), &mut want, Dialect::Mysql);
        assert_eq!(want, schema("ships", "NAME"));
    }
}
