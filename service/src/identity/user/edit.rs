//! Adding, changing and removing people.

use entity::identity::{
    password_reset,
    refresh_token::RevokedReason,
    role,
    user::{ActiveModel, Column, Entity, Model, ThemePreference},
    user_role,
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
};

use serde_json::json;

use super::KIND;
use crate::{
    Error, Result, World,
    audit::{Deed, audited, changed},
    deletion::{self, Deletion},
    identity::{name, password::Hashed, session, verification},
    lookup::free,
    mail::{self, MailKind},
    rights::{
        Actor, Change, CreateUsers, DeleteUsers, Granted, Grantee, Scope, UpdateUsers,
        default_role, exceed,
    },
    rule::Rule,
    seen::Seen,
    settings,
    text::{self, Name},
};

/// The setting that says how many people there can be.
const MOST: &str = "users.max_count";

/// A person to add.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// The name that they log in by; unique without case.
    pub username: String,
    /// Their address; unique without case.
    pub email: Option<String>,
    /// Their full name, up to 300 characters.
    pub full_name: Option<String>,
    /// What they say of themselves, up to 10 000 characters.
    pub bio: Option<String>,
    /// Their password. Without one they cannot log in until they have chosen it by a reset.
    pub password: Option<Hashed>,
}

/// What is to change about a person. What is `None` stays; `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    /// The name that they log in by.
    pub username: Option<String>,
    /// Their address. A new one is not verified, and ends the password resets that are on their way.
    pub email: Option<Option<String>>,
    /// What they may change themselves, too.
    pub own: OwnChanges,
}

/// What people may change about themselves. What is `None` stays; `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct OwnChanges {
    /// The full name, up to 300 characters.
    pub full_name: Option<Option<String>>,
    /// What they say of themselves, up to 10 000 characters.
    pub bio: Option<Option<String>>,
    /// Which colours they want to see.
    pub theme_preference: Option<ThemePreference>,
}

/// Adds a person with the role that the setting `users.default_role` names. A mail lets them verify
/// their address.
///
/// # Errors
/// [`Error::Invalid`] for a name, an address or a text that will not do, [`Error::AlreadyExists`]
/// if somebody has the name or the address in whatever case, [`Error::Malformed`] if the setting
/// names no role, [`Error::Exceeds`] if that role has rights which `by` has not, [`Rule::UserLimit`]
/// when there are as many people as the setting `users.max_count` says.
pub async fn create(change: &Change<'_>, by: &Granted<CreateUsers>, new: NewUser) -> Result<Model> {
    change.confirm(by).await?;
    has_room(change).await?;
    let role = default_role(change).await?;
    exceed::role(change.tx(), by.to(), &role).await?;
    add(change, by.to(), new, role.id).await
}

/// Adds a person with that role.
pub(in crate::identity) async fn add(
    change: &Change<'_>,
    by: &Grantee,
    new: NewUser,
    role_id: i64,
) -> Result<Model> {
    let email = new.email.as_deref().map(name::email).transpose()?;
    let username = name::username(&new.username, email.as_ref())?;
    free::<Entity>(change.tx(), Column::UsernameKey, &username.key, "user", &username.shown)
        .await?;
    if let Some(email) = &email {
        free::<Entity>(change.tx(), Column::EmailKey, &email.key, "user with e-mail", &email.shown)
            .await?;
    }
    let row = ActiveModel {
        username: Set(username.shown.clone()),
        username_key: Set(username.key),
        email_key: Set(email.as_ref().map(|email| email.key.clone())),
        email: Set(email.map(|email| email.shown)),
        full_name: Set(text::optional("full name", new.full_name, 300)?),
        bio: Set(text::optional("bio", new.bio, 10_000)?),
        password_hash: Set(new.password.map(Hashed::into_secret)),
        created_at: Set(change.now()),
        updated_at: Set(change.now()),
        ..Default::default()
    };
    let user = row.insert(change.tx()).await.map_err(Error::on_duplicate(KIND, &username.shown))?;
    user_role::ActiveModel {
        user_id: Set(user.id),
        role_id: Set(role_id),
        created_at: Set(change.now()),
    }
    .insert(change.tx())
    .await?;
    change.touch(Scope::User(user.id)).await?;
    verification::begin(change.tx(), change.now(), &user).await?;
    let deed = Deed::of(by, "identity", "user.create").on(KIND, &user.id);
    change.record(deed.with(json!({"username": user.username, "role_id": role_id})));
    Ok(user)
}

