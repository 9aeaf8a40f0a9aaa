//! `verify` and what a project's own tests say of its history.

use plimsoll::{Dialect, testing::Scratch};
use secrecy::ExposeSecret as _;

use crate::{
    database::*,
    process::{Said, known, migration_in, says},
};

plimsoll::history_on_every_database!(migration::app);

plimsoll::on_every_empty_database!(
    the_history_is_verified_somewhere_else,
    another_kind_of_database_is_verified_on_the_server_that_is_named,
);

async fn the_history_is_verified_somewhere_else(scratch: &Scratch) {
    let said = says(scratch, 0, &["verify", "--data"]);

    assert!(said.out.contains("every migration goes, comes back and goes again"), "{said:?}");
    assert!(tables(&scratch.db).await.is_empty());
    let said = says(scratch, 0, &["verify", "--json"]);
    let document = said.document();
    let names: Vec<&str> = document["databases"][0]["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, known());
}

async fn another_kind_of_database_is_verified_on_the_server_that_is_named(scratch: &Scratch) {
    let (kind, variable) = match dialect(&scratch.db) {
        Dialect::Sqlite => ("sqlite", None),
        Dialect::Postgres => ("postgres", Some("TEST_POSTGRES_URL")),
        Dialect::Mysql => ("mysql", Some("TEST_MYSQL_URL")),
    };
    let on = format!("sqlite,{kind}");
    let embedded = || {
        let arguments = ["verify", "--on", &on, "--json"];
        let mut command = migration_in(&std::env::temp_dir(), &arguments);
        command.env("DATABASE_URL", "sqlite::memory:");
        command
    };

    if let Some(variable) = variable {
        let said = Said::of(&mut embedded()).with(1);
        assert!(said.out.contains(variable), "{said:?}");
    }
    let mut named = embedded();
    if let Some(variable) = variable {
        named.env(variable, scratch.database.url().expose_secret());
    }
    let document = Said::of(&mut named).with(0).document();

    assert_eq!(document["clean"], true);
    let dialects = document["databases"].as_array().unwrap().iter().map(|it| &it["dialect"]);
    assert_eq!(dialects.collect::<Vec<_>>(), ["sqlite", kind]);
    assert!(tables(&scratch.db).await.is_empty());
}
