//! `baseline` as it is typed.

use plimsoll::{Dialect, testing::Scratch};

use crate::{
    database::*,
    process::{known, says},
};

plimsoll::on_every_empty_database!(a_database_that_was_made_elsewhere_is_taken_over);

async fn a_database_that_was_made_elsewhere_is_taken_over(scratch: &Scratch) {
    let db = &scratch.db;
    let said = says(scratch, 0, &["baseline"]);
    assert!(said.out.contains("type `up`"), "{said:?}");
    says(scratch, 0, &["up"]);
    let grants = count(db, "role_permissions").await;
    for table in ["plimsoll_history", "plimsoll_journal", "plimsoll_seeds", "seaql_migrations"] {
        run(db, &format!("DROP TABLE {table}")).await;
    }
    run(db, "CREATE INDEX by_hand ON users (created_at)").await;

    // Something differs, and nobody is there to be asked.
    let said = says(scratch, 2, &["baseline", "--json"]).document();
    assert_eq!(
        (&said["clean"], &said["revision"]),
        (&false.into(), &known().pop().unwrap().into())
    );
    assert_eq!(said["differences"][0], "drop index `by_hand` on `users`");
    assert!(!tables(db).await.is_empty());
    says(scratch, 2, &["status"]);
    let drop = if dialect(db) == Dialect::Mysql { " ON users" } else { "" };
    run(db, &format!("DROP INDEX by_hand{drop}")).await;
    let said = says(scratch, 0, &["baseline", "--dry-run"]);
    assert!(said.out.contains("the database has what the migrations up to"), "{said:?}");
    says(scratch, 2, &["status"]);

    let said = says(scratch, 0, &["baseline"]);

    let recorded = format!("{} migrations recorded as applied", known().len());
    assert!(said.out.contains(&recorded), "{said:?}");
    says(scratch, 0, &["status"]);
    says(scratch, 0, &["check"]);
    let said = says(scratch, 0, &["baseline"]);
    assert!(said.out.contains("nothing was left to record"), "{said:?}");
    // The default rows are there, and stay as they are.
    says(scratch, 0, &["up"]);
    assert_eq!(count(db, "role_permissions").await, grants);
}
