//! Migrations that are drafted with every question answered. The tests of what is written include
//! this file, too.

use plimsoll::{Answers, App, Beginning, Open, Steps};

/// What somebody types who wants nothing kept, and gives every row the same.
pub(crate) fn answered(app: &App) -> (Steps, Vec<String>) {
    answered_from(&app.beginning(None).unwrap().unwrap())
}

/// As [`answered`], from wherever it begins.
pub(crate) fn answered_from(beginning: &Beginning) -> (Steps, Vec<String>) {
    let mut answers = Answers::default();
    loop {
        let draft = beginning.draft(&answers).unwrap();
        if draft.open.is_empty() {
            return (draft.steps, draft.notes);
        }
        for open in draft.open {
            match open {
                Open::Gone { name, .. } => answers.drops.push(name),
                Open::Value(lack) => {
                    let word = lack.ty.split(['(', ' ']).next().unwrap_or_default();
                    let value = match word {
                        "boolean" => "true",
                        "string" | "text" | "char" => "x",
                        "json" => "{}",
                        "date" | "datetime" | "timestamp" | "time" => "now",
                        "uuid" => "00000000-0000-4000-8000-000000000000",
                        "blob" | "binary" | "varbinary" => "0x00ff",
                        _ => "7",
                    };
                    answers.defaults.push((lack.name, value.to_owned()));
                }
            }
        }
    }
}
