//! What is recorded without being run.

use serde::Serialize;

use crate::{
    error::{MigrationError, Result},
    history::{Revision, Revisions},
    records::{Records, Took},
    revisions::{self, Standing, Target},
};

/// The revisions that were recorded as applied, and those that were forgotten, each in the order of the
/// history. None of them has run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// What is applied from now on.
    pub recorded: Vec<String>,
    /// What is pending from now on.
    pub forgotten: Vec<String>,
}

impl Stamp {
    /// What leads to `target`.
    ///
    /// # Errors
    /// A target that names no revision, or several.
    pub(crate) fn of(
        revisions: &Revisions<'_>,
        standings: &[Standing],
        target: &Target,
    ) -> Result<Self> {
        let chosen = revisions::to_stamp(standings, target).map_err(MigrationError::from)?;
        let names = |positions: Vec<usize>| {
            positions.into_iter().map(|at| revisions.list[at].name.clone()).collect()
        };
        Ok(Self { recorded: names(chosen.0), forgotten: names(chosen.1) })
    }

    /// The statements that record and forget them; of what is only printed nobody knows when.
    pub(crate) fn statements(
        &self,
        revisions: &Revisions<'_>,
        records: &Records<'_>,
        took: Took,
    ) -> Vec<String> {
        // They stand in the order of the history.
        let mut wanted = self.recorded.iter().peekable();
        let is_wanted = |it: &&Revision<'_>| wanted.next_if(|name| **name == it.name).is_some();
        let recorded =
            revisions.list.iter().filter(is_wanted).flat_map(|revision| {
                records.add(&revision.name, revision.checksum().as_deref(), took)
            });
        let forgotten = self.forgotten.iter().rev().flat_map(|name| records.remove(name));
        recorded.chain(forgotten).collect()
    }
}
