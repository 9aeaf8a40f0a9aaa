//! The teams themselves.

pub use entity::teams::resource_team::Model;
use entity::teams::{
    resource_team::{ActiveModel, Column, Entity},
    team_member::{self, TeamRole},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait,
    EntityTrait as _, IntoActiveModel as _, JoinType, QueryFilter as _, QuerySelect as _,
    RelationTrait as _,
};
use serde_json::json;

use super::authority;
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    deletion::{self, Deletion},
    identity::fold::sought,
    lookup::{by_text, free},
    page::{self, Cursor, Order, Page},
    rights::{self, Actor, CreateTeams, DeleteTeams, Granted, Permission as _, ReadTeams},
    text::{self, Name},
};

pub(super) const KIND: &str = "team";

/// A team to make.
#[derive(Clone, Debug, Default)]
pub struct NewTeam {
    /// Its name, up to 255 characters; unique without case.
    pub name: String,
    /// What it is for, up to 10 000 characters.
    pub description: Option<String>,
}

/// What is to change about a team. What is `None` stays; `Some(None)` empties it.
#[derive(Clone, Debug, Default)]
pub struct TeamChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Whether it gives its members anything.
    pub is_active: Option<bool>,
}

/// The team with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_id(db: &impl ConnectionTrait, _by: &Granted<ReadTeams>, id: i64) -> Result<Model> {
    Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::not_found(KIND, id.to_string()))
}

/// The team with that name, in whatever case it is written.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadTeams>,
    name: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::NameKey, &sought(name), |team| Some(&team.name_key))
        .await?
        .ok_or_else(|| Error::not_found(KIND, name))
}

/// At most `limit` teams, from the beginning or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadTeams>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let key = (Column::Id, |team: &Model| team.id);
    page::of(db, Entity::find(), key, Order::OldestFirst, from, limit).await
}

/// At most `limit` of the teams that the actor belongs to now and that are active, as [`list`] has
/// them; everybody sees their own.
///
/// # Errors
/// [`Error::Forbidden`] for an API key without [`ReadTeams`] among its scopes.
pub async fn list_own(
    db: &impl ConnectionTrait,
    world: &World,
    actor: &Actor,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    if !actor.may_use(ReadTeams::CODE) {
        return Err(rights::refuse::<ReadTeams>(actor));
    }
    let lasts = Condition::any()
        .add(team_member::Column::ExpiresAt.is_null())
        .add(team_member::Column::ExpiresAt.gt(world.clock.now()));
    let own = Entity::find()
        .join(JoinType::InnerJoin, team_member::Relation::ResourceTeam.def().rev())
        .filter(team_member::Column::UserId.eq(actor.user_id()))
        .filter(Column::IsActive.eq(true))
        .filter(lasts);
    let key = (Column::Id, |team: &Model| team.id);
    page::of(db, own, key, Order::OldestFirst, from, limit).await
}

/// Makes a team, which whoever makes it owns.
///
/// # Errors
/// [`Error::Invalid`] for a name or a text that will not do, [`Error::AlreadyExists`] if a team has
/// the name in whatever case.
pub async fn create(unit: &Audited<'_>, by: &Granted<CreateTeams>, new: NewTeam) -> Result<Model> {
    let Name { shown, key } = text::name("team name", &new.name, 255)?;
    free::<Entity>(unit.tx(), Column::NameKey, &key, KIND, &shown).await?;
    let maker = by.actor().map(Actor::user_id);
    let row = ActiveModel {
        created_by_id: Set(maker),
        name: Set(shown.clone()),
        name_key: Set(key),
        description: Set(text::optional("description", new.description, 10_000)?),
        created_at: Set(unit.now()),
        updated_at: Set(unit.now()),
        ..Default::default()
    };
    let team = row.insert(unit.tx()).await.map_err(Error::on_duplicate(KIND, &shown))?;
    if let Some(user_id) = maker {
        team_member::ActiveModel {
            team_id: Set(team.id),
            user_id: Set(user_id),
            added_by_id: Set(Some(user_id)),
            role: Set(TeamRole::Owner),
            added_at: Set(unit.now()),
            ..Default::default()
        }
        .insert(unit.tx())
        .await?;
    }
    unit.record(did(Deed::of(by.to(), "teams", "team.create"), &team));
    Ok(team)
}

/// Changes a team; its owners may, and who runs every team.
///
/// # Errors
/// As for [`create`]; [`Error::NotFound`] if there is no such team, [`Error::Forbidden`] or
/// [`Error::TeamRole`] if the actor does not own it.
pub async fn update(
    unit: &Audited<'_>,
    actor: &Actor,
    id: i64,
    changes: TeamChanges,
) -> Result<Model> {
    let team = authority::hold(unit.tx(), id).await?;
    let authority = authority::of(unit.tx(), actor, &team, unit.now()).await?;
    authority.demand(TeamRole::Owner, &team)?;
    let mut row = team.clone().into_active_model();
    if let Some(name) = &changes.name {
        let Name { shown, key } = text::name("team name", name, 255)?;
        if key != team.name_key {
            free::<Entity>(unit.tx(), Column::NameKey, &key, KIND, &shown).await?;
        }
        row.name = Set(shown);
        row.name_key = Set(key);
    }
    if let Some(description) = changes.description {
        row.description = Set(text::optional("description", description, 10_000)?);
    }
    if let Some(is_active) = changes.is_active {
        row.is_active = Set(is_active);
    }
    row.updated_at = Set(unit.now());
    let name = row.name.try_as_ref().unwrap_or(&team.name).clone();
    let team = row.update(unit.tx()).await.map_err(Error::on_duplicate(KIND, &name))?;
    let deed = did(Deed::by(actor, "teams", "team.update"), &team);
    unit.record(deed.with(json!({"name": team.name, "is_active": team.is_active})));
    Ok(team)
}

/// Removes a team, and says what went with it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such team.
pub async fn delete(unit: &Audited<'_>, by: &Granted<DeleteTeams>, id: i64) -> Result<Deletion> {
    let team = authority::hold(unit.tx(), id).await?;
    let deletion = deletion::delete::<Entity>(unit.tx(), KIND, id).await?;
    unit.record(did(Deed::of(by.to(), "teams", "team.delete"), &team));
    Ok(deletion)
}

fn did(deed: Deed, team: &Model) -> Deed {
    deed.on(KIND, &team.id).with(json!({"name": team.name}))
}
