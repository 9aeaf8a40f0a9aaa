//! How the file of a tronbyt server is made.

use std::path::Path;

use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, DbErr, TransactionTrait as _,
    sea_query::{Expr, Query},
};

/// How many documents one statement writes.
const AT_ONCE: usize = 200;

/// Opens a file of SQLite, which is made if it is not there.
pub(crate) async fn open(path: &Path) -> Result<DatabaseConnection, DbErr> {
    Database::connect(format!("sqlite:{}?mode=rwc", path.display())).await
}

/// Writes people and their documents, of the shape with that number, into a new file.
pub(crate) async fn write(
    path: &Path,
    documents: impl IntoIterator<Item = (String, String)>,
    version: i64,
) -> Result<(), DbErr> {
    let db = open(path).await?;
    for sql in [
        "CREATE TABLE json_data (id INTEGER PRIMARY KEY AUTOINCREMENT, \
         username TEXT NOT NULL UNIQUE, data TEXT NOT NULL)",
        "CREATE TABLE meta (schema_version INTEGER NOT NULL)",
        &format!("INSERT INTO meta VALUES ({version})"),
    ] {
        db.execute_unprepared(sql).await?;
    }
    let tx = db.begin().await?;
    let mut documents = documents.into_iter().peekable();
    while documents.peek().is_some() {
        let mut insert = Query::insert();
        insert.into_table("json_data").columns(["username", "data"]);
        for (name, document) in documents.by_ref().take(AT_ONCE) {
            insert.values_panic([Expr::value(name), Expr::value(document)]);
        }
        tx.execute(&insert).await?;
    }
    tx.commit().await?;
    db.close().await
}
