//! Steps that are made in a database with rows in it, what it has then, and the way back.

use std::collections::BTreeMap;

use plimsoll::{
    App, Change, Dialect, History, Schema, Steps, Wanted, alter, diff, introspect,
    plan::statements,
    render::Effect,
    schema::{Check, Column, Default, Rule, Value},
    steps::{AlterBuilder, Step},
    testing::{Scratch, run_empty},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, TransactionTrait as _};
use sea_orm_migration::SchemaManager;

use crate::{
    case::schema_of,
    database::{dialect, quote, run},
    filled::{fill, forget_records, values},
    made::{changes_as, creation, lines},
    support::{chain, down, heard_up, session, up},
};

/// A schema that the engine makes, rows in it, steps that alter it, and what they make of it.
#[derive(Clone)]
pub(crate) struct Applied {
    have: Steps,
    /// What somebody ran by hand instead, on each database in the order of [`Dialect::ALL`].
    by_hand: Option<[&'static [&'static str]; 3]>,
    rows: Vec<(&'static str, &'static str)>,
    steps: Steps,
    by_alter: Option<(&'static str, Alter)>,
    want: [Schema; 3],
    anew: usize,
    reads: Vec<Read>,
    order: Option<(&'static str, Vec<&'static str>)>,
    takes: Vec<[&'static str; 3]>,
    denies: Vec<&'static str>,
    refused: Option<&'static str>,
    not_taken_back: Option<&'static str>,
    only_on: Option<Dialect>,
    no_notion: [Option<&'static str>; 3],
    not_without: Option<(Steps, &'static str)>,
}

/// The changes as a migration that is code writes them.
type Alter = fn(AlterBuilder) -> AlterBuilder;

/// A table and a column of it.
type Place = (String, String);

type Values = BTreeMap<Place, Vec<Option<String>>>;

/// What a column has when the steps are made, where the values of before do not tell.
#[derive(Clone)]
struct Read {
    on: Option<Dialect>,
    place: Place,
    values: Vec<Option<String>>,
}

/// What a column is to have.
enum Content {
    Values(Vec<Option<String>>),
    /// A value in each of so many rows, whichever it is.
    Something(usize),
}

fn index(dialect: Dialect) -> usize {
    Dialect::ALL.iter().position(|it| *it == dialect).unwrap()
}

fn place(table: &str, column: &str) -> Place {
    (table.to_owned(), column.to_owned())
}

impl Applied {
    /// A database that has what `have` makes. There are three rows of any kind in each table, until
    /// others are given.
    pub(crate) fn of(have: &Steps) -> Self {
        Self {
            have: have.clone(),
            by_hand: None,
            rows: Vec::new(),
            steps: Steps::new(),
            by_alter: None,
            want: std::array::from_fn(|_| schema_of(have)),
            anew: 0,
            reads: Vec::new(),
            order: None,
            takes: Vec::new(),
            denies: Vec::new(),
            refused: None,
            not_taken_back: None,
            only_on: None,
            no_notion: [None; 3],
            not_without: None,
        }
    }

    /// A database in which somebody ran these statements: on SQLite, PostgreSQL and MariaDB. It is
    /// altered from within a migration that is code: [`Applied::by_alter`].
    pub(crate) fn by_hand(statements: [&'static [&'static str]; 3]) -> Self {
        Self { by_hand: Some(statements), ..Self::of(&Steps::new()) }
    }

    /// The rows of a table, as `VALUES` has them.
    pub(crate) fn rows(mut self, table: &'static str, rows: &'static str) -> Self {
        self.rows.push((table, rows));
        self
    }

    /// What a second migration does.
    pub(crate) fn steps(mut self, steps: &Steps) -> Self {
        self.steps = steps.clone().allow_loss("it is a case");
        self
    }

    /// The same, once more, as a migration that is code does it to a table.
    pub(crate) fn by_alter(mut self, table: &'static str, alter: Alter) -> Self {
        self.by_alter = Some((table, alter));
        self
    }

    /// What is there then.
    pub(crate) fn makes(mut self, want: &Steps) -> Self {
        self.want = std::array::from_fn(|_| schema_of(want));
        self
    }

    /// What is there then on one of them.
    pub(crate) fn makes_on(mut self, dialect: Dialect, want: &Steps) -> Self {
        self.want[index(dialect)] = schema_of(want);
        self
    }

    /// SQLite builds so many tables anew for it: none, unless it is said.
    pub(crate) fn anew(mut self, tables: usize) -> Self {
        self.anew = tables;
        self
    }

    /// Something comes with it for which SQLite builds the table anew: a condition of a column that
    /// is a number.
    pub(crate) fn beside_a_rebuild(mut self, table: &str, column: &str) -> Self {
        let rule = Rule::Range { column: column.to_owned(), min: Some(0), max: None };
        let check = Check::new("ck_anew", rule);
        self.steps =
            self.steps.change(Change::AddCheck { table: table.to_owned(), check: check.clone() });
        for want in &mut self.want {
            want.tables.get_mut(table).unwrap().checks.push(check.clone());
        }
        self.anew = self.anew.max(1);
        self
    }

    /// What a column has then, in the order of the first.
    pub(crate) fn reads<V: Into<Option<&'static str>>>(
        self,
        table: &str,
        column: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.reads_where(None, table, column, values)
    }

    /// What a column has then on one of them.
    pub(crate) fn reads_on<V: Into<Option<&'static str>>>(
        self,
        dialect: Dialect,
        table: &str,
        column: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.reads_where(Some(dialect), table, column, values)
    }

    fn reads_where<V: Into<Option<&'static str>>>(
        mut self,
        on: Option<Dialect>,
        table: &str,
        column: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(|it| it.into().map(str::to_owned)).collect();
        self.reads.push(Read { on, place: place(table, column), values });
        self
    }

    /// The columns of a table in their order.
    pub(crate) fn in_order(mut self, table: &'static str, columns: &[&'static str]) -> Self {
        self.order = Some((table, columns.to_vec()));
        self
    }

    /// A statement that works then: on SQLite, PostgreSQL and MariaDB.
    pub(crate) fn takes(mut self, statements: [&'static str; 3]) -> Self {
        self.takes.push(statements);
        self
    }

    /// A statement that is refused then.
    pub(crate) fn denies(mut self, statement: &'static str) -> Self {
        self.denies.push(statement);
        self
    }

    /// Rows do not fit, which is told; nothing happens.
    pub(crate) fn refused(mut self, because: &'static str) -> Self {
        self.refused = Some(because);
        self
    }

    /// It cannot be taken back with the rows that are there, which is told; nothing happens then.
    pub(crate) fn not_taken_back(mut self, because: &'static str) -> Self {
        self.not_taken_back = Some(because);
        self
    }

    /// One of them has no such notion: there is nothing to be made in it.
    pub(crate) fn not_on(mut self, dialect: Dialect, because: &'static str) -> Self {
        self.no_notion[index(dialect)] = Some(because);
        self
    }

    /// The other tool has the case of one of them.
    pub(crate) fn only_on(mut self, dialect: Dialect) -> Self {
        self.only_on = Some(dialect);
        self
    }

    /// These steps, which say less, are no migration.
    pub(crate) fn not_without(mut self, steps: &Steps, because: &'static str) -> Self {
        self.not_without = Some((steps.clone(), because));
        self
    }

    /// Why the databases that have no such notion have none.
    pub(crate) fn no_notions(&self) -> impl Iterator<Item = (Dialect, &'static str)> {
        Dialect::ALL.into_iter().zip(self.no_notion).filter_map(|(it, why)| Some((it, why?)))
    }

    /// What went otherwise than expected on that database.
    pub(crate) fn failure(&self, dialect: Dialect) -> Option<String> {
        let is_of_another = self.only_on.is_some_and(|only| only != dialect);
        if is_of_another || self.no_notion[index(dialect)].is_some() {
            return None;
        }
        let mut outcome = self.is_planned(dialect);
        if self.by_hand.is_none() && outcome.is_ok() {
            run_empty(dialect, async |scratch: &Scratch| {
                outcome = self.is_applied_and_taken_back(scratch).await;
            });
        }
        if let (Some((table, by)), Ok(())) = (self.by_alter, &outcome) {
            run_empty(dialect, async |scratch: &Scratch| {
                outcome = self.is_altered(scratch, table, by).await;
            });
        }
        outcome.err()
    }

    fn want(&self, dialect: Dialect) -> &Schema {
        &self.want[index(dialect)]
    }

    /// What can be told without a database.
    fn is_planned(&self, dialect: Dialect) -> Result<(), String> {
        if self.by_hand.is_some() {
            return Ok(());
        }
        let before = schema_of(&self.have);
        let mut after = before.clone();
        self.steps.apply(&mut after)?;
        let left = lines(&diff(&after, self.want(dialect), &[]).changes);
        is("the steps leave", &left, &Vec::new())?;
        if let Some((less, because)) = &self.not_without {
            let why = less.apply(&mut before.clone()).err().unwrap_or_default();
            is_said(because, &why)?;
        }
        if dialect == Dialect::Sqlite {
            let planned =
                statements(dialect, &self.steps, &before).map_err(|why| why.to_string())?;
            let anew = planned.iter().filter(|it| matches!(it.effect, Effect::Rebuild(_))).count();
            is("built anew", &anew, &self.anew)?;
        }
        Ok(())
    }

    async fn is_applied_and_taken_back(&self, scratch: &Scratch) -> Result<(), String> {
        let (have, steps) = (self.have.clone(), self.steps.clone());
        let history = History::new().declared("m01", move || have.clone());
        let app = App::new(history.declared("m02", move || steps.clone()));
        let have = schema_of(&self.have);
        let created = heard_up(scratch, &app, "m01").await.0;
        created.map_err(|error| format!("before: {}", chain(&error)))?;
        let before = self.filled(scratch).await?;

        let ran = up(scratch, &app).await;

        if let Some(because) = self.refused {
            let Err(error) = ran else { return Err(format!("is not refused: {because}")) };
            is_said(because, &chain(&error))?;
            let (_, still) = look(scratch, &have).await?;
            return is("after the refusal", &still, &before);
        }
        ran.map_err(|error| chain(&error))?;
        let after = self.is_there(scratch, &before).await?;

        let ran = down(scratch, &app, "m01").await;

        if let Some(because) = self.not_taken_back {
            let Err(error) = ran else { return Err(format!("is taken back: {because}")) };
            is_said(because, &chain(&error))?;
            let (_, still) = look(scratch, self.want(dialect(&scratch.db))).await?;
            return is("after the refusal", &still, &after);
        }
        ran.map_err(|error| format!("the way back: {}", chain(&error)))?;
        let (_, mut back) = look(scratch, &have).await?;
        for (place, values) in &before {
            let found = back.remove(place).unwrap_or_default();
            is(&format!("the rows of {}", place.0), &found.len(), &values.len())?;
            if self.keeps(place) {
                is(&format!("back in {place:?}"), &found, values)?;
            }
        }
        Ok(())
    }

    async fn is_altered(&self, scratch: &Scratch, table: &str, by: Alter) -> Result<(), String> {
        let dialect = dialect(&scratch.db);
        let made = match self.by_hand {
            Some(statements) => {
                statements[index(dialect)].iter().map(ToString::to_string).collect()
            }
            None => creation(dialect, &schema_of(&self.have)).map_err(|why| why.to_string())?,
        };
        for statement in &made {
            run(&scratch.db, statement).await;
        }
        let before = self.filled(scratch).await?;
        let db = session(scratch).await;

        alter(&SchemaManager::new(&db), table, by)
            .await
            .map_err(|error| format!("alter: {error}"))?;

        let _ = db.close().await;
        self.is_there(scratch, &before).await.map(drop).map_err(|why| format!("alter: {why}"))
    }

    /// Puts the rows in, and tells what each column has.
    async fn filled(&self, scratch: &Scratch) -> Result<Values, String> {
        let mut found = introspect(&scratch.db).await.map_err(|error| error.to_string())?;
        forget_records(&mut found);
        if self.rows.is_empty() {
            fill(&scratch.db, &found, self.want(dialect(&scratch.db)), 3).await;
        }
        for (table, rows) in &self.rows {
            let table = quote(&scratch.db, table);
            run(&scratch.db, &format!("INSERT INTO {table} VALUES {rows}")).await;
        }
        Ok(values(&scratch.db, &found).await)
    }

    /// The schema and the rows are as they are to be when the steps are made.
    async fn is_there(&self, scratch: &Scratch, before: &Values) -> Result<Values, String> {
        let (found, after) = look(scratch, self.want(dialect(&scratch.db))).await?;
        let mut contents = self.contents(dialect(&scratch.db), before);
        for (place, found) in &after {
            match contents.remove(place) {
                Some(Content::Values(values)) => is(&format!("in {place:?}"), found, &values)?,
                Some(Content::Something(rows)) => {
                    is(&format!("values in {place:?}"), &found.iter().flatten().count(), &rows)?;
                }
                None => return Err(format!("nothing is expected of {place:?}")),
            }
        }
        is("what has no column", &contents.keys().collect::<Vec<_>>(), &Vec::new())?;
        if let Some((table, order)) = &self.order {
            let columns: Vec<&str> =
                found.tables[*table].columns.iter().map(|it| it.name.as_str()).collect();
            is("the columns", &columns, order)?;
        }
        let db = session(scratch).await;
        for statement in &self.takes {
            tried(&db, statement[index(dialect(&db))]).await?;
        }
        for statement in &self.denies {
            if tried(&db, statement).await.is_ok() {
                return Err(format!("this was to be refused: {statement}"));
            }
        }
        let _ = db.close().await;
        Ok(after)
    }

    /// What each column is to have when the steps are made.
    fn contents(&self, dialect: Dialect, before: &Values) -> BTreeMap<Place, Content> {
        let kept = before.iter().map(|(place, it)| (place.clone(), Content::Values(it.clone())));
        let mut contents: BTreeMap<Place, Content> = kept.collect();
        for change in self.changes() {
            match change {
                Change::RenameTable { from, to } => {
                    let named = |table: String| if table == *from { to.clone() } else { table };
                    let moved = contents.into_iter();
                    contents = moved.map(|((of, column), it)| ((named(of), column), it)).collect();
                }
                Change::RenameColumn { table, from, to } => {
                    if let Some(content) = contents.remove(&place(table, from)) {
                        contents.insert(place(table, to), content);
                    }
                }
                Change::DropColumn { table, column } => {
                    contents.remove(&place(table, &column.name));
                }
                Change::AddColumn { table, column } => {
                    let rows = before.iter().find(|((of, _), _)| of == table);
                    let rows = rows.map_or(0, |(_, values)| values.len());
                    contents.insert(place(table, &column.name), given(column, rows));
                }
                _ => {}
            }
        }
        for read in self.reads.iter().filter(|it| it.on.is_none_or(|on| on == dialect)) {
            contents.insert(read.place.clone(), Content::Values(read.values.clone()));
        }
        contents
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.steps().iter().filter_map(|step| match step {
            Step::Change(change) => Some(change),
            _ => None,
        })
    }

    /// Whether nothing that a column had before is lost.
    fn keeps(&self, (of, name): &Place) -> bool {
        !self.changes().any(|change| {
            matches!(change, Change::DropColumn { table, column } if table == of && column.name == *name)
        })
    }
}

