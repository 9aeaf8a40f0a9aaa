//! Tables and their parts in the words of [`TableBuilder`](crate::schema::TableBuilder).

use super::{chain::Chain, column, literal};
use crate::{
    names::derived,
    schema::{
        Check, Column, ForeignKey, Index, IndexKey, IndexPart, OnDelete, OnUpdate, Rule, Table,
        TableOption, Unique,
    },
};

/// A whole table.
///
/// # Errors
/// What of it has no words.
pub(super) fn whole(table: &Table) -> Result<Chain, String> {
    let mut chain = Chain::new("t");
    let key = match &*table.primary_key {
        [key] => table.column(key).filter(|column| column::is_counted_key(column)),
        _ => None,
    };
    for column in &table.columns {
        if key == Some(column) {
            chain.say("column", &[column::counted_key(column)]);
            column::say_beside(column, &mut chain);
        } else {
            say_column(column, &mut chain)?;
        }
    }
    if key.is_none() && !table.primary_key.is_empty() {
        chain.say("primary_key", &[literal::texts(&table.primary_key)]);
    }
    say_parts(table, &table.name, &mut chain);
    Ok(chain)
}

/// Parts of a table that is called so.
///
/// # Errors
/// What of them has no words.
pub(super) fn parts(part: &Table, name: &str) -> Result<Chain, String> {
    let mut chain = Chain::new("t");
    for column in &part.columns {
        say_column(column, &mut chain)?;
    }
    say_parts(part, name, &mut chain);
    Ok(chain)
}

fn say_column(column: &Column, chain: &mut Chain) -> Result<(), String> {
    chain.say("column", &[column::expression(column)?]);
    column::say_beside(column, chain);
    Ok(())
}

fn say_parts(table: &Table, name: &str, chain: &mut Chain) {
    for unique in &table.uniques {
        say_unique(unique, name, chain);
    }
    for check in &table.checks {
        say_check(check, name, chain);
    }
    for index in &table.indexes {
        say_index(index, name, chain);
    }
    for key in &table.foreign_keys {
        say_key(key, name, chain);
    }
    for option in &table.options {
        chain.say("option", &[self::option(option)]);
    }
    if let Some(comment) = &table.comment {
        chain.say("comment", &[literal::text(comment)]);
    }
}

fn say_unique(unique: &Unique, table: &str, chain: &mut Chain) {
    match &unique.name {
        Some(name) if *name == derived("uq", table, &unique.columns) => {
            chain.say("unique", &[literal::texts(&unique.columns)]);
        }
        Some(name) => {
            let (name, columns) = (literal::text(name), literal::texts(&unique.columns));
            chain.say("add_unique", &[format!("Unique::new({name}, {columns})")]);
        }
        None => {
            let columns = literal::owned(&unique.columns);
            chain.say("add_unique", &[format!("Unique {{ name: None, columns: {columns} }}")]);
        }
    }
}

fn say_check(check: &Check, table: &str, chain: &mut Chain) {
    let is_named_by =
        |word: &str| check.name.as_ref().is_some_and(|it| *it == derived("ck", table, &[word]));
    match &check.rule {
        Rule::OneOf { column, values } if is_named_by(column) => {
            chain.say("one_of", &[literal::text(column), literal::texts(values)]);
            return;
        }
        Rule::Range { column, min: Some(min), max: Some(max) } if is_named_by(column) => {
            chain.say("between", &[literal::text(column), min.to_string(), max.to_string()]);
            return;
        }
        Rule::Range { column, min: Some(min), max: None } if is_named_by(column) => {
            chain.say("at_least", &[literal::text(column), min.to_string()]);
            return;
        }
        Rule::Sql(sql) => {
            let prefix = format!("ck-{table}-");
            let word = check.name.as_deref().and_then(|name| name.strip_prefix(&prefix));
            if let Some(word) = word.filter(|word| is_named_by(word)) {
                chain.say("check", &[literal::text(word), literal::sql(sql)]);
                return;
            }
        }
        _ => {}
    }
    let rule = match &check.rule {
        Rule::Sql(sql) => format!("Rule::sql({})", literal::sql(sql)),
        Rule::OneOf { column, values } => format!(
            "Rule::OneOf {{ column: {}.to_owned(), values: {} }}",
            literal::text(column),
            literal::owned(values)
        ),
        Rule::Range { column, min, max } => format!(
            "Rule::Range {{ column: {}.to_owned(), min: {min:?}, max: {max:?} }}",
            literal::text(column)
        ),
    };
    let text = match &check.name {
        Some(name) => format!("Check::new({}, {rule})", literal::text(name)),
        None => format!("Check {{ name: None, rule: {rule} }}"),
    };
    chain.say("add_check", &[text]);
}

