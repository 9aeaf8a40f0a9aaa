//! `prune`: removes what is older than it is kept.

use std::fmt;

use sea_orm::DatabaseConnection;
use service::{
    World,
    retention::{self, Pruned},
};

/// What was removed.
pub(super) struct Said(Vec<Pruned>);

impl super::Said for Said {
    fn json(&self) -> serde_json::Value {
        let pruned: Vec<serde_json::Value> = self
            .0
            .iter()
            .map(|Pruned { table, setting, days, rows }| {
                serde_json::json!({"table": table, "setting": setting, "days": days, "rows": rows})
            })
            .collect();
        serde_json::json!({"schema": 1, "pruned": pruned})
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Pruned { table, days, rows, .. }) in self.0.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            match days {
                0 => write!(f, "{line}{table}: kept for good")?,
                days => write!(f, "{line}{table}: {rows} older than {days} days removed")?,
            }
        }
        Ok(())
    }
}

pub(super) async fn run(db: &DatabaseConnection) -> anyhow::Result<Said> {
    Ok(Said(retention::prune(db, &World::system()).await?))
}
