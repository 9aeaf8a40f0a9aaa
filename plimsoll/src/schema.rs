//! What a database is made of, as plain data: comparable, serialisable, without a connection.

mod build;
mod column;
mod entities;
mod entity;
mod show;
mod sql;
mod types;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use build::TableBuilder;
pub use column::{Definition, IntoColumn};
pub use entities::Entities;
#[doc(hidden)]
pub use entities::{AddAlone, AddBeside, Listed};
pub use entity::{Beside, table_of};
pub use sql::Sql;
pub use types::Type;
pub use value::Value;

/// The tables of a database by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The tables by name.
    pub tables: BTreeMap<String, Table>,
    /// The enumerations that stand beside the tables, by name, with their values in order:
    /// PostgreSQL's. A column's own ([`Type::Enum`]) has its values with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub enums: BTreeMap<String, Vec<String>>,
    /// What the database holds and none of the above can say, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Beyond>,
}

/// Something that a database holds and this model has no place for. It is told, never dropped in
/// silence and never changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Beyond {
    /// The table that it belongs to; `None` for what stands by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What it is: `view`, `trigger`, `partition`, `exclusion constraint`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Schema {
    /// A schema of these tables, with the enumerations that their columns name.
    pub fn of(tables: impl IntoIterator<Item = Table>) -> Self {
        let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        let mut schema = Self { tables, ..Self::default() };
        schema.gather_enums();
        schema
    }

    /// Lists the enumerations that columns name and that stand nowhere yet.
    pub(crate) fn gather_enums(&mut self) {
        for column in self.tables.values().flat_map(|table| &table.columns) {
            if let Some((name, values)) = column.ty.named_enum() {
                self.enums.entry(name.clone()).or_insert_with(|| values.clone());
            }
        }
    }
}

#[cfg(feature = "connect")]
impl Beyond {
    pub(crate) fn new(
        table: Option<&str>,
        kind: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self { table: table.map(str::to_owned), kind: kind.into(), name: name.into() }
    }
}

/// A table with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, without a schema.
    pub name: String,
    /// The columns in their order.
    pub columns: Vec<Column>,
    /// The columns of the primary key in its order; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    /// The unique constraints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<Unique>,
    /// The CHECK constraints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The foreign keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// The indexes that are neither the primary key's nor a unique constraint's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// What the table is besides, on the database that has the notion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<TableOption>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What it was called before: a comparison takes that table for this one, renamed. No database
    /// keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
}

/// What only one of the databases knows about a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TableOption {
    /// SQLite's `STRICT`: values have the type of their column.
    Strict,
    /// SQLite's `WITHOUT ROWID`: the table is its primary key's tree.
    WithoutRowid,
    /// PostgreSQL's `UNLOGGED`: the rows do not outlive a crash.
    Unlogged,
    /// MySQL's engine, when it is not `InnoDB`.
    Engine(String),
    /// MySQL's collation of text that names none, when it is not `utf8mb4_bin`.
    Collation(String),
}

impl Table {
    /// A table of that name with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            columns: Vec::new(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            indexes: Vec::new(),
            options: Vec::new(),
            comment: None,
            renamed_from: None,
        }
    }

    /// The names of its unique constraints, CHECKs and foreign keys, as far as they have one.
    pub(crate) fn constraint_names(&self) -> impl Iterator<Item = &String> {
        let uniques = self.uniques.iter().filter_map(|unique| unique.name.as_ref());
        let checks = self.checks.iter().filter_map(|check| check.name.as_ref());
        let keys = self.foreign_keys.iter().filter_map(|key| key.name.as_ref());
        uniques.chain(checks).chain(keys)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, with the arguments.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it takes NULL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// What a row gets that does not name the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Default>,
    /// Whether the database counts it up: identity, `AUTO_INCREMENT`, `AUTOINCREMENT`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_increment: bool,
    /// The expression that it is computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// How its text is compared and sorted, by the database's own name; the table's or the
    /// database's without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What it was called before: a comparison takes that column for this one, renamed. No database
    /// keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
}

