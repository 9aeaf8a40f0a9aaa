//! `stamp`: the history as somebody says that it is.

use serde::Serialize;

use super::{
    Context, DONE, FAILED, args,
    ask::confirm,
    output::{Heard, count},
    plan::print_statements,
};
use crate::{error::Result, runner::Stamp};

/// What was recorded, for programs; with a dry run what would be, and how.
#[derive(Serialize)]
struct Stamped<'s> {
    database: String,
    #[serde(flatten)]
    stamp: &'s Stamp,
    #[serde(flatten)]
    heard: Heard,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<Vec<String>>,
}

pub(super) async fn stamp(context: &Context<'_>, args: args::Stamp) -> Result<u8> {
    let database = context.database()?;
    context.output.progress(format!("database: {database}"));
    let target = args.target();
    if args.dry_run {
        let (stamp, statements) = context
            .on_reading_session(&database, async |db| {
                context.app.on(db).rehearse_stamp(&target).await
            })
            .await?;
        print_statements(context, database.dialect(), &statements);
        context.output.document(&Stamped {
            database: database.to_string(),
            stamp: &stamp,
            heard: context.output.heard(),
            statements: Some(statements),
        });
        return Ok(DONE);
    }
    let stamp = context
        .on_session(&database, async |db| {
            let run = context.run(db, &args.lock);
            let (expected, _) = run.rehearse_stamp(&target).await?;
            let forgotten = expected.forgotten.iter();
            let lost: Vec<String> =
                forgotten.map(|name| format!("- {name} is forgotten")).collect();
            if !lost.is_empty() && !confirm(context, "stamp", &lost)? {
                return Ok(None);
            }
            run.stamp(&target, Some(&expected)).await.map(Some)
        })
        .await?;
    let Some(stamp) = stamp else { return Ok(FAILED) };
    for name in &stamp.recorded {
        context.output.progress(format!("+ {name}"));
    }
    for name in &stamp.forgotten {
        context.output.progress(format!("- {name}"));
    }
    context.output.line(format!(
        "{} recorded, {} forgotten, none was run",
        count(stamp.recorded.len(), "migration"),
        count(stamp.forgotten.len(), "migration")
    ));
    context.output.document(&Stamped {
        database: database.to_string(),
        stamp: &stamp,
        heard: context.output.heard(),
        statements: None,
    });
    Ok(DONE)
}
