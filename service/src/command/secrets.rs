//! `secrets rotate`: seals anew what an older key has sealed.

use std::fmt;

use clap::Subcommand;
use plimsoll::config::Env;
use sea_orm::DatabaseConnection;
use service::{
    World, config,
    secrets::{self, Resealed, Rotated, Unopened},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seal with the first key of `ENCRYPTION_KEY` what another one has sealed; exit code 1 when
    /// something cannot be opened.
    Rotate,
}

/// What was done.
pub(super) struct Said(Rotated);

impl super::Said for Said {
    fn json(&self) -> serde_json::Value {
        let Rotated { key, columns, unopened } = &self.0;
        let rotated: Vec<serde_json::Value> = columns
            .iter()
            .map(|Resealed { table, column, resealed, kept }| {
                serde_json::json!({
                    "table": table,
                    "column": column,
                    "resealed": resealed,
                    "kept": kept,
                })
            })
            .collect();
        let unopened: Vec<serde_json::Value> = unopened
            .iter()
            .map(|Unopened { table, column, row, problem }| {
                serde_json::json!({
                    "table": table,
                    "column": column,
                    "row": row,
                    "problem": problem,
                })
            })
            .collect();
        serde_json::json!({"schema": 1, "key": key, "rotated": rotated, "unopened": unopened})
    }

    fn is_well(&self) -> bool {
        self.0.unopened.is_empty()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rotated { key, columns, unopened } = &self.0;
        write!(f, "the key `{key}` seals")?;
        for Resealed { table, column, resealed, kept } in columns {
            write!(f, "\n{table}.{column}: {resealed} sealed anew, {kept} were already")?;
        }
        for unopened in unopened {
            write!(f, "\n{unopened}")?;
        }
        Ok(())
    }
}

pub(super) async fn rotate(db: &DatabaseConnection, env: &Env) -> anyhow::Result<Said> {
    let keys = config::keyring(env)?;
    Ok(Said(secrets::rotate(db, &World::system(), &keys).await?))
}
