//! What a change does to a schema, and what it needs to be there.

use super::{Change, existing};
use crate::schema::{
    Check, Column, Default, ForeignKey, Index, IndexKey, IndexPart, Rule, Schema, Table, Type,
};

impl Change {
    /// Does to `schema` what the change does to a database.
    ///
    /// # Errors
    /// A sentence that says why the schema does not allow it: something is there already, or is not
    /// there, or something else still needs it.
    pub fn apply(&self, schema: &mut Schema) -> Result<(), String> {
        match self {
            Self::CreateTable(table) => {
                if schema.tables.contains_key(&table.name) {
                    return Err(format!("table `{}` exists already", table.name));
                }
                check_table(table)?;
                let mut table = table.clone();
                table.renamed_from = None;
                table.columns.iter_mut().for_each(|column| column.renamed_from = None);
                schema.tables.insert(table.name.clone(), table);
            }
            Self::DropTable(table) => {
                schema
                    .tables
                    .remove(&table.name)
                    .ok_or_else(|| format!("table `{}` does not exist", table.name))?;
            }
            Self::RenameTable { from, to } => rename_table(schema, from, to)?,
            Self::CommentTable { table, to, .. } => {
                existing(schema, table)?.comment.clone_from(to);
            }
            Self::AlterOptions { table, to, .. } => {
                existing(schema, table)?.options.clone_from(to);
            }
            Self::CreateEnum { name, values } => {
                if schema.enums.insert(name.clone(), values.clone()).is_some() {
                    return Err(format!("enumeration `{name}` exists already"));
                }
            }
            Self::DropEnum { name, .. } => {
                if schema.enums.remove(name).is_none() {
                    return Err(format!("enumeration `{name}` does not exist"));
                }
            }
            Self::AlterEnum { name, to, .. } => alter_enum(schema, name, to)?,
            Self::RenameColumn { table, from, to } => rename_column(schema, table, from, to)?,
            _ => self.apply_in(existing(schema, self.table())?)?,
        }
        Ok(())
    }

    /// Does to a table what the change does to its parts.
    fn apply_in(&self, table: &mut Table) -> Result<(), String> {
        match self {
            Self::AddColumn { column, .. } => {
                if table.column(&column.name).is_some() {
                    return Err(format!("column `{}` exists already", column.name));
                }
                table.columns.push(Column { renamed_from: None, ..column.clone() });
            }
            Self::DropColumn { column, .. } => drop_column(table, &column.name)?,
            Self::AlterColumn { from, to, .. } => {
                let place = table.columns.iter_mut().find(|it| it.name == from.name);
                let place =
                    place.ok_or_else(|| format!("column `{}` does not exist", from.name))?;
                *place = Column { renamed_from: None, ..(**to).clone() };
            }
            Self::AlterPrimaryKey { to, .. } => {
                check_columns(table, to)?;
                table.primary_key.clone_from(to);
            }
            Self::AddUnique { unique, .. } => {
                check_columns(table, &unique.columns)?;
                add("unique constraint", &mut table.uniques, unique)?;
            }
            Self::DropUnique { unique, .. } => {
                take("unique constraint", &mut table.uniques, unique)?;
            }
            Self::AlterUnique { from, to, .. } => {
                check_columns(table, &to.columns)?;
                replace("unique constraint", &mut table.uniques, from, to)?;
            }
            Self::AddCheck { check, .. } => {
                check_columns(table, rule_column(&check.rule))?;
                add("check", &mut table.checks, check)?;
            }
            Self::DropCheck { check, .. } => {
                take("check", &mut table.checks, check)?;
            }
            Self::AlterCheck { from, to, .. } => {
                check_columns(table, rule_column(&to.rule))?;
                replace("check", &mut table.checks, from, to)?;
            }
            Self::AddForeignKey { key, .. } => {
                check_columns(table, &key.columns)?;
                add("foreign key", &mut table.foreign_keys, key)?;
            }
            Self::DropForeignKey { key, .. } => {
                take("foreign key", &mut table.foreign_keys, key)?;
            }
            Self::AlterForeignKey { from, to, .. } => {
                check_columns(table, &to.columns)?;
                replace("foreign key", &mut table.foreign_keys, from, to)?;
            }
            Self::CreateIndex { index, .. } => {
                check_columns(table, index_columns(index))?;
                add("index", &mut table.indexes, index)?;
            }
            Self::DropIndex { index, .. } => {
                take("index", &mut table.indexes, index)?;
            }
            Self::AlterIndex { from, to, .. } => {
                check_columns(table, index_columns(to))?;
                replace("index", &mut table.indexes, from, to)?;
            }
            Self::CreateTable(_)
            | Self::DropTable(_)
            | Self::RenameTable { .. }
            | Self::CommentTable { .. }
            | Self::AlterOptions { .. }
            | Self::RenameColumn { .. }
            | Self::CreateEnum { .. }
            | Self::DropEnum { .. }
            | Self::AlterEnum { .. } => {}
        }
        Ok(())
    }
}

