//! Lists that rules give in pages: where a page begins, and how long it is.

use serde::Deserialize;
use service::page::{Cursor, MOST_PER_PAGE};
use utoipa::IntoParams;

use crate::Problem;

/// How many rows a page has when nothing is said.
const USUAL: u64 = 50;

/// Which page is asked for, of a list that is chosen by nothing else.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paged {
    /// The `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

impl Paged {
    /// Where the page begins, and how many rows it has at most.
    ///
    /// # Errors
    /// As for [`place`].
    pub(crate) fn place(&self) -> Result<(Option<Cursor>, u64), Problem> {
        place(self.cursor.as_deref(), self.limit)
    }
}

/// The same of a list that is chosen by more than that.
///
/// # Errors
/// That the request is not valid, for a cursor that no list gave and a limit that is not 1 to
/// [`MOST_PER_PAGE`].
pub(crate) fn place(
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<(Option<Cursor>, u64), Problem> {
    let from = cursor.map(str::parse::<Cursor>).transpose()?;
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST_PER_PAGE).contains(&limit) {
        Ok((from, limit))
    } else {
        Err(Problem::invalid(&format!("`limit` is {limit}, and must be 1 to {MOST_PER_PAGE}")))
    }
}
