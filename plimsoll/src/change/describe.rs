//! A change in a sentence.

use super::{Change, is_same_type};
use crate::schema::{Check, Column, ForeignKey, Index, TableOption, Type, Unique};

impl Change {
    /// The change in a sentence, without its sign. Names stand between backticks.
    pub fn describe(&self) -> String {
        match self {
            Self::CreateTable(table) => format!("create table `{}`", table.name),
            Self::DropTable(table) => format!("drop table `{}`", table.name),
            Self::RenameTable { from, to } => format!("rename table `{from}` to `{to}`"),
            Self::CommentTable { table, from, to } => {
                format!(
                    "change comment of table `{table}`: {}",
                    comments(from.as_ref(), to.as_ref())
                )
            }
            Self::AlterOptions { table, from, to } => {
                format!("change options of table `{table}`: {} -> {}", options(from), options(to))
            }
            Self::AddColumn { table, column } => {
                format!("add column `{table}.{}`: {}", column.name, whole_column(column))
            }
            Self::DropColumn { table, column } => format!("drop column `{table}.{}`", column.name),
            Self::RenameColumn { table, from, to } => {
                format!("rename column `{table}.{from}` to `{to}`")
            }
            Self::AlterColumn { table, from, to } => {
                format!("change column `{table}.{}`: {}", to.name, facets(from, to).join(", "))
            }
            Self::AlterPrimaryKey { table, from, to } => {
                format!("change primary key of `{table}`: {} -> {}", columns(from), columns(to))
            }
            Self::AddUnique { table, unique } => {
                format!("add unique{} on `{table}`: {}", named(unique.name.as_ref()), said(unique))
            }
            Self::DropUnique { table, unique } => {
                format!("drop unique{} on `{table}`: {}", named(unique.name.as_ref()), said(unique))
            }
            Self::AlterUnique { table, from, to } => {
                altered("unique", table, [&from.name, &to.name], [said(from), said(to)])
            }
            Self::AddCheck { table, check } => {
                format!("add check{} on `{table}`: {}", named(check.name.as_ref()), check.rule)
            }
            Self::DropCheck { table, check } => {
                format!("drop check{} on `{table}`: {}", named(check.name.as_ref()), check.rule)
            }
            Self::AlterCheck { table, from, to } => altered(
                "check",
                table,
                [&from.name, &to.name],
                [Check::rule_text(from), Check::rule_text(to)],
            ),
            Self::AddForeignKey { table, key } => {
                format!(
                    "add foreign key{} on `{table}`: {}",
                    named(key.name.as_ref()),
                    key_text(key)
                )
            }
            Self::DropForeignKey { table, key } => format!(
                "drop foreign key{} on `{table}`: {}",
                named(key.name.as_ref()),
                key_text(key)
            ),
            Self::AlterForeignKey { table, from, to } => altered(
                "foreign key",
                table,
                [&from.name, &to.name],
                [key_text(from), key_text(to)],
            ),
            Self::CreateIndex { table, index } => {
                format!("create index `{}` on `{table}`", index.name)
            }
            Self::DropIndex { table, index } => format!("drop index `{}` on `{table}`", index.name),
            Self::AlterIndex { table, from, to } => altered(
                "index",
                table,
                [&Some(from.name.clone()), &Some(to.name.clone())],
                [index_text(from), index_text(to)],
            ),
            Self::CreateEnum { name, values } => {
                format!("create enumeration `{name}`: {}", values.join(", "))
            }
            Self::DropEnum { name, .. } => format!("drop enumeration `{name}`"),
            Self::AlterEnum { name, from, to } => {
                format!("change enumeration `{name}`: {} -> {}", from.join(", "), to.join(", "))
            }
        }
    }
}

impl Check {
    fn rule_text(&self) -> String {
        self.rule.to_string()
    }
}

/// What has another name is renamed; what is otherwise different is told before and after.
fn altered(
    kind: &str,
    table: &str,
    [from, to]: [&Option<String>; 2],
    [before, after]: [String; 2],
) -> String {
    let name = named(from.as_ref());
    let renamed = match to {
        _ if from == to => String::new(),
        Some(to) => format!(" to `{to}`"),
        None => " to no name".to_owned(),
    };
    if before == after {
        return format!("rename {kind}{name} on `{table}`{renamed}");
    }
    format!("change {kind}{name} on `{table}`{renamed}: {before} -> {after}")
}

fn named(name: Option<&String>) -> String {
    name.map(|name| format!(" `{name}`")).unwrap_or_default()
}