/// Makes sure that there can be one more. Changes of rights come one after the other, so of two at once
/// the second counts the first.
pub(in crate::identity) async fn has_room(change: &Change<'_>) -> Result<()> {
    let most: i64 = settings::read_or(change.tx(), MOST, 0).await?;
    if most == 0 {
        return Ok(());
    }
    let there = Entity::find().count(change.tx()).await?;
    if u64::try_from(most).is_ok_and(|most| there < most) {
        return Ok(());
    }
    Err(Rule::UserLimit.refuses(format!("there are {there} people, and can be {most}")))
}

/// Changes what is known about a person. A new address is verified by a mail to it; the old one is
/// told.
///
/// # Errors
/// As for [`create`], and [`Error::NotFound`] if there is no such person.
pub async fn update(
    change: &Change<'_>,
    by: &Granted<UpdateUsers>,
    id: i64,
    changes: UserChanges,
) -> Result<Model> {
    change.confirm(by).await?;
    let before = find(change, id).await?;
    exceed::person(change.tx(), by.to(), &before).await?;

    let email = match &changes.email {
        Some(email) => email.as_deref().map(name::email).transpose()?,
        None => name::stored(before.email.as_ref(), before.email_key.as_ref()),
    };
    // A name that is an address must go on being the person's own.
    let username = match &changes.username {
        Some(username) => name::username(username, email.as_ref())?,
        None if changes.email.is_some() => name::username(&before.username, email.as_ref())?,
        None => Name { shown: before.username.clone(), key: before.username_key.clone() },
    };
    let email_key = email.as_ref().map(|email| email.key.clone());
    let mut row = before.clone().into_active_model();
    if username.key != before.username_key {
        free::<Entity>(change.tx(), Column::UsernameKey, &username.key, "user", &username.shown)
            .await?;
    }
    if changes.username.is_some() {
        row.username = Set(username.shown.clone());
        row.username_key = Set(username.key);
    }
    if let Some(email) = email.as_ref().filter(|_| email_key != before.email_key) {
        free::<Entity>(change.tx(), Column::EmailKey, &email.key, "user with e-mail", &email.shown)
            .await?;
    }
    // Two addresses can be one to whoever compares, and not to the post.
    if email.as_ref().map(|email| &email.shown) != before.email.as_ref() {
        row.is_verified = Set(false);
        row.verified_at = Set(None);
        verification::forget(change.tx(), id).await?;
        password_reset::Entity::delete_many()
            .filter(password_reset::Column::UserId.eq(id))
            .exec(change.tx())
            .await?;
        mail::withdraw(change.tx(), MailKind::PasswordReset, id).await?;
    }
    if changes.email.is_some() {
        row.email = Set(email.map(|email| email.shown));
        row.email_key = Set(email_key);
    }
    own(&mut row, changes.own)?;
    row.updated_at = Set(change.now());
    let user = row.update(change.tx()).await.map_err(Error::on_duplicate(KIND, &username.shown))?;
    if user.email != before.email {
        mail::notify_at(change.tx(), change.now(), &before, MailKind::EmailChanged).await?;
        verification::begin(change.tx(), change.now(), &user).await?;
    }
    let details = json!({"changed": changed::<Entity>(&before, &user)});
    change.record(Deed::of(by.to(), "identity", "user.update").on(KIND, &id).with(details));
    Ok(user)
}

/// Makes sure that a person is as the caller has seen them, and holds them so until the change
/// ends.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, [`Rule::Stale`](crate::rule::Rule::Stale) if
/// they are not so any more.
pub async fn as_seen(
    change: &Change<'_>,
    by: &Granted<UpdateUsers>,
    id: i64,
    seen: &Seen<'_, Model>,
) -> Result<()> {
    change.confirm(by).await?;
    let now = Entity::find_by_id(id).lock_exclusive().one(change.tx()).await?;
    let now = now.ok_or_else(|| Error::not_found(KIND, id.to_string()))?;
    seen.confirm(KIND, &id.to_string(), &now)
}

