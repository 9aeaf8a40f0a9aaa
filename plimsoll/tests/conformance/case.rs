//! Two schemas, and what a comparison is to find between them.

use std::fmt::Debug;

use plimsoll::{
    App, Change, Dialect, How, Schema, Steps, Wanted, Whose, compare,
    config::Database,
    connect,
    diff::Question,
    steps::Step,
    testing::{Scratch, run_empty},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};

use crate::{
    database::dialect,
    made::{create, creation, lines},
};

/// A schema that a database has, another that is wanted, and what they differ in.
pub(crate) struct Case {
    have: Have,
    want: [Schema; 3],
    wanted: Wanted,
    expected: [Expected; 3],
    asks: Vec<&'static str>,
    beyond: [Vec<&'static str>; 3],
    app: Option<App>,
    schema: Option<&'static str>,
    is_reversed: bool,
    left_out: Vec<&'static str>,
}

enum Have {
    Declared(Schema),
    /// The statements of each database, in the order of [`Dialect::ALL`].
    ByHand([Vec<String>; 3]),
}

#[derive(Clone)]
enum Expected {
    Changes(Vec<String>),
    /// Why the database has no such notion.
    NoNotion(&'static str),
}

impl Expected {
    fn changes<S: ToString>(changes: &[S]) -> Self {
        Self::Changes(changes.iter().map(ToString::to_string).collect())
    }
}

/// The schema that the steps make, with what its tables and columns were called before.
pub(crate) fn schema_of(steps: &Steps) -> Schema {
    let mut schema = Schema::default();
    steps.apply(&mut schema).unwrap();
    assert_eq!(steps.problem(), None);
    for step in steps.steps() {
        let Step::Change(Change::CreateTable(written)) = step else { continue };
        let Some(table) = schema.tables.get_mut(&written.name) else { continue };
        table.renamed_from.clone_from(&written.renamed_from);
        for (column, written) in table.columns.iter_mut().zip(&written.columns) {
            column.renamed_from.clone_from(&written.renamed_from);
        }
    }
    schema
}

fn index(dialect: Dialect) -> usize {
    Dialect::ALL.iter().position(|it| *it == dialect).unwrap()
}

impl Case {
    /// A database that has what `have` says and is to stay so.
    pub(crate) fn of(have: &Steps) -> Self {
        let have = schema_of(have);
        Self {
            want: std::array::from_fn(|_| have.clone()),
            have: Have::Declared(have),
            wanted: Wanted::Exactly,
            expected: [const { Expected::Changes(Vec::new()) }; 3],
            asks: Vec::new(),
            beyond: [const { Vec::new() }; 3],
            app: None,
            schema: None,
            is_reversed: false,
            left_out: Vec::new(),
        }
    }

    /// A database in which somebody ran these statements: on SQLite, PostgreSQL and MariaDB. What is
    /// wanted follows by [`Case::to`].
    pub(crate) fn by_hand(statements: [&[&str]; 3]) -> Self {
        let owned = |of: &[&str]| of.iter().map(|it| (*it).to_owned()).collect();
        Self { have: Have::ByHand(statements.map(owned)), ..Self::of(&Steps::new()) }
    }

    /// What is wanted.
    pub(crate) fn to(mut self, want: &Steps) -> Self {
        self.want = std::array::from_fn(|_| schema_of(want));
        self
    }

    /// What is wanted on one of them.
    pub(crate) fn want_on(mut self, dialect: Dialect, want: &Steps) -> Self {
        self.want[index(dialect)] = schema_of(want);
        self
    }

    /// What is wanted is what entities say: what they have no attribute for, and how a constraint is
    /// called, is left as it is.
    pub(crate) fn by_entities(mut self) -> Self {
        self.wanted = Wanted::ByEntities;
        self
    }

    /// What is wanted is what the entities of this app say, and neither side has the tables that it
    /// leaves out.
    pub(crate) fn by_app(mut self, app: App) -> Self {
        self.app = Some(app);
        self.by_entities()
    }

    /// The session works in this schema of PostgreSQL, which is made before anything else. There is
    /// nothing to be run on the other two.
    pub(crate) fn in_schema(mut self, schema: &'static str) -> Self {
        self.schema = Some(schema);
        let because = "a database has no schemas inside it";
        self.not_on(Dialect::Sqlite, because).not_on(Dialect::Mysql, because)
    }

    /// The changes, taken back, make what was there before.
    pub(crate) fn and_back(mut self) -> Self {
        self.is_reversed = true;
        self
    }

    /// The changes that are found on all three, in order.
    pub(crate) fn finds<S: ToString>(mut self, changes: &[S]) -> Self {
        self.expected.fill(Expected::changes(changes));
        self
    }

    /// The changes that are found on one of them.
    pub(crate) fn finds_on<S: ToString>(mut self, dialect: Dialect, changes: &[S]) -> Self {
        self.expected[index(dialect)] = Expected::changes(changes);
        self
    }

    /// One of them has no such notion: there is nothing to be found in it.
    pub(crate) fn not_on(mut self, dialect: Dialect, because: &'static str) -> Self {
        self.expected[index(dialect)] = Expected::NoNotion(because);
        self
    }