/// What the rows that are there get with a column.
fn given(column: &Column, rows: usize) -> Content {
    let value = match &column.default {
        _ if column.generated.is_some() || column.auto_increment => {
            return Content::Something(rows);
        }
        None | Some(Default::Value(Value::Null)) => None,
        Some(Default::Value(Value::Text(text))) => Some(text.clone()),
        Some(Default::Value(Value::Int(number))) => Some(number.to_string()),
        Some(_) => return Content::Something(rows),
    };
    Content::Values(vec![value; rows])
}

/// What the database has, if that is what is wanted: the schema, and the values of each column.
async fn look(scratch: &Scratch, wanted: &Schema) -> Result<(Schema, Values), String> {
    // A session of its own: PostgreSQL holds an older one to the types that it knew.
    let db = session(scratch).await;
    let mut found = introspect(&db).await.map_err(|error| error.to_string())?;
    forget_records(&mut found);
    // It has names where none were wanted.
    let how = if is_named(wanted) { Wanted::Exactly } else { Wanted::ByEntities };
    let left = lines(&changes_as(scratch, &found, wanted, how).await);
    is("differs from what is wanted", &left, &Vec::new())?;
    let values = values(&db, &found).await;
    let _ = db.close().await;
    Ok((found, values))
}

/// Whether every constraint has a name.
fn is_named(schema: &Schema) -> bool {
    schema.tables.values().all(|table| {
        let uniques = table.uniques.iter().map(|it| &it.name);
        let checks = table.checks.iter().map(|it| &it.name);
        let keys = table.foreign_keys.iter().map(|it| &it.name);
        uniques.chain(checks).chain(keys).all(Option::is_some)
    })
}

/// Runs a statement and takes back what it did.
async fn tried(db: &DatabaseConnection, statement: &str) -> Result<(), String> {
    let transaction = db.begin().await.unwrap();
    let ran = transaction.execute_unprepared(statement).await;
    transaction.rollback().await.unwrap();
    ran.map(drop).map_err(|error| format!("{statement}: {error}"))
}

fn is<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    let failed = || Err(format!("{what}: found {found:#?}, expected {expected:#?}"));
    if found == expected { Ok(()) } else { failed() }
}

fn is_said(part: &str, text: &str) -> Result<(), String> {
    if text.contains(part) { Ok(()) } else { Err(format!("`{part}` is not said in: {text}")) }
}