fn columns(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("({})", names.join(", ")) }
}

fn said(unique: &Unique) -> String {
    columns(&unique.columns)
}

fn options(options: &[TableOption]) -> String {
    let said: Vec<String> = options
        .iter()
        .map(|option| match option {
            TableOption::Strict => "strict".to_owned(),
            TableOption::WithoutRowid => "without rowid".to_owned(),
            TableOption::Unlogged => "unlogged".to_owned(),
            TableOption::Engine(name) => format!("engine {name}"),
            TableOption::Collation(name) => format!("collation {name}"),
        })
        .collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn comments(from: Option<&String>, to: Option<&String>) -> String {
    let said = |comment: Option<&String>| {
        comment.map_or_else(|| "none".to_owned(), |text| format!("{text:?}"))
    };
    format!("{} -> {}", said(from), said(to))
}

fn key_text(key: &ForeignKey) -> String {
    format!(
        "{} references `{}` {} on delete {} on update {}",
        columns(&key.columns),
        key.references,
        columns(&key.referenced_columns),
        key.on_delete,
        key.on_update
    )
}

fn index_text(index: &Index) -> String {
    let parts: Vec<String> = index.columns.iter().map(ToString::to_string).collect();
    let mut text = if index.unique { "unique ".to_owned() } else { String::new() };
    if let Some(method) = &index.method {
        text.push_str(method);
        text.push(' ');
    }
    text.push_str(&columns(&parts));
    if !index.include.is_empty() {
        text.push_str(" include ");
        text.push_str(&columns(&index.include));
    }
    if let Some(predicate) = &index.predicate {
        text.push_str(" where ");
        text.push_str(&predicate.to_string());
    }
    text
}

fn null(nullable: bool) -> &'static str {
    if nullable { "nullable" } else { "not null" }
}

fn whole_column(column: &Column) -> String {
    let mut text = format!("{}, {}", column.ty, null(column.nullable));
    if let Some(default) = &column.default {
        text.push_str(", default ");
        text.push_str(&default.to_string());
    }
    if let Some(generated) = &column.generated {
        text.push_str(", generated ");
        text.push_str(&generated.to_string());
    }
    if column.auto_increment {
        text.push_str(", counted up");
    }
    text
}

/// A type before and after. A database's own word for one can be our word for another.
fn types(from: &Type, to: &Type) -> String {
    let is_alike = from.to_string() == to.to_string();
    let said = |ty: &Type| match ty {
        Type::Custom(text) if is_alike => format!("`{text}`"),
        ty => ty.to_string(),
    };
    format!("{} -> {}", said(from), said(to))
}

/// What is different about a column, each thing before and after.
fn facets(from: &Column, to: &Column) -> Vec<String> {
    fn or_none<T: ToString>(it: Option<&T>) -> String {
        it.map_or_else(|| "none".to_owned(), ToString::to_string)
    }
    let counts =
        |column: &Column| if column.auto_increment { "counted up" } else { "not counted up" };

    let mut facets = Vec::new();
    if !is_same_type(&from.ty, &to.ty) {
        facets.push(types(&from.ty, &to.ty));
    }
    if from.nullable != to.nullable {
        facets.push(format!("{} -> {}", null(from.nullable), null(to.nullable)));
    }
    if from.default != to.default {
        let (from, to) = (or_none(from.default.as_ref()), or_none(to.default.as_ref()));
        facets.push(format!("default {from} -> {to}"));
    }
    if from.auto_increment != to.auto_increment {
        facets.push(format!("{} -> {}", counts(from), counts(to)));
    }
    if from.generated != to.generated {
        let (from, to) = (or_none(from.generated.as_ref()), or_none(to.generated.as_ref()));
        facets.push(format!("generated {from} -> {to}"));
    }
    if from.collation != to.collation {
        let (from, to) = (or_none(from.collation.as_ref()), or_none(to.collation.as_ref()));
        facets.push(format!("collation {from} -> {to}"));
    }
    if from.comment != to.comment {
        facets.push(format!("comment {}", comments(from.comment.as_ref(), to.comment.as_ref())));
    }
    facets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_are_told_apart_when_the_database_calls_one_as_we_call_the_other() {
        let own = |text: &str| Type::Custom(text.to_owned());

        assert_eq!(types(&own("datetime"), &Type::DateTime), "`datetime` -> datetime");
        assert_eq!(types(&own("point"), &Type::DateTime), "point -> datetime");
        assert_eq!(types(&own(""), &Type::Text), "no type -> text");
    }
}
