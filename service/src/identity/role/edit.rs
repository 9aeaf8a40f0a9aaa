//! Adding, changing and removing roles, and who has them.

use entity::identity::{
    role::{ActiveModel, Column, Entity, Model},
    user_role,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _,
    QuerySelect as _,
};

use serde_json::json;

use super::KIND;
use crate::{
    Error, Result,
    audit::Deed,
    identity::{fold::sought, name, user},
    lookup::free,
    rights::{
        AssignRoles, Change, CreateRoles, DeleteRoles, Granted, Permission, Scope, UpdateRoles,
        default_role, exceed,
    },
    seen::Seen,
    settings,
    text::{self, Name},
};

/// A role to add. It carries nothing until permissions are granted to it.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    /// Its name, up to 100 characters; unique without case.
    pub name: String,
    /// What it is for, up to 10 000 characters.
    pub description: Option<String>,
}

/// What is to change about a role. What is `None` stays; `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct RoleChanges {
    /// Its name. A system role keeps its own.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
}

/// Adds a role.
///
/// # Errors
/// [`Error::Invalid`] for a name or a text that will not do, [`Error::AlreadyExists`] if a role has
/// the name in whatever case.
pub async fn create(change: &Change<'_>, by: &Granted<CreateRoles>, new: NewRole) -> Result<Model> {
    change.confirm(by).await?;
    let Name { shown, key } = name::role(&new.name)?;
    free::<Entity>(change.tx(), Column::NameKey, &key, KIND, &shown).await?;
    let row = ActiveModel {
        name: Set(shown.clone()),
        name_key: Set(key),
        description: Set(text::optional("description", new.description, 10_000)?),
        is_system: Set(false),
        created_at: Set(change.now()),
        updated_at: Set(change.now()),
        ..Default::default()
    };
    let role = row.insert(change.tx()).await.map_err(Error::on_duplicate(KIND, &shown))?;
    change.record(did(by, "role.create", &role));
    Ok(role)
}

/// Renames or describes a role.
///
/// # Errors
/// As for [`create`]; [`Error::NotFound`] if there is no such role, [`Error::BelongsToSystem`] if a
/// system role, or the one that new people get, would get another name, [`Error::Exceeds`] if it carries a right that `by` has not.
pub async fn update(
    change: &Change<'_>,
    by: &Granted<UpdateRoles>,
    id: i64,
    changes: RoleChanges,
) -> Result<Model> {
    change.confirm(by).await?;
    let before = find(change, id).await?;
    exceed::role(change.tx(), by.to(), &before).await?;
    let mut row = before.clone().into_active_model();
    if let Some(name) = &changes.name {
        let Name { shown, key } = name::role(name)?;
        if before.is_system && shown != before.name {
            return Err(Error::BelongsToSystem { kind: KIND, key: before.name });
        }
        if key != before.name_key {
            is_not_the_default(change, &before).await?;
            free::<Entity>(change.tx(), Column::NameKey, &key, KIND, &shown).await?;
        }
        row.name = Set(shown);
        row.name_key = Set(key);
    }
    if let Some(description) = changes.description {
        row.description = Set(text::optional("description", description, 10_000)?);
    }
    row.updated_at = Set(change.now());
    let role = row.update(change.tx()).await.map_err(Error::on_duplicate(KIND, &before.name))?;
    change.touch(Scope::Role(id)).await?;
    change.record(did(by, "role.update", &role));
    Ok(role)
}

/// Makes sure that a role is as the caller has seen it, and holds it so until the change ends.
///
/// # Errors
/// [`Error::NotFound`] if there is no such role, [`Rule::Stale`](crate::rule::Rule::Stale) if it is
/// not so any more.
pub async fn as_seen(
    change: &Change<'_>,
    by: &Granted<UpdateRoles>,
    id: i64,
    seen: &Seen<'_, Model>,
) -> Result<()> {
    change.confirm(by).await?;
    let now = Entity::find_by_id(id).lock_exclusive().one(change.tx()).await?;
    let now = now.ok_or_else(|| Error::not_found(KIND, id.to_string()))?;
    seen.confirm(KIND, &id.to_string(), &now)
}

