//! What migrations that are code, and entities of a registry, make: known when it has been made
//! where nothing is kept.

use sea_orm::{DatabaseConnection, DbBackend, SchemaBuilder};

use crate::{
    config::{Access, Database, Place as Where},
    connect,
    dialect::Dialect,
    error::Result,
    history::Revisions,
    introspect::introspect,
    progress::{Event, Progress},
    revisions::Standing,
    runner::Runner,
    schema::Schema,
    scratch::Place,
    terms::Terms,
};

/// Tells nobody.
struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event<'_>) {}
}

/// What revisions make.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    pub(super) schema: Schema,
    /// What was recorded of them where they ran for it; nothing when that was not needed.
    pub(super) again: Vec<Standing>,
}

/// What the revisions of these names make on an empty database.
pub(super) async fn migrations(
    database: &Database,
    revisions: &Revisions<'_>,
    names: &[String],
) -> Result<Made> {
    running(database, revisions, async |db, runner| {
        runner.replay(names).await?;
        Ok(Made { schema: introspect(db).await?, again: runner.standings().await? })
    })
    .await
}

/// Works with a runner on an empty database, as [`on_scratch`] makes it.
pub(super) async fn running<T>(
    database: &Database,
    revisions: &Revisions<'_>,
    work: impl AsyncFnOnce(&DatabaseConnection, &Runner<'_>) -> Result<T>,
) -> Result<T> {
    on_scratch(database, async |db| {
        // Nobody else knows of this database: no lock is needed.
        let runner = Runner::start(db, revisions, Terms::alone(&Silent)).await?;
        let outcome = work(db, &runner).await;
        runner.finish(outcome).await
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

/// Works on an empty database of the same kind, which is gone afterwards: in memory for SQLite, on
/// the same server for the others. A schema of PostgreSQL would not do: code can name another one.
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
    let scratch = place.create_alike().await?;
    let outcome = on(&scratch, work).await;
    place.remove(&scratch.name()).await?;
    outcome
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
