//! What somebody may do with a resource, and why.
//!
//! A person may do what any of their teams may do with the resource: the strongest of the teams'
//! assignments counts. A viewer of a team may no more than read; who administers a resource may read,
//! write and execute there too; a shell is given by itself alone.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, Utc};
pub use entity::teams::team_member::TeamRole;
use entity::{
    identity::user,
    teams::{resource_assignment, resource_team, team_member},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, RelationTrait as _,
};
use serde_json::Value;

use super::authority;
use crate::{
    Error, Result, World,
    rights::{self, Actor, Granted, Permission as _, ReadTeams},
    text,
};

/// What can be done with a resource, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourcePermission {
    /// Seeing it.
    Read,
    /// Changing it.
    Write,
    /// Running something on it.
    Execute,
    /// All of these, and its settings.
    Admin,
    /// Opening a shell on it.
    Shell,
}

impl ResourcePermission {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Execute, Self::Admin, Self::Shell];

    /// What it is called where it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Admin => "admin",
            Self::Shell => "shell",
        }
    }

    /// The permission of that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another name.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name).ok_or_else(|| {
            let problem = "it is `read`, `write`, `execute`, `admin` or `shell`";
            text::invalid("permission on a resource", name, problem)
        })
    }

    /// Whether who has it has the other one with it.
    pub fn includes(self, other: Self) -> bool {
        self == other || self == Self::Admin && other < Self::Admin
    }
}

/// Something that teams share: what kind of thing, and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    kind: String,
    id: String,
}

impl Resource {
    /// A kind of `a-z`, `0-9`, `_`, `-` and `.`, up to 100 of them, and a key of up to 255 characters.
    ///
    /// # Errors
    /// [`Error::Invalid`] for others.
    pub fn new(kind: &str, id: &str) -> Result<Self> {
        let kind = text::word("kind of a resource", kind)?;
        Ok(Self { kind, id: text::key("key of a resource", id, 255)? })
    }

    /// What kind of thing it is: `cloud_machine`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its key among the things of its kind.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.id)
    }
}

/// What one team gives a person on a resource, or why it gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The name of the team.
    pub team: String,
    /// What the person is in it.
    pub role: TeamRole,
    /// Until when they are.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the team may do with the resource.
    pub assigned: BTreeSet<ResourcePermission>,
    /// What of it the person may.
    pub given: BTreeSet<ResourcePermission>,
    /// Why that is less than what was assigned.
    pub because: Option<&'static str>,
}

/// What a person may do with a resource, and by which teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// All that they may.
    pub permissions: BTreeSet<ResourcePermission>,
    /// What each team of theirs that has the resource contributes, by the team's name.
    pub reasons: Vec<Reason>,
}

impl Access {
    /// The strongest thing that they may; none if they may nothing.
    pub fn strongest(&self) -> Option<ResourcePermission> {
        self.permissions.last().copied()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.strongest() {
            None => f.write_str("may nothing")?,
            Some(_) => write!(f, "may {}", names(&self.permissions))?,
        }
        if self.reasons.is_empty() {
            return f.write_str(": no team of theirs has the resource");
        }
        for (at, reason) in self.reasons.iter().enumerate() {
            let Reason { team, role, given, because, .. } = reason;
            let role = authority::name(*role);
            f.write_str(if at == 0 { ": " } else { "; " })?;
            match because {
                None => write!(f, "{} as {role} of `{team}`", names(given))?,
                Some(because) if given.is_empty() => {
                    write!(f, "nothing as {role} of `{team}`, because {because}")?;
                }
                Some(because) => {
                    write!(f, "{} as {role} of `{team}`, because {because}", names(given))?;
                }
            }
        }
        Ok(())
    }
}

fn names(permissions: &BTreeSet<ResourcePermission>) -> String {
    let names: Vec<&str> = permissions.iter().map(|permission| permission.name()).collect();
    names.join(", ")
}

/// What the actor may do with the resource. One query.
///
/// # Errors
/// [`Error::Forbidden`] for an API key without [`ReadTeams`] among its scopes,
/// [`Error::Malformed`] if what is stored of an assignment is no list of permissions.
pub async fn own(
    db: &impl ConnectionTrait,
    world: &World,
    actor: &Actor,
    resource: &Resource,
) -> Result<Access> {
    if !actor.may_use(ReadTeams::CODE) {
        return Err(rights::refuse::<ReadTeams>(actor));
    }
    of_actor(db, world, actor, resource).await
}

/// The same for whoever has looked at the scopes of the actor already: where another one suffices.
///
/// # Errors
/// [`Error::Malformed`] as for [`own`].
pub(crate) async fn of_actor(
    db: &impl ConnectionTrait,
    world: &World,
    actor: &Actor,
    resource: &Resource,
) -> Result<Access> {
    of_user(db, world.clock.now(), actor.user_id(), resource).await
}

/// What somebody may do with the resource. One query.
///
/// # Errors
/// [`Error::Malformed`] as for [`own`].
pub async fn explain(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<ReadTeams>,
    user_id: i64,
    resource: &Resource,
) -> Result<Access> {
    of_user(db, world.clock.now(), user_id, resource).await
}

