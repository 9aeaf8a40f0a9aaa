//! Nobody acts above themselves: on somebody, or with a role, that has a right which they have not.

use std::collections::BTreeSet;

use entity::identity::{role, user, user_role};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::Expr,
};

use super::{
    GrantPermissions, Grantee, Held, Permission as _,
    held::{codes_of, holders},
};
use crate::{Error, Result};

/// Refuses what would be done to a person who has more rights, active or not. On oneself one may act;
/// a program with a key of theirs is not oneself, or few scopes would soon be many.
///
/// # Errors
/// [`Error::Exceeds`].
pub(crate) async fn person(
    db: &impl ConnectionTrait,
    by: &Grantee,
    person: &user::Model,
) -> Result<()> {
    if by.is(person.id) {
        return Ok(());
    }
    let codes = codes_of_all(db, user_role::Column::UserId.eq(person.id)).await?;
    within(db, by, &codes, || format!("user `{}`", person.username)).await
}

/// Refuses to hand out, take away or change a role that carries more rights.
///
/// # Errors
/// [`Error::Exceeds`].
pub(crate) async fn role(
    db: &impl ConnectionTrait,
    by: &Grantee,
    role: &role::Model,
) -> Result<()> {
    let codes = codes_of(db, [role.id]).await?;
    within(db, by, &codes, || format!("role `{}`", role.name)).await
}

/// Refuses what would be done to all who have the role, when one of them has more rights.
///
/// # Errors
/// [`Error::Exceeds`].
pub(crate) async fn all_with(
    db: &impl ConnectionTrait,
    by: &Grantee,
    role: &role::Model,
) -> Result<()> {
    let holders = user_role::Column::UserId.in_subquery(holders(role.id));
    let codes = codes_of_all(db, holders).await?;
    within(db, by, &codes, || format!("somebody with role `{}`", role.name)).await
}

/// What the roles carry of all people for whom `users` holds.
async fn codes_of_all(db: &impl ConnectionTrait, users: Expr) -> Result<BTreeSet<String>> {
    let roles: Vec<i64> = user_role::Entity::find()
        .select_only()
        .column(user_role::Column::RoleId)
        .filter(users)
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    codes_of(db, roles).await
}

/// Refuses to take away a permission that the other has not.
///
/// # Errors
/// [`Error::Exceeds`].
pub(crate) async fn permission(db: &impl ConnectionTrait, by: &Grantee, code: &str) -> Result<()> {
    let codes = BTreeSet::from([code.to_owned()]);
    within(db, by, &codes, || format!("permission `{code}`")).await
}

async fn within(
    db: &impl ConnectionTrait,
    by: &Grantee,
    codes: &BTreeSet<String>,
    object: impl FnOnce() -> String,
) -> Result<()> {
    let Grantee::Person(actor) = by else { return Ok(()) };
    let held = Held::by(db, actor.user_id()).await?;
    let has = |code: &str| held.codes.contains(code) && actor.may_use(code);
    if has(GrantPermissions::CODE) {
        return Ok(());
    }
    match codes.iter().find(|code| !has(code)) {
        None => Ok(()),
        Some(code) => {
            let object = object();
            tracing::warn!(target: "audit", by = %by, object, permission = code, "refused");
            Err(Error::Exceeds { permission: code.clone(), object })
        }
    }
}
