//! A migration as data: changes of the schema and steps on the data.

mod alter;
#[cfg(feature = "migrate")]
mod part;
mod update;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    change::Change,
    names::hex,
    schema::{Index, IndexPart, Schema, Sql, Table, TableBuilder, Value},
};

pub use alter::AlterBuilder;
pub use update::{Assignment, Batches, Condition, Source, Update, UpdateBuilder};

/// What a migration does, in order. Everything else follows from it without a database: the
/// statements for each of the three, the way back, the schema afterwards, the checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "steps are what it is made of")]
pub struct Steps {
    steps: Vec<Step>,
    /// What was asked for that cannot be rendered; [`Steps::problem`] tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsupported: Vec<String>,
    /// Why it may lose data, when somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allowed_loss: Option<String>,
}

/// One step of a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// The schema changes.
    Change(Change),
    /// Rows appear.
    Insert(Rows),
    /// Rows disappear: those that agree with `Rows` in its key.
    Delete(Rows),
    /// Rows are different, in the words of each database.
    Sql(Written),
    /// Rows have other values.
    Update(Update),
    /// Code runs that the history has beside the migration.
    Code(Code),
}

/// Code that a migration calls for what cannot be said as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What it does, and how the code knows which step is meant.
    pub name: String,
    /// A number that is another when the code does something else: all that a checksum can know of
    /// it.
    pub version: u32,
    /// Whether it is called on the way back, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_back: bool,
    /// Whether it is called to take back what it did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_back: bool,
}

/// SQL that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The table whose rows it changes.
    pub table: String,
    /// What it does; nothing when only the way back does something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Sql>,
    /// What takes it back; nothing when nothing has to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Sql>,
}

/// Rows of a table by the names of their columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// The table.
    pub table: String,
    /// The columns that the rows have values for; the first is what a row is known by.
    pub columns: Vec<String>,
    /// The rows, each with a value for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Step {
    /// The step that takes this one back.
    #[must_use]
    pub fn reverse(&self) -> Self {
        match self {
            Self::Change(change) => Self::Change(change.reverse()),
            Self::Insert(rows) => Self::Delete(rows.clone()),
            Self::Delete(rows) => Self::Insert(rows.clone()),
            Self::Sql(Written { table, run, back }) => {
                Self::Sql(Written { table: table.clone(), run: back.clone(), back: run.clone() })
            }
            Self::Update(update) => Self::Update(update.reverse()),
            Self::Code(code) => Self::Code(Code { is_back: !code.is_back, ..code.clone() }),
        }
    }

    /// The step in a sentence, without its sign.
    pub fn describe(&self) -> String {
        match self {
            Self::Change(change) => change.describe(),
            Self::Insert(rows) => format!("insert {} into `{}`", rows.count(), rows.table),
            Self::Delete(rows) => format!("delete {} from `{}`", rows.count(), rows.table),
            Self::Sql(written) if written.run.is_none() => {
                format!("leave the rows of `{}` as they are", written.table)
            }
            Self::Sql(written) => format!("change rows of `{}`", written.table),
            Self::Update(update) => update.describe(),
            Self::Code(code) if !code.runs() => {
                format!("leave what `{}` did as it is", code.name)
            }
            Self::Code(code) if code.is_back => format!("take back `{}`, which is code", code.name),
            Self::Code(code) => format!("run `{}`, which is code", code.name),
        }
    }

    /// `+` for what appears, `-` for what disappears.
    pub fn sign(&self) -> char {
        match self {
            Self::Change(change) => change.sign(),
            Self::Insert(_) => '+',
            Self::Delete(_) => '-',
            Self::Sql(_) | Self::Update(_) | Self::Code(_) => '~',
        }
    }

    /// The table that it touches.
    pub fn table(&self) -> &str {
        match self {
            Self::Change(change) => change.table(),
            Self::Insert(rows) | Self::Delete(rows) => &rows.table,
            Self::Sql(written) => &written.table,
            Self::Update(update) => &update.table,
            // Whichever it touches.
            Self::Code(_) => "",
        }
    }
}

impl Code {
    /// Whether it is called at all.
    pub(crate) fn runs(&self) -> bool {
        !self.is_back || self.has_back
    }
}

impl Rows {
    fn count(&self) -> String {
        match self.rows.len() {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        }
    }
}