/// Changes what somebody may change about themselves, which no right depends on.
///
/// # Errors
/// [`Error::Invalid`] for a text that will not do, [`Error::Unauthenticated`] if the actor is not
/// there any more.
pub async fn update_own(
    db: &DatabaseConnection,
    world: &World,
    actor: &Actor,
    changes: OwnChanges,
) -> Result<Model> {
    let mut row = ActiveModel { id: Unchanged(actor.user_id()), ..Default::default() };
    own(&mut row, changes)?;
    let row = &row;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let before =
                Entity::find_by_id(actor.user_id()).lock_exclusive().one(unit.tx()).await?;
            let before = before.ok_or(Error::Unauthenticated)?;
            let row = ActiveModel { updated_at: Set(unit.now()), ..row.clone() };
            let user = row.update(unit.tx()).await?;
            let details = json!({"changed": changed::<Entity>(&before, &user)});
            let deed = Deed::by(actor, "identity", "user.update").on(KIND, &user.id);
            unit.record(deed.with(details));
            Ok(user)
        })
    })
    .await
}

fn own(row: &mut ActiveModel, changes: OwnChanges) -> Result<()> {
    if let Some(full_name) = changes.full_name {
        row.full_name = Set(text::optional("full name", full_name, 300)?);
    }
    if let Some(bio) = changes.bio {
        row.bio = Set(text::optional("bio", bio, 10_000)?);
    }
    if let Some(theme) = changes.theme_preference {
        row.theme_preference = Set(theme);
    }
    Ok(())
}

/// Lets a person in, or shuts them out, which ends all their sessions.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, [`Error::Exceeds`] if they have a right that
/// `by` has not, [`Error::LastAdministrator`] if nobody would be left who administers.
pub async fn set_active(
    change: &Change<'_>,
    by: &Granted<UpdateUsers>,
    id: i64,
    active: bool,
) -> Result<Model> {
    change.confirm(by).await?;
    let before = find(change, id).await?;
    exceed::person(change.tx(), by.to(), &before).await?;
    if before.is_active == active {
        return Ok(before);
    }

    let mut row = before.into_active_model();
    row.is_active = Set(active);
    row.updated_at = Set(change.now());
    let update = async { Ok(row.update(change.tx()).await?) };
    let user = change.keeping_an_administrator(update).await?;
    if !active {
        session::end_all(change.tx(), change.now(), id, RevokedReason::UserDisabled).await?;
        // Or it would be sent when the person is let in again.
        mail::withdraw(change.tx(), MailKind::PasswordReset, id).await?;
    }
    change.touch(Scope::User(id)).await?;
    let action = if active { "user.activate" } else { "user.deactivate" };
    change.record(Deed::of(by.to(), "identity", action).on(KIND, &id));
    Ok(user)
}

/// Removes a person with everything of theirs (roles, sessions, resets, keys, codes, memberships,
/// displays), and says what that was.
///
/// # Errors
/// As for [`set_active`], and [`Rule::InUse`](crate::rule::Rule::InUse) while something has to go on
/// saying who they were: a shell that they had.
pub async fn delete(change: &Change<'_>, by: &Granted<DeleteUsers>, id: i64) -> Result<Deletion> {
    change.confirm(by).await?;
    let before = find(change, id).await?;
    exceed::person(change.tx(), by.to(), &before).await?;

    let delete = deletion::delete::<Entity>(change.tx(), KIND, id);
    let deletion = change.keeping_an_administrator(delete).await?;
    change.touch(Scope::User(id)).await?;
    let deed = Deed::of(by.to(), "identity", "user.delete").on(KIND, &id);
    change.record(deed.with(json!({"username": before.username, "removed": deletion.removed})));
    Ok(deletion)
}

pub(in crate::identity) async fn find(change: &Change<'_>, id: i64) -> Result<Model> {
    let found = Entity::find_by_id(id).one(change.tx()).await?;
    found.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

pub(in crate::identity) async fn default_role(change: &Change<'_>) -> Result<role::Model> {
    let name = settings::read_or(change.tx(), default_role::SETTING, String::new()).await?;
    default_role::named(change.tx(), &name).await?.ok_or_else(|| Error::Malformed {
        kind: "setting",
        key: default_role::SETTING.to_owned(),
        problem: format!("there is no role `{name}`"),
    })
}