impl Column {
    /// A column of that name and type, which takes no NULL and has nothing else to it.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            nullable: false,
            default: None,
            auto_increment: false,
            generated: None,
            collation: None,
            comment: None,
            renamed_from: None,
        }
    }

    /// Whether rows that do not name it would have nothing in it, and it takes no NULL.
    pub(crate) fn lacks_value(&self) -> bool {
        !self.nullable && self.has_no_value()
    }

    /// Whether rows that do not name it have NULL in it.
    pub(crate) fn begins_empty(&self) -> bool {
        self.nullable && self.has_no_value()
    }

    fn has_no_value(&self) -> bool {
        !self.auto_increment
            && self.generated.is_none()
            && matches!(self.default, None | Some(Default::Value(Value::Null)))
    }
}

/// What a row gets that does not name a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Default {
    /// A constant.
    Value(Value),
    /// The present day, time or moment in UTC, as the column's type has it.
    Now,
    /// An expression.
    Sql(Sql),
}

/// The expression that a column is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression.
    pub expr: Sql,
    /// Whether the value is kept (`STORED`) rather than computed when read.
    pub stored: bool,
}

/// A unique constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Its name; on SQLite there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its columns in their order.
    pub columns: Vec<String>,
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name; on SQLite there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What must hold.
    pub rule: Rule,
}

/// What a CHECK constraint demands. A NULL passes, as SQL has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The column is one of the values: an enumeration stored as text.
    OneOf {
        /// The column.
        column: String,
        /// The values in their order.
        values: Vec<String>,
    },
    /// The column is not less than `min` and not more than `max`.
    Range {
        /// The column.
        column: String,
        /// The least value, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest value, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// Any other condition.
    Sql(Sql),
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// What it sorts by, in order.
    pub columns: Vec<IndexPart>,
    /// Whether two rows may not agree in all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// The condition of the rows that are in it; all are without one. Not on MySQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Sql>,
    /// The columns that it carries and does not sort by. PostgreSQL's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// How it is built, by the database's own name in lower case; a tree without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

impl Index {
    /// The columns that it sorts by; none when it sorts by something else as well, or by a part of
    /// one.
    pub(crate) fn column_names(&self) -> Option<Vec<String>> {
        let whole = |part: &IndexPart| part.column().filter(|_| part.prefix.is_none()).cloned();
        self.columns.iter().map(whole).collect()
    }
}

/// One part of what an index sorts by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPart {
    /// What it is sorted by.
    #[serde(flatten)]
    pub key: IndexKey,
    /// Whether it sorts from high to low.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
    /// How many characters or bytes of it count; all without one. MySQL's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u32>,
}

/// What an index sorts by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKey {
    /// A column.
    Column(String),
    /// An expression. Not on MariaDB.
    #[serde(rename = "expression")]
    Expr(Sql),
}

impl IndexPart {
    /// The column, when it is one.
    pub fn column(&self) -> Option<&String> {
        match &self.key {
            IndexKey::Column(column) => Some(column),
            IndexKey::Expr(_) => None,
        }
    }
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name; on SQLite there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The columns here.
    pub columns: Vec<String>,
    /// The table there.
    pub references: String,
    /// The columns there, in the order of those here.
    pub referenced_columns: Vec<String>,
    /// What happens here when the row there is deleted.
    pub on_delete: OnDelete,
    /// What happens here when the key there changes.
    #[serde(default, skip_serializing_if = "OnUpdate::is_default")]
    pub on_update: OnUpdate,
}

/// What happens to a row whose parent is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// It is deleted too: a part of a whole.
    Cascade,
    /// The parent cannot be deleted.
    Restrict,
    /// It forgets its parent.
    SetNull,
    /// The parent cannot be deleted, checked at the end of the statement where the database can.
    NoAction,
    /// It gets the default of its column; `InnoDB` has none of it.
    SetDefault,
}

/// What happens to a row whose parent's key changes.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUpdate {
    /// It follows.
    Cascade,
    /// The key cannot change.
    Restrict,
    /// It forgets its parent.
    SetNull,
    /// The key cannot change, checked at the end of the statement where the database can.
    #[default]
    NoAction,
    /// It gets the default of its column; `InnoDB` has none of it.
    SetDefault,
}

impl OnUpdate {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes what it skips by reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::NoAction
    }
}
