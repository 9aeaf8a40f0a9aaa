//! Which team may do what with which resource.

use std::collections::BTreeSet;

use entity::teams::resource_assignment::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};
use serde_json::json;

use super::{
    access::{self, Resource, ResourcePermission},
    authority,
};
use crate::{
    Error, Result,
    audit::{Audited, Deed},
    rights::{Actor, AssignResources, Granted, ReadTeams},
};

const KIND: &str = "assignment of a resource";

/// What a team may do with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The key of the team.
    pub team_id: i64,
    /// The resource.
    pub resource: Resource,
    /// What the team may do with it.
    pub permissions: BTreeSet<ResourcePermission>,
}

/// What a team may do with which resources, by their kinds and keys.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team, [`Error::Malformed`] if what is stored is no list of
/// permissions.
pub async fn of_team(
    db: &impl ConnectionTrait,
    by: &Granted<ReadTeams>,
    team_id: i64,
) -> Result<Vec<Assignment>> {
    super::team::by_id(db, by, team_id).await?;
    let rows = Entity::find().filter(Column::TeamId.eq(team_id)).order_by_asc(Column::Id);
    let mut all: Vec<Assignment> = rows.all(db).await?.iter().map(read).collect::<Result<_>>()?;
    // Here and not by the databases, which do not agree on the order of text.
    all.sort_by(|a, b| {
        let place = |of: &Assignment| (of.resource.kind().to_owned(), of.resource.id().to_owned());
        place(a).cmp(&place(b))
    });
    Ok(all)
}

/// Lets a team do that with a resource, in place of what it might before.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team, [`Error::Invalid`] for no permission at all.
pub async fn assign(
    unit: &Audited<'_>,
    by: &Granted<AssignResources>,
    team_id: i64,
    resource: &Resource,
    permissions: &BTreeSet<ResourcePermission>,
) -> Result<Assignment> {
    if permissions.is_empty() {
        return Err(Error::Invalid {
            kind: KIND,
            input: resource.to_string(),
            problem: "it has no permission; to take a resource away, withdraw it".to_owned(),
        });
    }
    authority::hold(unit.tx(), team_id).await?;
    let stored = access::stored(permissions);
    let row = match found(unit.tx(), team_id, resource).await? {
        Some(row) => {
            ActiveModel {
                permissions: Set(stored),
                assigned_by_id: Set(by.actor().map(Actor::user_id)),
                assigned_at: Set(unit.now()),
                ..row.into_active_model()
            }
            .update(unit.tx())
            .await?
        }
        None => ActiveModel {
            team_id: Set(team_id),
            assigned_by_id: Set(by.actor().map(Actor::user_id)),
            resource_type: Set(resource.kind().to_owned()),
            resource_id: Set(resource.id().to_owned()),
            permissions: Set(stored),
            assigned_at: Set(unit.now()),
            ..Default::default()
        }
        .insert(unit.tx())
        .await
        .map_err(Error::on_duplicate(KIND, &resource.to_string()))?,
    };
    let assignment = read(&row)?;
    unit.record(did(by, "resource.assign", team_id, resource, permissions));
    Ok(assignment)
}

/// Takes a resource from a team. One that the team has not stays so.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team.
pub async fn withdraw(
    unit: &Audited<'_>,
    by: &Granted<AssignResources>,
    team_id: i64,
    resource: &Resource,
) -> Result<()> {
    authority::hold(unit.tx(), team_id).await?;
    if let Some(row) = found(unit.tx(), team_id, resource).await? {
        Entity::delete_by_id(row.id).exec(unit.tx()).await?;
        let had = access::read(&row.permissions).unwrap_or_default();
        unit.record(did(by, "resource.withdraw", team_id, resource, &had));
    }
    Ok(())
}

async fn found(
    tx: &DatabaseTransaction,
    team_id: i64,
    resource: &Resource,
) -> Result<Option<Model>> {
    let row = Entity::find()
        .filter(Column::ResourceType.eq(resource.kind()))
        .filter(Column::ResourceId.eq(resource.id()))
        .filter(Column::TeamId.eq(team_id));
    Ok(row.one(tx).await?)
}

fn read(row: &Model) -> Result<Assignment> {
    let malformed =
        |problem: String| Error::Malformed { kind: KIND, key: row.id.to_string(), problem };
    let resource = Resource::new(&row.resource_type, &row.resource_id)
        .map_err(|error| malformed(error.to_string()))?;
    let permissions = access::read(&row.permissions).map_err(malformed)?;
    Ok(Assignment { team_id: row.team_id, resource, permissions })
}

fn did(
    by: &Granted<AssignResources>,
    action: &'static str,
    team_id: i64,
    resource: &Resource,
    permissions: &BTreeSet<ResourcePermission>,
) -> Deed {
    let details = json!({
        "resource_type": resource.kind(),
        "resource_id": resource.id(),
        "permissions": access::stored(permissions),
    });
    Deed::of(by.to(), "teams", action).on(super::team::KIND, &team_id).with(details)
}
