//! What an import says while it goes on and when it has ended.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::unit::{Remark, Weight};

/// What became of the rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Made, read back and found to be what the source says.
    pub made: u64,
    /// There already, and what the record belongs to.
    pub matched: u64,
    /// Brought in before, and nothing is different.
    pub same: u64,
    /// Brought in before, and the source says something else now.
    pub different: u64,
    /// Brought in before, different, and changed to what the source says.
    pub updated: u64,
}

impl Tally {
    /// The same as a document.
    pub fn json(&self) -> Value {
        let Self { made, matched, same, different, updated } = self;
        json!({
            "made": made,
            "matched": matched,
            "same": same,
            "different": different,
            "updated": updated,
        })
    }
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The import's number, by which it is undone; none of a dry run.
    pub import_id: Option<i64>,
    /// How many records were looked at.
    pub records: u64,
    /// What became of the rows, by table.
    pub tables: BTreeMap<String, Tally>,
    /// How many warnings there are.
    pub warnings: u64,
    /// How many faults there are.
    pub faults: u64,
    /// The first remarks, at most [`Report::MOST`] of them; all of them were told as they came.
    pub remarks: Vec<Remark>,
}

impl Report {
    /// How many remarks a report keeps.
    pub const MOST: usize = 1_000;

    pub(super) fn take(&mut self, remark: &Remark) {
        match remark.weight {
            Weight::Warning => self.warnings += 1,
            Weight::Fault => self.faults += 1,
        }
        if self.remarks.len() < Self::MOST {
            self.remarks.push(remark.clone());
        }
    }

    pub(super) fn tally(&mut self, table: &str) -> &mut Tally {
        self.tables.entry(table.to_owned()).or_default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.records += other.records;
        for (table, more) in &other.tables {
            let tally = self.tally(table);
            tally.made += more.made;
            tally.matched += more.matched;
            tally.same += more.same;
            tally.different += more.different;
            tally.updated += more.updated;
        }
        self.warnings += other.warnings;
        self.faults += other.faults;
        let room = Self::MOST - self.remarks.len();
        self.remarks.extend(other.remarks.iter().take(room).cloned());
    }
}

/// Something that an import tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// It begins, with so many records to look at.
    Began {
        /// How many.
        records: u64,
    },
    /// A remark, as it comes.
    Said(&'e Remark),
    /// So many records are done, kept and compared.
    Done {
        /// How many, of all.
        records: u64,
    },
}
