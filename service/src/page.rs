//! Long lists in pages: each begins where the one before ended, so that rows which come and go
//! meanwhile make nothing be listed twice.

use std::{fmt, str::FromStr};

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
};

use crate::{Error, Result};

/// The most rows that one page holds, whatever is asked for.
pub const MOST_PER_PAGE: u64 = 100;

/// Some rows, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A place in a list. It stays good while rows come and go, and its text is for handing back, not for
/// reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    at: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u1{:016x}", self.at)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for a text that no list gave.
    fn from_str(text: &str) -> Result<Self> {
        text.strip_prefix("u1")
            .and_then(|digits| i64::from_str_radix(digits, 16).ok())
            .map(|at| Self { at })
            .filter(|cursor| cursor.at >= 0 && cursor.to_string() == text)
            .ok_or_else(|| Error::Invalid {
                kind: "cursor",
                input: text.to_owned(),
                problem: "no list gave it".to_owned(),
            })
    }
}

/// In which order a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// A page of what `query` finds, in the order of `key`, a whole number that is unique: at least one
/// row and at most [`MOST_PER_PAGE`], from the beginning or from where a page before ended.
pub(crate) async fn of<E: EntityTrait>(
    db: &impl ConnectionTrait,
    query: Select<E>,
    (column, key): (E::Column, impl Fn(&E::Model) -> i64),
    order: Order,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<E::Model>> {
    let limit = limit.clamp(1, MOST_PER_PAGE);
    let (mut query, beyond) = match order {
        Order::OldestFirst => (query.order_by_asc(column), from.map(|Cursor { at }| column.gt(at))),
        Order::NewestFirst => {
            (query.order_by_desc(column), from.map(|Cursor { at }| column.lt(at)))
        }
    };
    if let Some(beyond) = beyond {
        query = query.filter(beyond);
    }
    // One more than asked for tells whether there is another page.
    let mut rows = query.limit(limit + 1).all(db).await?;
    let mut next = None;
    if rows.len() as u64 > limit {
        rows.pop();
        next = rows.last().map(|last| Cursor { at: key(last) });
    }
    Ok(Page { rows, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text() {
        for at in [0, 1, 255, i64::MAX] {
            let cursor = Cursor { at };

            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn what_no_list_gave_is_no_cursor() {
        for text in
            ["", "5", "u1", "u15", "u1ffffffffffffffff", "u1-00000000000000a", "u1000000000000000A"]
        {
            let refused = text.parse::<Cursor>();

            assert!(matches!(refused, Err(Error::Invalid { kind: "cursor", .. })), "{text:?}");
        }
    }
}
