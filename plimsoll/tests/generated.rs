//! The migrations that are written: for every kind of change (`cases`) and for whole systems
//! (`systems`) a file, which is compiled here and means what was to be written.
//!
//! `cargo test -p plimsoll --features cli,testing,runtime-tokio-rustls --test generated -- --ignored`
//! writes the files anew.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

use std::{fs, path::PathBuf};

use plimsoll::{
    App, Change, Dialect, History, Schema, Steps, diff,
    plan::statements,
    schema::Entities,
    steps::Step,
    write::{Form, Written, migration},
};

// Before all that uses it.
#[macro_use]
#[path = "migrate/each_case.rs"]
mod each_case;

#[path = "migrate/answered.rs"]
mod answered;
#[path = "migrate/formatted.rs"]
mod formatted;

use answered::answered;
use formatted::formatted;

/// The migration of a file, compiled.
type Compiled = fn() -> Steps;

/// Compiles the file of each case and of each system.
macro_rules! generated {
    ($($case:ident),+ $(,)?) => {
        generated! { @ [$($case),+] [of_fenrir, of_gough, of_marchproxy, of_rag_fortress, of_tronbyt] }
    };
    (@ [$($case:ident),+] [$($system:ident),+]) => {
        mod generated {
            $(pub(crate) mod $case;)+
            $(pub(crate) mod $system;)+
        }

        /// For a folder of `tests/cases` each.
        const CASES: &[(&str, Compiled)] = &[$((stringify!($case), generated::$case::steps)),+];

        /// For a file of `tests/systems` each.
        const SYSTEMS: &[(&str, Compiled)] =
            &[$((stringify!($system), generated::$system::steps)),+];
    };
}

each_case!(generated);

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn file(module: &str) -> PathBuf {
    tests().join("generated").join(format!("{module}.rs"))
}

fn schema(path: &str) -> Schema {
    let text = fs::read_to_string(tests().join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What is there before and what the entities want.
fn sides(module: &str) -> (Schema, Schema) {
    if let Some(system) = module.strip_prefix("of_") {
        let text = format!("systems/{}.json", system.replace('_', "-"));
        return (Schema::default(), Schema::of(schema(&text).tables.into_values()));
    }
    let folder = format!("cases/{}", module.replace('_', "-"));
    let of = |file: &str| Schema::of(schema(&format!("{folder}/{file}.json")).tables.into_values());
    (of("have"), of("want"))
}

fn app(have: &Schema, want: &Schema, later: Vec<Compiled>) -> App {
    let changes = diff(&Schema::default(), have, &[]).changes;
    let first = move || changes.clone().into_iter().fold(Steps::new(), Steps::change);
    let mut history = History::new().declared("m01", first);
    for steps in later {
        history = history.declared("m02", steps);
    }
    App::new(history).entities(want.tables.values().cloned().collect::<Entities>())
}

fn written(module: &str) -> Written {
    let (have, want) = sides(module);
    let (steps, notes) = answered(&app(&have, &want, Vec::new()));
    let title = module.replace('_', " ");
    migration(Form::Declared, &title, &notes, &steps).unwrap()
}

fn all() -> impl Iterator<Item = &'static (&'static str, Compiled)> {
    CASES.iter().chain(SYSTEMS)
}

#[test]
fn what_is_written_is_the_file_that_is_compiled() {
    for (module, _) in all() {
        let text = fs::read_to_string(file(module)).unwrap();

        assert_eq!(formatted(&written(module).source), text, "{module}");
    }
}

#[test]
fn a_file_that_is_compiled_means_what_was_to_be_written() {
    for (module, compiled) in all() {
        let written = written(module).steps;

        assert_eq!(compiled().problem(), None, "{module}");
        assert_eq!(compiled(), written, "{module}");
        assert_eq!(compiled().checksum(), written.checksum(), "{module}");
    }
}

#[test]
fn behind_the_migration_that_was_written_nothing_has_changed() {
    for (module, compiled) in all() {
        let (have, want) = sides(module);

        let (steps, _) = answered(&app(&have, &want, vec![*compiled]));

        let said: Vec<String> = steps.steps().iter().map(Step::describe).collect();
        assert_eq!(said, [""; 0], "{module}");
    }
}

/// What was written is taken back by its reverse, on the schema that it began with.
#[test]
fn the_way_back_of_what_was_written_leads_to_where_it_began() {
    for (module, compiled) in all() {
        let (have, _) = sides(module);
        let mut now = have.clone();
        let steps = compiled();

        steps.apply(&mut now).unwrap();
        steps.reverse().apply(&mut now).unwrap();

        let left: Vec<String> =
            diff(&now, &have, &[]).changes.iter().map(Change::describe).collect();
        assert_eq!(left, [""; 0], "{module}");
    }
}

/// At least one of the databases has a form for whatever is written.
#[test]
fn what_is_written_can_be_rendered() {
    for (module, compiled) in all() {
        let (have, _) = sides(module);
        let render = |dialect| statements(dialect, &compiled(), &have);

        let forms = Dialect::ALL.into_iter().filter(|dialect| render(*dialect).is_ok()).count();

        assert!(forms > 0, "{module}: {:?}", Dialect::ALL.map(render));
    }
}

#[test]
#[ignore = "writes the files that the other tests compare with"]
fn the_files_are_written_anew() {
    for (module, _) in all() {
        fs::write(file(module), formatted(&written(module).source)).unwrap();
    }
}
