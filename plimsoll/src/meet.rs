//! One schema said in the words of another, where both mean the same.
//!
//! In its normal form a schema still holds texts that somebody chose: expressions, names. What is
//! the same in another spelling is brought into one here, as far as text decides.

mod case;
mod loose;
mod text;

use std::collections::BTreeSet;

use crate::{
    dialect::Dialect,
    schema::{Check, Default, IndexKey, Rule, Schema, Sql, Table, Type, Value},
};

pub(crate) use case::take_case;
use text::is_same;

/// How much the wanted schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything: it is what migrations made.
    Exactly,
    /// What entities say: names that nobody chose, types that SeaORM's own migrations would have
    /// given another form, and options of tables are taken as they are.
    ByEntities,
}

/// Says `want` in the words of `have` where both mean the same; both are in the normal form.
pub(crate) fn meet(have: &Schema, want: &mut Schema, dialect: Dialect, wanted: Wanted) {
    for table in want.tables.values_mut() {
        let Some(found) = counterpart(have, table) else { continue };
        texts(found, table, dialect);
        if dialect == Dialect::Mysql {
            numbered_checks(found, table);
        }
        if wanted == Wanted::ByEntities {
            loose::adopt(found, table, dialect);
        }
    }
}

/// The table that a wanted one is, or was called before.
pub(crate) fn counterpart<'s>(have: &'s Schema, table: &Table) -> Option<&'s Table> {
    let before = || table.renamed_from.as_ref().and_then(|name| have.tables.get(name));
    have.tables.get(&table.name).or_else(before)
}

/// Whether both are one JSON document: PostgreSQL keeps its own order of the keys and its own spaces.
fn is_same_document(one: Option<&Default>, other: Option<&Default>) -> bool {
    let read = |default: Option<&Default>| match default {
        Some(Default::Value(Value::Text(text))) => {
            serde_json::from_str::<serde_json::Value>(text).ok()
        }
        _ => None,
    };
    read(one).is_some_and(|one| read(other) == Some(one))
}

/// Takes over the expressions that are the same but for their spelling.
fn texts(have: &Table, want: &mut Table, dialect: Dialect) {
    let adopt = |found: &Sql, wanted: &mut Sql| {
        if is_same(found.text(dialect), wanted.text(dialect), dialect) {
            wanted.clone_from(found);
        }
    };
    for column in &mut want.columns {
        let before = column.renamed_from.as_ref();
        let found = have.column(&column.name).or_else(|| have.column(before?));
        let Some(found) = found else { continue };
        if let (Some(Default::Sql(found)), Some(Default::Sql(wanted))) =
            (&found.default, &mut column.default)
        {
            adopt(found, wanted);
        }
        let is_document = matches!(column.ty, Type::Json | Type::JsonBinary);
        if is_document && is_same_document(found.default.as_ref(), column.default.as_ref()) {
            column.default.clone_from(&found.default);
        }
        if let (Some(found), Some(wanted)) = (&found.generated, &mut column.generated) {
            adopt(&found.expr, &mut wanted.expr);
        }
    }
    for check in &mut want.checks {
        // The order of the values says nothing.
        if let Some(found) = have.checks.iter().find(|it| is_same_choice(&it.rule, &check.rule)) {
            check.rule = found.rule.clone();
        }
        let Rule::Sql(wanted) = &mut check.rule else { continue };
        for found in &have.checks {
            if let Rule::Sql(found) = &found.rule {
                adopt(found, wanted);
            }
        }
    }
    for index in &mut want.indexes {
        for found in &have.indexes {
            if let (Some(found), Some(wanted)) = (&found.predicate, &mut index.predicate) {
                adopt(found, wanted);
            }
            for (found, wanted) in found.columns.iter().zip(&mut index.columns) {
                if let (IndexKey::Expr(found), IndexKey::Expr(wanted)) =
                    (&found.key, &mut wanted.key)
                {
                    adopt(found, wanted);
                }
            }
        }
    }
}

/// Whether both let a column be one of the same values.
fn is_same_choice(one: &Rule, other: &Rule) -> bool {
    let (Rule::OneOf { column, values }, Rule::OneOf { column: of, values: others }) = (one, other)
    else {
        return false;
    };
    let set = |values: &[String]| values.iter().cloned().collect::<BTreeSet<_>>();
    column == of && set(values) == set(others)
}

