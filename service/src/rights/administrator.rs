//! The administrator who must always be there: without one nobody could ever give a right again.

use entity::identity::{permission, role_permission, user, user_role};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, QueryTrait as _, RelationTrait as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    AssignRoles, GrantPermissions, Permission as _, ReadPermissions, ReadRoles, ReadUsers,
    UpdateUsers,
};
use crate::Result;

/// What an administrator is: an active person with a password whose roles carry all of these codes,
/// whatever the roles are called.
pub const ADMINISTRATION: [&str; 6] = [
    ReadUsers::CODE,
    UpdateUsers::CODE,
    ReadRoles::CODE,
    AssignRoles::CODE,
    ReadPermissions::CODE,
    GrantPermissions::CODE,
];

/// Whether there is at least one administrator ([`ADMINISTRATION`]). One query.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn has_administrator(db: &impl ConnectionTrait) -> Result<bool> {
    // Few carry the right to grant, many the right to see people: the few are looked at.
    let candidates = user_role::Entity::find()
        .select_only()
        .column(user_role::Column::UserId)
        .join(JoinType::InnerJoin, user_role::Relation::User.def())
        .join(JoinType::InnerJoin, user_role::Relation::Role.def())
        .join(JoinType::InnerJoin, role_permission::Relation::Role.def().rev())
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def())
        .filter(permission::Column::Code.eq(GrantPermissions::CODE))
        .filter(user::Column::IsActive.eq(true))
        .filter(user::Column::PasswordHash.is_not_null());
    let distinct_codes = Expr::col((permission::Entity, permission::Column::Code)).count_distinct();
    let all = i64::try_from(ADMINISTRATION.len()).unwrap_or(i64::MAX);
    let found: Option<i64> = user_role::Entity::find()
        .select_only()
        .column(user_role::Column::UserId)
        .join(JoinType::InnerJoin, user_role::Relation::Role.def())
        .join(JoinType::InnerJoin, role_permission::Relation::Role.def().rev())
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def())
        .filter(permission::Column::Code.is_in(ADMINISTRATION))
        .filter(user_role::Column::UserId.in_subquery(candidates.into_query()))
        .group_by(user_role::Column::UserId)
        .having(distinct_codes.eq(all))
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}
