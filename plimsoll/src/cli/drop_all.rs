//! `drop-all`: an empty database, whatever was in it.

use clap::Args;
use serde::Serialize;

use super::{
    Context, DONE, FAILED,
    args::Lock,
    ask::{confirm_by_name, guard_production},
    lost::{All, announced},
    output::Heard,
    plan::print_statements,
};
use crate::{config::Database, error::Result};

#[derive(Debug, Args)]
pub(super) struct DropAll {
    /// Print the SQL that would run, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    lock: Lock,
}

#[derive(Serialize)]
struct Dropped {
    database: String,
    #[serde(flatten)]
    heard: Heard,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<Vec<String>>,
}

/// What may be typed for the database: its name; of a file also the path.
fn names(database: &Database) -> Vec<String> {
    let file = database.file().and_then(|file| file.file_name());
    let short = file.map(|name| name.to_string_lossy().into_owned());
    short.into_iter().chain([database.name()]).collect()
}

pub(super) async fn drop_all(context: &Context<'_>, args: DropAll) -> Result<u8> {
    let database = context.database()?;
    if args.dry_run {
        context.output.progress(format!("database: {database}"));
        let statements = context
            .on_reading_session(&database, async |db| context.app.on(db).rehearse_drop_all().await)
            .await?;
        print_statements(context, database.dialect(), &statements);
        return Ok(finish(context, &database, Some(statements)));
    }
    guard_production(context, "drop-all")?;
    context.output.progress(format!("database: {database}"));
    let dropped = context
        .on_session(&database, async |db| {
            let run = context.run(db, &args.lock);
            // Before somebody is asked for something that cannot be.
            run.rehearse_drop_all().await?;
            let what = All::Tables("everything in the database will be dropped, with all rows");
            let lost = announced(context, &run, &what, &args.lock).await?;
            if !confirm_by_name(context, "drop-all", &lost, &names(&database))? {
                return Ok(false);
            }
            run.drop_all().await?;
            Ok(true)
        })
        .await?;
    if !dropped {
        return Ok(FAILED);
    }
    context.output.line("the database is empty");
    Ok(finish(context, &database, None))
}

fn finish(context: &Context<'_>, database: &Database, statements: Option<Vec<String>>) -> u8 {
    context.output.document(&Dropped {
        database: database.to_string(),
        heard: context.output.heard(),
        statements,
    });
    DONE
}
