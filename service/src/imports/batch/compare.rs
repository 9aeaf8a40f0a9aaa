//! Comparing what was written with what the database gives back, beside all else that a batch does.

use std::mem;

use blocking::{Task, unblock};
use plimsoll::schema::Table;
use serde_json::Value as Json;

use super::{
    super::write::{BackRow, Fields, Unread},
    Batch,
    same::is_same,
};
use crate::{Error, Result};

/// The rows of a table that were written, on their way to be compared.
pub(super) struct Comparison {
    /// The targets of the rows: of which record, and which of them.
    places: Vec<(usize, usize)>,
    work: Work,
}

enum Work {
    Gathered { back: Unread, mark: Option<&'static str>, said: Vec<(Vec<Json>, Fields)> },
    Begun(Task<Result<Vec<Compared>>>),
}

/// What came of a row: its mark, or what is wrong with it.
type Compared = Result<Option<String>, String>;

impl Comparison {
    /// None yet, of rows with a mark in that column.
    pub(super) const fn of(back: Unread, mark: Option<&'static str>) -> Self {
        Self { places: Vec::new(), work: Work::Gathered { back, mark, said: Vec::new() } }
    }

    /// One more, by its key.
    pub(super) fn row(&mut self, place: (usize, usize), key: Vec<Json>, fields: Fields) {
        if let Work::Gathered { said, .. } = &mut self.work {
            self.places.push(place);
            said.push((key, fields));
        }
    }

    /// Compares all of them, on another thread.
    pub(super) fn begun(self) -> Self {
        let Work::Gathered { back, mark, said } = self.work else { return self };
        let task = unblock(move || {
            let back = back.read()?;
            let compared = |(key, fields): &(Vec<Json>, Fields)| {
                let back = back.row(key);
                wrong(fields, back).map_or_else(|| Ok(marked(back, mark)), Err)
            };
            Ok(said.iter().map(compared).collect())
        });
        Self { work: Work::Begun(task), ..self }
    }
}

impl Batch<'_> {
    /// Waits until all is compared, and takes the marks of the rows.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a row that was not kept as it was written.
    pub(super) async fn settle(&mut self) -> Result<()> {
        for Comparison { places, work } in mem::take(&mut self.comparisons) {
            let Work::Begun(task) = work else { continue };
            for ((unit, at), compared) in places.into_iter().zip(task.await?) {
                let target = &mut self.targets[unit][at];
                target.made.mark =
                    compared.map_err(|problem| unkept(&target.table, &target.source, problem))?;
            }
        }
        Ok(())
    }
}

fn marked(back: Option<BackRow<'_>>, mark: Option<&str>) -> Option<String> {
    back?.get(mark?)?.as_str().map(str::to_owned)
}

/// Whether what was read back of a row is what was written.
///
/// # Errors
/// [`Error::Malformed`] if it is not.
pub(super) fn compared(
    table: &Table,
    row: &str,
    fields: &Fields,
    back: Option<BackRow<'_>>,
) -> Result<()> {
    wrong(fields, back).map_or(Ok(()), |problem| Err(unkept(&table.name, row, problem)))
}

fn wrong(fields: &Fields, back: Option<BackRow<'_>>) -> Option<String> {
    let Some(back) = back else { return Some("it is not there".to_owned()) };
    let is_kept = |name: &str, said: &Json| back.get(name).is_some_and(|back| is_same(back, said));
    let (name, _) = fields.iter().find(|(name, said)| !is_kept(name, said))?;
    Some(format!("`{name}` was not kept as it was written"))
}

fn unkept(table: &str, row: &str, problem: String) -> Error {
    Error::Malformed {
        kind: "row that was brought in",
        key: format!("{row} of `{table}`"),
        problem,
    }
}
