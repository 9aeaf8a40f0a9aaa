//! Steps written as the Rust of a migration, as somebody would write it by hand.

#![expect(clippy::format_push_string, reason = "short texts, written once")]

mod alter;
mod chain;
mod column;
mod group;
mod literal;
mod table;

use std::collections::BTreeSet;

use crate::{
    change::Change,
    schema::Table,
    steps::{Assignment, Condition, Source, Step, Steps, Update},
};

use chain::{Argument, Chain};
use group::{Group, groups};

/// So many columns stand in the call that creates a table; more get a function of their own.
const COLUMNS_IN_PLACE: usize = 8;

/// A function of more lines is one that nobody reads to its end, and that clippy would tell.
const LINES: usize = 95;

/// What a list of migrations is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `plimsoll::history! { declared m…, }`
    Declared,
    /// `vec![Box::new(m…::Migration)]`
    Imperative,
}

/// A migration as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub source: String,
    /// The steps that the text makes: those that were given, the changes of one table together.
    pub steps: Steps,
}

/// The file of a migration that makes `steps`; `title` and `notes` are sentences without and with a
/// full stop.
///
/// # Errors
/// What of the steps no builder has words for: a type that no library names, mostly.
pub fn migration(
    form: Form,
    title: &str,
    notes: &[String],
    steps: &Steps,
) -> Result<Written, String> {
    let mut text = said(steps, COLUMNS_IN_PLACE)?;
    if text.body.lines().count() > LINES {
        text = said(steps, 0)?;
    }
    let Said { body, functions, written } = text;
    let mut source = format!("//! {title}.\n");
    for note in notes {
        source.push_str(&format!("//!\n//! {note}\n"));
    }
    source.push_str("\nuse plimsoll::prelude::*;\n");
    if form == Form::Imperative {
        source.push_str(IMPERATIVE);
    }
    let visibility = if form == Form::Declared { "pub(crate) " } else { "" };
    source.push_str(&format!("\n{visibility}fn steps() -> Steps {{\n    {body}\n}}\n"));
    for function in functions {
        source.push_str(&format!("\n{function}"));
    }
    Ok(Written { source, steps: written })
}

/// What a migration says.
struct Said {
    /// The steps as one expression.
    body: String,
    /// The functions that the expression calls.
    functions: Vec<String>,
    /// The steps that it makes.
    written: Steps,
}

/// The steps in words; a table of more than so many columns gets a function of its own.
fn said(steps: &Steps, in_place: usize) -> Result<Said, String> {
    let mut written = Steps::new();
    let taken = BTreeSet::from(["steps".to_owned()]);
    let mut writer = Writer { functions: Vec::new(), taken, in_place };
    let mut chain = Chain::new("Steps::new()");
    for group in groups(steps) {
        writer.say(&group, &mut chain)?;
        for step in group.into_steps() {
            written = written.and_step(step);
        }
    }
    if let Some(why) = steps.allowed_loss() {
        chain.say("allow_loss", &[literal::text(why)]);
        written = written.allow_loss(why);
    }
    let body = if chain.is_empty() { "Steps::new()".to_owned() } else { chain.laid_out(4, 0) };
    Ok(Said { body, functions: writer.functions, written })
}

/// What a migration that is code has besides.
const IMPERATIVE: &str = "use sea_orm_migration::prelude::{\n    \
     DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,\n};\n\n\
     #[derive(DeriveMigrationName)]\npub struct Migration;\n\n\
     #[async_trait::async_trait]\nimpl MigrationTrait for Migration {\n    \
     async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {\n        \
     plimsoll::make(manager, &steps()).await\n    }\n\n    \
     async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {\n        \
     plimsoll::make(manager, &steps().reverse()).await\n    }\n}\n";

struct Writer {
    /// The functions that build tables with many columns.
    functions: Vec<String>,
    taken: BTreeSet<String>,
    /// How many columns a table has at most that is written where it is used.
    in_place: usize,
}