impl Steps {
    /// A migration that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a table.
    #[must_use]
    pub fn create_table(
        mut self,
        name: &str,
        table: impl FnOnce(TableBuilder) -> TableBuilder,
    ) -> Self {
        let table = self.built(name, table);
        self.change(Change::CreateTable(table))
    }

    fn built(&mut self, name: &str, table: impl FnOnce(TableBuilder) -> TableBuilder) -> Table {
        let (table, unsupported) = table(TableBuilder::new(name)).finish();
        self.refuse(name, unsupported);
        table
    }

    /// Remembers what no database-neutral form exists for.
    fn refuse(&mut self, table: &str, what: Vec<String>) {
        self.unsupported.extend(what.into_iter().map(|what| format!("{what} of table `{table}`")));
    }

    /// Alters a table that is there.
    ///
    /// ```
    /// use plimsoll::prelude::*;
    ///
    /// let steps = Steps::new().alter("users", |t| {
    ///     t.add(|t| t.column(string_len_null("nickname", 80)).index(["nickname"]))
    ///         .change(|t| t.column(string_len("name", 80)), |t| t.column(string_len("name", 120)))
    ///         .drop(|t| t.column(string_len_null("fax", 40)))
    /// });
    ///
    /// assert_eq!(steps.steps().len(), 4);
    /// ```
    #[must_use]
    pub fn alter(mut self, table: &str, alter: impl FnOnce(AlterBuilder) -> AlterBuilder) -> Self {
        let (changes, unsupported) = alter(AlterBuilder::new(table)).finish();
        self.refuse(table, unsupported);
        changes.into_iter().fold(self, Self::change)
    }

    /// Drops a table. It is written in full, because the way back creates it again; its rows do not
    /// come back.
    #[must_use]
    pub fn drop_table(
        mut self,
        name: &str,
        table: impl FnOnce(TableBuilder) -> TableBuilder,
    ) -> Self {
        let table = self.built(name, table);
        self.change(Change::DropTable(table))
    }

    /// Gives a table another name, wherever it is named.
    #[must_use]
    pub fn rename_table(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.change(Change::RenameTable { from: from.into(), to: to.into() })
    }

    /// Creates an enumeration that stands beside the tables, as PostgreSQL has them and the other two
    /// have not: a step before the first table with a column of it.
    #[must_use]
    pub fn create_enum<V: Into<String>>(
        self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.change(Change::CreateEnum { name: name.into(), values })
    }

    /// Gives an enumeration that stands beside the tables other values, or another order. A row that
    /// has a value which goes is refused.
    #[must_use]
    pub fn alter_enum<V: Into<String>>(
        self,
        name: impl Into<String>,
        from: impl IntoIterator<Item = V>,
        to: impl IntoIterator<Item = V>,
    ) -> Self {
        let from = from.into_iter().map(Into::into).collect();
        let to = to.into_iter().map(Into::into).collect();
        self.change(Change::AlterEnum { name: name.into(), from, to })
    }

    /// Drops an enumeration that stands beside the tables, which no column is of any more. Its values
    /// are written because the way back creates it again.
    #[must_use]
    pub fn drop_enum<V: Into<String>>(
        self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.change(Change::DropEnum { name: name.into(), values })
    }

    /// Creates an index over these columns of a table that exists, named `idx-<table>-<columns>`.
    #[must_use]
    pub fn create_index<P: Into<IndexPart>>(
        self,
        table: &str,
        parts: impl IntoIterator<Item = P>,
    ) -> Self {
        let index = Index::over(table, parts);
        self.change(Change::CreateIndex { table: table.to_owned(), index })
    }

    /// Creates an index as it was built.
    #[must_use]
    pub fn add_index(self, table: &str, index: Index) -> Self {
        self.change(Change::CreateIndex { table: table.to_owned(), index })
    }

