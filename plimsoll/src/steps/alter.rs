//! Changes of a table that is there, as migrations write them.

use sea_query::Expr;

use crate::{
    change::Change,
    schema::{Check, Column, Default, ForeignKey, Index, IntoColumn, Table, TableBuilder, Unique},
};

/// Builds the changes of a table. What comes, goes or is different is written as it is in
/// [`Steps::create_table`](super::Steps::create_table).
#[derive(Clone, Debug)]
pub struct AlterBuilder {
    table: String,
    changes: Vec<Change>,
    unsupported: Vec<String>,
}

impl AlterBuilder {
    pub(super) fn new(table: &str) -> Self {
        Self { table: table.to_owned(), changes: Vec::new(), unsupported: Vec::new() }
    }

    /// The changes in order, and what in them no database-neutral form exists for.
    pub(super) fn finish(self) -> (Vec<Change>, Vec<String>) {
        (self.changes, self.unsupported)
    }

    /// Adds columns, constraints and indexes.
    ///
    /// A column that takes no NULL needs a default when the table has rows.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it is what a migration calls it")]
    pub fn add(mut self, what: impl FnOnce(TableBuilder) -> TableBuilder) -> Self {
        let added = self.part(what);
        self.appear(added);
        self
    }

    /// Adds a column that takes no NULL, with what it gets in the rows that are there: a constant, or
    /// the present time. Rows that come later get the column's own default, or have to name it.
    ///
    /// ```
    /// use plimsoll::prelude::*;
    ///
    /// let steps = Steps::new().alter("users", |t| t.add_filled(string_len("nickname", 80), "-"));
    ///
    /// let said: Vec<String> = steps.steps().iter().map(|it| it.describe()).collect();
    /// assert_eq!(
    ///     said,
    ///     [
    ///         "add column `users.nickname`: string(80), not null, default '-'",
    ///         "change column `users.nickname`: default '-' -> none",
    ///     ]
    /// );
    /// ```
    #[must_use]
    pub fn add_filled(self, column: impl IntoColumn, fill: impl Into<Expr>) -> Self {
        self.filled(column, &fill.into(), Change::adding_filled)
    }

    /// Drops a column that takes no NULL, with what the rows that are there get when the way back
    /// adds it again.
    #[must_use]
    pub fn drop_filled(self, column: impl IntoColumn, fill: impl Into<Expr>) -> Self {
        self.filled(column, &fill.into(), Change::dropping_filled)
    }

    fn filled(
        mut self,
        column: impl IntoColumn,
        fill: &Expr,
        changes: fn(&str, Column, Default) -> [Change; 2],
    ) -> Self {
        let mut part = self.part(|t| t.column(column));
        if !(part.uniques.is_empty() && part.checks.is_empty()) {
            self.unsupported.push("a constraint of a column that is filled".to_owned());
        }
        let column = part.columns.remove(0);
        match Default::try_from(fill) {
            Ok(fill @ (Default::Value(_) | Default::Now)) => {
                self.changes.extend(changes(&self.table, column, fill));
            }
            Ok(Default::Sql(_)) => {
                self.unsupported.push("an expression that fills a column".to_owned());
            }
            Err(what) => self.unsupported.push(format!("{what} that fills a column")),
        }
        self
    }

    /// Drops columns, constraints and indexes. They are written in full, because the way back adds
    /// them again.
    #[must_use]
    pub fn drop(mut self, what: impl FnOnce(TableBuilder) -> TableBuilder) -> Self {
        let dropped = self.part(what);
        self.disappear(dropped);
        self
    }

    /// Changes what is there from what it was to what it will be: columns, which are told by their
    /// names, constraints and indexes, which are told by their names or by being the same but for
    /// them, the comment and the options of the table. What the first has and the second has not
    /// goes, and the other way round.
    #[must_use]
    pub fn change(
        mut self,
        from: impl FnOnce(TableBuilder) -> TableBuilder,
        to: impl FnOnce(TableBuilder) -> TableBuilder,
    ) -> Self {
        let (mut from, mut to) = (self.part(from), self.part(to));
        let table = self.table.clone();
        if from.comment != to.comment {
            let (from, to) = (from.comment.take(), to.comment.take());
            self.changes.push(Change::CommentTable { table: table.clone(), from, to });
        }
        if from.options != to.options {
            let (from, to) = (from.options.clone(), to.options.clone());
            self.changes.push(Change::AlterOptions { table: table.clone(), from, to });
        }
        let columns = paired(&mut from.columns, &mut to.columns, |was, is| was.name == is.name);
        let altered = pairs(&mut from, &mut to, &table);
        let gone = std::mem::take(&mut from.columns);
        self.disappear(from);
        self.changes.extend(columns.into_iter().map(|(was, is)| Change::AlterColumn {
            table: table.clone(),
            from: Box::new(was),
            to: Box::new(is),
        }));
        self.changes.extend(altered);
        self.appear(to);
        self.drop_columns(gone);
        self
    }

