//! Every kind of change on every database that has the notion: detected after the database made and
//! kept the schema. A folder of `tests/cases` for each.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use plimsoll::{
    Change, Dialect, How, Schema, Wanted, compare, diff, introspect,
    render::{Unrenderable, statements_of},
    testing::{Scratch, run_empty},
};
use sea_orm::{ConnectionTrait as _, DbErr};

use crate::support::*;

/// What a file of expectations begins with whose database has no such notion.
const NONE: &str = "none: ";

/// Writes the tests of each folder, a module with one for each database.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        const CASES: &[&str] = &[$(stringify!($case)),+];

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

cases!(
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
);

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

fn schema(case: &str, file: &str, dialect: Dialect) -> Schema {
    let text = read(case, file, "json", dialect);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file} of {case}: {error}"))
}

/// The lines of the changes, or why the database has no such notion.
fn expected(case: &str, dialect: Dialect) -> Result<Vec<String>, String> {
    let text = read(case, "expected", "txt", dialect);
    match text.strip_prefix(NONE) {
        Some(reason) => Err(reason.trim_end().to_owned()),
        None => Ok(text.lines().map(str::to_owned).collect()),
    }
}

/// What makes a schema of nothing.
fn creation(dialect: Dialect, schema: &Schema) -> Result<Vec<String>, Unrenderable> {
    let schema = Schema::of(schema.tables.values().cloned());
    let changes = match dialect {
        // A table may refer there to one that comes later, and gets no foreign key afterwards.
        Dialect::Sqlite => schema.tables.into_values().map(Change::CreateTable).collect(),
        Dialect::Postgres | Dialect::Mysql => diff(&Schema::default(), &schema, &[]).changes,
    };
    let mut made = Vec::new();
    for change in changes {
        made.extend(statements_of(dialect, &change)?.into_iter().map(|it| it.sql));
    }
    Ok(made)
}

async fn create(scratch: &Scratch, statements: &[String]) -> Result<Schema, DbErr> {
    for statement in statements {
        scratch.db.execute_unprepared(statement).await?;
    }
    introspect(&scratch.db).await
}

async fn changes(scratch: &Scratch, have: &Schema, want: &Schema) -> Vec<Change> {
    let how = How {
        asking: Some((&scratch.db, &scratch.database)),
        dialect: dialect(&scratch.db),
        wanted: Wanted::Exactly,
        renames: &[],
    };
    let compared = compare(have, want, &how).await;
    assert_eq!(compared.unread, [], "the server could tell");
    compared.diff.changes
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {}", change.sign(), change.describe())).collect()
}

fn is_detected(case: &str, dialect: Dialect) {
    let (have, want) = (schema(case, "have", dialect), schema(case, "want", dialect));
    let made = (creation(dialect, &have), creation(dialect, &want));
    let expected = expected(case, dialect);
    let (have, wanted) = match made {
        (Ok(have), Ok(want)) => (have, want),
        (Err(error), _) | (_, Err(error)) => {
            assert!(expected.is_err(), "{error}");
            return;
        }
    };
    let is_notion = expected.is_ok();
    let mut can_be_made = true;

    run_empty(dialect, async |scratch: &Scratch| match create(scratch, &wanted).await {
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
        let mut found = create(scratch, &have).await.unwrap();

        let detected = changes(scratch, &found, &want).await;

        assert_eq!(lines(&detected), expected);
        for change in &detected {
            change.apply(&mut found).unwrap();
        }
        assert_eq!(lines(&changes(scratch, &found, &want).await), [""; 0]);
    });
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
            let cell = expected(&case, dialect).map_or_else(|reason| reason, |_| "yes".to_owned());
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
