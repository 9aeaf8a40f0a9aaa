//! People.

mod edit;

use entity::identity::user::{Column, Entity};
pub use entity::identity::user::{Model, ThemePreference};
use sea_orm::{ConnectionTrait, EntityTrait as _, QuerySelect as _};

pub use self::edit::{
    NewUser, OwnChanges, UserChanges, as_seen, create, delete, set_active, update, update_own,
};
pub(super) use self::edit::{add, default_role, find, has_room};
use super::fold::sought;
use crate::{
    Error, Result,
    lookup::by_text,
    page::{self, Cursor, Order, Page},
    rights::{Granted, ReadUsers},
};

pub(super) const KIND: &str = "user";

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

/// At most `limit` people (at least one, at most [`MOST_PER_PAGE`](page::MOST_PER_PAGE)), from the
/// beginning or from where a page before ended. Somebody who is there throughout is listed exactly once.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadUsers>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let key = (Column::Id, |user: &Model| user.id);
    page::of(db, Entity::find(), key, Order::OldestFirst, from, limit).await
}

/// Whether there is such a person.
pub(super) async fn exists(db: &impl ConnectionTrait, id: i64) -> Result<bool> {
    let found: Option<i64> =
        Entity::find_by_id(id).select_only().column(Column::Id).into_tuple().one(db).await?;
    Ok(found.is_some())
}
