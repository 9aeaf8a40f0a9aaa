//! What is said of rows that do not fit.

use std::fmt;

use serde::Serialize;

/// Rows that do not fit what a migration demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// What does not allow them, as a sentence without a full stop.
    pub demand: String,
    /// How many they are.
    pub rows: u64,
    /// The first few of them.
    pub told: Vec<String>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row does" } else { "rows do" };
        let more = if self.rows > self.told.len() as u64 { ", …" } else { "" };
        write!(f, "{}: {} {rows} not fit ({}{more})", self.demand, self.rows, self.told.join(", "))
    }
}

/// The sentence of all of them.
#[cfg(feature = "migrate")]
pub(crate) fn said(misfits: &[Misfit]) -> String {
    let said: Vec<String> = misfits.iter().map(ToString::to_string).collect();
    said.join("; ")
}