    /// The questions that are asked on each database that has the notion.
    pub(crate) fn asks(mut self, questions: &[&'static str]) -> Self {
        self.asks = questions.to_vec();
        self
    }

    /// What is told to be beyond the model, on one of them: the kind and the name.
    pub(crate) fn tells_on(mut self, dialect: Dialect, beyond: &[&'static str]) -> Self {
        self.beyond[index(dialect)] = beyond.to_vec();
        self
    }

    /// The tables that are left out of the comparison, on both sides.
    pub(crate) fn leaving_out(mut self, tables: &[&'static str]) -> Self {
        self.left_out = tables.to_vec();
        self
    }

    /// What went otherwise than expected on that database.
    pub(crate) fn failure(&self, dialect: Dialect) -> Option<String> {
        let at = index(dialect);
        let (changes, is_notion) = match &self.expected[at] {
            Expected::Changes(changes) => (changes.clone(), true),
            Expected::NoNotion(_) => (Vec::new(), false),
        };
        let made = match &self.have {
            Have::ByHand(statements) => Ok(statements[at].clone()),
            Have::Declared(schema) => creation(dialect, schema),
        };
        // Nothing is written by hand for a database that has no such notion.
        let is_written = self.schema.is_none() && !matches!(&made, Ok(made) if made.is_empty());
        if !is_notion && !is_written {
            return None;
        }
        let made: Vec<String> = match made {
            Ok(made) => made,
            Err(error) => return is_notion.then(|| error.to_string()),
        };
        let asks = if is_notion { self.asks.clone() } else { Vec::new() };
        if !is_notion && !self.can_be_wanted(dialect) {
            return None;
        }
        let mut failure = None;
        run_empty(dialect, async |scratch: &Scratch| {
            let (db, database) = self.place(scratch).await;
            let found = match create(&db, &made).await {
                Ok(mut found) => {
                    found.tables.retain(|name, _| !self.left_out.contains(&name.as_str()));
                    found
                }
                Err(error) => {
                    failure = is_notion.then(|| format!("{error}: {made:#?}"));
                    return;
                }
            };
            let beyond = found.beyond.iter().map(|it| format!("{} {}", it.kind, it.name));
            let beyond: Vec<_> = beyond.collect();
            let (detected, asked) = self.differences(&db, &database, found).await;
            failure = first_of([
                differ("changes", &detected, &changes),
                differ("questions", &asked, &asks),
                differ("beyond the model", &beyond, &self.beyond[at]),
            ]);
        });
        failure
    }

    /// Whether a database has a form for all that is wanted.
    fn can_be_wanted(&self, dialect: Dialect) -> bool {
        let Ok(wanted) = creation(dialect, &self.want[index(dialect)]) else { return false };
        let mut is_made = false;
        run_empty(dialect, async |scratch: &Scratch| {
            is_made = create(&scratch.db, &wanted).await.is_ok();
        });
        is_made
    }

    /// The session, and the database that it is in.
    async fn place(&self, scratch: &Scratch) -> (DatabaseConnection, Database) {
        let Some(schema) = self.schema else {
            return (scratch.db.clone(), scratch.database.clone());
        };
        scratch.db.execute_unprepared(&format!("CREATE SCHEMA \"{schema}\"")).await.unwrap();
        let database = scratch.database.clone().with_schema(Some(schema.to_owned()));
        (connect::session(&database).await.unwrap(), database)
    }

    async fn differences(
        &self,
        db: &DatabaseConnection,
        database: &Database,
        found: Schema,
    ) -> (Vec<String>, Vec<String>) {
        let (found, want) = match &self.app {
            Some(app) => {
                assert_eq!(app.listed().unwrap().problems(), [""; 0]);
                let run = app.on(db);
                let found = run.schema(database, Whose::Database).await.unwrap();
                (found, run.schema(database, Whose::Entities).await.unwrap())
            }
            None => (found, self.want[index(dialect(db))].clone()),
        };
        let how = How {
            asking: Some((db, database)),
            dialect: dialect(db),
            wanted: self.wanted,
            renames: &[],
        };
        let compared = compare(&found, &want, &how).await;
        assert_eq!(compared.unread, [], "the server could tell");
        let mut changed = found.clone();
        for change in &compared.diff.changes {
            change.apply(&mut changed).unwrap();
        }
        let left = compare(&changed, &want, &how).await.diff;
        assert_eq!(lines(&left.changes), [""; 0], "the changes make what is wanted");
        if self.is_reversed {
            for change in compared.diff.changes.iter().rev() {
                change.reverse().apply(&mut changed).unwrap();
            }
            let left = compare(&changed, &found, &how).await.diff;
            assert_eq!(lines(&left.changes), [""; 0], "taken back, the changes leave nothing");
        }
        let asked = compared.diff.questions.iter().map(Question::ask).collect();
        (lines(&compared.diff.changes), asked)
    }

    /// Why the databases that have no such notion have none.
    pub(crate) fn no_notions(&self) -> impl Iterator<Item = (Dialect, &'static str)> {
        Dialect::ALL.into_iter().zip(&self.expected).filter_map(
            |(dialect, expected)| match expected {
                Expected::NoNotion(because) => Some((dialect, *because)),
                Expected::Changes(_) => None,
            },
        )
    }
}

fn differ<S: AsRef<str> + Debug>(what: &str, found: &[String], expected: &[S]) -> Option<String> {
    let same = found.iter().map(String::as_str).eq(expected.iter().map(AsRef::as_ref));
    (!same).then(|| format!("{what}: found {found:#?}, expected {expected:#?}"))
}

fn first_of(failures: [Option<String>; 3]) -> Option<String> {
    failures.into_iter().flatten().next()
}
