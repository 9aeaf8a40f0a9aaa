//! `generate`: writes a migration and adds it to the list.

mod list;
mod questions;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use chrono::Utc;
use serde::Serialize;

use super::{Context, DONE, args::Generate};
use crate::{
    app::Beginning,
    dialect::Dialect,
    draft::Draft,
    error::{Error, MigrationError, Result},
    plan::statements,
    write::{Form, migration},
};

use list::Crate;

#[derive(Serialize)]
struct Generated {
    /// Nothing when nothing has changed.
    name: Option<String>,
    file: Option<String>,
    written: bool,
    /// What it does, a sentence a step.
    steps: Vec<String>,
    remarks: Vec<String>,
}

pub(super) async fn generate(context: &Context<'_>, args: &Generate) -> Result<u8> {
    let name = format!("m{}_{}", Utc::now().format("%Y%m%d_%H%M%S"), slug(args.name())?);
    let krate = Crate::find(args.migration_dir.as_deref())?;
    // Whoever answers questions does not do it in vain.
    krate.list_with(&name)?;
    if args.empty {
        let source = blank(krate.form, args.name());
        let remarks = krate.unlisted();
        return finish(context, args, krate, name, &source, Vec::new(), remarks);
    }
    if !context.app.has_entities() {
        return Err(MigrationError::Unsupported {
            what: "nobody says what the code wants: no entities are registered".to_owned(),
            instead: "hand them over in `main.rs`: \
                      `App::new(history()).entities(plimsoll::entities![…])`; or write a blank \
                      migration with --empty"
                .to_owned(),
        }
        .into());
    }
    let known = context.app.beginning(context.common.database_schema.as_deref())?;
    let beginning = if let Some(beginning) = known {
        beginning
    } else {
        let database = context.database()?;
        context
            .on_reading_session(&database, async |db| context.app.on(db).beginning(&database).await)
            .await?
    };
    let beginning = beginning.only(&args.only)?;
    let draft = answered(context, args, &beginning)?;
    let mut remarks = krate.unlisted();
    remarks.extend(beginning.remarks.clone());
    if draft.steps.steps().is_empty() {
        for remark in &remarks {
            context.output.note(remark);
        }
        context.output.line("nothing has changed: the migrations make what the entities want");
        context.output.document(&Generated {
            name: None,
            file: None,
            written: false,
            steps: Vec::new(),
            remarks,
        });
        return Ok(DONE);
    }
    for dialect in Dialect::ALL {
        if let Err(why) = statements(dialect, &draft.steps, &beginning.have_on(dialect)) {
            remarks.push(format!("it does not run on {dialect}: {why}"));
        }
    }
    let title = title(args.name());
    let written = migration(krate.form, &title, &draft.notes, &draft.steps).map_err(|what| {
        MigrationError::Unsupported {
            what: format!("{what} cannot be written in a migration"),
            instead: format!("type `generate {} --empty`, and write it by hand", args.name()),
        }
    })?;
    let source = formatted(&written.source, krate.folder());
    let steps = written.steps.steps().iter();
    let steps = steps.map(|step| format!("{} {}", step.sign(), step.describe())).collect();
    finish(context, args, krate, name, &source, steps, remarks)
}

/// The draft, when all is said that has to be said.
fn answered(context: &Context<'_>, args: &Generate, beginning: &Beginning) -> Result<Draft> {
    let mut answers = args.answers();
    if !context.asks() {
        let draft = beginning.draft(&answers)?;
        return match &*draft.open {
            [] => Ok(draft),
            open => {
                let open = open.iter().map(questions::options).collect();
                Err(MigrationError::Unanswered { open }.into())
            }
        };
    }
    let mut asked = Vec::new();
    let mut draft = beginning.draft(&answers)?;
    while let Some(question) = questions::next(&draft, &asked) {
        // Whoever gives an answer that does not go is told why, and asked again.
        (answers, draft) = loop {
            let mut more = answers.clone();
            let about = questions::ask(context, &question, &mut more)?;
            match beginning.draft(&more) {
                Ok(draft) => {
                    asked.push(about);
                    break (more, draft);
                }
                Err(Error::Migration(MigrationError::BadAnswer { problem })) => {
                    context.output.note(problem);
                }
                Err(error) => return Err(error),
            }
        };
    }
    Ok(draft)
}

