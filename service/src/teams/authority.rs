//! Who may run a team.

use chrono::{DateTime, Utc};
use entity::{
    identity::user,
    teams::{
        resource_team::{Entity, Model},
        team_member::{self, TeamRole},
    },
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, JoinType,
    QueryFilter as _, QuerySelect as _, RelationTrait as _,
};

use crate::{
    Error, Result,
    rights::{self, Actor, Held, Permission as _, UpdateTeams},
};

/// What somebody is in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// May run every team.
    Everywhere,
    As(TeamRole),
}

impl Authority {
    /// Whether it is as much as that role, or more.
    pub(super) fn reaches(self, role: TeamRole) -> bool {
        match self {
            Self::Everywhere => true,
            Self::As(own) => rank(own) >= rank(role),
        }
    }

    /// # Errors
    /// [`Error::TeamRole`] if it is less than that role.
    pub(super) fn demand(self, role: TeamRole, team: &Model) -> Result<()> {
        if self.reaches(role) {
            return Ok(());
        }
        Err(Error::TeamRole { needed: name(role), team: team.name.clone() })
    }
}

/// The higher the more; the source compared places in a list, and so the wrong way round.
pub(super) fn rank(role: TeamRole) -> u8 {
    match role {
        TeamRole::Viewer => 0,
        TeamRole::Member => 1,
        TeamRole::Admin => 2,
        TeamRole::Owner => 3,
    }
}

pub(super) fn name(role: TeamRole) -> &'static str {
    match role {
        TeamRole::Viewer => "viewer",
        TeamRole::Member => "member",
        TeamRole::Admin => "admin",
        TeamRole::Owner => "owner",
    }
}

/// The team, held until the transaction ends: who belongs to it changes one after the other.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub(super) async fn hold(tx: &DatabaseTransaction, team_id: i64) -> Result<Model> {
    let team = Entity::find_by_id(team_id).lock_exclusive().one(tx).await?;
    team.ok_or_else(|| Error::not_found(super::team::KIND, team_id.to_string()))
}

/// What the actor is in the team, at that moment: all that a membership that has ended or a team that
/// is not active gives is nothing.
///
/// # Errors
/// [`Error::Forbidden`] if they are nothing in it and may not run every team.
pub(super) async fn of(
    db: &impl ConnectionTrait,
    actor: &Actor,
    team: &Model,
    now: DateTime<Utc>,
) -> Result<Authority> {
    let held = Held::by(db, actor.user_id()).await?;
    if actor.may_use(UpdateTeams::CODE) && held.codes.contains(UpdateTeams::CODE) {
        return Ok(Authority::Everywhere);
    }
    let role = own_role(db, actor.user_id(), team, now).await?;
    // An API key runs a team only when that is among its scopes.
    match role.filter(|_| actor.may_use(UpdateTeams::CODE)) {
        Some(role) => Ok(Authority::As(role)),
        None => Err(rights::refuse::<UpdateTeams>(actor)),
    }
}

/// The role by which a person belongs to a team at that moment.
pub(super) async fn own_role(
    db: &impl ConnectionTrait,
    user_id: i64,
    team: &Model,
    now: DateTime<Utc>,
) -> Result<Option<TeamRole>> {
    if !team.is_active {
        return Ok(None);
    }
    let row = team_member::Entity::find()
        .join(JoinType::InnerJoin, team_member::Relation::User.def())
        .filter(team_member::Column::TeamId.eq(team.id))
        .filter(team_member::Column::UserId.eq(user_id))
        .filter(user::Column::IsActive.eq(true))
        .one(db)
        .await?;
    Ok(row.filter(|row| row.expires_at.is_none_or(|end| end > now)).map(|row| row.role))
}

#[cfg(test)]
mod tests {
    use sea_orm::{ActiveEnum as _, Iterable as _};

    use super::*;

    #[test]
    fn an_owner_is_above_everybody_and_a_viewer_above_nobody() {
        let ranked = [TeamRole::Viewer, TeamRole::Member, TeamRole::Admin, TeamRole::Owner];

        for (at, role) in ranked.into_iter().enumerate() {
            for (of, other) in ranked.into_iter().enumerate() {
                assert_eq!(Authority::As(role).reaches(other), at >= of, "{role:?} {other:?}");
            }
            assert!(Authority::Everywhere.reaches(role));
        }
    }

    #[test]
    fn a_role_is_called_what_is_stored() {
        for role in TeamRole::iter() {
            assert_eq!(name(role), role.to_value());
        }
    }
}
