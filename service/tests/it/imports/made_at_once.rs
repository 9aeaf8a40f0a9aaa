//! A database that was made from the entities at once takes what a migrated one takes.

use plimsoll::{Choice, connect, testing::Scratch};
use service::audit;

use super::file::{File, bring, counts};

plimsoll::on_every_empty_database!(a_database_that_was_made_at_once_keeps_an_audit_log);

async fn a_database_that_was_made_at_once_keeps_an_audit_log(scratch: &Scratch) {
    let app = migration::app().entities(entity::schema());
    let session = connect::session(&scratch.database).await.unwrap();
    let choice = Choice::default();
    let created = Box::pin(app.on(&session).create_all(&scratch.database, &choice)).await.unwrap();
    session.close().await.unwrap();

    let report = bring(&scratch.db, &File::sample().await).await;

    assert_eq!(created.not_run, [""; 0]);
    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    assert_eq!(counts(&scratch.db).await, [3, 3, 4, 2, 2, 2, 1]);
    let log = audit::verify_as_system(&scratch.db).await.unwrap();
    assert_eq!((log.from, log.to, log.fault), (1, 1, None));
}