fn say_index(index: &Index, table: &str, chain: &mut Chain) {
    let parts = index_parts(&index.columns);
    let plain = Index::over(table, index.columns.clone());
    if plain == *index {
        chain.say("index", &[parts]);
        return;
    }
    let mut text = format!("Index::over({}, {parts})", literal::text(table));
    if index.name != plain.name {
        text.push_str(&format!(".named({})", literal::text(&index.name)));
    }
    if index.unique {
        text.push_str(".unique()");
    }
    if let Some(predicate) = &index.predicate {
        text.push_str(&format!(".filtered({})", literal::sql(predicate)));
    }
    if !index.include.is_empty() {
        text.push_str(&format!(".including({})", literal::texts(&index.include)));
    }
    if let Some(method) = &index.method {
        text.push_str(&format!(".using({})", literal::text(method)));
    }
    chain.say("add_index", &[text]);
}

fn index_parts(parts: &[IndexPart]) -> String {
    let is_plain = |part: &IndexPart| *part == IndexPart::from(part.column().map_or("", |it| it));
    let all_plain = parts.iter().all(is_plain);
    let texts: Vec<String> = parts
        .iter()
        .map(|part| {
            let mut text = match &part.key {
                IndexKey::Column(column) if all_plain => return literal::text(column),
                IndexKey::Column(column) => format!("IndexPart::from({})", literal::text(column)),
                IndexKey::Expr(expr) => format!("IndexPart::expr({})", literal::sql(expr)),
            };
            if part.descending {
                text.push_str(".descending()");
            }
            if let Some(length) = part.prefix {
                text.push_str(&format!(".first({length})"));
            }
            text
        })
        .collect();
    format!("[{}]", texts.join(", "))
}

fn say_key(key: &ForeignKey, table: &str, chain: &mut Chain) {
    let columns = literal::texts(&key.columns);
    let references = literal::text(&key.references);
    let there = literal::texts(&key.referenced_columns);
    let on_delete = match key.on_delete {
        OnDelete::Cascade => "OnDelete::Cascade",
        OnDelete::Restrict => "OnDelete::Restrict",
        OnDelete::SetNull => "OnDelete::SetNull",
        OnDelete::NoAction => "OnDelete::NoAction",
        OnDelete::SetDefault => "OnDelete::SetDefault",
    };
    let is_derived = key.name.as_ref() == Some(&derived("fk", table, &key.columns));
    if is_derived && key.on_update == OnUpdate::NoAction {
        chain.say("foreign_key", &[columns, references, there, on_delete.to_owned()]);
        return;
    }
    let on_update = match key.on_update {
        OnUpdate::Cascade => "OnUpdate::Cascade",
        OnUpdate::Restrict => "OnUpdate::Restrict",
        OnUpdate::SetNull => "OnUpdate::SetNull",
        OnUpdate::NoAction => "OnUpdate::NoAction",
        OnUpdate::SetDefault => "OnUpdate::SetDefault",
    };
    let Some(name) = &key.name else {
        let (columns, there) =
            (literal::owned(&key.columns), literal::owned(&key.referenced_columns));
        chain.say(
            "add_foreign_key",
            &[format!(
                "ForeignKey {{ name: None, columns: {columns}, references: {references}.to_owned(), \
                 referenced_columns: {there}, on_delete: {on_delete}, on_update: {on_update} }}"
            )],
        );
        return;
    };
    let mut text =
        format!("ForeignKey::new({}, {columns}, {references}, {there})", literal::text(name));
    if key.on_delete != OnDelete::NoAction {
        text.push_str(&format!(".on_delete({on_delete})"));
    }
    if key.on_update != OnUpdate::NoAction {
        text.push_str(&format!(".on_update({on_update})"));
    }
    chain.say("add_foreign_key", &[text]);
}

fn option(option: &TableOption) -> String {
    match option {
        TableOption::Strict => "TableOption::Strict".to_owned(),
        TableOption::WithoutRowid => "TableOption::WithoutRowid".to_owned(),
        TableOption::Unlogged => "TableOption::Unlogged".to_owned(),
        TableOption::Engine(name) => {
            format!("TableOption::Engine({}.to_owned())", literal::text(name))
        }
        TableOption::Collation(name) => {
            format!("TableOption::Collation({}.to_owned())", literal::text(name))
        }
    }
}
