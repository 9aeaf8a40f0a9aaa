//! What is remembered from one batch of records to the next, on the way through a source.
//!
//! Texts are remembered by their hashes, 16 bytes or so each, so that a large source needs little.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher as _},
};

use serde_json::Value as Json;

use super::unit::Unit;

/// What is known of the records before.
#[derive(Debug, Default)]
pub(super) struct Pass {
    learned: Learned,
    /// The records that there were.
    met: HashSet<u64>,
}

/// What a batch adds to it, when the batch is kept.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The people that records became: their keys, and of which record.
    people: HashMap<i64, u64>,
    /// Rows that other records may refer to, while nothing is written.
    rows: HashMap<u64, Foreseen>,
    /// What rows have where nothing may be twice: all of them while nothing is written, else those that a
    /// question to the database does not find.
    seen: HashSet<u64>,
}

/// A row of an earlier record, as it would be.
#[derive(Clone, Debug)]
pub(super) struct Foreseen {
    /// Its table here.
    pub(super) table: &'static str,
    /// Its key; none where it would be made.
    pub(super) key: Option<Json>,
    /// Whether it was there before any import.
    pub(super) is_strange: bool,
}

impl Pass {
    /// Takes in what a batch has learned.
    pub(super) fn learn(&mut self, learned: Learned) {
        self.learned.add(learned);
    }

    /// Takes in which records became which people in earlier imports.
    pub(super) fn recall(&mut self, people: impl IntoIterator<Item = (i64, String)>) {
        let people = people.into_iter().map(|(id, record)| (id, hash(&*record)));
        self.learned.people.extend(people);
    }

    /// Takes in that these records are in the source, whatever becomes of them.
    pub(super) fn meet(&mut self, units: &[Unit]) {
        self.met.extend(units.iter().map(|unit| hash(&*unit.key)));
    }

    /// Whether a record of that name was there.
    pub(super) fn has_met(&self, record: &str) -> bool {
        self.met.contains(&hash(record))
    }

    /// Whether another record than this one became that person.
    pub(super) fn is_other(&self, person: &Json, record: &str) -> bool {
        let of = person.as_i64().and_then(|id| self.learned.people.get(&id));
        of.is_some_and(|of| *of != hash(record))
    }

    /// A row of an earlier record, if there would be one.
    pub(super) fn foreseen(&self, row: &str) -> Option<&Foreseen> {
        self.learned.rows.get(&hash(row))
    }

    /// Whether a row of an earlier record would have that.
    pub(super) fn has_seen(&self, unique: u64) -> bool {
        self.learned.seen.contains(&unique)
    }
}

impl Learned {
    pub(super) fn add(&mut self, other: Self) {
        let Self { people, rows, seen } = other;
        self.people.extend(people);
        self.rows.extend(rows);
        self.seen.extend(seen);
    }

    pub(super) fn person(&mut self, key: &[Json], record: &str) {
        if let Some(id) = key.first().and_then(Json::as_i64) {
            self.people.insert(id, hash(record));
        }
    }

    pub(super) fn foresee(&mut self, row: &str, foreseen: Foreseen) {
        self.rows.insert(hash(row), foreseen);
    }

    pub(super) fn see(&mut self, uniques: &[u64]) {
        self.seen.extend(uniques);
    }
}

/// The same for the same, also in another batch.
pub(super) fn hash(of: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