    /// Gives a column another name, wherever it is named.
    #[must_use]
    pub fn rename_column(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        let (table, from, to) = (self.table.clone(), from.into(), to.into());
        self.changes.push(Change::RenameColumn { table, from, to });
        self
    }

    /// Gives the table another name, by which it is called from here on.
    #[must_use]
    pub fn rename_to(mut self, name: impl Into<String>) -> Self {
        let to = name.into();
        let from = std::mem::replace(&mut self.table, to.clone());
        self.changes.push(Change::RenameTable { from, to });
        self
    }

    /// Makes other columns the primary key.
    #[must_use]
    pub fn primary_key<C: Into<String>>(
        mut self,
        from: impl IntoIterator<Item = C>,
        to: impl IntoIterator<Item = C>,
    ) -> Self {
        let from = from.into_iter().map(Into::into).collect();
        let to = to.into_iter().map(Into::into).collect();
        self.changes.push(Change::AlterPrimaryKey { table: self.table.clone(), from, to });
        self
    }

    /// Adds a change of any kind.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// A part of the table as it was built.
    fn part(&mut self, what: impl FnOnce(TableBuilder) -> TableBuilder) -> Table {
        let (part, unsupported) = what(TableBuilder::new(&*self.table)).finish();
        self.unsupported.extend(unsupported);
        if !part.primary_key.is_empty() {
            self.unsupported.push("a primary key that is not changed by `primary_key`".to_owned());
        }
        part
    }

    fn appear(&mut self, part: Table) {
        let table = || self.table.clone();
        let columns = part.columns.into_iter();
        let added = columns.map(|column| Change::AddColumn { table: table(), column });
        let uniques = part.uniques.into_iter();
        let added = added.chain(uniques.map(|unique| Change::AddUnique { table: table(), unique }));
        let checks = part.checks.into_iter();
        let added = added.chain(checks.map(|check| Change::AddCheck { table: table(), check }));
        let indexes = part.indexes.into_iter();
        let added = added.chain(indexes.map(|index| Change::CreateIndex { table: table(), index }));
        let keys = part.foreign_keys.into_iter();
        let added: Vec<Change> =
            added.chain(keys.map(|key| Change::AddForeignKey { table: table(), key })).collect();
        self.changes.extend(added);
    }

    fn disappear(&mut self, mut part: Table) {
        let columns = std::mem::take(&mut part.columns);
        // The way back of what would add it.
        let before = self.changes.len();
        self.appear(part);
        let dropped: Vec<Change> =
            self.changes.drain(before..).rev().map(|added| added.reverse()).collect();
        self.changes.extend(dropped);
        self.drop_columns(columns);
    }

    fn drop_columns(&mut self, columns: Vec<Column>) {
        let table = self.table.clone();
        let dropped = columns.into_iter();
        let dropped = dropped.map(|column| Change::DropColumn { table: table.clone(), column });
        self.changes.extend(dropped);
    }
}

/// Takes out of both what is one thing before and after.
fn paired<P>(from: &mut Vec<P>, to: &mut Vec<P>, is_one: impl Fn(&P, &P) -> bool) -> Vec<(P, P)> {
    let mut pairs = Vec::new();
    for was in std::mem::take(from) {
        match to.iter().position(|is| is_one(&was, is)) {
            Some(at) => pairs.push((was, to.remove(at))),
            None => from.push(was),
        }
    }
    pairs
}

