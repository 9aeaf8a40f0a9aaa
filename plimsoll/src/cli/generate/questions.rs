//! What only a person can know, asked on a terminal, or told with the options that say it.

use std::io::{BufRead as _, stdin};

use crate::{
    cli::Context,
    draft::{Answers, Draft, Lack, Open},
    error::{MigrationError, Result},
};

/// What is asked next.
pub(super) enum Next<'d> {
    Open(&'d Open),
    /// What rows get that lack a value; it need not be said.
    Fill(&'d Lack),
}

/// What has to be said first, and then what can be.
pub(super) fn next<'d>(draft: &'d Draft, asked: &[String]) -> Option<Next<'d>> {
    let fillable = draft.fillable.iter().find(|lack| !asked.contains(&lack.name));
    draft.open.first().map(Next::Open).or_else(|| fillable.map(Next::Fill))
}

/// What has to be said, with the options that say it.
pub(super) fn options(open: &Open) -> String {
    match open {
        Open::Gone { name, candidates, moved } => {
            let mut ways: Vec<String> = candidates
                .iter()
                .map(|(to, because)| {
                    format!("`--rename {name}:{to}` if it was renamed ({})", because.join("; "))
                })
                .collect();
            ways.push(format!("`--drop {name}` if it goes with what it holds"));
            format!("  {name}: {}{}", ways.join(", or "), said_moved(moved))
        }
        Open::Value(Lack { name, ty }) => format!(
            "  {name}: `--default {name}=VALUE`, what the rows that are there get ({ty}, takes no NULL)"
        ),
    }
}

fn said_moved(moved: &[String]) -> String {
    if moved.is_empty() {
        return String::new();
    }
    format!(
        "; {} of the same name and type comes: if its values are to move there, keep both, copy them \
         with `update` in this migration, and let a later one drop it",
        moved.join(" and ")
    )
}

/// Asks, and adds the answer to the others.
///
/// # Errors
/// [`MigrationError::Unanswered`] when nobody answers, or the answer is to stop.
pub(super) fn ask(
    context: &Context<'_>,
    next: &Next<'_>,
    answers: &mut Answers,
    asked: &mut Vec<String>,
) -> Result<()> {
    let tell = |text: &str| context.output.note(text);
    match next {
        Next::Open(open @ Open::Gone { name, candidates, moved }) => {
            tell(&format!("`{name}` is in no entity any more{}.", said_moved(moved)));
            for (at, (to, because)) in candidates.iter().enumerate() {
                tell(&format!("  {}) it is called `{to}` now ({})", at + 1, because.join("; ")));
            }
            let drop = candidates.len() + 1;
            tell(&format!("  {drop}) it goes, with what it holds"));
            tell(&format!("  {}) stop, nothing is written", drop + 1));
            loop {
                let answer =
                    line(open, &format!("Type a number from 1 to {}:", drop + 1), context)?;
                match answer.parse::<usize>() {
                    Ok(number) if number == drop => answers.drops.push(name.clone()),
                    Ok(number) if number == drop + 1 => return Err(unanswered(open)),
                    Ok(number) if (1..drop).contains(&number) => {
                        let to = candidates[number - 1].0.clone();
                        answers.renames.push((name.clone(), to));
                    }
                    _ => continue,
                }
                return Ok(());
            }
        }
        Next::Open(open @ Open::Value(Lack { name, ty })) => {
            tell(&format!("`{name}` is new, takes no NULL and has no default ({ty})."));
            let answer = line(open, "Type what the rows that are there get:", context)?;
            answers.defaults.push((name.clone(), answer));
        }
        Next::Fill(lack @ Lack { name, ty }) => {
            tell(&format!("`{name}` takes no NULL any more ({ty})."));
            let question = "Type what rows get that have none (nothing: such rows are refused):";
            let open = Open::Value((*lack).clone());
            let answer = line(&open, question, context)?;
            asked.push(name.clone());
            if !answer.is_empty() {
                answers.defaults.push((name.clone(), answer));
            }
        }
    }
    Ok(())
}

fn unanswered(open: &Open) -> crate::Error {
    MigrationError::Unanswered { open: vec![options(open)] }.into()
}

/// A line that somebody typed.
fn line(open: &Open, question: &str, context: &Context<'_>) -> Result<String> {
    context.output.note(question);
    let mut answer = String::new();
    match stdin().lock().read_line(&mut answer) {
        // Nobody is there any more.
        Ok(0) | Err(_) => Err(unanswered(open)),
        Ok(_) => Ok(answer.trim().to_owned()),
    }
}
