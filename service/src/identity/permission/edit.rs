//! Adding, describing and removing permissions, and which roles carry them.

use entity::identity::{
    permission::{ActiveModel, Column, Entity, Model},
    role, role_permission,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};

use serde_json::json;

use super::KIND;
use crate::{
    Error, Result,
    audit::Deed,
    identity::role as roles,
    rights::{
        ALL, Change, CreatePermissions, DeletePermissions, GrantPermissions, Granted, Permission,
        Scope, UpdatePermissions, exceed,
    },
    text,
};

/// A permission to add, for something that the program itself does not know: a tool beside it.
#[derive(Clone, Debug, Default)]
pub struct NewPermission {
    /// What it is about: 1 to 100 of `a-z`, `0-9`, `_`, `-`, `.`.
    pub resource: String,
    /// What it allows, in the same characters.
    pub action: String,
    /// What it means, up to 10 000 characters.
    pub description: Option<String>,
}

/// Adds a permission; its code is `resource:action`.
///
/// # Errors
/// [`Error::Invalid`] for a part or a text that will not do, [`Error::AlreadyExists`] if there is
/// one of that code.
pub async fn create(
    change: &Change<'_>,
    by: &Granted<CreatePermissions>,
    new: NewPermission,
) -> Result<Model> {
    change.confirm(by).await?;
    let resource = text::word("resource of a permission", &new.resource)?;
    let action = text::word("action of a permission", &new.action)?;
    let code = format!("{resource}:{action}");
    if Entity::find().filter(Column::Code.eq(&code)).one(change.tx()).await?.is_some() {
        return Err(Error::AlreadyExists { kind: KIND, key: code });
    }
    let row = ActiveModel {
        code: Set(code.clone()),
        resource: Set(resource),
        action: Set(action),
        description: Set(text::optional("description", new.description, 10_000)?),
        created_at: Set(change.now()),
        updated_at: Set(change.now()),
        ..Default::default()
    };
    let permission = row.insert(change.tx()).await.map_err(Error::on_duplicate(KIND, &code))?;
    change.record(did(by, "permission.create", &code));
    Ok(permission)
}

/// Says what a permission means. Its code stays: programs ask by it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such permission, [`Error::Invalid`] for a text that will not
/// do.
pub async fn describe(
    change: &Change<'_>,
    by: &Granted<UpdatePermissions>,
    id: i64,
    description: Option<String>,
) -> Result<Model> {
    change.confirm(by).await?;
    let mut row = find(change, id).await?.into_active_model();
    row.description = Set(text::optional("description", description, 10_000)?);
    row.updated_at = Set(change.now());
    let permission = row.update(change.tx()).await?;
    change.record(did(by, "permission.update", &permission.code));
    Ok(permission)
}

/// Removes a permission; no role carries it then.
///
/// # Errors
/// [`Error::NotFound`] if there is no such permission, [`Error::BelongsToSystem`] for one that the
/// program itself asks for, [`Error::Exceeds`] if roles carry it and `by` has it not.
pub async fn delete(change: &Change<'_>, by: &Granted<DeletePermissions>, id: i64) -> Result<()> {
    change.confirm(by).await?;
    let permission = find(change, id).await?;
    if ALL.contains(&permission.code.as_str()) {
        return Err(Error::BelongsToSystem { kind: KIND, key: permission.code });
    }
    let carriers: Vec<i64> = role_permission::Entity::find()
        .select_only()
        .column(role_permission::Column::RoleId)
        .filter(role_permission::Column::PermissionId.eq(id))
        .into_tuple()
        .all(change.tx())
        .await?;
    if !carriers.is_empty() {
        exceed::permission(change.tx(), by.to(), &permission.code).await?;
    }
    Entity::delete_by_id(id).exec(change.tx()).await?;
    for role_id in carriers {
        change.touch(Scope::Role(role_id)).await?;
    }
    change.record(did(by, "permission.delete", &permission.code));
    Ok(())
}

/// Grants a permission to a role, and so to all who have the role. One that carries it goes on.
///
/// # Errors
/// [`Error::NotFound`] if there is no such role or permission.
pub async fn grant(
    change: &Change<'_>,
    by: &Granted<GrantPermissions>,
    role_id: i64,
    permission_id: i64,
) -> Result<()> {
    change.confirm(by).await?;
    let (role, permission, carries) = both(change, role_id, permission_id).await?;
    if !carries {
        role_permission::ActiveModel {
            role_id: Set(role_id),
            permission_id: Set(permission_id),
            created_at: Set(change.now()),
        }
        .insert(change.tx())
        .await?;
        change.touch(Scope::Role(role_id)).await?;
        let to = json!({"role_id": role.id, "role": role.name});
        change.record(did(by, "permission.grant", &permission.code).with(to));
    }
    Ok(())
}

/// Withdraws a permission from a role, and so from all who have it by this role. One that does not
/// carry it goes without.
///
/// # Errors
/// [`Error::NotFound`] if there is no such role or permission, [`Error::LastAdministrator`] if
/// nobody would be left who administers.
pub async fn withdraw(
    change: &Change<'_>,
    by: &Granted<GrantPermissions>,
    role_id: i64,
    permission_id: i64,
) -> Result<()> {
    change.confirm(by).await?;
    let (role, permission, carries) = both(change, role_id, permission_id).await?;
    if carries {
        let delete = async {
            let row = role_permission::Entity::delete_by_id((role_id, permission_id));
            Ok(row.exec(change.tx()).await?)
        };
        change.keeping_an_administrator(delete).await?;
        change.touch(Scope::Role(role_id)).await?;
        let from = json!({"role_id": role.id, "role": role.name});
        change.record(did(by, "permission.withdraw", &permission.code).with(from));
    }
    Ok(())
}

/// The role, the permission, and whether the one carries the other.
async fn both(
    change: &Change<'_>,
    role_id: i64,
    permission_id: i64,
) -> Result<(role::Model, Model, bool)> {
    let role = roles::find(change, role_id).await?;
    let permission = find(change, permission_id).await?;
    let row =
        role_permission::Entity::find_by_id((role_id, permission_id)).one(change.tx()).await?;
    Ok((role, permission, row.is_some()))
}

fn did<P: Permission>(by: &Granted<P>, action: &'static str, code: &str) -> Deed {
    Deed::of(by.to(), "identity", action).on(KIND, code)
}

async fn find(change: &Change<'_>, id: i64) -> Result<Model> {
    let found = Entity::find_by_id(id).one(change.tx()).await?;
    found.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}
