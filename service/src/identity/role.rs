//! Roles: named sets of permissions that people are given.

mod edit;

use std::collections::BTreeMap;

pub use entity::identity::role::Model;
use entity::identity::{
    permission,
    role::{Column, Entity},
    user_role,
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _,
};

pub(super) use self::edit::find;
pub use self::edit::{NewRole, RoleChanges, as_seen, assign, create, delete, revoke, update};
use super::{fold::sought, user};
use crate::{
    Error, Result,
    lookup::by_text,
    rights::{Granted, ReadPermissions, ReadRoles},
};

pub(super) const KIND: &str = "role";

/// The role with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_id(db: &impl ConnectionTrait, _by: &Granted<ReadRoles>, id: i64) -> Result<Model> {
    Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

/// The role with that name, in whatever case it is written.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadRoles>,
    name: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::NameKey, &sought(name), |role| Some(&role.name_key))
        .await?
        .ok_or_else(|| Error::not_found(KIND, name))
}

/// All roles by name.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(db: &impl ConnectionTrait, _by: &Granted<ReadRoles>) -> Result<Vec<Model>> {
    Ok(sorted(Entity::find().all(db).await?))
}

/// All roles by name, each with its permissions by code.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list_with_permissions(
    db: &impl ConnectionTrait,
    _roles: &Granted<ReadRoles>,
    _permissions: &Granted<ReadPermissions>,
) -> Result<Vec<(Model, Vec<permission::Model>)>> {
    let mut roles = Entity::find().find_with_related(permission::Entity).all(db).await?;
    roles.sort_by(|(a, _), (b, _)| a.name_key.cmp(&b.name_key));
    for (_, permissions) in &mut roles {
        permissions.sort_by(|a, b| a.code.cmp(&b.code));
    }
    Ok(roles)
}

/// The roles that a person has, by name; also while the person is not active.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person.
pub async fn of_user(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadRoles>,
    user_id: i64,
) -> Result<Vec<Model>> {
    let roles = Entity::find()
        .join(JoinType::InnerJoin, user_role::Relation::Role.def().rev())
        .filter(user_role::Column::UserId.eq(user_id))
        .all(db)
        .await?;
    if roles.is_empty() && !user::exists(db, user_id).await? {
        return Err(Error::not_found(user::KIND, user_id.to_string()));
    }
    Ok(sorted(roles))
}

/// The roles of several people in one query, by name. Who has none, or does not exist, is not in it.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn of_users(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadRoles>,
    user_ids: impl IntoIterator<Item = i64>,
) -> Result<BTreeMap<i64, Vec<Model>>> {
    let rows = user_role::Entity::find()
        .filter(user_role::Column::UserId.is_in(user_ids))
        .find_also_related(Entity)
        .all(db)
        .await?;
    let mut roles: BTreeMap<i64, Vec<Model>> = BTreeMap::new();
    for (row, role) in rows {
        roles.entry(row.user_id).or_default().extend(role);
    }
    Ok(roles.into_iter().map(|(user_id, roles)| (user_id, sorted(roles))).collect())
}

/// Whether there is such a role.
pub(super) async fn exists(db: &impl ConnectionTrait, id: i64) -> Result<bool> {
    let found: Option<i64> =
        Entity::find_by_id(id).select_only().column(Column::Id).into_tuple().one(db).await?;
    Ok(found.is_some())
}

/// Sorted here and not by the databases, which do not agree on the order of text.
fn sorted(mut roles: Vec<Model>) -> Vec<Model> {
    roles.sort_by(|a, b| a.name_key.cmp(&b.name_key));
    roles
}
