//! Tables as migrations and entities write them.

use std::collections::BTreeSet;

use super::{
    Check, Column, Default, ForeignKey, Generated, Index, IndexKey, IndexPart, IntoColumn,
    OnDelete, OnUpdate, Rule, Sql, Table, TableOption, Unique, Value,
};
use crate::{dialect::Dialect, names};

/// Builds a [`Table`] step by step. Constraints and indexes are named as SeaORM names them:
/// `fk-<table>-<columns>`, `idx-<table>-<columns>`, and in the same way `uq-` and `ck-`.
#[derive(Clone, Debug)]
pub struct TableBuilder {
    table: Table,
    unsupported: Vec<String>,
}

impl TableBuilder {
    /// A table of that name without columns.
    pub fn new(name: impl Into<String>) -> Self {
        Self { table: Table::new(name), unsupported: Vec::new() }
    }

    /// The name of the table.
    pub fn name(&self) -> &str {
        &self.table.name
    }

    /// Adds a column, with the primary key, uniqueness and CHECK that its definition carries.
    #[must_use]
    pub fn column(mut self, column: impl IntoColumn) -> Self {
        let definition = column.into_column();
        let Column { name, .. } = &definition.column;
        self.unsupported
            .extend(definition.unsupported.iter().map(|what| format!("{what} (column `{name}`)")));
        if definition.primary_key {
            self.table.primary_key.push(name.clone());
        }
        if definition.unique {
            self = self.unique([name.clone()]);
        }
        if let Some(condition) = definition.check {
            let rule = Rule::Sql(condition);
            self = self.rule(name, rule);
        }
        self.table.columns.push(definition.column);
        self
    }

    /// Makes these columns the primary key.
    #[must_use]
    pub fn primary_key<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.table.primary_key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Lets no two rows agree in these columns.
    #[must_use]
    pub fn unique<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let name = Some(names::derived("uq", &self.table.name, &columns));
        self.table.uniques.push(Unique { name, columns });
        self
    }

    /// Adds a unique constraint as it was built.
    #[must_use]
    pub fn add_unique(mut self, unique: Unique) -> Self {
        self.table.uniques.push(unique);
        self
    }

    /// Adds an index over these columns.
    #[must_use]
    pub fn index<P: Into<IndexPart>>(mut self, parts: impl IntoIterator<Item = P>) -> Self {
        self.table.indexes.push(Index::over(&self.table.name, parts));
        self
    }

    /// Adds an index of any kind.
    #[must_use]
    pub fn add_index(mut self, index: Index) -> Self {
        self.table.indexes.push(index);
        self
    }

    /// Compares and sorts the column's text by the collation of that name, which is the database's
    /// own and most often unknown to the other two.
    #[must_use]
    pub fn collated(mut self, column: &str, collation: impl Into<String>) -> Self {
        let collation = collation.into();
        self.on_column(column, "collation", |column| column.collation = Some(collation));
        self
    }

    /// Says what the column is for.
    #[must_use]
    pub fn comment_on(mut self, column: &str, comment: impl Into<String>) -> Self {
        let comment = comment.into();
        self.on_column(column, "comment", |column| column.comment = Some(comment));
        self
    }

    /// Lets the database compute the column from an expression, and keep the value (`stored`) or
    /// compute it whenever it is read, which PostgreSQL does not before its version 18.
    #[must_use]
    pub fn generated(mut self, column: &str, expr: impl Into<Sql>, stored: bool) -> Self {
        let expr = expr.into();
        self.on_column(column, "generated value", |column| {
            column.generated = Some(Generated { expr, stored });
        });
        self
    }

    /// Gives rows that do not name the column the value of an expression.
    #[must_use]
    pub fn default_to(mut self, column: &str, expr: impl Into<Sql>) -> Self {
        let expr = expr.into();
        self.on_column(column, "default", |column| column.default = Some(Default::Sql(expr)));
        self
    }

    /// Gives rows that do not name the column that very constant: digits and bytes that no literal of
    /// Rust says as they are. What [`ColumnDef`](sea_query::ColumnDef) can say, it says shorter.
    #[must_use]
    pub fn default_value(mut self, column: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.on_column(column, "default", |column| column.default = Some(Default::Value(value)));
        self
    }

    /// Says what the table was called before: a comparison makes a rename of it, until the table has
    /// its new name everywhere.
    #[must_use]
    pub fn renamed_from(mut self, table: impl Into<String>) -> Self {
        self.table.renamed_from = Some(table.into());
        self
    }

    /// Says what a column was called before, as [`TableBuilder::renamed_from`] does of the table.
    #[must_use]
    pub fn column_renamed_from(mut self, column: &str, before: impl Into<String>) -> Self {
        let before = before.into();
        self.on_column(column, "former name", |column| column.renamed_from = Some(before));
        self
    }

    fn on_column(&mut self, column: &str, what: &str, set: impl FnOnce(&mut Column)) {
        match self.table.columns.iter_mut().find(|it| it.name == column) {
            Some(column) => set(column),
            None => self.unsupported.push(format!("the {what} of `{column}`, which is no column")),
        }
    }

    /// Says what the table is besides.
    #[must_use]
    pub fn option(mut self, option: TableOption) -> Self {
        self.table.options.push(option);
        self.table.options.sort();
        self
    }

    /// Adds a foreign key; its name follows from the table and the columns.
    #[must_use]
    pub fn foreign_key<C: Into<String>, R: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = C>,
        references: impl Into<String>,
        referenced_columns: impl IntoIterator<Item = R>,
        on_delete: OnDelete,
    ) -> Self {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        self.table.foreign_keys.push(ForeignKey {
            name: Some(names::derived("fk", &self.table.name, &columns)),
            columns,
            references: references.into(),
            referenced_columns: referenced_columns.into_iter().map(Into::into).collect(),
            on_delete,
            on_update: OnUpdate::NoAction,
        });
        self
    }

    /// Lets the column be one of these values: an enumeration stored as text.
    #[must_use]
    pub fn one_of<V: Into<String>>(
        self,
        column: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let column = column.into();
        let values = values.into_iter().map(Into::into).collect();
        self.rule(&column.clone(), Rule::OneOf { column, values })
    }

    /// Lets the column be no less than `min` and no more than `max`.
    #[must_use]
    pub fn between(self, column: impl Into<String>, min: i64, max: i64) -> Self {
        let column = column.into();
        let rule = Rule::Range { column: column.clone(), min: Some(min), max: Some(max) };
        self.rule(&column, rule)
    }

    /// Lets the column be no less than `min`.
    #[must_use]
    pub fn at_least(self, column: impl Into<String>, min: i64) -> Self {
        let column = column.into();
        let rule = Rule::Range { column: column.clone(), min: Some(min), max: None };
        self.rule(&column, rule)
    }

    /// Demands a condition, which is named `ck-<table>-<name>`.
    #[must_use]
    pub fn check(self, name: &str, condition: impl Into<Sql>) -> Self {
        let rule = Rule::Sql(condition.into());
        self.rule(name, rule)
    }

    /// Says what the table is for.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.table.comment = Some(comment.into());
        self
    }

    fn rule(self, name: &str, rule: Rule) -> Self {
        let name = names::derived("ck", &self.table.name, &[name]);
        self.add_check(Check::new(name, rule))
    }

    /// Adds a CHECK as it was built.
    #[must_use]
    pub fn add_check(mut self, check: Check) -> Self {
        self.table.checks.push(check);
        self
    }

    /// Adds a foreign key as it was built.
    #[must_use]
    pub fn add_foreign_key(mut self, key: ForeignKey) -> Self {
        self.table.foreign_keys.push(key);
        self
    }

    /// The table, and what in it no database-neutral form exists for.
    pub(crate) fn finish(self) -> (Table, Vec<String>) {
        (self.table, self.unsupported)
    }

    /// Works on a table that exists already.
    pub(crate) fn from_table(table: Table) -> Self {
        Self { table, unsupported: Vec::new() }
    }
}