/// Removes a role; whoever had it has it no more.
///
/// # Errors
/// [`Error::NotFound`] if there is no such role, [`Error::BelongsToSystem`] for a system role and
/// for the one that new people get, [`Error::Exceeds`] if it, or somebody who has it, has a right
/// that `by` has not, [`Error::LastAdministrator`] if nobody would be left who administers.
pub async fn delete(change: &Change<'_>, by: &Granted<DeleteRoles>, id: i64) -> Result<()> {
    change.confirm(by).await?;
    let role = find(change, id).await?;
    if role.is_system {
        return Err(Error::BelongsToSystem { kind: KIND, key: role.name });
    }
    is_not_the_default(change, &role).await?;
    exceed::role(change.tx(), by.to(), &role).await?;
    exceed::all_with(change.tx(), by.to(), &role).await?;

    // Before it goes: afterwards nobody has it.
    change.touch(Scope::Role(id)).await?;
    let delete = async { Ok(Entity::delete_by_id(id).exec(change.tx()).await?) };
    change.keeping_an_administrator(delete).await?;
    change.record(did(by, "role.delete", &role));
    Ok(())
}

/// Gives a person a role. Who has it already keeps it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such person or role, [`Error::Exceeds`] if the role, or the
/// person, has a right that `by` has not.
pub async fn assign(
    change: &Change<'_>,
    by: &Granted<AssignRoles>,
    user_id: i64,
    role_id: i64,
) -> Result<()> {
    change.confirm(by).await?;
    let (role, has) = both_within(change, by, user_id, role_id).await?;
    if !has {
        user_role::ActiveModel {
            user_id: Set(user_id),
            role_id: Set(role_id),
            created_at: Set(change.now()),
        }
        .insert(change.tx())
        .await?;
        change.touch(Scope::User(user_id)).await?;
        change.record(passed(by, "role.assign", user_id, &role));
    }
    Ok(())
}

/// Takes a role from a person. Who has it not goes without.
///
/// # Errors
/// As for [`assign`], and [`Error::LastAdministrator`] if nobody would be left who administers.
pub async fn revoke(
    change: &Change<'_>,
    by: &Granted<AssignRoles>,
    user_id: i64,
    role_id: i64,
) -> Result<()> {
    change.confirm(by).await?;
    let (role, has) = both_within(change, by, user_id, role_id).await?;
    if has {
        let delete = async {
            Ok(user_role::Entity::delete_by_id((user_id, role_id)).exec(change.tx()).await?)
        };
        change.keeping_an_administrator(delete).await?;
        change.touch(Scope::User(user_id)).await?;
        change.record(passed(by, "role.revoke", user_id, &role));
    }
    Ok(())
}

/// The role, and whether the person has it, when both are there and not above who asks.
async fn both_within(
    change: &Change<'_>,
    by: &Granted<AssignRoles>,
    user_id: i64,
    role_id: i64,
) -> Result<(Model, bool)> {
    let role = find(change, role_id).await?;
    let person = user::find(change, user_id).await?;
    exceed::role(change.tx(), by.to(), &role).await?;
    exceed::person(change.tx(), by.to(), &person).await?;
    let row = user_role::Entity::find_by_id((user_id, role_id)).one(change.tx()).await?;
    Ok((role, row.is_some()))
}

fn did<P: Permission>(by: &Granted<P>, action: &'static str, role: &Model) -> Deed {
    Deed::of(by.to(), "identity", action).on(KIND, &role.id).with(json!({"name": role.name}))
}

fn passed(by: &Granted<AssignRoles>, action: &'static str, user_id: i64, role: &Model) -> Deed {
    let details = json!({"role_id": role.id, "role": role.name});
    Deed::of(by.to(), "identity", action).on("user", &user_id).with(details)
}

/// The setting names it, and would name nothing.
async fn is_not_the_default(change: &Change<'_>, role: &Model) -> Result<()> {
    match settings::read::<String>(change.tx(), default_role::SETTING).await {
        Ok(name) if sought(&name) == role.name_key => {
            Err(Error::BelongsToSystem { kind: "default role", key: role.name.clone() })
        }
        // A setting that is not there, or is none, names no role.
        Ok(_) | Err(Error::NotFound { .. } | Error::WrongType { .. } | Error::Malformed { .. }) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

pub(in crate::identity) async fn find(change: &Change<'_>, id: i64) -> Result<Model> {
    let found = Entity::find_by_id(id).one(change.tx()).await?;
    found.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}
