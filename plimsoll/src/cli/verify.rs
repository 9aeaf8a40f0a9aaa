//! `verify`: every migration there, back, and there again, on databases made for the purpose.

use clap::Args;
use serde::Serialize;

use super::{
    Context, DONE, NOT_CLEAN,
    args::Kind,
    output::{count, duration},
};
use crate::{
    app::{Verified, VerifiedMigration},
    config::{Database, TEST_MYSQL_URL, TEST_POSTGRES_URL, Variable},
    dialect::Dialect,
    error::{MigrationError, Result},
};

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// On these kinds of database; else on the one that is configured. The server of another kind is the
    /// one that `TEST_POSTGRES_URL` or `TEST_MYSQL_URL` names.
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    on: Vec<Kind>,
    /// With rows in the tables, made for the purpose: what is not said to be lost has to come back.
    #[arg(long)]
    data: bool,
}

/// What came out, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    clean: bool,
    databases: &'a [Verified],
}

pub(super) async fn verify(context: &Context<'_>, args: &Verify) -> Result<u8> {
    let mut verified = Vec::new();
    for database in databases(context, &args.on)? {
        let dialect = database.dialect();
        context.output.line(format!("on {dialect}"));
        let mut tell = |it: &VerifiedMigration| tell(context, it, args.data);
        verified.push(context.app.verify(&database, args.data, &mut tell).await?);
    }
    let faults: usize = verified.iter().map(|it| it.faults().count()).sum();
    context.output.line(match faults {
        0 => "every migration goes, comes back and goes again".to_owned(),
        _ => format!("{} to mend", count(faults, "fault")),
    });
    context.output.document(&Answer { clean: faults == 0, databases: &verified });
    Ok(if faults == 0 { DONE } else { NOT_CLEAN })
}

fn tell(context: &Context<'_>, it: &VerifiedMigration, data: bool) {
    let word = if it.faults.is_empty() { "ok" } else { "FAULT" };
    let rows = if data { format!(", {}", count(it.rows, "row")) } else { String::new() };
    context.output.line(format!("  {word} {} ({}{rows})", it.name, duration(it.took)));
    for sentence in &it.faults {
        context.output.line(format!("    it {sentence}"));
    }
    for sentence in &it.remarks {
        context.output.line(format!("    remark: {sentence}"));
    }
}

/// The databases beside which the scratch databases are made.
fn databases(context: &Context<'_>, on: &[Kind]) -> Result<Vec<Database>> {
    let configured = context.database();
    if on.is_empty() {
        return Ok(vec![configured?]);
    }
    let server = |variable: &Variable, dialect: Dialect| -> Result<Database> {
        let Some(url) = context.env.get(variable)? else {
            return Err(MigrationError::Unsupported {
                what: format!("there is no {dialect} server to verify on"),
                instead: format!("name one in {}: a scratch database is made there", variable.name),
            }
            .into());
        };
        Database::from_server_url(&url, context.env.folder())
    };
    on.iter()
        .map(|kind| {
            let dialect = Dialect::from(*kind);
            match &configured {
                Ok(database) if database.dialect() == dialect => Ok(database.clone()),
                _ => match dialect {
                    Dialect::Sqlite => Database::from_url("sqlite::memory:", context.env.folder()),
                    Dialect::Postgres => server(&TEST_POSTGRES_URL, dialect),
                    Dialect::Mysql => server(&TEST_MYSQL_URL, dialect),
                },
            }
        })
        .collect()
}
