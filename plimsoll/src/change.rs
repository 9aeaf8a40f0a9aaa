//! What can change in a schema: the one currency of migrations, plans and reports.

mod apply;
mod depend;
mod describe;

use serde::{Deserialize, Serialize};

use crate::schema::{
    Check, Column, Default, ForeignKey, Index, Schema, Table, TableOption, Type, Unique,
};

/// One change of a schema. What alters something keeps how it was, so that every change can be
/// reversed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A table appears, with all that belongs to it.
    CreateTable(Table),
    /// A table disappears; what it was is kept, so that the change can be reversed.
    DropTable(Table),
    /// A table has another name from now on.
    RenameTable {
        /// What it was called.
        from: String,
        /// What it is called.
        to: String,
    },
    /// The comment of a table is another one.
    CommentTable {
        /// The table.
        table: String,
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
    /// What only one database knows about a table is different.
    AlterOptions {
        /// The table.
        table: String,
        /// The options before.
        from: Vec<TableOption>,
        /// The options after.
        to: Vec<TableOption>,
    },
    /// A column appears, behind the others.
    AddColumn {
        /// The table that it is in.
        table: String,
        /// The column.
        column: Column,
    },
    /// A column disappears.
    DropColumn {
        /// The table that it is in.
        table: String,
        /// The column.
        column: Column,
    },
    /// A column has another name from now on, wherever it is named.
    RenameColumn {
        /// The table that it is in.
        table: String,
        /// What it was called.
        from: String,
        /// What it is called.
        to: String,
    },
    /// A column of the same name is different: its type, default, comment, whether it takes NULL.
    AlterColumn {
        /// The table that it is in.
        table: String,
        /// The column before.
        from: Box<Column>,
        /// The column after.
        to: Box<Column>,
    },
    /// The primary key has other columns.
    AlterPrimaryKey {
        /// The table.
        table: String,
        /// Its columns before; none when there was no primary key.
        from: Vec<String>,
        /// Its columns after; none when there is no primary key.
        to: Vec<String>,
    },
    /// A unique constraint appears.
    AddUnique {
        /// The table that it is on.
        table: String,
        /// The constraint.
        unique: Unique,
    },
    /// A unique constraint disappears.
    DropUnique {
        /// The table that it is on.
        table: String,
        /// The constraint.
        unique: Unique,
    },
    /// A unique constraint has another name, or other columns under the same name.
    AlterUnique {
        /// The table that it is on.
        table: String,
        /// The constraint before.
        from: Unique,
        /// The constraint after.
        to: Unique,
    },
    /// A CHECK appears.
    AddCheck {
        /// The table that it is on.
        table: String,
        /// The constraint.
        check: Check,
    },
    /// A CHECK disappears.
    DropCheck {
        /// The table that it is on.
        table: String,
        /// The constraint.
        check: Check,
    },
    /// A CHECK has another name, or demands something else.
    AlterCheck {
        /// The table that it is on.
        table: String,
        /// The constraint before.
        from: Check,
        /// The constraint after.
        to: Check,
    },
    /// A foreign key appears.
    AddForeignKey {
        /// The table that it is on.
        table: String,
        /// The constraint.
        key: ForeignKey,
    },
    /// A foreign key disappears.
    DropForeignKey {
        /// The table that it is on.
        table: String,
        /// The constraint.
        key: ForeignKey,
    },
    /// A foreign key has another name, or does something else.
    AlterForeignKey {
        /// The table that it is on.
        table: String,
        /// The constraint before.
        from: Box<ForeignKey>,
        /// The constraint after.
        to: Box<ForeignKey>,
    },
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
    /// An index has another name, or is over something else.
    AlterIndex {
        /// The table that it is on.
        table: String,
        /// The index before.
        from: Box<Index>,
        /// The index after.
        to: Box<Index>,
    },
    /// An enumeration appears that stands beside the tables: PostgreSQL's.
    CreateEnum {
        /// Its name.
        name: String,
        /// Its values in order.
        values: Vec<String>,
    },
    /// An enumeration that stands beside the tables disappears.
    DropEnum {
        /// Its name.
        name: String,
        /// Its values in order.
        values: Vec<String>,
    },
    /// An enumeration that stands beside the tables has other values, or another order.
    AlterEnum {
        /// Its name.
        name: String,
        /// The values before.
        from: Vec<String>,
        /// The values after.
        to: Vec<String>,
    },
}

impl Change {
    /// A column that comes with what it has in the rows that are there: as its default, which it has
    /// no longer when they have it.
    pub(crate) fn adding_filled(table: &str, column: Column, fill: Default) -> [Self; 2] {
        let filled = Column { default: Some(fill), ..column.clone() };
        let (from, to) = (Box::new(filled.clone()), Box::new(column));
        [
            Self::AddColumn { table: table.to_owned(), column: filled },
            Self::AlterColumn { table: table.to_owned(), from, to },
        ]
    }

    /// A column that goes, and comes back as [`Self::adding_filled`] has it.
    pub(crate) fn dropping_filled(table: &str, column: Column, fill: Default) -> [Self; 2] {
        let [added, settled] = Self::adding_filled(table, column, fill);
        [settled.reverse(), added.reverse()]
    }

