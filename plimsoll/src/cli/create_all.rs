//! `create-all`: the schema straight from the entities, for tests.

use serde::Serialize;

use super::{
    Context, DONE,
    args::Refill,
    output::{Heard, count, duration},
    travel::{SeededRows, rehearse},
};
use crate::error::Result;

#[derive(Serialize)]
struct Answer {
    database: String,
    created: Vec<String>,
    recorded: Vec<String>,
    /// Migrations that do more than make a schema and insert rows, which was not done.
    not_run: Vec<String>,
    seeded: Vec<SeededRows>,
    #[serde(flatten)]
    heard: Heard,
}

pub(super) async fn create_all(context: &Context<'_>, args: Refill) -> Result<u8> {
    if args.dry_run {
        let database = context.database()?;
        return rehearse(context, true, async |run| {
            Box::pin(run.rehearse_create_all(&database)).await
        })
        .await;
    }
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let choice = context.choice(&args.skip)?;
    let made = context
        .on_session(&database, async |db| {
            Box::pin(context.run(db, &args.lock).create_all(&database, &choice)).await
        })
        .await?;
    if !made.not_run.is_empty() {
        let names: Vec<String> = made.not_run.iter().map(|name| format!("`{name}`")).collect();
        context.output.note(format!(
            "recorded and not run, though they do more than make tables and insert rows: {}",
            names.join(", ")
        ));
    }
    let rows: usize = made.seeded.iter().map(|seeded| seeded.inserted.len()).sum();
    context.output.line(format!(
        "{} created, {} recorded as applied, {} seeded in {}",
        count(made.tables.len(), "table"),
        count(made.recorded.len(), "migration"),
        count(rows, "row"),
        duration(made.took)
    ));
    context.output.document(&Answer {
        database: database.to_string(),
        created: made.tables,
        recorded: made.recorded,
        not_run: made.not_run,
        seeded: made.seeded.iter().map(SeededRows::from).collect(),
        heard: context.output.heard(),
    });
    Ok(DONE)
}
