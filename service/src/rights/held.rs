//! What a person holds: their roles, and the permissions that any of them carries.

use std::collections::{BTreeMap, BTreeSet};

use entity::identity::{permission, role, role_permission, user, user_role};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QuerySelect as _, RelationTrait as _,
    sea_query::{Query, SelectStatement},
};

use crate::Result;

/// What a person holds. Who is not active, or not there, holds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The roles: key and folded name.
    pub roles: BTreeMap<i64, String>,
    /// The codes of the permissions that any of the roles carries.
    pub codes: BTreeSet<String>,
}

impl Held {
    /// What the database says now. Two queries.
    pub(crate) async fn by(db: &impl ConnectionTrait, user_id: i64) -> Result<Self> {
        let roles: Vec<(i64, String)> = user_role::Entity::find()
            .select_only()
            .column(role::Column::Id)
            .column(role::Column::NameKey)
            .join(JoinType::InnerJoin, user_role::Relation::User.def())
            .join(JoinType::InnerJoin, user_role::Relation::Role.def())
            .filter(user_role::Column::UserId.eq(user_id))
            .filter(user::Column::IsActive.eq(true))
            .into_tuple()
            .all(db)
            .await?;
        let roles: BTreeMap<i64, String> = roles.into_iter().collect();
        let codes = codes_of(db, roles.keys().copied()).await?;
        Ok(Self { roles, codes })
    }
}

/// The codes that any of these roles carries. One query, or none for no role.
pub(crate) async fn codes_of(
    db: &impl ConnectionTrait,
    role_ids: impl IntoIterator<Item = i64>,
) -> Result<BTreeSet<String>> {
    let role_ids: Vec<i64> = role_ids.into_iter().collect();
    if role_ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let codes: Vec<String> = role_permission::Entity::find()
        .select_only()
        .distinct()
        .column(permission::Column::Code)
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def())
        .filter(role_permission::Column::RoleId.is_in(role_ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(codes.into_iter().collect())
}

/// The people who have the role, as a query.
pub(super) fn holders(role_id: i64) -> SelectStatement {
    Query::select()
        .column(user_role::Column::UserId)
        .from(user_role::Entity)
        .and_where(user_role::Column::RoleId.eq(role_id))
        .take()
}
