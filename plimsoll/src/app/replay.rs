//! What migrations that are code, and entities of a registry, make: known when it has been made
//! where nothing is kept.

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, SchemaBuilder, Statement,
};

use crate::{
    config::{Access, Database, Place as Where},
    connect,
    dialect::Dialect,
    error::Result,
    history::Revisions,
    introspect::introspect,
    progress::{Event, Progress},
    render::renderer,
    runner::Runner,
    schema::Schema,
    scratch::{self, Place},
};

/// Tells nobody.
struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event<'_>) {}
}

/// The schema that the revisions of these names make on an empty database.
pub(super) async fn migrations(
    database: &Database,
    revisions: &Revisions<'_>,
    names: &[String],
) -> Result<Schema> {
    on_scratch(database, async |db| {
        // Nobody else knows of this database: no lock is needed.
        let runner = Runner::start(db, revisions, &Silent, None).await?;
        let outcome = runner.replay(names).await;
        runner.finish().await;
        outcome?;
        Ok(introspect(db).await?)
    })
    .await
}

/// The schema that the entities of a registry make on an empty database, without the former names
/// that SeaORM writes into the comments of columns.
pub(super) async fn registered(
    database: &Database,
    builder: &(dyn Fn(DbBackend) -> SchemaBuilder + Send + Sync),
) -> Result<Schema> {
    let mut schema = on_scratch(database, async |db| {
        builder(db.get_database_backend()).apply(db).await?;
        Ok(introspect(db).await?)
    })
    .await?;
    let columns = schema.tables.values_mut().flat_map(|table| &mut table.columns);
    columns.for_each(crate::schema::Column::take_former_name);
    Ok(schema)
}

/// Works on an empty database of the same kind, which is gone afterwards: in memory for SQLite; on
/// the same server for the others, on PostgreSQL in a schema when the user may not make databases.
async fn on_scratch<T>(
    database: &Database,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
) -> Result<T> {
    if database.dialect() == Dialect::Sqlite {
        let mut database = database.clone();
        if let Where::Sqlite(file) = &mut database.place {
            file.path = None;
            file.access = Access::Create;
        }
        return on(&database, work).await;
    }
    let place = Place::new(database.clone().with_schema(None));
    // What is left over from others is no matter of this run.
    let _ = place.sweep().await;
    match place.create().await {
        Ok(scratch) => {
            let outcome = on(&scratch, work).await;
            place.remove(&scratch.name()).await?;
            outcome
        }
        Err(refused) if database.dialect() == Dialect::Postgres => {
            in_schema(database, work, refused).await
        }
        Err(refused) => Err(refused),
    }
}

async fn on<T>(
    database: &Database,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
) -> Result<T> {
    let db = connect::session(database).await?;
    let outcome = work(&db).await;
    // Nothing hangs on how it is closed.
    let _ = db.close().await;
    outcome
}

/// Works in a schema of its own beside the others of the database.
async fn in_schema<T>(
    database: &Database,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
    refused: crate::Error,
) -> Result<T> {
    let name = scratch::fresh_name();
    let quoted = renderer(Dialect::Postgres).quote(&name);
    let db = connect::session(database).await?;
    sweep_schemas(&db).await;
    let created = db.execute_unprepared(&format!("CREATE SCHEMA {quoted}")).await;
    let outcome = match created {
        // The first refusal says more: a database is what was wanted.
        Err(_) => Err(refused),
        Ok(_) => {
            let scratch = database.clone().with_schema(Some(name));
            let outcome = on(&scratch, work).await;
            db.execute_unprepared(&format!("DROP SCHEMA {quoted} CASCADE")).await?;
            outcome
        }
    };
    // Nothing hangs on how it is closed.
    let _ = db.close().await;
    outcome
}

/// Drops the schemas that runs which were killed have left behind.
async fn sweep_schemas(db: &DatabaseConnection) {
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT nspname::text FROM pg_namespace");
    let Ok(rows) = db.query_all_raw(ask).await else { return };
    let names: Vec<String> = rows
        .iter()
        .filter_map(|row| row.try_get_by_index(0).ok())
        .filter(|name: &String| scratch::is_left_over(name))
        .collect();
    for name in names {
        let quoted = renderer(Dialect::Postgres).quote(&name);
        // Two runs can sweep at the same time: the second finds nothing.
        let _: Result<_, DbErr> =
            db.execute_unprepared(&format!("DROP SCHEMA IF EXISTS {quoted} CASCADE")).await;
    }
}
