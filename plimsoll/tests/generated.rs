//! The migrations that are written: for every kind of change (`cases`) and for whole systems
//! (`systems`) a file, which is compiled here and means what was to be written.
//!
//! `cargo test -p plimsoll --features cli,testing,runtime-tokio-rustls --test generated -- --ignored`
//! writes the files anew.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

use std::{fs, path::PathBuf, process::Command};

use plimsoll::{
    App, Change, Dialect, History, Schema, Steps, diff,
    plan::statements,
    schema::Entities,
    steps::Step,
    write::{Form, Written, migration},
};

#[path = "migrate/answered.rs"]
mod answered;

#[expect(clippy::too_many_lines, reason = "a whole system is many tables")]
mod generated {
    pub(crate) mod binary_length;
    pub(crate) mod char_length;
    pub(crate) mod check_added;
    pub(crate) mod check_changed;
    pub(crate) mod check_dropped;
    pub(crate) mod check_named;
    pub(crate) mod check_range_changed;
    pub(crate) mod check_renamed;
    pub(crate) mod check_unnamed_added;
    pub(crate) mod check_unnamed_changed;
    pub(crate) mod check_unnamed_dropped;
    pub(crate) mod check_unnamed_range_changed;
    pub(crate) mod collation_added;
    pub(crate) mod collation_changed;
    pub(crate) mod collation_dropped;
    pub(crate) mod column_added;
    pub(crate) mod column_added_with_default;
    pub(crate) mod column_comment_added;
    pub(crate) mod column_comment_changed;
    pub(crate) mod column_comment_dropped;
    pub(crate) mod column_dropped;
    pub(crate) mod column_made_not_null;
    pub(crate) mod column_made_nullable;
    pub(crate) mod column_renamed;
    pub(crate) mod column_renamed_and_changed;
    pub(crate) mod column_renamed_in_expressions;
    pub(crate) mod decimal_precision;
    pub(crate) mod decimal_scale;
    pub(crate) mod default_boolean_changed;
    pub(crate) mod default_emptied;
    pub(crate) mod default_function_added;
    pub(crate) mod default_function_changed;
    pub(crate) mod default_function_dropped;
    pub(crate) mod default_function_to_literal;
    pub(crate) mod default_literal_added;
    pub(crate) mod default_literal_changed;
    pub(crate) mod default_literal_dropped;
    pub(crate) mod default_literal_to_function;
    pub(crate) mod default_now_added;
    pub(crate) mod default_now_dropped;
    pub(crate) mod default_number_changed;
    pub(crate) mod enum_added;
    pub(crate) mod enum_dropped;
    pub(crate) mod enum_reordered;
    pub(crate) mod enum_to_string;
    pub(crate) mod enum_value_added;
    pub(crate) mod enum_value_dropped;
    pub(crate) mod float_to_double;
    pub(crate) mod foreign_key_added;
    pub(crate) mod foreign_key_dropped;
    pub(crate) mod foreign_key_named;
    pub(crate) mod foreign_key_on_delete;
    pub(crate) mod foreign_key_on_update;
    pub(crate) mod foreign_key_references;
    pub(crate) mod foreign_key_renamed;
    pub(crate) mod foreign_key_restrict;
    pub(crate) mod foreign_key_unnamed_added;
    pub(crate) mod foreign_key_unnamed_dropped;
    pub(crate) mod foreign_key_unnamed_on_delete;
    pub(crate) mod foreign_key_unnamed_on_update;
    pub(crate) mod foreign_keys_in_a_circle;
    pub(crate) mod generated_added;
    pub(crate) mod generated_dropped;
    pub(crate) mod generated_expression;
    pub(crate) mod generated_to_plain;
    pub(crate) mod generated_virtual;
    pub(crate) mod identity_added;
    pub(crate) mod identity_dropped;
    pub(crate) mod index_added;
    pub(crate) mod index_column_to_expression;
    pub(crate) mod index_columns;
    pub(crate) mod index_columns_order;
    pub(crate) mod index_direction;
    pub(crate) mod index_dropped;
    pub(crate) mod index_expression;
    pub(crate) mod index_include;
    pub(crate) mod index_made_unique;
    pub(crate) mod index_method;
    pub(crate) mod index_no_longer_unique;
    pub(crate) mod index_predicate_added;
    pub(crate) mod index_predicate_changed;
    pub(crate) mod index_predicate_dropped;
    pub(crate) mod index_prefix;
    pub(crate) mod index_renamed;
    pub(crate) mod integer_narrowed;
    pub(crate) mod integer_unsigned;
    pub(crate) mod integer_widened;
    pub(crate) mod json_to_binary;
    pub(crate) mod list_element;
    pub(crate) mod many_at_once;
    pub(crate) mod of_fenrir;
    pub(crate) mod of_gough;
    pub(crate) mod of_marchproxy;
    pub(crate) mod of_rag_fortress;
    pub(crate) mod of_tronbyt;
    pub(crate) mod plain_to_generated;
    pub(crate) mod primary_key_added;
    pub(crate) mod primary_key_columns;
    pub(crate) mod primary_key_dropped;
    pub(crate) mod primary_key_order;
    pub(crate) mod primary_key_type;
    pub(crate) mod primary_key_width;
    pub(crate) mod string_enum_added;
    pub(crate) mod string_enum_unnamed_value_added;
    pub(crate) mod string_enum_value_added;
    pub(crate) mod string_enum_value_dropped;
    pub(crate) mod string_lengthened;
    pub(crate) mod string_shortened;
    pub(crate) mod string_to_text;
    pub(crate) mod table_added;
    pub(crate) mod table_collation;
    pub(crate) mod table_comment_added;
    pub(crate) mod table_comment_changed;
    pub(crate) mod table_comment_dropped;
    pub(crate) mod table_dropped;
    pub(crate) mod table_engine;
    pub(crate) mod table_renamed;
    pub(crate) mod table_renamed_and_changed;
    pub(crate) mod table_strict;
    pub(crate) mod table_unlogged;
    pub(crate) mod table_without_rowid;
    pub(crate) mod text_to_number;
    pub(crate) mod timezone;
    pub(crate) mod unique_added;
    pub(crate) mod unique_columns;
    pub(crate) mod unique_dropped;
    pub(crate) mod unique_named;
    pub(crate) mod unique_renamed;
    pub(crate) mod unique_to_index;
    pub(crate) mod unique_unnamed_added;
    pub(crate) mod unique_unnamed_columns;
    pub(crate) mod unique_unnamed_dropped;
}

