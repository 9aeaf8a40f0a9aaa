//! Every kind of change on every database that has the notion: detected after the database made and
//! kept the schema. A folder of `tests/cases` for each.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use plimsoll::{
    App, Change, Dialect, History, Schema, Wanted, diff, introspect,
    testing::{Scratch, run_empty},
};

use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::{
    filled::{creation_of, fill, forget_records, steps_of, values},
    made::{changes, changes_as, create, creation, lines},
    support::*,
};

/// What a file of expectations begins with whose database has no such notion.
const NONE: &str = "none: ";

/// The cases of which no value has a counterpart in the new type.
pub(crate) const WITHOUT_ROWS: &[&str] = &["primary_key_type"];

/// Writes the tests of each folder, a module with one for each database.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        pub(crate) const CASES: &[&str] = &[$(stringify!($case)),+];

        $(mod $case {
            use plimsoll::Dialect;

            #[test]
            fn sqlite() {
                super::is_detected(stringify!($case), Dialect::Sqlite);
            }

            #[test]
            fn postgres() {
                super::is_detected(stringify!($case), Dialect::Postgres);
            }

            #[test]
            fn mysql() {
                super::is_detected(stringify!($case), Dialect::Mysql);
            }
        })+
    };
}

each_case!(cases);

fn folders() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The file of a case: the database's own, or the one for all.
fn read(case: &str, file: &str, extension: &str, dialect: Dialect) -> String {
    let folder = folders().join(case.replace('_', "-"));
    let own = folder.join(format!("{file}.{dialect}.{extension}"));
    let path = if own.exists() { own } else { folder.join(format!("{file}.{extension}")) };
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn schema(case: &str, file: &str, dialect: Dialect) -> Schema {
    let text = read(case, file, "json", dialect);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file} of {case}: {error}"))
}

/// The lines of the changes, or why the database has no such notion.
pub(crate) fn kinds_of(case: &str, dialect: Dialect) -> Result<Vec<String>, String> {
    let text = read(case, "expected", "txt", dialect);
    match text.strip_prefix(NONE) {
        Some(reason) => Err(reason.trim_end().to_owned()),
        None => Ok(text.lines().map(str::to_owned).collect()),
    }
}

fn is_detected(case: &str, dialect: Dialect) {
    let (have, want) = (schema(case, "have", dialect), schema(case, "want", dialect));
    let made = (creation(dialect, &have), creation(dialect, &want));
    let expected = kinds_of(case, dialect);
    let wanted = match made {
        (Ok(_), Ok(want)) => want,
        (Err(error), _) | (_, Err(error)) => {
            assert!(expected.is_err(), "{error}");
            return;
        }
    };
    let is_notion = expected.is_ok();
    let mut can_be_made = true;

    run_empty(dialect, async |scratch: &Scratch| match create(&scratch.db, &wanted).await {
        Ok(found) => assert_eq!(lines(&changes(scratch, &found, &want).await), [""; 0]),
        Err(error) => {
            assert!(!is_notion, "{error}");
            can_be_made = false;
        }
    });
    if !can_be_made {
        return;
    }
    // What is no notion of the database is no difference either.
    let expected = expected.unwrap_or_default();
    run_empty(dialect, async |scratch: &Scratch| {
        let app = App::new(History::new().declared("m01", creation_of(&gathered(&have))));
        up(scratch, &app).await.unwrap();
        let mut found = introspect(&scratch.db).await.unwrap();
        forget_records(&mut found);

        let detected = changes(scratch, &found, &want).await;

        assert_eq!(lines(&detected), expected);
        for change in &detected {
            change.apply(&mut found).unwrap();
        }
        assert_eq!(lines(&changes(scratch, &found, &want).await), [""; 0]);
        if is_notion {
            is_made_and_taken_back(case, scratch, &have, &want).await;
        }
    });
}

