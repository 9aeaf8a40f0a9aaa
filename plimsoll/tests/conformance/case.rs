//! Two schemas, and what a comparison is to find between them.

use std::fmt::Debug;

use plimsoll::{
    Change, Dialect, How, Schema, Steps, Wanted, compare,
    diff::Question,
    steps::Step,
    testing::{Scratch, run_empty},
};

use crate::{
    database::dialect,
    made::{create, creation, lines},
};

/// A schema that a database has, another that is wanted, and what they differ in.
pub(crate) struct Case {
    have: Have,
    want: Schema,
    wanted: Wanted,
    expected: [Expected; 3],
    asks: Vec<&'static str>,
    beyond: [Vec<&'static str>; 3],
    left_out: Vec<&'static str>,
}

/// No change.
pub(crate) const NONE: &[&str] = &[];

enum Have {
    Declared(Schema),
    /// The statements of each database, in the order of [`Dialect::ALL`].
    ByHand([Vec<&'static str>; 3]),
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

/// The tables that are created, with what they were called before.
fn schema_of(steps: &Steps) -> Schema {
    assert_eq!(steps.problem(), None);
    Schema::of(steps.steps().iter().map(|step| match step {
        Step::Change(Change::CreateTable(table)) => table.clone(),
        other => panic!("{other:?}"),
    }))
}

fn index(dialect: Dialect) -> usize {
    Dialect::ALL.iter().position(|it| *it == dialect).unwrap()
}

impl Case {
    /// A database that has what `have` says and is to stay so.
    pub(crate) fn of(have: &Steps) -> Self {
        let have = schema_of(have);
        Self {
            want: have.clone(),
            have: Have::Declared(have),
            wanted: Wanted::Exactly,
            expected: [const { Expected::Changes(Vec::new()) }; 3],
            asks: Vec::new(),
            beyond: [const { Vec::new() }; 3],
            left_out: Vec::new(),
        }
    }

    /// A database in which somebody ran these statements: on SQLite, PostgreSQL and MariaDB. What is
    /// wanted follows by [`Case::to`].
    pub(crate) fn by_hand([sqlite, postgres, mysql]: [&[&'static str]; 3]) -> Self {
        let have = Have::ByHand([sqlite.to_vec(), postgres.to_vec(), mysql.to_vec()]);
        Self { have, ..Self::of(&Steps::new()) }
    }

    /// What is wanted.
    pub(crate) fn to(mut self, want: &Steps) -> Self {
        self.want = schema_of(want);
        self
    }

    /// What is wanted is what entities say: what they have no attribute for, and how a constraint is
    /// called, is left as it is.
    pub(crate) fn by_entities(mut self) -> Self {
        self.wanted = Wanted::ByEntities;
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
            Have::ByHand(statements) => {
                Ok(statements[at].iter().map(|it| (*it).to_owned()).collect())
            }
            Have::Declared(schema) => creation(dialect, schema),
        };
        // Nothing is written by hand for a database that has no such notion.
        if !is_notion && matches!(&made, Ok(made) if made.is_empty()) {
            return None;
        }
        let made: Vec<String> = match made {
            Ok(made) => made,
            Err(error) => return is_notion.then(|| error.to_string()),
        };
        let asks = if is_notion { self.asks.clone() } else { Vec::new() };
        let mut failure = None;
        if !is_notion && !self.can_be_wanted(dialect) {
            return None;
        }
        run_empty(dialect, async |scratch: &Scratch| {
            let found = match create(scratch, &made).await {
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
            let (detected, asked) = self.differences(scratch, &found).await;
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
        let Ok(wanted) = creation(dialect, &self.want) else { return false };
        let mut is_made = false;
        run_empty(dialect, async |scratch: &Scratch| {
            is_made = create(scratch, &wanted).await.is_ok();
        });
        is_made
    }

    async fn differences(&self, scratch: &Scratch, found: &Schema) -> (Vec<String>, Vec<String>) {
        let how = How {
            asking: Some((&scratch.db, &scratch.database)),
            dialect: dialect(&scratch.db),
            wanted: self.wanted,
            renames: &[],
        };
        let compared = compare(found, &self.want, &how).await;
        assert_eq!(compared.unread, [], "the server could tell");
        let mut changed = found.clone();
        for change in &compared.diff.changes {
            change.apply(&mut changed).unwrap();
        }
        let left = compare(&changed, &self.want, &how).await.diff;
        assert_eq!(lines(&left.changes), [""; 0], "the changes make what is wanted");
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