/// What has a name within its table, or is known by what it is.
trait Part: Clone + PartialEq {
    fn name(&self) -> Option<&str>;
}

macro_rules! part {
    ($($part:ty),+) => {
        $(impl Part for $part {
            fn name(&self) -> Option<&str> {
                self.name.as_deref()
            }
        })+
    };
}

part!(crate::schema::Unique, Check, ForeignKey);

impl Part for Index {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }
}

fn said<P: Part>(kind: &str, part: &P) -> String {
    part.name().map_or_else(|| format!("such a {kind}"), |name| format!("{kind} `{name}`"))
}

/// Where a part is: the same one, else the one of its name.
fn place<P: Part>(kind: &str, parts: &[P], part: &P) -> Result<usize, String> {
    let same = parts.iter().position(|it| it == part);
    let named = || parts.iter().position(|it| part.name().is_some() && it.name() == part.name());
    same.or_else(named).ok_or_else(|| format!("{} does not exist", said(kind, part)))
}

fn add<P: Part>(kind: &str, parts: &mut Vec<P>, part: &P) -> Result<(), String> {
    if parts.iter().any(|it| part.name().is_some() && it.name() == part.name()) {
        return Err(format!("{} exists already", said(kind, part)));
    }
    parts.push(part.clone());
    Ok(())
}

fn take<P: Part>(kind: &str, parts: &mut Vec<P>, part: &P) -> Result<(), String> {
    let at = place(kind, parts, part)?;
    parts.remove(at);
    Ok(())
}

fn replace<P: Part>(kind: &str, parts: &mut [P], from: &P, to: &P) -> Result<(), String> {
    let at = place(kind, parts, from)?;
    let is_taken =
        |(other, it): (usize, &P)| other != at && to.name().is_some() && it.name() == to.name();
    if parts.iter().enumerate().any(is_taken) {
        return Err(format!("{} exists already", said(kind, to)));
    }
    parts[at] = to.clone();
    Ok(())
}

fn rename_table(schema: &mut Schema, from: &str, to: &str) -> Result<(), String> {
    if schema.tables.contains_key(to) {
        return Err(format!("table `{to}` exists already"));
    }
    let mut table =
        schema.tables.remove(from).ok_or_else(|| format!("table `{from}` does not exist"))?;
    to.clone_into(&mut table.name);
    schema.tables.insert(to.to_owned(), table);
    for key in schema.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
        if key.references == from {
            to.clone_into(&mut key.references);
        }
    }
    Ok(())
}

/// Renames a column wherever it is named, as the three databases do themselves.
fn rename_column(schema: &mut Schema, of: &str, from: &str, to: &str) -> Result<(), String> {
    let table = existing(schema, of)?;
    if table.column(to).is_some() {
        return Err(format!("column `{to}` exists already"));
    }
    check_columns(table, [&from.to_owned()])?;
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    for column in &mut table.columns {
        rename(&mut column.name);
        if let Some(generated) = &mut column.generated {
            generated.expr = generated.expr.renaming(from, to);
        }
        if let Some(Default::Sql(sql)) = &mut column.default {
            *sql = sql.renaming(from, to);
        }
    }
    table.primary_key.iter_mut().for_each(rename);
    table.uniques.iter_mut().flat_map(|unique| &mut unique.columns).for_each(rename);
    table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns).for_each(rename);
    for check in &mut table.checks {
        match &mut check.rule {
            Rule::OneOf { column, .. } | Rule::Range { column, .. } => rename(column),
            Rule::Sql(sql) => *sql = sql.renaming(from, to),
        }
    }
    for index in &mut table.indexes {
        for part in &mut index.columns {
            match &mut part.key {
                IndexKey::Column(column) => rename(column),
                IndexKey::Expr(expr) => *expr = expr.renaming(from, to),
            }
        }
        index.include.iter_mut().for_each(rename);
        if let Some(predicate) = &mut index.predicate {
            *predicate = predicate.renaming(from, to);
        }
    }
    for key in schema.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
        if key.references == of {
            key.referenced_columns.iter_mut().for_each(rename);
        }
    }
    Ok(())
}

