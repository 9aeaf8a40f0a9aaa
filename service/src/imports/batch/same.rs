//! When two rows, or two values, are the same.

use std::borrow::Cow;

use plimsoll::schema::Table;
use serde_json::{Value as Json, json};

use super::{
    super::{
        people::bare,
        unit::{Cell, Row},
        write::{BackRow, Fields},
    },
    Resolved,
};
use crate::{Error, Result};

/// What a new row has where nothing may be twice: a text for each of its keys.
pub(super) fn unique_keys(table: &Table, resolved: &Resolved<'_>) -> Vec<String> {
    // What is not known yet is told apart by the row that it refers to.
    let value = |name: &String| match resolved.fields.get(&**name) {
        Some(Json::Null) | None => match resolved.row.cells.get(name) {
            Some(Cell::Row(key) | Cell::Text(_, key)) => Some(Cow::Owned(json!({"row": key}))),
            _ => None,
        },
        Some(value) => Some(bare(value)),
    };
    let uniques = table.uniques.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let own = uniques.filter_map(|columns| {
        let values: Vec<Cow<'_, Json>> = columns.iter().map(value).collect::<Option<_>>()?;
        let own = serde_json::to_string(&(&table.name, columns, values));
        Some(own.expect("texts and documents are JSON"))
    });
    own.collect()
}

/// Whether a text of the row has blanks behind it, with which two of the databases tell it from the one
/// without.
pub(super) fn has_blanks(resolved: &Resolved<'_>) -> bool {
    let mut texts = resolved.fields.values().filter_map(Json::as_str);
    texts.any(|text| text.ends_with(' '))
}

/// Whether what was read back is what was written.
pub(super) fn compared(
    table: &Table,
    row: &Row,
    fields: &Fields,
    back: Option<BackRow<'_>>,
) -> Result<()> {
    let wrong = |problem: String| Error::Malformed {
        kind: "row that was brought in",
        key: format!("{} of `{}`", row.key, table.name),
        problem,
    };
    let Some(back) = back else { return Err(wrong("it is not there".to_owned())) };
    let is_kept = |name: &str, said: &Json| back.get(name).is_some_and(|back| is_same(back, said));
    match fields.iter().find(|(name, said)| !is_kept(name, said)) {
        Some((name, _)) => Err(wrong(format!("`{name}` was not kept as it was written"))),
        None => Ok(()),
    }
}

/// Whether two values are the same, numbers in documents by what they are worth.
pub(super) fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}