/// Gives conditions without a name the one that the server made up: `CONSTRAINT_1` on MariaDB,
/// `ships_chk_1` on MySQL.
fn numbered_checks(have: &Table, want: &mut Table) {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let of_table = format!("{}_chk_", have.name);
    let mut left: Vec<&Check> = have
        .checks
        .iter()
        .filter(|check| {
            let Some(name) = &check.name else { return false };
            let number = name.strip_prefix("CONSTRAINT_").or_else(|| name.strip_prefix(&of_table));
            number.is_some_and(is_number) && want.checks.iter().all(|it| it.name != check.name)
        })
        .collect();
    let is_same: fn(&Rule, &Rule) -> bool = |found, wanted| found == wanted;
    for is_like in [is_same, Rule::is_about_the_same] {
        for wanted in want.checks.iter_mut().filter(|check| check.name.is_none()) {
            // One that is the CHECK of a column has no name there either.
            if have.checks.contains(wanted) {
                continue;
            }
            if let Some(at) = left.iter().position(|it| is_like(&it.rule, &wanted.rule)) {
                wanted.name.clone_from(&left.remove(at).name);
            }
        }
    }
}

/// Whether two tables hold expressions of which text alone does not tell whether they are the same.
pub(crate) fn open_texts(have: &Table, want: &Table) -> bool {
    let of_columns = want.columns.iter().any(|column| {
        let before = column.renamed_from.as_ref();
        let found = have.column(&column.name).or_else(|| have.column(before?));
        found.is_some_and(|found| {
            let is_free = |default: &Option<Default>| matches!(default, Some(Default::Sql(_)));
            let both = found.default.is_some() && column.default.is_some();
            let either = is_free(&found.default) || is_free(&column.default);
            (both && either && found.default != column.default)
                || (found.generated.is_some()
                    && column.generated.is_some()
                    && found.generated != column.generated)
        })
    });
    let free = |table: &Table| -> Vec<Rule> {
        table.checks.iter().map(|check| check.rule.clone()).collect()
    };
    let (found, wanted) = (free(have), free(want));
    let is_left = |mine: &[Rule], others: &[Rule]| {
        mine.iter().filter(|rule| !others.contains(rule)).cloned().collect::<Vec<_>>()
    };
    let (found, wanted) = (is_left(&found, &wanted), is_left(&wanted, &found));
    let is_free = |rule: &Rule| matches!(rule, Rule::Sql(_));
    let of_checks = !found.is_empty()
        && !wanted.is_empty()
        && (found.iter().any(is_free) || wanted.iter().any(is_free));
    let free = |table: &Table, other: &Table| {
        table.indexes.iter().any(|index| {
            let is_free = index.predicate.is_some()
                || index.columns.iter().any(|part| part.column().is_none());
            is_free
                && !other
                    .indexes
                    .iter()
                    .any(|it| it.columns == index.columns && it.predicate == index.predicate)
        })
    };
    of_columns || of_checks || (free(have, want) && free(want, have))
}

/// Takes the expressions of a table over as they are: whether they mean the same, nobody could
/// tell.
pub(crate) fn give_up(have: &Table, want: &mut Table) {
    for column in &mut want.columns {
        let Some(found) = have.column(&column.name) else { continue };
        let is_free = |default: &Option<Default>| matches!(default, Some(Default::Sql(_)));
        let both = found.default.is_some() && column.default.is_some();
        if both && (is_free(&found.default) || is_free(&column.default)) {
            column.default.clone_from(&found.default);
        }
        if found.generated.is_some() && column.generated.is_some() {
            column.generated.clone_from(&found.generated);
        }
    }
    for check in &mut want.checks {
        if let Some(found) =
            have.checks.iter().find(|it| it.name.is_some() && it.name == check.name)
            && (matches!(check.rule, Rule::Sql(_)) || matches!(found.rule, Rule::Sql(_)))
        {
            check.rule = found.rule.clone();
        }
    }
    for index in &mut want.indexes {
        let Some(found) = have.indexes.iter().find(|it| it.name == index.name) else { continue };
        if found.predicate.is_some() && index.predicate.is_some() {
            index.predicate.clone_from(&found.predicate);
        }
        for (found, wanted) in found.columns.iter().zip(&mut index.columns) {
            if let (IndexKey::Expr(_), IndexKey::Expr(_)) = (&found.key, &wanted.key) {
                wanted.key = found.key.clone();
            }
        }
    }
}