/// Makes sure that the actor may do that with the resource.
///
/// # Errors
/// [`Error::NoAccess`] if not, and as for [`own`].
pub async fn check(
    db: &impl ConnectionTrait,
    world: &World,
    actor: &Actor,
    resource: &Resource,
    permission: ResourcePermission,
) -> Result<()> {
    if own(db, world, actor, resource).await?.permissions.contains(&permission) {
        return Ok(());
    }
    let (user_id, name) = (actor.user_id(), permission.name());
    tracing::warn!(target: "audit", user_id, %resource, permission = name, "refused");
    Err(Error::NoAccess { permission: name, resource: resource.to_string() })
}

async fn of_user(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    user_id: i64,
    resource: &Resource,
) -> Result<Access> {
    let rows: Vec<Row> = resource_assignment::Entity::find()
        .select_only()
        .column(resource_team::Column::Name)
        .column(resource_team::Column::IsActive)
        .column(team_member::Column::Role)
        .column(team_member::Column::ExpiresAt)
        .column(resource_assignment::Column::Permissions)
        .column(user::Column::IsActive)
        .join(JoinType::InnerJoin, resource_assignment::Relation::ResourceTeam.def())
        .join(JoinType::InnerJoin, team_member::Relation::ResourceTeam.def().rev())
        .join(JoinType::InnerJoin, team_member::Relation::User.def())
        .filter(resource_assignment::Column::ResourceType.eq(resource.kind()))
        .filter(resource_assignment::Column::ResourceId.eq(resource.id()))
        .filter(team_member::Column::UserId.eq(user_id))
        .order_by_asc(resource_team::Column::NameKey)
        .into_tuple()
        .all(db)
        .await?;
    let mut access = Access { permissions: BTreeSet::new(), reasons: Vec::new() };
    for (team, team_is_active, role, expires_at, stored, user_is_active) in rows {
        let assigned = read(&stored).map_err(|problem| Error::Malformed {
            kind: "assignment of a resource",
            key: format!("{resource} to `{team}`"),
            problem,
        })?;
        let refusal = if !user_is_active {
            Some("the person is not active")
        } else if !team_is_active {
            Some("the team is not active")
        } else if expires_at.is_some_and(|end| end <= now) {
            Some("the membership has ended")
        } else {
            None
        };
        let (given, because) = match refusal {
            Some(because) => (BTreeSet::new(), Some(because)),
            None => given(role, &assigned),
        };
        access.permissions.extend(&given);
        access.reasons.push(Reason { team, role, expires_at, assigned, given, because });
    }
    Ok(access)
}

/// Name and state of the team, role and end of the membership, what is assigned, state of the person.
type Row = (String, bool, TeamRole, Option<DateTime<Utc>>, Value, bool);

/// What the assigned permissions give somebody of that role, with all that they include.
fn given(
    role: TeamRole,
    assigned: &BTreeSet<ResourcePermission>,
) -> (BTreeSet<ResourcePermission>, Option<&'static str>) {
    let all: BTreeSet<_> = ResourcePermission::ALL
        .into_iter()
        .filter(|one| assigned.iter().any(|assigned| assigned.includes(*one)))
        .collect();
    if role != TeamRole::Viewer {
        return (all, None);
    }
    let reads = |one: &ResourcePermission| *one == ResourcePermission::Read;
    let because = all.iter().any(|one| !reads(one)).then_some("a viewer only reads");
    (all.into_iter().filter(reads).collect(), because)
}

/// The permissions in what is stored.
pub(super) fn read(stored: &Value) -> std::result::Result<BTreeSet<ResourcePermission>, String> {
    let names: Vec<String> =
        serde_json::from_value(stored.clone()).map_err(|error| error.to_string())?;
    names
        .iter()
        .map(|name| ResourcePermission::named(name).map_err(|error| error.to_string()))
        .collect()
}

/// The form in which permissions are stored.
pub(super) fn stored(permissions: &BTreeSet<ResourcePermission>) -> Value {
    permissions.iter().map(|permission| permission.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::{ResourcePermission::*, *};

    #[test]
    fn who_administers_reads_writes_and_executes_and_opens_no_shell() {
        let (given, because) = given(TeamRole::Member, &BTreeSet::from([Admin]));

        assert_eq!(given, BTreeSet::from([Read, Write, Execute, Admin]));
        assert_eq!(because, None);
    }

    #[test]
    fn a_viewer_reads_what_the_team_may_read_and_no_more() {
        for (assigned, expected) in [
            (vec![Read], vec![Read]),
            (vec![Admin, Shell], vec![Read]),
            (vec![Write], vec![]),
            (vec![Shell], vec![]),
        ] {
            let (given, because) = given(TeamRole::Viewer, &assigned.iter().copied().collect());

            assert_eq!(given, expected.into_iter().collect(), "{assigned:?}");
            assert_eq!(because.is_some(), assigned != [Read], "{assigned:?}");
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for permission in ResourcePermission::ALL {
            let one = BTreeSet::from([permission]);

            assert_eq!(read(&stored(&one)).unwrap(), one);
            assert_eq!(ResourcePermission::named(permission.name()).unwrap(), permission);
        }
        assert!(read(&serde_json::json!(["read", "fly"])).is_err());
        assert!(read(&serde_json::json!("read")).is_err());
    }
}