/// Makes what differs with rows in the tables, and takes it back: nothing but what was announced is
/// lost.
async fn is_made_and_taken_back(case: &str, scratch: &Scratch, have: &Schema, want: &Schema) {
    let (have, want) = (&gathered(have), &gathered(want));
    let look = async |wanted: &Schema| {
        // A session of its own: PostgreSQL holds an older one to the types that it knew.
        let db = session(scratch).await;
        let mut found = introspect(&db).await.unwrap();
        forget_records(&mut found);
        // It has names where none were wanted.
        let how = if is_named(wanted) { Wanted::Exactly } else { Wanted::ByEntities };
        assert_eq!(lines(&changes_as(scratch, &found, wanted, how).await), [""; 0]);
        let values = values(&db, &found).await;
        let _ = db.close().await;
        (found, values)
    };
    if !WITHOUT_ROWS.contains(&case) {
        fill(&scratch.db, have, want, 3).await;
    }
    let (found, before) = look(have).await;
    let made = if is_named(have) && is_named(want) {
        diff(have, want, &[]).changes
    } else {
        // The names are the database's.
        changes(scratch, &found, want).await.into_iter().map(named).collect()
    };
    let losses = made.iter().any(Change::is_destructive);
    let history = if is_named(have) && is_named(want) {
        History::new().declared("m01", creation_of(have))
    } else {
        History::new().imperative(Hand("m01"))
    };
    let app = App::new(history.declared("m02", move || steps_of(made.clone())));

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (_, after) = look(want).await;
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (_, back) = look(have).await;

    if !losses {
        assert_eq!(back, before, "the values came back");
    }
    for (column, values) in &after {
        let had = before.get(column).map_or(values.len(), Vec::len);
        assert_eq!(values.len(), had, "{column:?}: {values:?}");
    }
}

/// A check that has no name could not be taken back where only the name tells which.
fn named(mut change: Change) -> Change {
    if let Change::AddCheck { check, .. } | Change::AlterCheck { to: check, .. } = &mut change {
        check.name.get_or_insert_with(|| "a check".to_owned());
    }
    change
}

pub(crate) fn gathered(schema: &Schema) -> Schema {
    Schema::of(schema.tables.values().cloned())
}

/// Whether every constraint has a name, as those that a migration declares have.
pub(crate) fn is_named(schema: &Schema) -> bool {
    schema.tables.values().all(|table| {
        let uniques = table.uniques.iter().map(|it| &it.name);
        let checks = table.checks.iter().map(|it| &it.name);
        let keys = table.foreign_keys.iter().map(|it| &it.name);
        uniques.chain(checks).chain(keys).all(Option::is_some)
    })
}

/// Somebody's own code, which has run already.
struct Hand(&'static str);

impl MigrationName for Hand {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Hand {
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

#[test]
fn every_folder_is_a_case_and_every_case_a_folder() {
    let folders: BTreeSet<String> = fs::read_dir(folders())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace('-', "_"))
        .collect();

    assert_eq!(CASES.iter().map(|case| (*case).to_owned()).collect::<BTreeSet<_>>(), folders);
}

/// The table stands in the documentation, written from the folders.
#[test]
fn the_documentation_says_what_is_detected() {
    let mut table = String::new();
    for case in CASES.iter().map(|case| case.replace('_', "-")).collect::<BTreeSet<_>>() {
        write!(table, "| {case} |").unwrap();
        for dialect in Dialect::ALL {
            let cell = kinds_of(&case, dialect).map_or_else(|reason| reason, |_| "yes".to_owned());
            write!(table, " {cell} |").unwrap();
        }
        table.push('\n');
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/detection.md");

    let (_, written) = fs::read_to_string(path)
        .unwrap()
        .split_once("|---|---|---|---|\n")
        .map(|(before, after)| (before.to_owned(), after.to_owned()))
        .unwrap();

    assert_eq!(written, table, "what follows the head of the table in docs/detection.md");
}