impl Writer {
    fn say(&mut self, group: &Group, chain: &mut Chain) -> Result<(), String> {
        let (change, step) = match group {
            Group::Table { name, changes } => {
                let body = alter::changes(name, changes)?;
                chain.call("alter", [literal::text(name).into(), Argument::Closure("t", body)]);
                return Ok(());
            }
            Group::Step(step) => match &**step {
                step @ Step::Change(change) => (Some(change), step),
                step => (None, step),
            },
        };
        match (change, step) {
            (Some(Change::CreateTable(table)), _) => self.table("create_table", table, chain)?,
            (Some(Change::DropTable(table)), _) => self.table("drop_table", table, chain)?,
            (Some(Change::RenameTable { from, to }), _) => {
                chain.say("rename_table", &[literal::text(from), literal::text(to)]);
            }
            (Some(Change::CreateEnum { name, values }), _) => {
                chain.say("create_enum", &[literal::text(name), literal::texts(values)]);
            }
            (Some(Change::DropEnum { name, values }), _) => {
                chain.say("drop_enum", &[literal::text(name), literal::texts(values)]);
            }
            (Some(Change::AlterEnum { name, from, to }), _) => {
                let [from, to] = [literal::texts(from), literal::texts(to)];
                chain.say("alter_enum", &[literal::text(name), from, to]);
            }
            (None, Step::Update(update)) => say_update(update, chain),
            (_, other) => return Err(format!("`{}`", other.describe())),
        }
        Ok(())
    }

    /// A table, in place or in a function of its own.
    fn table(
        &mut self,
        call: &'static str,
        table: &Table,
        chain: &mut Chain,
    ) -> Result<(), String> {
        let body = table::whole(table)?;
        let argument = if table.columns.len() > self.in_place {
            let name = self.function(&table.name);
            let body = body.laid_out(4, 0);
            self.functions
                .push(format!("fn {name}(t: TableBuilder) -> TableBuilder {{\n    {body}\n}}\n"));
            name.into()
        } else {
            Argument::Closure("t", body)
        };
        chain.call(call, [literal::text(&table.name).into(), argument]);
        Ok(())
    }

    /// A name for the function of a table that nothing else has.
    fn function(&mut self, table: &str) -> String {
        let mut name: String = table
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' })
            .collect();
        if name.starts_with(|it: char| it.is_ascii_digit()) || name.trim_matches('_').is_empty() {
            name.insert_str(0, "table_");
        }
        if is_keyword(&name) || column::is_helper(&name) {
            name.push_str("_table");
        }
        let stem = name.clone();
        for number in 2.. {
            if self.taken.insert(name.clone()) {
                break;
            }
            name = format!("{stem}_{number}");
        }
        name
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "as" | "async"
            | "await"
            | "break"
            | "const"
            | "continue"
            | "crate"
            | "dyn"
            | "else"
            | "enum"
            | "extern"
            | "false"
            | "fn"
            | "for"
            | "gen"
            | "if"
            | "impl"
            | "in"
            | "let"
            | "loop"
            | "match"
            | "mod"
            | "move"
            | "mut"
            | "pub"
            | "ref"
            | "return"
            | "self"
            | "static"
            | "struct"
            | "super"
            | "trait"
            | "true"
            | "type"
            | "unsafe"
            | "use"
            | "where"
            | "while"
            | "abstract"
            | "become"
            | "box"
            | "do"
            | "final"
            | "macro"
            | "override"
            | "priv"
            | "try"
            | "typeof"
            | "unsized"
            | "virtual"
            | "yield"
    )
}

fn say_update(update: &Update, chain: &mut Chain) {
    let mut body = Chain::new("u");
    if let Some(run) = &update.run {
        say_assignment(run, &mut body);
    }
    if let Some(back) = &update.back {
        let mut words = Chain::new("u");
        say_assignment(back, &mut words);
        body.call("back", [Argument::Closure("u", words)]);
    }
    let table = literal::text(&update.table).into();
    match &update.batches {
        None => chain.call("update", [table, Argument::Closure("u", body)]),
        Some(batches) => {
            body.say("rows", &[batches.rows.to_string()]);
            let key = literal::text(&batches.key).into();
            chain.call("backfill", [table, key, Argument::Closure("u", body)]);
        }
    }
}

fn say_assignment(assignment: &Assignment, chain: &mut Chain) {
    for (column, source) in &assignment.set {
        let column = literal::text(column);
        match source {
            Source::Value(value) => chain.say("set", &[column, literal::value(value)]),
            Source::Now => chain.say("set_now", &[column]),
            Source::Column(from) => chain.say("copy", &[column, literal::text(from)]),
            Source::Sql(sql) => chain.say("set_sql", &[column, literal::sql(sql)]),
        }
    }
    for condition in &assignment.only {
        match condition {
            Condition::Null(column) => chain.say("where_null", &[literal::text(column)]),
            Condition::NotNull(column) => chain.say("where_not_null", &[literal::text(column)]),
            Condition::Equal(column, value) => {
                chain.say("where_equal", &[literal::text(column), literal::value(value)]);
            }
            Condition::Sql(sql) => chain.say("where_sql", &[literal::sql(sql)]),
        }
    }
}
