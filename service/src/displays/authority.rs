//! Who may do what with which display.

use entity::{displays::device, identity::user};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use secrecy::SecretString;

use super::{display::folded, key};
use crate::{
    Error, Result,
    lookup::by_text,
    rights::{self, Actor, Permission},
};

pub(super) const KIND: &str = "display";

/// Who asks for something about one display.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever has the key of the display: itself, or what sends it pictures.
    Key(&'a SecretString),
    /// A person, or a program in their name, about the display with that id.
    Actor(&'a Actor, &'a str),
}

impl By<'_> {
    /// The display that it is about, if whoever asks may do that with it.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a key that is no display's; those of [`device`].
    pub(super) async fn device<P: Permission>(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<device::Model> {
        match self {
            Self::Key(key) => key::device(db, key).await,
            Self::Actor(actor, id) => device::<P>(db, actor, id).await,
        }
    }
}

/// Makes sure that the actor may do that with the displays of a person: with their own whatever they
/// like, an API key what is among its scopes.
///
/// # Errors
/// [`Error::Forbidden`] if not.
pub(super) async fn person<P: Permission>(
    db: &impl ConnectionTrait,
    actor: &Actor,
    user_id: i64,
) -> Result<()> {
    if actor.user_id() != user_id {
        rights::check::<P>(db, actor).await?;
    } else if !actor.may_use(P::CODE) {
        return Err(rights::refuse::<P>(actor));
    }
    Ok(())
}

/// The display with that id, if the actor may do that with it.
///
/// # Errors
/// [`Error::Forbidden`] if not, whether it is another's or there is none; [`Error::NotFound`] to
/// whoever might.
pub(super) async fn device<P: Permission>(
    db: &impl ConnectionTrait,
    actor: &Actor,
    id: &str,
) -> Result<device::Model> {
    let Some(device) = by_id(db, id).await? else {
        rights::check::<P>(db, actor).await?;
        return Err(Error::not_found(KIND, id));
    };
    person::<P>(db, actor, device.user_id).await?;
    Ok(device)
}

/// The display with that id, however it is written.
pub(super) async fn by_id(db: &impl ConnectionTrait, id: &str) -> Result<Option<device::Model>> {
    by_text::<device::Entity>(db, device::Column::Id, &folded(id), |row| Some(&row.id)).await
}

/// Holds a person and all their displays until the transaction ends, for somebody who may do that with
/// these: what changes the displays of one person stands in one order.
///
/// # Errors
/// [`Error::Forbidden`] if the actor may not, or is that person and not active; [`Error::NotFound`] if
/// there is no such person.
pub(super) async fn hold<P: Permission>(
    tx: &DatabaseTransaction,
    actor: &Actor,
    user_id: i64,
) -> Result<()> {
    person::<P>(tx, actor, user_id).await?;
    let is_active: Option<bool> = user::Entity::find_by_id(user_id)
        .select_only()
        .column(user::Column::IsActive)
        .lock_exclusive()
        .into_tuple()
        .one(tx)
        .await?;
    let is_active = is_active.ok_or_else(|| Error::not_found("user", user_id.to_string()))?;
    if actor.user_id() == user_id && !is_active {
        return Err(rights::refuse::<P>(actor));
    }
    let displays = device::Entity::find().select_only().column(device::Column::Id);
    let displays = displays.filter(device::Column::UserId.eq(user_id));
    let displays = displays.order_by_asc(device::Column::Id).lock_exclusive();
    displays.into_tuple::<String>().all(tx).await?;
    Ok(())
}

/// The display of that row as it is now, held until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`] if it has gone.
pub(super) async fn locked(tx: &DatabaseTransaction, id: &str) -> Result<device::Model> {
    let device = device::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    device.ok_or_else(|| Error::not_found(KIND, id))
}
