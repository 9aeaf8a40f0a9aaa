//! The variables that the programs read are those that `.env.example` shows.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn the_example_shows_every_variable_and_no_other() {
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let lists = [plimsoll::config::VARIABLES, api::config::VARIABLES, service::config::VARIABLES];

    let differences = plimsoll::config::differences(&example, &lists);

    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The one reader is `Env`; whoever asks the environment besides it has a variable that no list
/// shows. What cargo tells at compile time is no variable of ours.
#[test]
fn nobody_else_reads_the_environment() {
    let readers = ["plimsoll/src/config/env.rs", "api/tests/it/variables.rs"];
    let mut found = Vec::new();
    for file in sources() {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        // Tests hand it to the programs that they start.
        let text = fs::read_to_string(&file).unwrap().replace("env::var_os(\"PATH\")", "");
        let reads = ["env::var", "env::set_var", "option_env!", "dotenv()", "env = \""];
        if !readers.contains(&name.as_str()) {
            found.extend(
                reads.iter().filter(|it| text.contains(**it)).map(|it| format!("{name}: {it}")),
            );
        }
    }

    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn sources() -> Vec<PathBuf> {
    let members = ["api", "entity", "migration", "plimsoll", "service"];
    let mut folders: Vec<PathBuf> = members.iter().map(|member| root().join(member)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
