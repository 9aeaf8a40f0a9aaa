//! What has to be said before a migration can be written, and how it is answered: without a
//! database and without a terminal.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

#[path = "draft/drops.rs"]
mod drops;
#[path = "draft/renames.rs"]
mod renames;
#[path = "draft/values.rs"]
mod values;

use plimsoll::{
    Answers, App, Beginning, Draft, History, Open, Schema, Steps, TableBuilder,
    prelude::{ColumnDef, pk_auto},
    schema::Entities,
};

/// A table of whole numbers that may be missing, behind others.
fn table(steps: Steps, name: &str, columns: &[&str]) -> Steps {
    steps.create_table(name, |table| {
        let table = table.column(pk_auto("id"));
        let column = |name: &&str| ColumnDef::new((*name).to_owned()).integer().null().take();
        columns.iter().map(column).fold(table, TableBuilder::column)
    })
}

fn one(name: &str, columns: &[&str]) -> Steps {
    table(Steps::new(), name, columns)
}

fn schema_of(steps: &Steps) -> Schema {
    let mut schema = Schema::default();
    steps.apply(&mut schema).unwrap();
    schema
}

/// What a draft begins with, where the migrations make `have` and the entities want `want`.
fn beginning(have: &Steps, want: &Steps) -> Beginning {
    let have = have.clone();
    let history = History::new().declared("m01", move || have.clone());
    let entities = schema_of(want).tables.into_values().collect::<Entities>();
    App::new(history).entities(entities).beginning(None).unwrap().unwrap()
}

/// What is typed behind `--rename`.
fn renames<const N: usize>(typed: [&str; N]) -> Answers {
    Answers { typed_renames: typed.map(str::to_owned).to_vec(), ..Answers::default() }
}

/// What is typed behind `--drop`.
fn drops<const N: usize>(typed: [&str; N]) -> Answers {
    Answers { drops: typed.map(str::to_owned).to_vec(), ..Answers::default() }
}

/// What is typed behind `--default`.
fn defaults<const N: usize>(typed: [(&str, &str); N]) -> Answers {
    let owned = |(column, value): (&str, &str)| (column.to_owned(), value.to_owned());
    Answers { defaults: typed.map(owned).to_vec(), ..Answers::default() }
}

fn drafted(beginning: &Beginning, answers: &Answers) -> Draft {
    beginning.draft(answers).unwrap()
}

/// Why an answer is refused.
fn refusal(beginning: &Beginning, answers: &Answers) -> String {
    let error = beginning.draft(answers).unwrap_err();
    assert_eq!(error.code(), "PLM0068", "{error}");
    error.to_string()
}

/// The steps, of which nothing is left open.
fn steps(beginning: &Beginning, answers: &Answers) -> Vec<String> {
    let draft = drafted(beginning, answers);
    assert_eq!(draft.open, [], "{answers:?}");
    lines(&draft)
}

fn lines(draft: &Draft) -> Vec<String> {
    let steps = draft.steps.steps().iter();
    steps.map(|step| format!("{} {}", step.sign(), step.describe())).collect()
}

/// What is open, by its name.
fn open(beginning: &Beginning, answers: &Answers) -> Vec<String> {
    let name = |open: Open| match open {
        Open::Gone { name, .. } => name,
        Open::Value(lack) => lack.name,
    };
    drafted(beginning, answers).open.into_iter().map(name).collect()
}
