//! Permissions: what a role can allow.

mod edit;

pub use entity::identity::permission::Model;
use entity::identity::{
    permission::{Column, Entity},
    role_permission, user_role,
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _,
};

pub use self::edit::{NewPermission, create, delete, describe, grant, withdraw};
use super::user;
use crate::{
    Error, Result,
    lookup::by_text,
    rights::{Granted, ReadPermissions},
};

const KIND: &str = "permission";

/// The permission with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_id(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadPermissions>,
    id: i64,
) -> Result<Model> {
    Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

/// The permission with that code, spelled exactly so.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_code(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadPermissions>,
    code: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::Code, code, |permission| Some(&permission.code))
        .await?
        .ok_or_else(|| Error::not_found(KIND, code))
}

/// All permissions by code.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(db: &impl ConnectionTrait, _by: &Granted<ReadPermissions>) -> Result<Vec<Model>> {
    Ok(sorted(Entity::find().all(db).await?))
}

/// The permissions that a role carries, by code.
///
/// # Errors
/// [`Error::NotFound`] if there is no such role.
pub async fn of_role(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadPermissions>,
    role_id: i64,
) -> Result<Vec<Model>> {
    let permissions = Entity::find()
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def().rev())
        .filter(role_permission::Column::RoleId.eq(role_id))
        .all(db)
        .await?;
    if permissions.is_empty() && !super::role::exists(db, role_id).await? {
        return Err(Error::not_found(super::role::KIND, role_id.to_string()));
    }
    Ok(sorted(permissions))
}

/// The permissions that any of a person's roles carries, each once, by code; also while the person
/// is not active.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person.
pub async fn of_user(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadPermissions>,
    user_id: i64,
) -> Result<Vec<Model>> {
    let permissions = Entity::find()
        .distinct()
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def().rev())
        .join(JoinType::InnerJoin, role_permission::Relation::Role.def())
        .join(JoinType::InnerJoin, user_role::Relation::Role.def().rev())
        .filter(user_role::Column::UserId.eq(user_id))
        .all(db)
        .await?;
    if permissions.is_empty() && !user::exists(db, user_id).await? {
        return Err(Error::not_found(user::KIND, user_id.to_string()));
    }
    Ok(sorted(permissions))
}

/// Sorted here and not by the databases, which do not agree on the order of text.
fn sorted(mut permissions: Vec<Model>) -> Vec<Model> {
    permissions.sort_by(|a, b| a.code.cmp(&b.code));
    permissions
}