/// Writes the migration, or prints it.
fn finish(
    context: &Context<'_>,
    args: &Generate,
    krate: Crate,
    name: String,
    source: &str,
    steps: Vec<String>,
    remarks: Vec<String>,
) -> Result<u8> {
    let file = if args.dry_run {
        context.output.line(source);
        krate.file(&name)
    } else {
        let file = krate.add(&name, source)?;
        for step in &steps {
            context.output.progress(step);
        }
        context.output.line(format!("wrote {}", file.display()));
        file
    };
    for remark in &remarks {
        context.output.note(remark);
    }
    let file = Some(file.display().to_string());
    let name = Some(name);
    context.output.document(&Generated { name, file, written: !args.dry_run, steps, remarks });
    Ok(DONE)
}

/// The text as rustfmt has it with the crate's own settings; as it is where there is no rustfmt.
fn formatted(source: &str, folder: &Path) -> String {
    let run = || -> std::io::Result<Option<String>> {
        let mut child = Command::new("rustfmt")
            .args(["--edition", "2024", "--emit", "stdout"])
            // Where it looks for settings; told the folder, it refuses one without any.
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(source.as_bytes())?;
        }
        // Closes what it reads.
        drop(child.stdin.take());
        let output = child.wait_with_output()?;
        let text = String::from_utf8(output.stdout).ok();
        Ok(text.filter(|text| output.status.success() && !text.trim().is_empty()))
    };
    run().ok().flatten().unwrap_or_else(|| source.to_owned())
}

/// The name as a sentence without a full stop.
fn title(name: &str) -> String {
    let sentence = name.replace(['_', '-'], " ");
    let mut letters = sentence.trim().chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The name as a part of a module's name.
fn slug(name: &str) -> Result<String, MigrationError> {
    let bad = |problem: &str| MigrationError::BadName {
        name: name.to_owned(),
        problem: problem.to_owned(),
    };
    let words: Vec<String> = name
        .split(|letter: char| letter == '_' || letter == '-' || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let slug = words.join("_");
    if slug.is_empty() {
        return Err(bad("it holds no word"));
    }
    if let Some(letter) =
        slug.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != '_')
    {
        return Err(bad(&format!("it holds `{letter}`")));
    }
    // SeaORM's column for it takes 255 characters, and file systems no more than 255 bytes.
    if slug.len() > 200 {
        return Err(bad("it is longer than 200 characters"));
    }
    Ok(slug)
}

fn blank(form: Form, name: &str) -> String {
    let sentence = title(name);
    match form {
        Form::Declared => format!(
            "//! {sentence}.\n\n\
             use plimsoll::prelude::*;\n\n\
             pub(crate) fn steps() -> Steps {{\n    Steps::new()\n}}\n"
        ),
        Form::Imperative => format!(
            "//! {sentence}.\n\n\
             use sea_orm_migration::prelude::*;\n\n\
             #[derive(DeriveMigrationName)]\n\
             pub struct Migration;\n\n\
             #[async_trait::async_trait]\n\
             impl MigrationTrait for Migration {{\n\
             \x20   async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {{\n\
             \x20       Ok(())\n\
             \x20   }}\n\n\
             \x20   async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {{\n\
             \x20       Ok(())\n\
             \x20   }}\n\
             }}\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_module_name_or_is_refused() {
        assert_eq!(slug("Add  nick-name").unwrap(), "add_nick_name");
        assert!(slug("").is_err());
        assert!(slug("../evil").unwrap_err().to_string().contains("`.`"));
        assert!(slug("straße").unwrap_err().to_string().contains("`ß`"));
        assert!(slug(&"x".repeat(300)).is_err());
    }

    #[test]
    fn a_blank_migration_says_what_it_is_for() {
        assert!(blank(Form::Declared, "add_nickname").starts_with("//! Add nickname.\n"));
    }
}
