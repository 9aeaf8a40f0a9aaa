//! A database that can keep no more.

use entity::{
    identity::user,
    imports::import::{self, ImportStatus},
};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, EntityTrait as _, PaginatorTrait as _,
    SqlxSqliteConnector, Statement, TryGetable as _,
    sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use service::imports::Options;

use super::file::{File, bring, person_with, run};

plimsoll::on_every_database!(migration::app:
    what_a_full_database_does_not_keep_is_not_called_done,
);

/// So many people with a display each.
pub(super) fn people(count: usize) -> Vec<(String, String)> {
    let person = |at: usize| {
        let name = format!("p{at}");
        let (_, document) = person_with(&name, &serde_json::json!({"id": format!("{at:08x}")}));
        (name, document)
    };
    (0..count).map(person).collect()
}

/// SQLite alone lets somebody say how large it may become.
async fn what_a_full_database_does_not_keep_is_not_called_done(db: &DatabaseConnection) {
    if db.get_database_backend() != DbBackend::Sqlite {
        return;
    }
    let file = File::of(&people(1_000), 4).await;
    let small = with_more_pages(db, 200).await;
    for all_or_nothing in [true, false] {
        let options = Options { all_or_nothing, ..Options::default() };

        let told = run(&small, &file, &options).await.unwrap_err();

        assert!(format!("{told:?}").contains("database or disk is full"), "{told:?}");
        let kept = user::Entity::find().count(db).await.unwrap();
        assert!(kept % 400 == 0 && (kept == 0 || !all_or_nothing) && kept < 1_000, "{kept}");
    }
    let import = import::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(import.status, ImportStatus::Running);

    let report = run(db, &file, &Options { resume: true, ..Options::default() }).await.unwrap();

    assert_eq!((report.records, report.faults), (1_000, 0));
    assert_eq!(user::Entity::find().count(db).await.unwrap(), 1_000);
    assert_eq!(bring(db, &file).await.tables["users"].made, 0);
}

/// The same database, which may have so many pages more than it has.
async fn with_more_pages(db: &DatabaseConnection, more: i64) -> DatabaseConnection {
    let pages = Statement::from_string(DbBackend::Sqlite, "PRAGMA page_count");
    let pages = db.query_one_raw(pages).await.unwrap().unwrap();
    let pages = i64::try_get_by(&pages, 0_usize).unwrap() + more;
    let options = db.get_sqlite_connection_pool().connect_options();
    let options = SqliteConnectOptions::clone(&options).pragma("max_page_count", pages.to_string());
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}
