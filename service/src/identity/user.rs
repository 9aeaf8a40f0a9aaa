//! People.

mod edit;

use std::{fmt, str::FromStr};

use entity::identity::user::{Column, Entity};
pub use entity::identity::user::{Model, ThemePreference};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

pub use self::edit::{
    NewUser, OwnChanges, UserChanges, create, delete, set_active, update, update_own,
};
pub(super) use self::edit::{add, find};
use super::fold::sought;
use crate::{
    Error, Result,
    lookup::by_text,
    rights::{Granted, ReadUsers},
};

/// The most people that one page holds, whatever is asked for.
pub const MOST_PER_PAGE: u64 = 100;

pub(super) const KIND: &str = "user";

/// Some people in the order in which they came, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The people.
    pub users: Vec<Model>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A place in the list of people. It stays good while others come and go, and its text is for
/// handing back, not for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    after: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u1{:016x}", self.after)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`] for a text that no list gave.
    fn from_str(text: &str) -> Result<Self> {
        text.strip_prefix("u1")
            .and_then(|digits| i64::from_str_radix(digits, 16).ok())
            .map(|after| Self { after })
            .filter(|cursor| cursor.after >= 0 && cursor.to_string() == text)
            .ok_or_else(|| Error::Invalid {
                kind: "cursor",
                input: text.to_owned(),
                problem: "no list gave it".to_owned(),
            })
    }
}

/// The person with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_id(db: &impl ConnectionTrait, _by: &Granted<ReadUsers>, id: i64) -> Result<Model> {
    Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

/// The person with that name, in whatever case it is written.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_username(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadUsers>,
    username: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::UsernameKey, &sought(username), |user| Some(&user.username_key))
        .await?
        .ok_or_else(|| Error::not_found(KIND, username))
}

/// The person with that e-mail address, in whatever case it is written.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_email(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadUsers>,
    email: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::EmailKey, &sought(email), |user| user.email_key.as_deref())
        .await?
        .ok_or_else(|| Error::not_found(KIND, email))
}

/// At most `limit` people (at least one, at most [`MOST_PER_PAGE`]), from the beginning or from
/// where a page before ended. Somebody who is there throughout is listed exactly once.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadUsers>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page> {
    let limit = limit.clamp(1, MOST_PER_PAGE);
    let mut query = Entity::find().order_by_asc(Column::Id);
    if let Some(Cursor { after }) = from {
        query = query.filter(Column::Id.gt(after));
    }
    // One more than asked for tells whether there is another page.
    let mut users = query.limit(limit + 1).all(db).await?;
    let mut next = None;
    if users.len() as u64 > limit {
        users.pop();
        next = users.last().map(|last| Cursor { after: last.id });
    }
    Ok(Page { users, next })
}

/// Whether there is such a person.
pub(super) async fn exists(db: &impl ConnectionTrait, id: i64) -> Result<bool> {
    let found: Option<i64> =
        Entity::find_by_id(id).select_only().column(Column::Id).into_tuple().one(db).await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text() {
        for after in [0, 1, 255, i64::MAX] {
            let cursor = Cursor { after };

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
