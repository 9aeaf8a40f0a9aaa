//! The examples that the README shows, as their users run them.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use plimsoll::testing::Scratch;
use secrecy::ExposeSecret as _;

plimsoll::on_every_empty_database!(
    a_first_deployment_goes_through_on_an_empty_database,
    people_are_queried_on_a_migrated_database,
);

fn example(name: &str, url: &str) -> String {
    let tests = std::env::current_exe().unwrap();
    let folder: PathBuf = tests.ancestors().nth(2).unwrap().join("examples");
    let output = Command::new(folder.join(name))
        .env_clear()
        .env("DATABASE_URL", url)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("`cargo test -p service` builds `{name}`: {error}"));
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    said
}

async fn a_first_deployment_goes_through_on_an_empty_database(scratch: &Scratch) {
    let said = example("first_deploy", scratch.database.url().expose_secret());

    assert!(said.contains("migrations applied: "), "{said}");
    assert!(said.contains("`ana` has the role `user`"), "{said}");
}

async fn people_are_queried_on_a_migrated_database(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();

    let said = example("query_users", scratch.database.url().expose_secret());

    assert!(!said.is_empty());
}
