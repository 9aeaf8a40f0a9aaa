//! Every command of the guide, as it stands there.

use std::path::Path;

use plimsoll::testing::Scratch;
use secrecy::ExposeSecret as _;

use crate::{
    database::*,
    process::{Said, known, migration_in},
};

plimsoll::on_every_empty_database!(
    the_commands_of_the_guide_run_in_its_order,
    what_the_guide_names_in_passing_is_understood,
);

fn guide() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migrations.md");
    std::fs::read_to_string(file).unwrap()
}

fn run_in(folder: &Path, scratch: &Scratch, arguments: &[&str]) -> Said {
    let mut command = migration_in(folder, arguments);
    command.env("DATABASE_URL", scratch.database.url().expose_secret());
    Said::of(&mut command)
}

async fn the_commands_of_the_guide_run_in_its_order(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let guide = guide();
    let lines = guide.lines().filter_map(|line| line.strip_prefix("$ cargo run -p migration -- "));
    let mut ran = 0;

    for line in lines {
        let arguments: Vec<&str> =
            line.split_whitespace().take_while(|word| !["#", ">"].contains(word)).collect();
        // Writes into the sources: `generate` has tests of its own, on copies of them.
        if arguments[0] == "generate" {
            continue;
        }
        let said = run_in(folder.path(), scratch, &[&arguments[..], &["--yes"]].concat());

        // `check` finds what is pending.
        let may_be = if arguments[0] == "check" { [0, 2] } else { [0, 0] };
        assert!(said.code.is_some_and(|code| may_be.contains(&code)), "{line}: {said:#?}");
        ran += 1;
    }

    assert!(ran >= 12, "{ran}");
    // The copy that was brought back last was made ahead of an `up`.
    assert!(recorded(&scratch.db).await.len() < known().len());
}

async fn what_the_guide_names_in_passing_is_understood(scratch: &Scratch) {
    const COMMANDS: [&str; 18] = [
        "up",
        "down",
        "redo",
        "stamp",
        "repair",
        "check",
        "status",
        "verify",
        "baseline",
        "backup",
        "restore",
        "seed",
        "fresh",
        "refresh",
        "reset",
        "drop-all",
        "create-all",
        "wait",
    ];
    let folder = tempfile::tempdir().unwrap();
    let guide = guide();
    let named: Vec<&str> = guide
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|it| it.split_whitespace().next().is_some_and(|first| COMMANDS.contains(&first)))
        .collect();
    let (first, last) = (known().remove(0), known().pop().unwrap());

    for line in &named {
        let is_up = line.starts_with("up ");
        let revision = if is_up { &last } else { &first };
        let line = line.replace("REVISION", revision).replace("TARGET", "head");
        let words: Vec<&str> = line.split_whitespace().collect();
        let yes: &[&str] = if words.contains(&"--force") { &[] } else { &["--yes"] };
        let said = run_in(folder.path(), scratch, &[&words[..], &["--json"], yes].concat());

        // Nothing was interrupted, edited or forgotten here, and there is something already.
        let document = said.document();
        let refused = document["error"]["code"].as_str();
        let is_expected = refused.is_none_or(|code| matches!(code, "PLM0080" | "PLM0071"));
        assert!(is_expected, "{line}: {document}");
    }

    assert!(named.len() > 20, "{named:?}");
}
