//! Who belongs to a team.

use chrono::{DateTime, Utc};
pub use entity::teams::team_member::{Model, TeamRole};
use entity::{
    identity::user,
    teams::{
        resource_team,
        team_member::{ActiveModel, Column, Entity, Relation},
    },
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, JoinType, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _,
};
use serde_json::json;

use super::authority::{self, Authority};
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    records::sound,
    rights::{self, Actor, Granted, Permission as _, ReadTeams, UpdateTeams},
    rule::Rule,
    text::invalid,
};

const KIND: &str = "member of the team";
/// What is told of when somebody belongs to a team no more.
const END: &str = "end of a membership";

/// Who belongs to a team, in the order in which they came.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team.
pub async fn list(
    db: &impl ConnectionTrait,
    by: &Granted<ReadTeams>,
    team_id: i64,
) -> Result<Vec<Model>> {
    super::team::by_id(db, by, team_id).await?;
    all(db, team_id).await
}

/// The same for somebody who belongs to the team themselves.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team, or the actor does not belong to it;
/// [`Error::Forbidden`] for an API key without [`ReadTeams`] among its scopes.
pub async fn list_own(
    db: &impl ConnectionTrait,
    world: &World,
    actor: &Actor,
    team_id: i64,
) -> Result<Vec<Model>> {
    if !actor.may_use(ReadTeams::CODE) {
        return Err(rights::refuse::<ReadTeams>(actor));
    }
    let missing = || Error::not_found(super::team::KIND, team_id.to_string());
    let team = resource_team::Entity::find_by_id(team_id).one(db).await?.ok_or_else(missing)?;
    let role = authority::own_role(db, actor.user_id(), &team, world.clock.now()).await?;
    role.ok_or_else(missing)?;
    all(db, team_id).await
}

/// By what a person belongs to a team.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team, or they do not belong to it.
pub async fn by_user(
    db: &impl ConnectionTrait,
    by: &Granted<ReadTeams>,
    team_id: i64,
    user_id: i64,
) -> Result<Model> {
    super::team::by_id(db, by, team_id).await?;
    found(db, team_id, user_id).await
}

