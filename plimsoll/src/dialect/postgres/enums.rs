//! How PostgreSQL gives an enumeration other values.

use super::render::Postgres;
use crate::{
    change::Change,
    dialect::{
        Dialect,
        render::{Effect, Render as _, Statement, Unrenderable},
    },
    names,
    schema::{Column, Index, IndexKey, IndexPart, Rule, Schema, Table, Type},
};

/// The statements of a change of an enumeration. `is_there` says that it was there before the
/// transaction began.
///
/// New values come at their places, ahead of the transaction: what uses one of them is refused before
/// it is kept. When values go, or their order changes, or the enumeration is as new as the
/// transaction, another takes its place in every column.
pub(crate) fn alter(
    change: &Change,
    schema: &Schema,
    is_there: bool,
) -> Result<Vec<Statement>, Unrenderable> {
    let Change::AlterEnum { name, from, to } = change else {
        return Err(Postgres.refuse(format!("`{}`", change.describe())));
    };
    let kept = to.iter().filter(|value| from.contains(value));
    if is_there && !from.is_empty() && kept.eq(from) {
        let ahead = |sql| Statement { sql, table: name.clone(), effect: Effect::Ahead };
        return Ok(add_values(name, from, to).map(ahead).collect());
    }
    let texts = replace(name, to, schema)?;
    Ok(texts.into_iter().map(|sql| Statement::of(sql, &[change])).collect())
}

fn add_values(name: &str, from: &[String], to: &[String]) -> impl Iterator<Item = String> {
    let name = Postgres.quote(name);
    let new = to.iter().enumerate().filter(|(_, value)| !from.contains(value));
    new.map(move |(at, value)| {
        let place = match at.checked_sub(1) {
            Some(before) => format!("AFTER {}", Postgres.text(&to[before])),
            None => format!("BEFORE {}", Postgres.text(&from[0])),
        };
        format!("ALTER TYPE {name} ADD VALUE IF NOT EXISTS {} {place}", Postgres.text(value))
    })
}

/// Another enumeration takes the place of this one in every column that is of it.
fn replace(name: &str, to: &[String], schema: &Schema) -> Result<Vec<String>, Unrenderable> {
    let old = names::fit(format!("plimsoll_old_{name}"));
    let (quoted, old) = (Postgres.quote(name), Postgres.quote(&old));
    let values: Vec<String> = to.iter().map(|value| Postgres.text(value)).collect();
    let mut texts = vec![
        format!("ALTER TYPE {quoted} RENAME TO {old}"),
        format!("CREATE TYPE {quoted} AS ENUM ({})", values.join(", ")),
    ];
    for table in schema.tables.values() {
        let columns: Vec<&Column> =
            table.columns.iter().filter(|column| is_of(&column.ty, name)).collect();
        if !columns.is_empty() {
            texts.extend(write_anew(table, &columns)?);
        }
    }
    texts.push(format!("DROP TYPE {old}"));
    Ok(texts)
}

fn is_of(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Enum { name: own, .. } => own == name,
        Type::Array(of) => is_of(of, name),
        _ => false,
    }
}

/// The columns by way of text, without what compares them with a value of the old one: defaults,
/// checks, and indexes over expressions or of some rows.
fn write_anew(table: &Table, columns: &[&Column]) -> Result<Vec<String>, Unrenderable> {
    let of = Postgres.quote(&table.name);
    let names = |text: &str| columns.iter().any(|column| text.contains(&*column.name));
    let checks = table.checks.iter().filter(|check| match &check.rule {
        Rule::OneOf { column, .. } | Rule::Range { column, .. } => names(column),
        Rule::Sql(sql) => names(sql.text(Dialect::Postgres)),
    });
    let checks: Vec<_> = checks.collect();
    let is_compared = |index: &&Index| {
        let is_expression = |part: &IndexPart| matches!(part.key, IndexKey::Expr(_));
        index.predicate.is_some() || index.columns.iter().any(is_expression)
    };
    let indexes: Vec<&Index> = table.indexes.iter().filter(is_compared).collect();
    let mut texts = Vec::new();
    for check in &checks {
        let Some(name) = &check.name else {
            return Err(Postgres.refuse("dropping a constraint without a name"));
        };
        texts.push(format!("ALTER TABLE {of} DROP CONSTRAINT {}", Postgres.quote(name)));
    }
    texts.extend(indexes.iter().map(|it| format!("DROP INDEX {}", Postgres.quote(&it.name))));
    for column in columns {
        let name = Postgres.quote(&column.name);
        let ty = Postgres.ty(&column.ty)?;
        let text = if matches!(column.ty, Type::Array(_)) { "text[]" } else { "text" };
        let alter = format!("ALTER TABLE {of} ALTER COLUMN {name}");
        if column.default.is_some() {
            texts.push(format!("{alter} DROP DEFAULT"));
        }
        texts.push(format!("{alter} TYPE {ty} USING {name}::{text}::{ty}"));
        if let Some(default) = Postgres.default(column)? {
            texts.push(format!("{alter} SET DEFAULT {default}"));
        }
    }
    texts.extend(checks.iter().map(|it| format!("ALTER TABLE {of} ADD {}", Postgres.check(it))));
    for index in indexes {
        texts.push(Postgres.create_index(&table.name, index)?.sql);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[&str]) -> Vec<String> {
        values.iter().map(|it| (*it).to_owned()).collect()
    }

    fn texts(from: &[&str], to: &[&str], is_there: bool) -> Vec<String> {
        let (from, to) = (values(from), values(to));
        let change = Change::AlterEnum { name: "mood".to_owned(), from, to };
        let statements = alter(&change, &Schema::default(), is_there).unwrap();
        statements.into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn new_values_come_at_their_places_and_the_others_stay() {
        assert_eq!(
            texts(&["b", "d"], &["a", "b", "c", "d", "it's"], true),
            [
                r#"ALTER TYPE "mood" ADD VALUE IF NOT EXISTS 'a' BEFORE 'b'"#,
                r#"ALTER TYPE "mood" ADD VALUE IF NOT EXISTS 'c' AFTER 'b'"#,
                r#"ALTER TYPE "mood" ADD VALUE IF NOT EXISTS 'it''s' AFTER 'd'"#,
            ]
        );
    }

    #[test]
    fn another_takes_its_place_when_values_go_or_it_is_new_itself() {
        let replaced = [
            r#"ALTER TYPE "mood" RENAME TO "plimsoll_old_mood""#,
            r#"CREATE TYPE "mood" AS ENUM ('b', 'a')"#,
            r#"DROP TYPE "plimsoll_old_mood""#,
        ];

        assert_eq!(texts(&["a", "b"], &["b", "a"], true), replaced);
        assert_eq!(texts(&["b"], &["b", "a"], false), replaced);
    }
}
