//! What can change in a schema: the one currency of migrations, plans and reports.

use serde::{Deserialize, Serialize};

use crate::schema::{Index, IndexPart, Schema, Table};

/// One change of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A table appears, with all that belongs to it.
    CreateTable(Table),
    /// A table disappears; what it was is kept, so that the change can be reversed.
    DropTable(Table),
    /// An index appears.
    CreateIndex {
        /// The table that it is on.
        table: String,
        /// The index.
        index: Index,
    },
    /// An index disappears; what it was is kept, so that the change can be reversed.
    DropIndex {
        /// The table that it is on.
        table: String,
        /// The index.
        index: Index,
    },
}

impl Change {
    /// The change that takes this one back.
    #[must_use]
    pub fn reverse(&self) -> Self {
        match self.clone() {
            Self::CreateTable(table) => Self::DropTable(table),
            Self::DropTable(table) => Self::CreateTable(table),
            Self::CreateIndex { table, index } => Self::DropIndex { table, index },
            Self::DropIndex { table, index } => Self::CreateIndex { table, index },
        }
    }

    /// Whether rows or values are lost by it.
    pub fn is_destructive(&self) -> bool {
        matches!(self, Self::DropTable(_))
    }

    /// The table that it touches.
    pub fn table(&self) -> &str {
        match self {
            Self::CreateTable(table) | Self::DropTable(table) => &table.name,
            Self::CreateIndex { table, .. } | Self::DropIndex { table, .. } => table,
        }
    }

    /// The change in a sentence, without its sign.
    pub fn describe(&self) -> String {
        match self {
            Self::CreateTable(table) => format!("create table `{}`", table.name),
            Self::DropTable(table) => format!("drop table `{}`", table.name),
            Self::CreateIndex { table, index } => {
                format!("create index `{}` on `{table}`", index.name)
            }
            Self::DropIndex { table, index } => format!("drop index `{}` on `{table}`", index.name),
        }
    }

    /// `+` for what appears, `-` for what disappears.
    pub fn sign(&self) -> char {
        match self {
            Self::CreateTable(_) | Self::CreateIndex { .. } => '+',
            Self::DropTable(_) | Self::DropIndex { .. } => '-',
        }
    }

    /// Does to `schema` what the change does to a database.
    ///
    /// # Errors
    /// A sentence that says why the schema does not allow it: a table or an index that is there
    /// already, or is not there.
    pub fn apply(&self, schema: &mut Schema) -> Result<(), String> {
        match self {
            Self::CreateTable(table) => {
                if schema.tables.contains_key(&table.name) {
                    return Err(format!("table `{}` exists already", table.name));
                }
                check_table(table)?;
                schema.tables.insert(table.name.clone(), table.clone());
            }
            Self::DropTable(table) => {
                schema
                    .tables
                    .remove(&table.name)
                    .ok_or_else(|| format!("table `{}` does not exist", table.name))?;
            }
            Self::CreateIndex { table, index } => {
                let table = existing(schema, table)?;
                if table.indexes.iter().any(|other| other.name == index.name) {
                    return Err(format!("index `{}` exists already", index.name));
                }
                check_columns(
                    table,
                    index.columns.iter().filter_map(IndexPart::column).chain(&index.include),
                )?;
                table.indexes.push(index.clone());
            }
            Self::DropIndex { table, index } => {
                let table = existing(schema, table)?;
                let before = table.indexes.len();
                table.indexes.retain(|other| other.name != index.name);
                if table.indexes.len() == before {
                    return Err(format!("index `{}` does not exist", index.name));
                }
            }
        }
        Ok(())
    }
}

fn existing<'s>(schema: &'s mut Schema, table: &str) -> Result<&'s mut Table, String> {
    schema.tables.get_mut(table).ok_or_else(|| format!("table `{table}` does not exist"))
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
        check_columns(
            table,
            index.columns.iter().filter_map(IndexPart::column).chain(&index.include),
        )?;
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
