//! `audit verify`: whether the audit log is as it was written.

use std::fmt;

use clap::Subcommand;
use sea_orm::DatabaseConnection;
use service::audit::{self, Verified};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at every row of the chain; exit code 1 when it is not whole.
    Verify,
}

/// What was found.
pub(super) struct Said(Verified);

impl super::Said for Said {
    fn json(&self) -> serde_json::Value {
        let Verified { from, to, fault } = &self.0;
        let fault = fault.as_ref().map(ToString::to_string);
        serde_json::json!({"schema": 1, "from": from, "to": to, "fault": fault})
    }

    fn is_well(&self) -> bool {
        self.0.fault.is_none()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verified { from, to, fault } = &self.0;
        match fault {
            _ if to < from => f.write_str("nothing is in the audit log"),
            None => write!(f, "rows {from} to {to} are as they were written"),
            Some(fault) => write!(f, "of rows {from} to {to}: {fault}"),
        }
    }
}

pub(super) async fn verify(db: &DatabaseConnection) -> anyhow::Result<Said> {
    Ok(Said(audit::verify_as_system(db).await?))
}
