//! Comparing what was written with what the database gives back, beside all else that a batch does.

use std::mem;

use futures_util::future::RemoteHandle;
use plimsoll::schema::Table;
use serde_json::Value as Json;

use super::{
    super::{
        beside::beside,
        fields::Fields,
        write::{BackRow, Unread},
    },
    Batch,
    same::is_same,
};
use crate::{Error, Result};

/// Rows of a table that were written, which are being compared.
pub(super) struct Comparison {
    /// The targets of the rows: of which record, and which of them.
    places: Vec<(usize, usize)>,
    compared: RemoteHandle<Result<Vec<Compared>>>,
}

/// What came of a row: its mark, or what is wrong with it.
type Compared = Result<Option<String>, String>;

impl Comparison {
    /// Compares rows by their keys with what came back of them, on another thread. Their marks are in that
    /// column.
    pub(super) fn begin(
        back: Unread,
        mark: Option<&'static str>,
        places: Vec<(usize, usize)>,
        said: Vec<(Vec<Json>, Fields)>,
    ) -> Self {
        let compared = beside(move || {
            let back = back.read()?;
            let compared = |(key, fields): &(Vec<Json>, Fields)| {
                let back = back.row(key);
                wrong(fields, back).map_or_else(|| Ok(marked(back, mark)), Err)
            };
            Ok(said.iter().map(compared).collect())
        });
        Self { places, compared }
    }
}

impl Batch<'_> {
    /// Waits until all is compared, and takes the marks of the rows.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a row that was not kept as it was written.
    pub(super) async fn settle(&mut self) -> Result<()> {
        for Comparison { places, compared } in mem::take(&mut self.comparisons) {
            for ((unit, at), compared) in places.into_iter().zip(compared.await?) {
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
