//! `create-all` as it is typed.

use plimsoll::testing::Scratch;

use crate::{
    database::*,
    process::{known, says},
};

plimsoll::on_every_empty_database!(
    a_database_for_tests_is_what_the_migrations_make,
    what_it_would_do_is_printed_and_nothing_is_done,
);

async fn a_database_for_tests_is_what_the_migrations_make(scratch: &Scratch) {
    let db = &scratch.db;

    let made = says(scratch, 0, &["create-all", "--json"]).document();

    assert_eq!(made["recorded"], serde_json::json!(known()));
    let mut tables = tables(db).await;
    tables.sort();
    assert_eq!(made["created"], serde_json::json!(tables));
    assert!(made["seeded"].as_array().is_some_and(|seeded| !seeded.is_empty()), "{made}");
    assert_eq!(made["not_run"], serde_json::json!([]));
    for table in ["audit_chains", "authz_versions"] {
        assert_eq!(count(db, table).await, 1, "{table}");
    }
    says(scratch, 0, &["status"]);
    // Neither the entities nor the migrations differ from it.
    says(scratch, 0, &["check"]);
    let up = says(scratch, 0, &["up"]);
    assert!(up.out.contains("nothing to do"), "{up:?}");
    let refused = says(scratch, 1, &["create-all"]);
    assert!(refused.err.contains("error[PLM0071]"), "{refused:?}");
    says(scratch, 0, &["refresh", "--yes"]);
}

async fn what_it_would_do_is_printed_and_nothing_is_done(scratch: &Scratch) {
    let said = says(scratch, 0, &["create-all", "--dry-run"]);

    assert!(said.out.contains("CREATE TABLE"), "{said:?}");
    assert!(said.out.contains(&known()[0]), "{said:?}");
    assert_eq!(fingerprint(&scratch.db).await, [""; 0]);
}