impl Table {
    /// The same table with a name for every constraint that has one on a `dialect` database, as
    /// [`TableBuilder`] would name it. SQLite does without, and so does MariaDB for the CHECK of a
    /// column.
    pub(crate) fn named(&self, dialect: Dialect) -> Self {
        let mut table = self.clone();
        if dialect == Dialect::Sqlite {
            return table;
        }
        let mut taken: BTreeSet<String> = table.constraint_names().cloned().collect();
        let mut named = |kind: &str, columns: &[String]| {
            names::free(kind, &self.name, columns, |name| taken.insert(name.clone()))
        };
        for unique in &mut table.uniques {
            unique.name.get_or_insert_with(|| named("uq", &unique.columns));
        }
        for key in &mut table.foreign_keys {
            key.name.get_or_insert_with(|| named("fk", &key.columns));
        }
        if dialect == Dialect::Postgres {
            for check in &mut table.checks {
                let word = match &check.rule {
                    Rule::OneOf { column, .. } | Rule::Range { column, .. } => column.clone(),
                    Rule::Sql(_) => "check".to_owned(),
                };
                check.name.get_or_insert_with(|| named("ck", &[word]));
            }
        }
        table
    }
}

impl Index {
    /// An index over `parts`, named as SeaORM names it; an expression has the name `expr` in that.
    pub fn over(table: &str, parts: impl IntoIterator<Item = impl Into<IndexPart>>) -> Self {
        let columns: Vec<IndexPart> = parts.into_iter().map(Into::into).collect();
        let names: Vec<&str> =
            columns.iter().map(|part| part.column().map_or("expr", String::as_str)).collect();
        Self {
            name: names::derived("idx", table, &names),
            columns,
            unique: false,
            predicate: None,
            include: Vec::new(),
            method: None,
        }
    }

