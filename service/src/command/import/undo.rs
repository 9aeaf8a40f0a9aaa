//! `import undo`: takes out again what an import has brought in.

use std::fmt;

use sea_orm::DatabaseConnection;
use serde_json::json;
use service::{
    World,
    imports::{self, Kept, Undone},
};

/// What taking an import out came to.
pub(in crate::command) struct TakenOut {
    id: i64,
    undone: Undone,
}

impl super::super::Said for TakenOut {
    fn json(&self) -> serde_json::Value {
        let kept: Vec<serde_json::Value> = self
            .undone
            .kept
            .iter()
            .map(|Kept { table, source, because }| {
                json!({"table": table, "source": source, "because": because})
            })
            .collect();
        let Undone { removed, emptied, changed, .. } = &self.undone;
        json!({
            "schema": 1,
            "import": self.id,
            "removed": removed,
            "emptied": emptied,
            "changed": changed,
            "kept": kept,
        })
    }

    fn is_well(&self) -> bool {
        self.undone.kept.is_empty()
    }
}

impl fmt::Display for TakenOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "import {} is undone", self.id)?;
        for (table, rows) in &self.undone.removed {
            write!(f, "\n  {table}: {rows} removed")?;
        }
        for (table, rows) in &self.undone.emptied {
            write!(f, "\n  {table}: {rows} referred to what went, and do no more")?;
        }
        for (table, rows) in &self.undone.changed {
            write!(f, "\n  {table}: {rows} that it had changed stay as they are now")?;
        }
        for Kept { table, source, because } in &self.undone.kept {
            write!(f, "\n  {table}: `{source}` stays: {because}")?;
        }
        Ok(())
    }
}

pub(in crate::command) async fn undo(db: &DatabaseConnection, id: i64) -> anyhow::Result<TakenOut> {
    Ok(TakenOut { id, undone: imports::undo(db, &World::system(), id).await? })
}