fn drop_column(table: &mut Table, name: &str) -> Result<(), String> {
    check_columns(table, [&name.to_owned()])?;
    let is_used = |columns: &[String]| columns.iter().any(|column| column == name);
    let user =
        if is_used(&table.primary_key) {
            Some("the primary key".to_owned())
        } else if let Some(unique) = table.uniques.iter().find(|it| is_used(&it.columns)) {
            Some(said("unique constraint", unique))
        } else if let Some(key) = table.foreign_keys.iter().find(|it| is_used(&it.columns)) {
            Some(said("foreign key", key))
        } else if let Some(index) =
            table.indexes.iter().find(|it| index_columns(it).any(|it| it == name))
        {
            Some(said("index", index))
        } else if let Some(index) = table.indexes.iter().find(|it| index_names(it, name)) {
            // PostgreSQL would drop it in silence.
            Some(said("index", index))
        } else if let Some(other) = table.columns.iter().find(|it| {
            it.name != name && it.generated.as_ref().is_some_and(|it| it.expr.names(name))
        }) {
            Some(format!("generated column `{}`", other.name))
        } else {
            // PostgreSQL would drop it in silence. MariaDB's CHECK of a column, which has no name, is a
            // part of the column.
            let mut named = table.checks.iter().filter(|it| it.name.is_some());
            named.find(|it| it.rule.names(name)).map(|check| said("check", check))
        };
    if let Some(user) = user {
        return Err(format!("{user} needs column `{name}`"));
    }
    table.columns.retain(|column| column.name != name);
    Ok(())
}

/// Gives an enumeration other values, in the columns that are of it too.
fn alter_enum(schema: &mut Schema, name: &str, to: &[String]) -> Result<(), String> {
    fn set(ty: &mut Type, wanted: &str, to: &[String]) {
        match ty {
            Type::Enum { name, values } if name == wanted => to.clone_into(values),
            Type::Array(of) => set(of, wanted, to),
            _ => {}
        }
    }
    let values = schema.enums.get_mut(name);
    let values = values.ok_or_else(|| format!("enumeration `{name}` does not exist"))?;
    to.clone_into(values);
    for column in schema.tables.values_mut().flat_map(|table| &mut table.columns) {
        set(&mut column.ty, name, to);
    }
    Ok(())
}

/// The columns that an index names.
fn index_columns(index: &Index) -> impl Iterator<Item = &String> {
    index.columns.iter().filter_map(IndexPart::column).chain(&index.include)
}

/// Whether an expression or the condition of an index names the column.
fn index_names(index: &Index, column: &str) -> bool {
    let in_expression = |part: &IndexPart| match &part.key {
        IndexKey::Expr(expr) => expr.names(column),
        IndexKey::Column(_) => false,
    };
    index.columns.iter().any(in_expression)
        || index.predicate.as_ref().is_some_and(|predicate| predicate.names(column))
}

/// The column that a rule is about, when it is one.
fn rule_column(rule: &Rule) -> Option<&String> {
    match rule {
        Rule::OneOf { column, .. } | Rule::Range { column, .. } => Some(column),
        Rule::Sql(_) => None,
    }
}

/// What a table says about its own columns must be true.
fn check_table(table: &Table) -> Result<(), String> {
    if table.columns.is_empty() {
        return Err(format!("table `{}` has no columns", table.name));
    }
    for (at, column) in table.columns.iter().enumerate() {
        if table.columns[..at].iter().any(|other| other.name == column.name) {
            return Err(format!("column `{}` of `{}` is there twice", column.name, table.name));
        }
    }
    check_columns(table, &table.primary_key)?;
    for unique in &table.uniques {
        check_columns(table, &unique.columns)?;
    }
    for key in &table.foreign_keys {
        check_columns(table, &key.columns)?;
    }
    for index in &table.indexes {
        check_columns(table, index_columns(index))?;
    }
    Ok(())
}

fn check_columns<'c>(
    table: &Table,
    columns: impl IntoIterator<Item = &'c String>,
) -> Result<(), String> {
    match columns.into_iter().find(|name| table.column(name).is_none()) {
        Some(name) => Err(format!("table `{}` has no column `{name}`", table.name)),
        None => Ok(()),
    }
}
