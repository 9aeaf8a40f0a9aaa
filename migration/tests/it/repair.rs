//! `repair` as it is typed.

use plimsoll::testing::Scratch;

use crate::{
    database::*,
    process::{known, says},
};

plimsoll::on_every_empty_database!(what_was_interrupted_is_shown_and_settled);

async fn what_was_interrupted_is_shown_and_settled(scratch: &Scratch) {
    let db = &scratch.db;
    says(scratch, 0, &["up"]);
    let said = says(scratch, 0, &["repair"]);
    assert!(said.out.contains("there is nothing to repair"), "{said:?}");
    // As code leaves it that is killed on the way back.
    let last = known().pop().unwrap();
    let interrupted = format!(
        "INSERT INTO plimsoll_journal (history, version, way, finished, finished_digest) VALUES \
         ('seaql_migrations', '{last}', 'down', 0, \
         'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')"
    );
    run(db, &interrupted).await;

    let refused = says(scratch, 1, &["up"]);
    assert!(refused.err.contains("repair --done"), "{refused:?}");
    let said = says(scratch, 2, &["repair"]);
    assert!(said.out.contains("the schema is as if it were undone"), "{said:?}");
    assert!(said.out.contains("one would have to: drop table `"), "{said:?}");
    let finding = &says(scratch, 2, &["repair", "--json"]).document()["findings"][0];
    assert_eq!(
        (&finding["revision"], &finding["state"]),
        (&last.clone().into(), &"interrupted".into())
    );
    let dry = says(scratch, 0, &["repair", "--undo", "--dry-run"]);
    assert!(dry.out.starts_with("DELETE FROM plimsoll_journal"), "{dry:?}");
    let unconfirmed = says(scratch, 1, &["repair", "--undo"]);
    assert!(unconfirmed.err.contains("PLM0060"), "{unconfirmed:?}");
    assert_eq!(count(db, "plimsoll_journal").await, 1);

    let said = says(scratch, 0, &["repair", "--undo", "--yes"]);

    assert!(said.out.contains(&format!("`{last}` is applied from now on")), "{said:?}");
    says(scratch, 0, &["status"]);
    says(scratch, 1, &["repair", "--done", "--yes"]);
}