    /// The same index, which lets no two rows agree in all its columns.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// The same index under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same index over the rows alone for which `predicate` holds.
    #[must_use]
    pub fn filtered(mut self, predicate: impl Into<Sql>) -> Self {
        self.predicate = Some(predicate.into());
        self
    }

    /// The same index, which carries these columns and does not sort by them.
    #[must_use]
    pub fn including<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.include = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The same index, built in another way than as a tree: `gin`, `hash`, `fulltext`.
    #[must_use]
    pub fn using(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }
}

impl Index {
    /// Whether the other is the same but for its name.
    pub(crate) fn is_renamed(&self, to: &Self) -> bool {
        self.name != to.name && Self { name: to.name.clone(), ..self.clone() } == *to
    }
}

impl Unique {
    /// A unique constraint of that name.
    pub fn new<C: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
    ) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { name: Some(name.into()), columns }
    }
}

impl Check {
    /// A CHECK of that name.
    pub fn new(name: impl Into<String>, rule: Rule) -> Self {
        Self { name: Some(name.into()), rule }
    }
}

impl Rule {
    /// Any condition.
    pub fn sql(condition: impl Into<Sql>) -> Self {
        Self::Sql(condition.into())
    }

    /// Whether both are enumerations of one column, or both ranges of one.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneOf { column, .. }, Self::OneOf { column: other, .. })
            | (Self::Range { column, .. }, Self::Range { column: other, .. }) => column == other,
            _ => false,
        }
    }

    /// Whether it demands something of the column.
    pub(crate) fn names(&self, name: &str) -> bool {
        match self {
            Self::OneOf { column, .. } | Self::Range { column, .. } => column == name,
            Self::Sql(condition) => condition.names(name),
        }
    }
}

impl ForeignKey {
    /// A foreign key of that name, which does nothing of its own.
    pub fn new<C: Into<String>, R: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
        references: impl Into<String>,
        referenced_columns: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            name: Some(name.into()),
            columns: columns.into_iter().map(Into::into).collect(),
            references: references.into(),
            referenced_columns: referenced_columns.into_iter().map(Into::into).collect(),
            on_delete: OnDelete::NoAction,
            on_update: OnUpdate::NoAction,
        }
    }

    /// The same key, which does that when the row there is deleted.
    #[must_use]
    pub fn on_delete(mut self, action: OnDelete) -> Self {
        self.on_delete = action;
        self
    }

    /// The same key, which does that when the key there changes.
    #[must_use]
    pub fn on_update(mut self, action: OnUpdate) -> Self {
        self.on_update = action;
        self
    }

    /// Whether the other is the same but for its name.
    pub(crate) fn is_renamed(&self, to: &Self) -> bool {
        self.name != to.name && Self { name: to.name.clone(), ..self.clone() } == *to
    }
}

impl IndexPart {
    /// The value of an expression.
    pub fn expr(expr: impl Into<Sql>) -> Self {
        Self::from(IndexKey::Expr(expr.into()))
    }

    /// The same from high to low.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// The first `length` characters of it alone.
    #[must_use]
    pub fn first(mut self, length: u32) -> Self {
        self.prefix = Some(length);
        self
    }
}

impl From<IndexKey> for IndexPart {
    fn from(key: IndexKey) -> Self {
        Self { key, descending: false, prefix: None }
    }
}

impl From<String> for IndexPart {
    fn from(column: String) -> Self {
        Self::from(IndexKey::Column(column))
    }
}

impl From<&String> for IndexPart {
    fn from(column: &String) -> Self {
        Self::from(column.clone())
    }
}

impl From<&str> for IndexPart {
    fn from(column: &str) -> Self {
        Self::from(column.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constraint_has_a_name_of_its_own_where_names_are_kept() {
        let unique = |name: Option<&str>| Unique {
            name: name.map(str::to_owned),
            columns: vec!["a".to_owned()],
        };
        let mut table = Table::new("t");
        table.uniques = vec![unique(None), unique(Some("uq-t-a")), unique(None)];
        table.checks = vec![Check { name: None, rule: Rule::Sql(Sql::new("a > b")) }];

        let names = |dialect| -> Vec<Option<String>> {
            let table = table.named(dialect);
            let checks = table.checks.into_iter().map(|it| it.name);
            table.uniques.into_iter().map(|it| it.name).chain(checks).collect()
        };
        let some = |name: &str| Some(name.to_owned());
        let uniques = [some("uq-t-a-2"), some("uq-t-a"), some("uq-t-a-3")];
        assert_eq!(names(Dialect::Postgres), [&uniques[..], &[some("ck-t-check")]].concat());
        assert_eq!(names(Dialect::Mysql), [&uniques[..], &[None]].concat());
        assert_eq!(names(Dialect::Sqlite), [None, some("uq-t-a"), None, None]);
    }
}