/// The constraints and indexes that are others under their names, or the same under others.
fn pairs(from: &mut Table, to: &mut Table, table: &str) -> Vec<Change> {
    let table = || table.to_owned();
    let uniques = paired(&mut from.uniques, &mut to.uniques, |was: &Unique, is| {
        was.columns == is.columns || (was.name.is_some() && was.name == is.name)
    });
    let uniques =
        uniques.into_iter().map(|(from, to)| Change::AlterUnique { table: table(), from, to });
    let checks = paired(&mut from.checks, &mut to.checks, |was: &Check, is| {
        was.rule == is.rule
            || (was.name.is_some() && was.name == is.name)
            || ((was.name.is_none() || is.name.is_none()) && was.rule.is_about_the_same(&is.rule))
    });
    let checks =
        checks.into_iter().map(|(from, to)| Change::AlterCheck { table: table(), from, to });
    let indexes = paired(&mut from.indexes, &mut to.indexes, |was: &Index, is| {
        was.is_renamed(is) || was.name == is.name
    });
    let indexes = indexes.into_iter().map(|(from, to)| Change::AlterIndex {
        table: table(),
        from: Box::new(from),
        to: Box::new(to),
    });
    let keys = paired(&mut from.foreign_keys, &mut to.foreign_keys, |was: &ForeignKey, is| {
        was.is_renamed(is)
            || (was.name.is_some() && was.name == is.name)
            || (&was.columns, &was.references, &was.referenced_columns)
                == (&is.columns, &is.references, &is.referenced_columns)
    });
    let keys = keys.into_iter().map(|(from, to)| Change::AlterForeignKey {
        table: table(),
        from: Box::new(from),
        to: Box::new(to),
    });
    uniques.chain(checks).chain(indexes).chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use sea_query::ColumnDef;

    use crate::{
        schema::{Schema, Sql},
        steps::{Step, Steps},
    };

    fn text(name: &str, length: u32) -> ColumnDef {
        ColumnDef::new(name.to_owned()).string_len(length).take()
    }

    fn users() -> Steps {
        Steps::new().create_table("users", |t| {
            t.column(ColumnDef::new("id").big_integer().primary_key().auto_increment())
                .column(text("name", 80).unique_key())
                .column(text("city", 20))
                .index(["city"])
        })
    }

    fn altered() -> Steps {
        Steps::new().alter("users", |t| {
            t.add(|t| t.column(text("nickname", 80).not_null().default("-")).index(["nickname"]))
                .drop(|t| t.column(text("city", 20)).index(["city"]))
                .change(|t| t.column(text("name", 80)), |t| t.column(text("name", 120)))
                .rename_column("name", "full_name")
                .rename_to("people")
                .add(|t| t.check("named", Sql::new("full_name <> ''")))
        })
    }

    #[test]
    fn a_table_is_altered_in_the_words_in_which_one_is_created() {
        let said: Vec<String> = altered().steps().iter().map(Step::describe).collect();

        assert_eq!(
            said,
            [
                "add column `users.nickname`: string(80), not null, default '-'",
                "create index `idx-users-nickname` on `users`",
                "drop index `idx-users-city` on `users`",
                "drop column `users.city`",
                "change column `users.name`: string(80) -> string(120)",
                "rename column `users.name` to `full_name`",
                "rename table `users` to `people`",
                "add check `ck-people-named` on `people`: full_name <> ''",
            ]
        );
    }

    #[test]
    fn what_was_altered_comes_back() {
        let mut schema = Schema::default();
        users().apply(&mut schema).unwrap();
        let before = schema.clone();

        altered().apply(&mut schema).unwrap();
        assert!(schema.tables["people"].column("full_name").unwrap().nullable);
        altered().reverse().apply(&mut schema).unwrap();

        // The order of columns is no difference.
        for table in schema.tables.values_mut() {
            table.columns.sort_by(|one, other| one.name.cmp(&other.name));
        }
        let mut wanted = before;
        for table in wanted.tables.values_mut() {
            table.columns.sort_by(|one, other| one.name.cmp(&other.name));
        }
        assert_eq!(schema, wanted);
    }

    #[test]
    fn what_goes_and_comes_with_a_change_is_in_an_order_that_works() {
        let steps = Steps::new().alter("users", |t| {
            t.change(
                |t| t.column(text("name", 80)).column(text("city", 20)).unique(["name"]),
                |t| t.column(text("name", 120)).column(text("town", 20)).unique(["town"]),
            )
        });

        let said: Vec<String> = steps.steps().iter().map(Step::describe).collect();
        assert_eq!(
            said,
            [
                "drop unique `uq-users-name` on `users`: (name)",
                "change column `users.name`: string(80) -> string(120)",
                "add column `users.town`: string(20), nullable",
                "add unique `uq-users-town` on `users`: (town)",
                "drop column `users.city`",
            ]
        );
    }

    #[test]
    fn a_key_that_comes_with_a_column_is_refused() {
        let steps = Steps::new().alter("users", |t| {
            t.add(|t| t.column(ColumnDef::new("code").integer().primary_key()))
        });

        let problem = steps.problem().unwrap();
        assert!(
            problem.contains("a primary key that is not changed by `primary_key`"),
            "{problem}"
        );
    }
}
