//! What a migration that is code did, as far as the schema shows it: what it says nobody can read.

use sha2::{Digest as _, Sha256};

use super::Runner;
use crate::{
    compare::as_it_stands,
    dialect::Dialect,
    history::{Kind, Revision},
    introspect::introspect,
    names::hex,
    records::{Way, is_own},
    revisions::DID,
    schema::{Beyond, Schema},
};

/// The schema on the way through a run, read once between two migrations that are code.
#[derive(Default)]
pub(super) struct Seen(Option<Schema>);

impl Runner<'_> {
    /// Looks at what there is before it, when it is code that is applied.
    pub(super) async fn before(&self, revision: &Revision<'_>, way: Way, seen: &mut Seen) {
        let is_code = way == Way::Up && matches!(revision.kind, Kind::Imperative(_));
        seen.0 = match seen.0.take() {
            _ if !is_code => None,
            None => self.seen(revision).await,
            seen => seen,
        };
    }

    /// Records what it did since. Nothing depends on it but whether an edit is noticed later, and so
    /// nothing fails by it.
    pub(super) async fn record_what_it_did(&self, revision: &Revision<'_>, seen: &mut Seen) {
        let Some(before) = seen.0.take() else { return };
        let Some(after) = self.seen(revision).await else { return };
        let did = did(&before, &after, self.dialect());
        let statement = self.records.accepting(&revision.name, &did);
        if let Err(error) = self.keep(&[statement], "describe").await {
            tracing::debug!(%error, migration = revision.name, "what it did is not recorded");
        }
        seen.0 = Some(after);
    }

    async fn seen(&self, revision: &Revision<'_>) -> Option<Schema> {
        match introspect(self.db()).await {
            Ok(mut schema) => {
                schema.tables.retain(|name, _| !is_own(name, &self.revisions.table));
                Some(schema)
            }
            Err(error) => {
                tracing::debug!(%error, migration = revision.name, "what it did cannot be seen");
                None
            }
        }
    }
}

/// A digest of what makes the one into the other: the beginning of a SHA-256, behind [`DID`]. What rows
/// it wrote, and what a view or a trigger says, has no part in it.
fn did(before: &Schema, after: &Schema, dialect: Dialect) -> String {
    let changes = as_it_stands(before, after, dialect);
    let only = |of: &Schema, not: &Schema| -> Vec<Beyond> {
        let mut only: Vec<Beyond> =
            of.beyond.iter().filter(|it| !not.beyond.contains(it)).cloned().collect();
        only.sort();
        only
    };
    let all = (changes, only(before, after), only(after, before));
    let text = serde_json::to_string(&all).expect("changes are plain data");
    let digest = hex(&Sha256::digest(format!("v1:{text}").as_bytes()));
    format!("{DID}{}", &digest[..64 - DID.len()])
}
