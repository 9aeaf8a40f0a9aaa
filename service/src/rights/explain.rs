//! Why somebody may do something, or may not.

use std::fmt;

use chrono::{DateTime, Utc};
use entity::identity::{permission, role, role_permission, user, user_role};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _,
};

use super::{Actor, Granted, Permission as _, ReadPermissions, refuse};
use crate::{Error, Result, lookup::by_text};

/// A way by which somebody has a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role that carries it.
    pub role: String,
    /// Since when the person has the role.
    pub role_since: DateTime<Utc>,
    /// Since when the role carries the permission.
    pub permission_since: DateTime<Utc>,
}

/// Why somebody may do something, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The name of the person.
    pub username: String,
    /// The code of the permission.
    pub code: String,
    /// Whether the person is active; who is not may do nothing.
    pub is_active: bool,
    /// Every way by which the person has the permission, by the role's name.
    pub grants: Vec<Grant>,
}

impl Explanation {
    /// Whether the person may.
    pub fn is_allowed(&self) -> bool {
        self.is_active && !self.grants.is_empty()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, code, is_active, grants } = self;
        let roles: Vec<String> = grants.iter().map(|grant| format!("`{}`", grant.role)).collect();
        let roles = roles.join(", ");
        match (is_active, grants.len()) {
            (_, 0) => write!(f, "`{username}` may not `{code}`: no role of theirs carries it"),
            (false, _) => {
                write!(f, "`{username}` may not `{code}`: not active, although in {roles}")
            }
            (true, 1) => write!(f, "`{username}` may `{code}`, by the role {roles}"),
            (true, _) => write!(f, "`{username}` may `{code}`, by the roles {roles}"),
        }
    }
}

/// Why a person has a permission, or has not, as the database says now.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person, or no such permission.
pub async fn explain(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadPermissions>,
    user_id: i64,
    code: &str,
) -> Result<Explanation> {
    of_user(db, user_id, code).await
}

/// The same of the actor, as a person: what an API key is limited to is not looked at.
///
/// # Errors
/// [`Error::Forbidden`] for an API key without [`ReadPermissions`] among its scopes,
/// [`Error::NotFound`] if there is no such permission.
pub async fn explain_own(
    db: &impl ConnectionTrait,
    actor: &Actor,
    code: &str,
) -> Result<Explanation> {
    if !actor.may_use(ReadPermissions::CODE) {
        return Err(refuse::<ReadPermissions>(actor));
    }
    of_user(db, actor.user_id(), code).await
}

async fn of_user(db: &impl ConnectionTrait, user_id: i64, code: &str) -> Result<Explanation> {
    let person = user::Entity::find_by_id(user_id)
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found("user", user_id.to_string()))?;
    let permission =
        by_text::<permission::Entity>(db, permission::Column::Code, code, |row| Some(&row.code))
            .await?
            .ok_or_else(|| Error::not_found("permission", code))?;
    let ways: Vec<(String, DateTime<Utc>, DateTime<Utc>)> = user_role::Entity::find()
        .select_only()
        .column(role::Column::Name)
        .column(user_role::Column::CreatedAt)
        .column_as(role_permission::Column::CreatedAt, "granted_at")
        .join(JoinType::InnerJoin, user_role::Relation::Role.def())
        .join(JoinType::InnerJoin, role_permission::Relation::Role.def().rev())
        .filter(user_role::Column::UserId.eq(user_id))
        .filter(role_permission::Column::PermissionId.eq(permission.id))
        .into_tuple()
        .all(db)
        .await?;
    let mut grants: Vec<Grant> = ways
        .into_iter()
        .map(|(role, role_since, permission_since)| Grant { role, role_since, permission_since })
        .collect();
    grants.sort_by(|a, b| a.role.cmp(&b.role));
    Ok(Explanation {
        username: person.username,
        code: permission.code,
        is_active: person.is_active,
        grants,
    })
}