    /// The change that takes this one back. Rows and values that it lost do not come back.
    #[must_use]
    pub fn reverse(&self) -> Self {
        match self.clone() {
            Self::CreateTable(table) => Self::DropTable(table),
            Self::DropTable(table) => Self::CreateTable(table),
            Self::RenameTable { from, to } => Self::RenameTable { from: to, to: from },
            Self::CommentTable { table, from, to } => {
                Self::CommentTable { table, from: to, to: from }
            }
            Self::AlterOptions { table, from, to } => {
                Self::AlterOptions { table, from: to, to: from }
            }
            Self::AddColumn { table, column } => Self::DropColumn { table, column },
            Self::DropColumn { table, column } => Self::AddColumn { table, column },
            Self::RenameColumn { table, from, to } => {
                Self::RenameColumn { table, from: to, to: from }
            }
            Self::AlterColumn { table, from, to } => {
                Self::AlterColumn { table, from: to, to: from }
            }
            Self::AlterPrimaryKey { table, from, to } => {
                Self::AlterPrimaryKey { table, from: to, to: from }
            }
            Self::AddUnique { table, unique } => Self::DropUnique { table, unique },
            Self::DropUnique { table, unique } => Self::AddUnique { table, unique },
            Self::AlterUnique { table, from, to } => {
                Self::AlterUnique { table, from: to, to: from }
            }
            Self::AddCheck { table, check } => Self::DropCheck { table, check },
            Self::DropCheck { table, check } => Self::AddCheck { table, check },
            Self::AlterCheck { table, from, to } => Self::AlterCheck { table, from: to, to: from },
            Self::AddForeignKey { table, key } => Self::DropForeignKey { table, key },
            Self::DropForeignKey { table, key } => Self::AddForeignKey { table, key },
            Self::AlterForeignKey { table, from, to } => {
                Self::AlterForeignKey { table, from: to, to: from }
            }
            Self::CreateIndex { table, index } => Self::DropIndex { table, index },
            Self::DropIndex { table, index } => Self::CreateIndex { table, index },
            Self::AlterIndex { table, from, to } => Self::AlterIndex { table, from: to, to: from },
            Self::CreateEnum { name, values } => Self::DropEnum { name, values },
            Self::DropEnum { name, values } => Self::CreateEnum { name, values },
            Self::AlterEnum { name, from, to } => Self::AlterEnum { name, from: to, to: from },
        }
    }

    /// Whether rows or values can be lost by it: a table, a column or a value of an enumeration
    /// goes, or a type takes less than the one before.
    pub fn is_destructive(&self) -> bool {
        match self {
            Self::DropTable(_) | Self::DropColumn { .. } => true,
            Self::AlterColumn { from, to, .. } => {
                from.ty.is_narrowed_by(&to.ty)
                    || (from.generated.is_none() && to.generated.is_some())
            }
            Self::AlterEnum { from, to, .. } => from.iter().any(|value| !to.contains(value)),
            _ => false,
        }
    }

    /// Whether rows or values are gone for good by it, which nothing refuses: a table or a column
    /// goes, or a column is computed from now on. A value that does not fit a narrower type is
    /// refused instead.
    pub fn loses(&self) -> bool {
        match self {
            Self::DropTable(_) => true,
            // A computed one has no values of its own.
            Self::DropColumn { column, .. } => column.generated.is_none(),
            Self::AlterColumn { from, to, .. } => {
                from.generated.is_none() && to.generated.is_some()
            }
            _ => false,
        }
    }

    /// The columns that are in a primary key and will not be.
    pub(crate) fn leaves_key(&self) -> impl Iterator<Item = &String> {
        let (from, to) = match self {
            Self::AlterPrimaryKey { from, to, .. } => (&**from, &**to),
            _ => (&[][..], &[][..]),
        };
        from.iter().filter(|column| !to.contains(column))
    }

    /// The table that it touches; the name of an enumeration that stands beside the tables.
    pub fn table(&self) -> &str {
        match self {
            Self::CreateTable(table) | Self::DropTable(table) => &table.name,
            Self::RenameTable { to, .. } => to,
            Self::CommentTable { table, .. }
            | Self::AlterOptions { table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::AlterColumn { table, .. }
            | Self::AlterPrimaryKey { table, .. }
            | Self::AddUnique { table, .. }
            | Self::DropUnique { table, .. }
            | Self::AlterUnique { table, .. }
            | Self::AddCheck { table, .. }
            | Self::DropCheck { table, .. }
            | Self::AlterCheck { table, .. }
            | Self::AddForeignKey { table, .. }
            | Self::DropForeignKey { table, .. }
            | Self::AlterForeignKey { table, .. }
            | Self::CreateIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::AlterIndex { table, .. } => table,
            Self::CreateEnum { name, .. }
            | Self::DropEnum { name, .. }
            | Self::AlterEnum { name, .. } => name,
        }
    }

    /// `+` for what appears, `-` for what disappears, `~` for what is different.
    pub fn sign(&self) -> char {
        match self {
            Self::CreateTable(_)
            | Self::AddColumn { .. }
            | Self::AddUnique { .. }
            | Self::AddCheck { .. }
            | Self::AddForeignKey { .. }
            | Self::CreateIndex { .. }
            | Self::CreateEnum { .. } => '+',
            Self::DropTable(_)
            | Self::DropColumn { .. }
            | Self::DropUnique { .. }
            | Self::DropCheck { .. }
            | Self::DropForeignKey { .. }
            | Self::DropIndex { .. }
            | Self::DropEnum { .. } => '-',
            _ => '~',
        }
    }
}

/// Whether both are the same type; the values of an enumeration that stands beside the tables are
/// no matter of the column.
pub(crate) fn is_same_type(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Enum { name, .. }, Type::Enum { name: other, .. }) if !name.is_empty() => {
            name == other
        }
        (Type::Array(a), Type::Array(b)) => is_same_type(a, b),
        _ => a == b,
    }
}

/// The table of that name.
fn existing<'s>(schema: &'s mut Schema, table: &str) -> Result<&'s mut Table, String> {
    schema.tables.get_mut(table).ok_or_else(|| format!("table `{table}` does not exist"))
}
