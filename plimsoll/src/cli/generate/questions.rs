//! What only a person can know, asked on a terminal, or told with the options that say it.

use std::io::{BufRead as _, ErrorKind, stdin};

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
        Open::Gone { name, candidates, moved, .. } => {
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

/// Asks, adds the answer to the others, and says what it is about.
///
/// # Errors
/// [`MigrationError::Unanswered`] when nobody answers, or the answer is to stop.
pub(super) fn ask(context: &Context<'_>, next: &Next<'_>, answers: &mut Answers) -> Result<String> {
    let tell = |text: &str| context.output.note(text);
    match next {
        Next::Open(open @ Open::Gone { name, candidates, moved, is_computed }) => {
            let what = if *is_computed {
                "is computed from now on, and has no values of its own"
            } else {
                "is in no entity any more"
            };
            tell(&format!("`{name}` {what}{}.", said_moved(moved)));
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
                return Ok(name.clone());
            }
        }
        Next::Open(open @ Open::Value(Lack { name, ty })) => {
            tell(&format!("`{name}` is new, takes no NULL and has no default ({ty})."));
            loop {
                let answer = line(open, "Type what the rows that are there get:", context)?;
                if !answer.is_empty() {
                    answers.defaults.push((name.clone(), answer));
                    return Ok(name.clone());
                }
                // An empty text is a value, and a key that was hit is none.
                tell(&format!(
                    "nothing was typed; if it is an empty text that they get, stop with Ctrl-D and \
                     type the command with `--default {name}=`"
                ));
            }
        }
        Next::Fill(lack @ Lack { name, ty }) => {
            tell(&format!("`{name}` takes no NULL any more ({ty})."));
            let question = "Type what rows get that have none (nothing: such rows are refused):";
            let open = Open::Value((*lack).clone());
            let answer = line(&open, question, context)?;
            if !answer.is_empty() {
                answers.defaults.push((name.clone(), answer));
            }
            Ok(name.clone())
        }
    }
}

fn unanswered(open: &Open) -> crate::Error {
    MigrationError::Unanswered { open: vec![options(open)] }.into()
}

/// A line that somebody typed; an empty one for what is no text.
fn line(open: &Open, question: &str, context: &Context<'_>) -> Result<String> {
    context.output.note(question);
    let mut answer = String::new();
    match stdin().lock().read_line(&mut answer) {
        Ok(read) if read > 0 => Ok(answer.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok(String::new()),
        // Nobody is there any more.
        Ok(_) | Err(_) => Err(unanswered(open)),
    }
}