/// Lets a person belong to a team from now on, until `expires_at` or for good.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team or person, [`Error::AlreadyExists`] if they belong
/// to it, [`Error::Invalid`] for an end that is past, that not every database keeps, or that of an
/// owner, who has none; [`Error::Forbidden`] or [`Error::TeamRole`] if the actor is less than an
/// administrator of the team, or less than what they would make somebody.
pub async fn add(
    unit: &Audited<'_>,
    actor: &Actor,
    team_id: i64,
    user_id: i64,
    role: TeamRole,
    expires_at: Option<DateTime<Utc>>,
) -> Result<Model> {
    let (team, authority) = run(unit, actor, team_id).await?;
    authority.demand(role, &team)?;
    let expires_at = ends_well(unit, role, expires_at)?;
    // Held: whoever is being deleted is waited for, and not there afterwards.
    if user::Entity::find_by_id(user_id).lock_shared().one(unit.tx()).await?.is_none() {
        return Err(Error::not_found("user", user_id.to_string()));
    }
    if membership(unit.tx(), team_id, user_id).await?.is_some() {
        return Err(Error::AlreadyExists { kind: KIND, key: user_id.to_string() });
    }
    let row = ActiveModel {
        team_id: Set(team_id),
        user_id: Set(user_id),
        added_by_id: Set(Some(actor.user_id())),
        role: Set(role),
        added_at: Set(unit.now()),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let key = user_id.to_string();
    let member = row.insert(unit.tx()).await.map_err(Error::on_duplicate(KIND, &key))?;
    unit.record(did(actor, "member.add", &member));
    Ok(member)
}

/// Makes somebody in a team something else, until `expires_at` or for good.
///
/// # Errors
/// As for [`add`]; [`Error::NotFound`] if they do not belong to it, [`Error::TeamRole`] if they are
/// above the actor, [`Rule::LastOwner`] if nobody would be left who owns the team.
pub async fn change(
    unit: &Audited<'_>,
    actor: &Actor,
    team_id: i64,
    user_id: i64,
    role: TeamRole,
    expires_at: Option<DateTime<Utc>>,
) -> Result<Model> {
    let (team, authority) = run(unit, actor, team_id).await?;
    let before = found(unit.tx(), team_id, user_id).await?;
    authority.demand(before.role, &team)?;
    authority.demand(role, &team)?;
    let expires_at = ends_well(unit, role, expires_at)?;
    let mut row = before.clone().into_active_model();
    row.role = Set(role);
    row.expires_at = Set(expires_at);
    let member = row.update(unit.tx()).await?;
    is_owned(unit.tx(), &team, before.role).await?;
    unit.record(did(actor, "member.change", &member));
    Ok(member)
}

/// Takes somebody out of a team. Everybody may go themselves; an API key takes its owner out only
/// with [`UpdateTeams`] among its scopes.
///
/// # Errors
/// [`Error::NotFound`] if they do not belong to it, [`Error::Forbidden`] or [`Error::TeamRole`] if
/// the actor is another and less than an administrator of the team, or less than they are, or a key
/// without that scope, [`Rule::LastOwner`] if nobody who is active would be left who owns the team.
pub async fn remove(unit: &Audited<'_>, actor: &Actor, team_id: i64, user_id: i64) -> Result<()> {
    let team = authority::hold(unit.tx(), team_id).await?;
    let member = found(unit.tx(), team_id, user_id).await?;
    if actor.user_id() != user_id {
        let authority = authority::of(unit.tx(), actor, &team, unit.now()).await?;
        authority.demand(TeamRole::Admin, &team)?;
        authority.demand(member.role, &team)?;
    } else if !actor.may_use(UpdateTeams::CODE) {
        return Err(rights::refuse::<UpdateTeams>(actor));
    }
    Entity::delete_by_id(member.id).exec(unit.tx()).await?;
    is_owned(unit.tx(), &team, member.role).await?;
    unit.record(did(actor, "member.remove", &member));
    Ok(())
}

/// Holds the team for somebody who runs it.
async fn run(
    unit: &Audited<'_>,
    actor: &Actor,
    team_id: i64,
) -> Result<(resource_team::Model, Authority)> {
    let team = authority::hold(unit.tx(), team_id).await?;
    let authority = authority::of(unit.tx(), actor, &team, unit.now()).await?;
    authority.demand(TeamRole::Admin, &team)?;
    Ok((team, authority))
}

/// The end as it is kept. An owner who goes by themselves at some moment would leave the team
/// without one.
fn ends_well(
    unit: &Audited<'_>,
    role: TeamRole,
    end: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>> {
    let Some(end) = end else { return Ok(None) };
    let end = sound::kept(END, end)?;
    let problem = if end <= unit.now() {
        "it is past"
    } else if role == TeamRole::Owner {
        "an owner's has none"
    } else {
        return Ok(Some(end));
    };
    Err(invalid(END, &end.to_rfc3339(), problem))
}

/// Whether the team has an owner who is active still, when one of them is none any more.
async fn is_owned(
    tx: &DatabaseTransaction,
    team: &resource_team::Model,
    was: TeamRole,
) -> Result<()> {
    if was != TeamRole::Owner {
        return Ok(());
    }
    let owners = Entity::find()
        .join(JoinType::InnerJoin, Relation::User.def())
        .filter(Column::TeamId.eq(team.id))
        .filter(Column::Role.eq(TeamRole::Owner))
        .filter(user::Column::IsActive.eq(true))
        .count(tx)
        .await?;
    if owners == 0 {
        let because = format!("team `{}` would have no owner who is active", team.name);
        Err(Rule::LastOwner.refuses(because))
    } else {
        Ok(())
    }
}

async fn all(db: &impl ConnectionTrait, team_id: i64) -> Result<Vec<Model>> {
    let members = Entity::find().filter(Column::TeamId.eq(team_id)).order_by_asc(Column::Id);
    Ok(members.all(db).await?)
}

async fn membership(
    db: &impl ConnectionTrait,
    team_id: i64,
    user_id: i64,
) -> Result<Option<Model>> {
    let rows = Entity::find().filter(Column::TeamId.eq(team_id));
    Ok(rows.filter(Column::UserId.eq(user_id)).one(db).await?)
}

async fn found(db: &impl ConnectionTrait, team_id: i64, user_id: i64) -> Result<Model> {
    let member = membership(db, team_id, user_id).await?;
    member.ok_or_else(|| Error::not_found(KIND, user_id.to_string()))
}

fn did(actor: &Actor, action: &'static str, member: &Model) -> Deed {
    let details = json!({
        "user_id": member.user_id,
        "role": authority::name(member.role),
        "expires_at": member.expires_at.map(|end| end.to_rfc3339()),
    });
    Deed::by(actor, "teams", action).on(super::team::KIND, &member.team_id).with(details)
}
