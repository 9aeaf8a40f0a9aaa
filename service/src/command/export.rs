//! `export`: whole domains as text, into a file or to standard output.

mod partial;

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use sea_orm::DatabaseConnection;
use serde_json::json;
use service::exports::{Export, LEFT_OUT, Unknown};

use self::partial::Partial;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// The domains (`identity`, `displays` …), or `all`.
    #[arg(required = true, value_name = "DOMAIN")]
    domains: Vec<String>,
    /// The form: JSON documents, one on each line.
    #[arg(long)]
    format: Format,
    /// The file; standard output without. It has hashes of passwords in it: nobody else may read it.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "to")]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Json,
}

/// What was written.
pub(super) struct Written {
    file: Option<PathBuf>,
    rows: BTreeMap<&'static str, u64>,
    unknown: Vec<Unknown>,
}

impl super::Said for Written {
    fn json(&self) -> serde_json::Value {
        let left_out: BTreeMap<&str, &str> = LEFT_OUT.into_iter().collect();
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let unknown: Vec<serde_json::Value> = self
            .unknown
            .iter()
            .map(|Unknown { table, column }| json!({"table": table, "column": column}))
            .collect();
        json!({
            "schema": 1,
            "file": file,
            "tables": self.rows,
            "left_out": left_out,
            "unknown": unknown,
        })
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: u64 = self.rows.values().sum();
        write!(f, "{rows} rows")?;
        if let Some(file) = &self.file {
            write!(f, " are in `{}`", file.display())?;
        }
        for (table, rows) in self.rows.iter().filter(|(_, rows)| **rows > 0) {
            write!(f, "\n  {table}: {rows}")?;
        }
        for (table, why) in LEFT_OUT {
            write!(f, "\nnot exported: {table}: {why}")?;
        }
        Ok(())
    }
}

/// Writes the export. Gives what was written, when standard output is free to say it; else standard
/// error has it. What stays behind because nobody knows it is a warning there, or part of the document.
pub(super) async fn run(
    db: &DatabaseConnection,
    options: &Options,
    is_json: bool,
) -> anyhow::Result<Option<Written>> {
    let Options { domains, format: Format::Json, to, force } = options;
    let Some(file) = to else {
        if is_json {
            anyhow::bail!("with --json, `--to` says where the export goes");
        }
        let export = Export::begin(db, domains).await?;
        let unknown = export.unknown().to_vec();
        let mut out = BufWriter::new(io::stdout());
        let rows = write(export, &mut out).await?;
        let written = Written { file: None, rows, unknown };
        // Nobody is there to be told when standard error is gone.
        let _ = writeln!(anstream::stderr(), "{written}");
        warn(&written.unknown);
        return Ok(None);
    };
    let export = Export::begin(db, domains).await?;
    let unknown = export.unknown().to_vec();
    let mut partial = Partial::begin(file, *force)
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    let rows = write(export, &mut BufWriter::new(partial.file())).await?;
    partial.finish(*force).with_context(|| format!("cannot write `{}`", file.display()))?;
    if !is_json {
        warn(&unknown);
    }
    Ok(Some(Written { file: Some(file.clone()), rows, unknown }))
}

/// Says on standard error what stays behind because nobody knows it.
fn warn(unknown: &[Unknown]) {
    for it in unknown {
        // Nobody is there to be told when standard error is gone.
        let _ = writeln!(anstream::stderr(), "warning: {it}");
    }
}

async fn write(
    mut export: Export,
    to: &mut impl Write,
) -> anyhow::Result<BTreeMap<&'static str, u64>> {
    while let Some(lines) = export.some().await? {
        to.write_all(lines.as_bytes()).context("cannot write the export")?;
    }
    to.flush().context("cannot write the export")?;
    Ok(export.rows().clone())
}