    /// Inserts rows. The way back deletes the rows that agree with them in the first column.
    #[must_use]
    pub fn insert<C: Into<String>>(
        mut self,
        table: &str,
        columns: impl IntoIterator<Item = C>,
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Self {
        self.steps.push(Step::Insert(Rows {
            table: table.to_owned(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().collect(),
        }));
        self
    }

    /// Gives columns other values, in one statement.
    ///
    /// ```
    /// use plimsoll::prelude::*;
    ///
    /// let steps = Steps::new().update("users", |u| {
    ///     u.copy("display_name", "username").where_null("display_name")
    /// });
    ///
    /// assert_eq!(steps.steps()[0].describe(), "set `display_name` of `users`");
    /// ```
    #[must_use]
    pub fn update(
        mut self,
        table: &str,
        update: impl FnOnce(UpdateBuilder) -> UpdateBuilder,
    ) -> Self {
        let update = update(UpdateBuilder::new(table, None)).finish();
        self.steps.push(Step::Update(update));
        self
    }

    /// As [`Steps::update`], batch by batch in the order of `key`, a column by which a row is known:
    /// no row is locked for longer than a batch takes, a run that was interrupted goes on where it
    /// was, and what the batches did stays when a later step fails.
    #[must_use]
    pub fn backfill(
        mut self,
        table: &str,
        key: &str,
        update: impl FnOnce(UpdateBuilder) -> UpdateBuilder,
    ) -> Self {
        let update = update(UpdateBuilder::new(table, Some(Batches::by(key)))).finish();
        self.steps.push(Step::Update(update));
        self
    }

    /// Calls code for what cannot be said as data: the function that the history has beside the
    /// migration ([`history!`](crate::history), `declared … with …`) is told `name`. It has a
    /// transaction of its own, of rows alone: no script can show what it does, and on MySQL no
    /// transaction holds what alters the schema. Nothing has to be taken back.
    ///
    /// `version` is all that a checksum knows of it: count it up when the code does something else.
    #[must_use]
    pub fn code(self, name: impl Into<String>, version: u32) -> Self {
        let code = Code { name: name.into(), version, has_back: false, is_back: false };
        self.and_step(Step::Code(code))
    }

    /// As [`Steps::code`], and the function is called on the way back, too.
    #[must_use]
    pub fn code_and_back(self, name: impl Into<String>, version: u32) -> Self {
        let code = Code { name: name.into(), version, has_back: true, is_back: false };
        self.and_step(Step::Code(code))
    }

    /// Says that rows or values that the steps lose are no longer needed, and why. Without it whoever
    /// runs the migration is asked.
    #[must_use]
    pub fn allow_loss(mut self, why: impl Into<String>) -> Self {
        self.allowed_loss = Some(why.into());
        self
    }

    /// Why the steps may lose data, when they say so.
    pub fn allowed_loss(&self) -> Option<&str> {
        self.allowed_loss.as_deref()
    }

    /// What the steps lose for good, as sentences: tables and columns that go, and values that are
    /// computed from now on.
    pub fn losses(&self) -> Vec<String> {
        let changes = self.steps.iter().filter_map(|step| match step {
            Step::Change(change) if change.loses() => Some(change.describe()),
            _ => None,
        });
        changes.collect()
    }

    /// Changes rows of a table in words of its own, one text for all databases or one for each
    /// ([`Sql::each`]). Nothing has to be taken back.
    ///
    /// One statement, of rows alone: what alters the schema MySQL keeps by itself, and nobody would
    /// know after a crash whether it has run.
    #[must_use]
    pub fn sql(mut self, table: &str, run: impl Into<Sql>) -> Self {
        let run = Some(run.into());
        self.steps.push(Step::Sql(Written { table: table.to_owned(), run, back: None }));
        self
    }

    /// As [`Steps::sql`], taken back by another statement.
    #[must_use]
    pub fn sql_and_back(mut self, table: &str, run: impl Into<Sql>, back: impl Into<Sql>) -> Self {
        let (run, back) = (Some(run.into()), Some(back.into()));
        self.steps.push(Step::Sql(Written { table: table.to_owned(), run, back }));
        self
    }

    /// Adds a change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.steps.push(Step::Change(change));
        self
    }

    /// Adds a step of any kind.
    #[must_use]
    pub fn and_step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps that take these back, in the order in which they have to run.
    #[must_use]
    pub fn reverse(&self) -> Self {
        Self {
            steps: self.steps.iter().rev().map(Step::reverse).collect(),
            unsupported: self.unsupported.clone(),
            // A way back is asked for by whoever takes it.
            allowed_loss: None,
        }
    }

    /// Does to `schema` what the steps do to a database.
    ///
    /// # Errors
    /// A sentence that says which step the schema does not allow, and why.
    pub fn apply(&self, schema: &mut Schema) -> Result<(), String> {
        for step in &self.steps {
            if let Step::Change(change) = step {
                change.apply(schema).map_err(|why| format!("cannot {}: {why}", step.describe()))?;
            }
        }
        Ok(())
    }

    /// What is wrong with the steps by themselves: something that cannot be rendered, a row that
    /// has not a value for each column, rows without columns.
    pub fn problem(&self) -> Option<String> {
        if let Some(what) = self.unsupported.first() {
            return Some(format!("{what} cannot be rendered for all three databases"));
        }
        self.steps.iter().find_map(|step| match step {
            Step::Insert(rows) | Step::Delete(rows) if rows.columns.is_empty() => {
                Some(format!("rows of `{}` name no column", rows.table))
            }
            Step::Insert(rows) | Step::Delete(rows) => {
                let wrong = rows.rows.iter().position(|row| row.len() != rows.columns.len())?;
                Some(format!(
                    "row {} of `{}` has {} values for {} columns",
                    wrong + 1,
                    rows.table,
                    rows.rows[wrong].len(),
                    rows.columns.len()
                ))
            }
            Step::Update(update) => update.problem(),
            Step::Change(_) | Step::Sql(_) | Step::Code(_) => None,
        })
    }

    /// A digest of what the steps mean: 64 hexadecimal digits of SHA-256. Formatting, comments and
    /// line endings of the file have no part in it, nor has any database.
    ///
    /// # Panics
    /// Never: the steps hold nothing that JSON cannot.
    pub fn checksum(&self) -> String {
        // Straight from the structs: by way of `serde_json::Value` the order of keys would depend
        // on which features other crates of the build turn on.
        let text = serde_json::to_string(&self.steps).expect("steps are plain data");
        hex(&Sha256::digest(format!("v1:{text}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use sea_query::ColumnDef;

    use super::*;

    fn create() -> Steps {
        Steps::new()
            .create_table("pets", |t| {
                t.column(ColumnDef::new("id").big_integer().primary_key().auto_increment())
                    .column(ColumnDef::new("name").string_len(80).not_null())
                    .index(["name"])
            })
            .insert("pets", ["id", "name"], [vec![1.into(), "Rex".into()]])
    }

    #[test]
    fn the_way_back_undoes_the_steps_in_reverse_order() {
        let back = create().reverse();

        let said: Vec<_> = back.steps().iter().map(Step::describe).collect();
        assert_eq!(said, ["delete 1 row from `pets`", "drop table `pets`"]);
        assert_eq!(back.reverse(), create());
    }

    #[test]
    fn applied_and_reversed_the_schema_is_what_it_was() {
        let mut schema = Schema::default();

        create().apply(&mut schema).unwrap();
        assert_eq!(schema.tables.len(), 1);
        create().reverse().apply(&mut schema).unwrap();

        assert_eq!(schema, Schema::default());
    }

    #[test]
    fn the_schema_refuses_what_a_database_would() {
        let mut schema = Schema::default();
        create().apply(&mut schema).unwrap();

        let twice = create().apply(&mut schema).unwrap_err();
        let nowhere = Steps::new().create_index("dogs", ["name"]).apply(&mut schema).unwrap_err();
        let no_column = Steps::new().create_index("pets", ["age"]).apply(&mut schema).unwrap_err();

        assert_eq!(twice, "cannot create table `pets`: table `pets` exists already");
        assert_eq!(
            nowhere,
            "cannot create index `idx-dogs-name` on `dogs`: table `dogs` does not exist"
        );
        assert_eq!(
            no_column,
            "cannot create index `idx-pets-age` on `pets`: table `pets` has no column `age`"
        );
    }

    #[test]
    fn the_checksum_is_of_the_meaning() {
        let other = create().create_index("pets", ["id", "name"]);

        assert_eq!(create().checksum(), create().checksum());
        assert_ne!(create().checksum(), other.checksum());
        assert_eq!(
            create().checksum(),
            "25bd9706bc1313360afb2113808bc688e40a0fcd1bf8dc35604052802672e8aa",
            "a change of this digest makes every applied migration look edited"
        );
    }

    #[test]
    fn a_row_that_does_not_fit_its_columns_is_named() {
        let steps = Steps::new().insert("pets", ["id", "name"], [vec![1.into()]]);

        assert_eq!(steps.problem().unwrap(), "row 1 of `pets` has 1 values for 2 columns");
        assert_eq!(create().problem(), None);
    }
}
