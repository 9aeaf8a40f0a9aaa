//! What rows name in other tables of their system by something that is no foreign key there.

use std::collections::{BTreeMap, BTreeSet};

use super::reads::{Reads, Said};
use crate::Result;

/// How many names one statement looks for.
const AT_ONCE: usize = 500;

/// Something that rows name in another table of their system.
#[derive(Clone, Copy)]
pub(super) struct Find {
    /// The other table.
    pub(super) table: &'static str,
    /// Its column that they name it by.
    pub(super) by: &'static str,
    /// Its column that is to be known.
    pub(super) gives: &'static str,
    /// What a row names.
    pub(super) names: fn(&Said) -> Vec<String>,
}

/// What was found of what some rows name: by the table, its column and the text there.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<(&'static str, &'static str, String), String>);

impl Found {
    /// What these rows name. Of several rows that have the same name the first counts.
    ///
    /// # Errors
    /// Only [`Error::Database`](crate::Error::Database).
    pub(super) async fn of(reads: &Reads, finds: &[Find], rows: &[Said]) -> Result<Self> {
        let mut found = BTreeMap::new();
        for find in finds {
            let wanted: BTreeSet<String> = rows.iter().flat_map(find.names).collect();
            let wanted: Vec<String> = wanted.into_iter().collect();
            for some in wanted.chunks(AT_ONCE) {
                for (name, given) in reads.pairs(find.table, [find.by, find.gives], some).await? {
                    found.entry((find.table, find.by, name)).or_insert(given);
                }
            }
        }
        Ok(Self(found))
    }

    /// What the row gives that has that name.
    pub(super) fn get(&self, table: &'static str, by: &'static str, name: &str) -> Option<&str> {
        self.0.get(&(table, by, name.to_owned())).map(String::as_str)
    }
}
