//! Teams: who belongs to them, who runs them, and what they may do with resources.

mod at_once;
mod members;
mod resources;

use std::collections::BTreeSet;

use entity::{
    identity::user,
    teams::{resource_team, team_member},
};
use plimsoll::retry::BoxFuture;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use service::{
    Error, Result, World,
    audit::audited,
    rights::{Actor, AssignResources, CreateTeams, DeleteTeams, ReadTeams},
    teams::{
        access::{Resource, ResourcePermission, ResourcePermission::Read},
        assignment,
        member::{self, TeamRole},
        team::{self, NewTeam, TeamChanges},
    },
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    whoever_makes_a_team_owns_it,
    two_teams_never_differ_by_case_alone,
    who_belongs_to_no_team_runs_none_and_who_may_run_all_runs_each,
    a_team_that_is_deleted_says_what_went_with_it,
);

async fn make(db: &DatabaseConnection, name: &str) -> (resource_team::Model, Actor) {
    let owner = person(db, &format!("owner of {name}"), &["maintainer"]).await;
    // No right to all teams: only to make one.
    let by = service::rights::check::<CreateTeams>(db, &Actor::of(&owner)).await.unwrap();
    let new = &NewTeam { name: name.to_owned(), ..NewTeam::default() };
    let by = &by;
    let team =
        audited(db, &World::system(), |unit, _| Box::pin(team::create(unit, by, new.clone())))
            .await
            .unwrap();
    entity::identity::user_role::Entity::delete_many()
        .filter(entity::identity::user_role::Column::UserId.eq(owner.id))
        .exec(db)
        .await
        .unwrap();
    (team, Actor::of(&owner))
}

async fn actor(db: &DatabaseConnection, name: &str) -> Actor {
    Actor::of(&person(db, name, &[]).await)
}

async fn add(
    db: &DatabaseConnection,
    by: &Actor,
    team_id: i64,
    user: &Actor,
    role: TeamRole,
) -> Result<team_member::Model> {
    let user_id = user.user_id();
    audited(db, &World::system(), |unit, _| {
        Box::pin(member::add(unit, by, team_id, user_id, role, None))
    })
    .await
}

async fn change(
    db: &DatabaseConnection,
    by: &Actor,
    team_id: i64,
    user: &Actor,
    role: TeamRole,
) -> Result<team_member::Model> {
    let user_id = user.user_id();
    audited(db, &World::system(), |unit, _| {
        Box::pin(member::change(unit, by, team_id, user_id, role, None))
    })
    .await
}

async fn remove(db: &DatabaseConnection, by: &Actor, team_id: i64, user: &Actor) -> Result<()> {
    let user_id = user.user_id();
    audited(db, &World::system(), |unit, _| Box::pin(member::remove(unit, by, team_id, user_id)))
        .await
}

async fn assign(
    db: &DatabaseConnection,
    team_id: i64,
    resource: &Resource,
    permissions: &[ResourcePermission],
) {
    let by = &admin::<AssignResources>(db).await;
    let permissions = &permissions.iter().copied().collect::<BTreeSet<_>>();
    audited(db, &World::system(), |unit, _| {
        Box::pin(assignment::assign(unit, by, team_id, resource, permissions)) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
}

fn machine(id: &str) -> Resource {
    Resource::new("cloud_machine", id).unwrap()
}

async fn whoever_makes_a_team_owns_it(db: &DatabaseConnection) {
    let (team, owner) = make(db, "Ops").await;

    let members = member::list_own(db, &World::system(), &owner, team.id).await.unwrap();

    assert_eq!(members.len(), 1);
    assert_eq!((members[0].user_id, members[0].role), (owner.user_id(), TeamRole::Owner));
    assert_eq!(team.created_by_id, Some(owner.user_id()));
    let stranger = actor(db, "stranger").await;
    let hidden = member::list_own(db, &World::system(), &stranger, team.id).await;
    assert!(matches!(hidden, Err(Error::NotFound { kind: "team", .. })), "{hidden:?}");
}

async fn two_teams_never_differ_by_case_alone(db: &DatabaseConnection) {
    let (team, owner) = make(db, "Straße").await;
    let by = &admin::<CreateTeams>(db).await;
    let world = World::system();

    let again = &NewTeam { name: "STRASSE".to_owned(), ..NewTeam::default() };
    let refused =
        audited(db, &world, |unit, _| Box::pin(team::create(unit, by, again.clone()))).await;
    let renamed = &TeamChanges { name: Some("strasse".to_owned()), ..TeamChanges::default() };
    let renamed = audited(db, &world, |unit, _| {
        Box::pin(team::update(unit, &owner, team.id, renamed.clone()))
    })
    .await
    .unwrap();

    assert!(matches!(refused, Err(Error::AlreadyExists { kind: "team", .. })), "{refused:?}");
    assert_eq!(renamed.name, "strasse");
    let read = admin::<ReadTeams>(db).await;
    assert_eq!(team::by_name(db, &read, "STRAßE").await.unwrap().id, team.id);
}

async fn who_belongs_to_no_team_runs_none_and_who_may_run_all_runs_each(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let (other, other_owner) = make(db, "dev").await;
    let someone = actor(db, "someone").await;
    let boss = Actor::of(&person(db, "chief", &["admin"]).await);

    for stranger in [&someone, &other_owner] {
        let refused = add(db, stranger, team.id, &someone, TeamRole::Viewer).await;
        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "team:update" })),
            "{refused:?}"
        );
    }
    add(db, &boss, team.id, &someone, TeamRole::Owner).await.unwrap();
    add(db, &boss, other.id, &someone, TeamRole::Viewer).await.unwrap();
    let missing = add(db, &boss, 404, &someone, TeamRole::Viewer).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "team", .. })), "{missing:?}");

    // An API key that was not given the right does not run what its owner runs.
    let key = owner.clone().limited_to(BTreeSet::from(["team:read".to_owned()]));
    let refused = remove(db, &key, team.id, &someone).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    remove(db, &owner, team.id, &someone).await.unwrap();
}

async fn a_team_that_is_deleted_says_what_went_with_it(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    for name in ["ana", "bo"] {
        let someone = actor(db, name).await;
        add(db, &owner, team.id, &someone, TeamRole::Member).await.unwrap();
    }
    assign(db, team.id, &machine("7"), &[Read]).await;
    let by = &admin::<DeleteTeams>(db).await;
    let world = World::system();

    let gone =
        audited(db, &world, |unit, _| Box::pin(team::delete(unit, by, team.id))).await.unwrap();
    let again = audited(db, &world, |unit, _| Box::pin(team::delete(unit, by, team.id))).await;

    assert_eq!(gone.to_string(), "with it went 1 of `resource_assignments`, 3 of `team_members`");
    assert!(matches!(again, Err(Error::NotFound { kind: "team", .. })), "{again:?}");
    assert_eq!(team_member::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(user::Entity::find_by_id(owner.user_id()).count(db).await.unwrap(), 1);
}
