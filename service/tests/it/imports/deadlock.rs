//! A deadlock, by which MySQL and MariaDB end the whole transaction, and would keep what comes behind it.

use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::join;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, Statement,
    TransactionTrait as _,
};
use service::imports::Options;

use super::{
    file::{File, counts, run},
    matched::many,
};

plimsoll::on_every_database!(migration::app:
    many_people_come_in_whole_or_not_at_all_when_a_deadlock_ends_their_transaction,
);

async fn many_people_come_in_whole_or_not_at_all_when_a_deadlock_ends_their_transaction(
    db: &DatabaseConnection,
) {
    if db.get_database_backend() != DbBackend::MySql {
        return;
    }
    db.execute_unprepared("CREATE TABLE ballast (id int)").await.unwrap();
    let file = File::of(&many("p"), 4).await;
    for all_or_nothing in [true, false] {
        let other = somebody_in_the_way(db).await;

        let options = Options { all_or_nothing, ..Options::default() };
        let (outcome, ()) = join(run(db, &file, &options), wants_the_import(other)).await;

        if all_or_nothing {
            let told = format!("{:?}", outcome.unwrap_err());
            assert!(told.contains("Deadlock"), "{told}");
            assert_eq!(counts(db).await, [0; 7]);
        } else {
            let report = outcome.unwrap();
            assert_eq!((report.tables["users"].made, report.faults), (200, 0), "{report:?}");
            assert_eq!(counts(db).await[0], 200);
        }
    }
}

/// Somebody who keeps one of the second half of the people from coming in, and has changed so much that it
/// is not they whom the database sends away.
async fn somebody_in_the_way(db: &DatabaseConnection) -> DatabaseTransaction {
    let other = db.begin().await.unwrap();
    for statement in [
        "INSERT INTO ballast WITH RECURSIVE n (i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
        "INSERT INTO users (username, username_key) VALUES ('p150', 'p150')",
    ] {
        other.execute_unprepared(statement).await.unwrap();
    }
    other
}

/// Wants the row of the import once that waits.
async fn wants_the_import(other: DatabaseTransaction) {
    let waiting = "SELECT 1 FROM information_schema.innodb_trx t \
                   JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
                   WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()";
    let waiting = Statement::from_string(DbBackend::MySql, waiting);
    let mut looks = 0..300;
    while other.query_one_raw(waiting.clone()).await.unwrap().is_none() {
        looks.next().expect("the import waits");
        // Looked at more often the view stays as it was.
        Delay::new(Duration::from_millis(200)).await;
    }
    other.execute_unprepared("SELECT id FROM imports FOR UPDATE").await.unwrap();
    other.rollback().await.unwrap();
}
