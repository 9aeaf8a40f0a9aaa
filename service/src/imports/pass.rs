//! What is remembered from one batch of records to the next, on the way through a source.
//!
//! Texts are remembered by their hashes, 16 bytes or so each, so that a large source needs little.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::Value as Json;

/// What is known of the records before.
#[derive(Debug, Default)]
pub(super) struct Pass(Learned);

/// What a batch adds to it, when the batch is kept.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// The people that records became: their keys, and of which record.
    people: HashMap<i64, u64>,
    /// Rows that other records may refer to, while nothing is written.
    rows: HashMap<u64, Foreseen>,
    /// What rows would have where nothing may be twice, while nothing is written.
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
        let Learned { people, rows, seen } = learned;
        self.0.people.extend(people);
        self.0.rows.extend(rows);
        self.0.seen.extend(seen);
    }

    /// Whether another record than this one became that person.
    pub(super) fn is_other(&self, person: &Json, record: &str) -> bool {
        let of = person.as_i64().and_then(|id| self.0.people.get(&id));
        of.is_some_and(|of| *of != hash(record))
    }

    /// A row of an earlier record, if there would be one.
    pub(super) fn foreseen(&self, row: &str) -> Option<&Foreseen> {
        self.0.rows.get(&hash(row))
    }

    /// Whether a row of an earlier record would have that.
    pub(super) fn has_seen(&self, unique: &str) -> bool {
        self.0.seen.contains(&hash(unique))
    }
}

impl Learned {
    pub(super) fn person(&mut self, key: &[Json], record: &str) {
        if let Some(id) = key.first().and_then(Json::as_i64) {
            self.people.insert(id, hash(record));
        }
    }

    pub(super) fn foresee(&mut self, row: &str, foreseen: Foreseen) {
        self.rows.insert(hash(row), foreseen);
    }

    pub(super) fn see(&mut self, uniques: &[String]) {
        self.seen.extend(uniques.iter().map(|unique| hash(unique)));
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