use answered::answered;

/// The migration of a file, compiled.
type Compiled = fn() -> Steps;

macro_rules! files {
    ($($module:ident),+ $(,)?) => {
        &[$((stringify!($module), generated::$module::steps)),+]
    };
}

/// For a folder of `tests/cases` each.
const CASES: &[(&str, Compiled)] = files![
    binary_length,
    char_length,
    check_added,
    check_changed,
    check_dropped,
    check_named,
    check_range_changed,
    check_renamed,
    check_unnamed_added,
    check_unnamed_changed,
    check_unnamed_dropped,
    check_unnamed_range_changed,
    collation_added,
    collation_changed,
    collation_dropped,
    column_added,
    column_added_with_default,
    column_comment_added,
    column_comment_changed,
    column_comment_dropped,
    column_dropped,
    column_made_not_null,
    column_made_nullable,
    column_renamed,
    column_renamed_and_changed,
    column_renamed_in_expressions,
    decimal_precision,
    decimal_scale,
    default_boolean_changed,
    default_emptied,
    default_function_added,
    default_function_changed,
    default_function_dropped,
    default_function_to_literal,
    default_literal_added,
    default_literal_changed,
    default_literal_dropped,
    default_literal_to_function,
    default_now_added,
    default_now_dropped,
    default_number_changed,
    enum_added,
    enum_dropped,
    enum_reordered,
    enum_to_string,
    enum_value_added,
    enum_value_dropped,
    float_to_double,
    foreign_key_added,
    foreign_key_dropped,
    foreign_key_named,
    foreign_key_on_delete,
    foreign_key_on_update,
    foreign_key_references,
    foreign_key_renamed,
    foreign_key_restrict,
    foreign_key_unnamed_added,
    foreign_key_unnamed_dropped,
    foreign_key_unnamed_on_delete,
    foreign_key_unnamed_on_update,
    foreign_keys_in_a_circle,
    generated_added,
    generated_dropped,
    generated_expression,
    generated_to_plain,
    generated_virtual,
    identity_added,
    identity_dropped,
    index_added,
    index_column_to_expression,
    index_columns,
    index_columns_order,
    index_direction,
    index_dropped,
    index_expression,
    index_include,
    index_made_unique,
    index_method,
    index_no_longer_unique,
    index_predicate_added,
    index_predicate_changed,
    index_predicate_dropped,
    index_prefix,
    index_renamed,
    integer_narrowed,
    integer_unsigned,
    integer_widened,
    json_to_binary,
    list_element,
    many_at_once,
    plain_to_generated,
    primary_key_added,
    primary_key_columns,
    primary_key_dropped,
    primary_key_order,
    primary_key_type,
    primary_key_width,
    string_enum_added,
    string_enum_unnamed_value_added,
    string_enum_value_added,
    string_enum_value_dropped,
    string_lengthened,
    string_shortened,
    string_to_text,
    table_added,
    table_collation,
    table_comment_added,
    table_comment_changed,
    table_comment_dropped,
    table_dropped,
    table_engine,
    table_renamed,
    table_renamed_and_changed,
    table_strict,
    table_unlogged,
    table_without_rowid,
    text_to_number,
    timezone,
    unique_added,
    unique_columns,
    unique_dropped,
    unique_named,
    unique_renamed,
    unique_to_index,
    unique_unnamed_added,
    unique_unnamed_columns,
    unique_unnamed_dropped,
];

/// For a file of `tests/systems` each.
const SYSTEMS: &[(&str, Compiled)] =
    files![of_fenrir, of_gough, of_marchproxy, of_rag_fortress, of_tronbyt,];

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

/// The text as rustfmt has it.
fn formatted(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.rs");
    fs::write(&path, text).unwrap();
    let run = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../rustfmt.toml"))
        .arg(&path)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}\n{text}", String::from_utf8_lossy(&run.stderr));
    fs::read_to_string(path).unwrap()
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
