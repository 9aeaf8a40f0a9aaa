//! Teams: who belongs to them, who runs them, and what they may do with resources.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use entity::{
    identity::user,
    teams::{resource_assignment, resource_team, team_member},
};
use futures_timer::Delay;
use futures_util::future::{join, join_all};
use plimsoll::retry::{self, BoxFuture};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter,
};
use service::{
    Error, Result, World,
    audit::audited,
    rights::{Actor, AssignResources, CreateTeams, DeleteTeams, ReadTeams},
    rule::Rule,
    teams::{
        access::{self, Resource, ResourcePermission, ResourcePermission::*},
        assignment,
        member::{self, TeamRole},
        team::{self, NewTeam, TeamChanges},
    },
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    whoever_makes_a_team_owns_it,
    two_teams_never_differ_by_case_alone,
    who_takes_a_name_at_once_with_another_is_told_which,
    an_administrator_of_the_team_adds_and_changes_whom_they_are_not_below,
    a_person_who_is_deleted_meanwhile_comes_into_no_team,
    of_those_who_add_or_assign_the_same_at_once_each_is_told,
    nobody_acts_on_somebody_above_them_or_lifts_above_themselves,
    who_belongs_to_no_team_runs_none_and_who_may_run_all_runs_each,
    the_last_owner_stays_whatever_is_tried,
    an_owner_who_is_not_active_does_not_count,
    of_owners_who_go_at_once_one_stays,
    a_membership_that_has_ended_gives_nothing,
    everybody_may_go_themselves,
    an_api_key_gets_of_teams_what_is_among_its_scopes,
    access_is_the_strongest_of_all_teams_and_says_why,
    an_assignment_replaces_the_one_before_and_can_be_withdrawn,
    a_resource_is_found_by_exactly_its_key,
    a_team_that_is_deleted_says_what_went_with_it,
    access_takes_one_query,
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

/// Until the other has gone as far as it does.
async fn waited_for(reached: &AtomicBool) {
    while !reached.load(SeqCst) {
        Delay::new(Duration::from_millis(5)).await;
    }
}

/// Long enough for the other to come to what it has to wait for.
async fn a_while() {
    Delay::new(Duration::from_millis(300)).await;
}

async fn who_takes_a_name_at_once_with_another_is_told_which(db: &DatabaseConnection) {
    let (ops, ops_owner) = make(db, "ops").await;
    let (dev, dev_owner) = make(db, "dev").await;
    let (ops_id, dev_id, ops_owner, dev_owner) = (ops.id, dev.id, &ops_owner, &dev_owner);
    let to = &TeamChanges { name: Some("infra".to_owned()), ..TeamChanges::default() };
    let (world, renamed) = (&World::system(), &AtomicBool::new(false));

    let first = audited(db, world, |unit, _| {
        Box::pin(async move {
            team::update(unit, ops_owner, ops_id, to.clone()).await?;
            renamed.store(true, SeqCst);
            a_while().await;
            Ok(())
        })
    });
    let second = async {
        waited_for(renamed).await;
        audited(db, world, |unit, _| Box::pin(team::update(unit, dev_owner, dev_id, to.clone())))
            .await
    };
    let (first, second) = join(first, second).await;

    first.unwrap();
    let Err(Error::AlreadyExists { kind: "team", key }) = &second else { panic!("{second:?}") };
    assert_eq!(key, "infra");
}

async fn an_administrator_of_the_team_adds_and_changes_whom_they_are_not_below(
    db: &DatabaseConnection,
) {
    let (team, owner) = make(db, "ops").await;
    let (ana, bo) = (actor(db, "ana").await, actor(db, "bo").await);
    add(db, &owner, team.id, &ana, TeamRole::Admin).await.unwrap();

    let added = add(db, &ana, team.id, &bo, TeamRole::Viewer).await.unwrap();
    let changed = change(db, &ana, team.id, &bo, TeamRole::Admin).await.unwrap();
    let again = add(db, &ana, team.id, &bo, TeamRole::Viewer).await;
    remove(db, &ana, team.id, &bo).await.unwrap();

    assert_eq!((added.role, added.added_by_id), (TeamRole::Viewer, Some(ana.user_id())));
    assert_eq!(changed.role, TeamRole::Admin);
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    let nobody = change(db, &ana, team.id, &bo, TeamRole::Viewer).await;
    assert!(matches!(nobody, Err(Error::NotFound { .. })), "{nobody:?}");
    let ghost = audited(db, &World::system(), |unit, _| {
        Box::pin(member::add(unit, &ana, team.id, 404, TeamRole::Viewer, None))
    })
    .await;
    assert!(matches!(ghost, Err(Error::NotFound { kind: "user", .. })), "{ghost:?}");
}

async fn a_person_who_is_deleted_meanwhile_comes_into_no_team(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let ana = &actor(db, "ana").await;
    let deleted = &AtomicBool::new(false);

    let deleting = retry::transaction(db, |tx, _| {
        Box::pin(async move {
            user::Entity::delete_by_id(ana.user_id()).exec(tx).await?;
            deleted.store(true, SeqCst);
            a_while().await;
            Ok::<_, DbErr>(())
        })
    });
    let adding = async {
        waited_for(deleted).await;
        add(db, &owner, team.id, ana, TeamRole::Viewer).await
    };
    let (gone, refused) = join(deleting, adding).await;

    gone.unwrap();
    assert!(matches!(refused, Err(Error::NotFound { kind: "user", .. })), "{refused:?}");
}

async fn of_those_who_add_or_assign_the_same_at_once_each_is_told(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    for round in 0..plimsoll::testing::cases(3) {
        let ana = actor(db, &format!("ana {round}")).await;
        let resource = machine(&round.to_string());
        admin::<AssignResources>(db).await;

        let added = join_all((0..5).map(|_| add(db, &owner, team.id, &ana, TeamRole::Viewer)));
        let assigned = join_all((0..5).map(|_| assign(db, team.id, &resource, &[Read])));
        let (added, _) = join(added, assigned).await;

        let refused: Vec<_> = added.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 4, "{added:?}");
        for refused in refused {
            assert!(matches!(refused, Error::AlreadyExists { .. }), "{refused:?}");
        }
    }
}

async fn nobody_acts_on_somebody_above_them_or_lifts_above_themselves(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let roles = [TeamRole::Viewer, TeamRole::Member, TeamRole::Admin, TeamRole::Owner];
    let mut people = Vec::new();
    for role in roles {
        let someone = actor(db, &format!("{role:?}")).await;
        add(db, &owner, team.id, &someone, role).await.unwrap();
        people.push(someone);
    }
    let newcomer = actor(db, "newcomer").await;

    for (own, by) in people.iter().enumerate() {
        for (other, role) in roles.into_iter().enumerate() {
            let may = own >= 2 && own >= other;

            let added = add(db, by, team.id, &newcomer, role).await;
            assert_eq!(added.is_ok(), may, "{:?} adds {role:?}: {added:?}", roles[own]);
            if added.is_ok() {
                remove(db, &owner, team.id, &newcomer).await.unwrap();
            }

            add(db, &owner, team.id, &newcomer, role).await.unwrap();
            let lowered = change(db, by, team.id, &newcomer, TeamRole::Viewer).await;
            assert_eq!(lowered.is_ok(), may, "{:?} lowers {role:?}: {lowered:?}", roles[own]);
            change(db, &owner, team.id, &newcomer, role).await.unwrap();
            let removed = remove(db, by, team.id, &newcomer).await;
            assert_eq!(removed.is_ok(), may, "{:?} removes {role:?}: {removed:?}", roles[own]);
            if removed.is_err() {
                remove(db, &owner, team.id, &newcomer).await.unwrap();
            }
        }
        let lifted = change(db, by, team.id, by, TeamRole::Owner).await;
        assert_eq!(lifted.is_ok(), own == 3, "{:?} lifts themselves: {lifted:?}", roles[own]);
    }
    let refused = add(db, &people[2], team.id, &newcomer, TeamRole::Owner).await;
    assert!(matches!(refused, Err(Error::TeamRole { needed: "owner", .. })), "{refused:?}");
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

async fn the_last_owner_stays_whatever_is_tried(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let boss = Actor::of(&person(db, "chief", &["admin"]).await);

    for by in [&owner, &boss] {
        let lowered = change(db, by, team.id, &owner, TeamRole::Admin).await;
        assert!(
            matches!(lowered, Err(Error::Refused { rule: Rule::LastOwner, .. })),
            "{lowered:?}"
        );
        let removed = remove(db, by, team.id, &owner).await;
        assert!(
            matches!(removed, Err(Error::Refused { rule: Rule::LastOwner, .. })),
            "{removed:?}"
        );
    }
    let until = Some(Utc::now() + TimeDelta::days(1));
    let ends = audited(db, &World::system(), |unit, _| {
        Box::pin(member::change(unit, &owner, team.id, owner.user_id(), TeamRole::Owner, until))
    })
    .await;
    assert!(matches!(ends, Err(Error::Invalid { kind: "end of a membership", .. })), "{ends:?}");

    let second = actor(db, "second").await;
    add(db, &owner, team.id, &second, TeamRole::Owner).await.unwrap();
    remove(db, &second, team.id, &owner).await.unwrap();
}

async fn an_owner_who_is_not_active_does_not_count(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let away = actor(db, "away").await;
    add(db, &owner, team.id, &away, TeamRole::Owner).await.unwrap();
    let row = user::Entity::find_by_id(away.user_id()).one(db).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();

    let lowered = change(db, &owner, team.id, &owner, TeamRole::Admin).await.map(drop);
    let removed = remove(db, &owner, team.id, &owner).await;

    for refused in [lowered, removed] {
        assert!(
            matches!(refused, Err(Error::Refused { rule: Rule::LastOwner, .. })),
            "{refused:?}"
        );
    }
    remove(db, &owner, team.id, &away).await.unwrap();
    let next = actor(db, "next").await;
    add(db, &owner, team.id, &next, TeamRole::Owner).await.unwrap();
    remove(db, &owner, team.id, &owner).await.unwrap();
}

/// Each with a check of its own, as in processes that know nothing of each other.
async fn of_owners_who_go_at_once_one_stays(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let (team, owner) = make(db, &format!("team {round}")).await;
        let mut owners = vec![owner];
        for at in 0..5 {
            let next = actor(db, &format!("owner {round} {at}")).await;
            add(db, &owners[0], team.id, &next, TeamRole::Owner).await.unwrap();
            owners.push(next);
        }

        let outcomes = join_all(owners.iter().enumerate().map(|(at, owner)| async move {
            if at % 2 == 0 {
                remove(db, owner, team.id, owner).await
            } else {
                change(db, owner, team.id, owner, TeamRole::Admin).await.map(drop)
            }
        }))
        .await;

        let refused: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{outcomes:?}");
        assert!(matches!(refused[0], Error::Refused { rule: Rule::LastOwner, .. }), "{refused:?}");
        let left = team_member::Entity::find()
            .filter(team_member::Column::TeamId.eq(team.id))
            .filter(team_member::Column::Role.eq(TeamRole::Owner));
        assert_eq!(left.count(db).await.unwrap(), 1);
    }
}

async fn a_membership_that_has_ended_gives_nothing(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let ana = actor(db, "ana").await;
    let past = Some(Utc::now() - TimeDelta::seconds(1));
    let refused = audited(db, &World::system(), |unit, _| {
        Box::pin(member::add(unit, &owner, team.id, ana.user_id(), TeamRole::Admin, past))
    })
    .await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let row = add(db, &owner, team.id, &ana, TeamRole::Admin).await.unwrap();
    assign(db, team.id, &machine("7"), &[Admin]).await;
    assert_eq!(
        access::own(db, &World::system(), &ana, &machine("7")).await.unwrap().strongest(),
        Some(Admin)
    );

    let mut row = row.into_active_model();
    row.expires_at = Set(past);
    row.update(db).await.unwrap();

    let access = access::own(db, &World::system(), &ana, &machine("7")).await.unwrap();
    assert_eq!(access.strongest(), None);
    assert_eq!(
        access.to_string(),
        "may nothing: nothing as admin of `ops`, because the membership has ended"
    );
    let refused = add(db, &ana, team.id, &actor(db, "bo").await, TeamRole::Viewer).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

async fn everybody_may_go_themselves(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let viewer = actor(db, "viewer of ops").await;
    add(db, &owner, team.id, &viewer, TeamRole::Viewer).await.unwrap();

    remove(db, &viewer, team.id, &viewer).await.unwrap();

    let again = remove(db, &viewer, team.id, &viewer).await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
}

async fn an_api_key_gets_of_teams_what_is_among_its_scopes(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let ana = actor(db, "ana").await;
    add(db, &owner, team.id, &ana, TeamRole::Member).await.unwrap();
    let (world, resource) = (World::system(), machine("7"));
    assign(db, team.id, &resource, &[Execute]).await;
    let key = |scope: &str| ana.clone().limited_to(BTreeSet::from([scope.to_owned()]));
    let (other, reader, changer) = (key("shell:open"), key("team:read"), key("team:update"));

    for key in [&other, &changer] {
        let own = access::own(db, &world, key, &resource).await.map(drop);
        let checked = access::check(db, &world, key, &resource, Execute).await;
        let listed = member::list_own(db, &world, key, team.id).await.map(drop);
        for refused in [own, checked, listed] {
            assert!(
                matches!(refused, Err(Error::Forbidden { permission: "team:read" })),
                "{refused:?}"
            );
        }
    }
    for key in [&other, &reader] {
        let refused = remove(db, key, team.id, &ana).await;
        assert!(
            matches!(refused, Err(Error::Forbidden { permission: "team:update" })),
            "{refused:?}"
        );
    }

    let own = access::own(db, &world, &reader, &resource).await.unwrap();
    assert_eq!(own.strongest(), Some(Execute));
    access::check(db, &world, &reader, &resource, Execute).await.unwrap();
    assert_eq!(member::list_own(db, &world, &reader, team.id).await.unwrap().len(), 2);
    remove(db, &changer, team.id, &ana).await.unwrap();
}

async fn access_is_the_strongest_of_all_teams_and_says_why(db: &DatabaseConnection) {
    let (ops, ops_owner) = make(db, "ops").await;
    let (dev, dev_owner) = make(db, "dev").await;
    let (old, old_owner) = make(db, "old").await;
    let ana = actor(db, "ana").await;
    add(db, &ops_owner, ops.id, &ana, TeamRole::Viewer).await.unwrap();
    add(db, &dev_owner, dev.id, &ana, TeamRole::Member).await.unwrap();
    add(db, &old_owner, old.id, &ana, TeamRole::Owner).await.unwrap();
    let resource = &machine("7");
    assign(db, ops.id, resource, &[Admin, Shell]).await;
    assign(db, dev.id, resource, &[Execute, Read]).await;
    assign(db, old.id, resource, &[Shell]).await;
    let off = TeamChanges { is_active: Some(false), ..TeamChanges::default() };
    audited(db, &World::system(), |unit, _| {
        Box::pin(team::update(unit, &old_owner, old.id, off.clone()))
    })
    .await
    .unwrap();
    let world = World::system();

    let found = access::own(db, &world, &ana, resource).await.unwrap();

    assert_eq!(found.permissions, BTreeSet::from([Read, Execute]));
    assert_eq!(found.strongest(), Some(Execute));
    assert_eq!(
        found.to_string(),
        "may read, execute: read, execute as member of `dev`; nothing as owner of `old`, because \
         the team is not active; read as viewer of `ops`, because a viewer only reads"
    );
    access::check(db, &world, &ana, resource, Execute).await.unwrap();
    let refused = access::check(db, &world, &ana, resource, Shell).await;
    assert!(matches!(refused, Err(Error::NoAccess { permission: "shell", .. })), "{refused:?}");
    let nothing = access::own(db, &world, &ana, &machine("8")).await.unwrap();
    assert_eq!(nothing.to_string(), "may nothing: no team of theirs has the resource");

    let read = admin::<ReadTeams>(db).await;
    let told = access::explain(db, &world, &read, ana.user_id(), resource).await.unwrap();
    assert_eq!(told, found);
    let mut row =
        user::Entity::find_by_id(ana.user_id()).one(db).await.unwrap().unwrap().into_active_model();
    row.is_active = Set(false);
    row.update(db).await.unwrap();
    let shut_out = access::own(db, &world, &ana, resource).await.unwrap();
    assert_eq!(shut_out.strongest(), None);
    assert!(shut_out.to_string().contains("the person is not active"), "{shut_out}");
}

async fn an_assignment_replaces_the_one_before_and_can_be_withdrawn(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let (resource, world) = (&machine("7"), World::system());
    assign(db, team.id, resource, &[Admin]).await;
    assign(db, team.id, resource, &[Read]).await;
    let read = admin::<ReadTeams>(db).await;

    let all = assignment::of_team(db, &read, team.id).await.unwrap();
    let access = access::own(db, &world, &owner, resource).await.unwrap();
    let by = &admin::<AssignResources>(db).await;
    let none = &BTreeSet::new();
    let refused = audited(db, &world, |unit, _| {
        Box::pin(assignment::assign(unit, by, team.id, resource, none)) as BoxFuture<'_, _>
    })
    .await;
    for _ in 0..2 {
        audited(db, &world, |unit, _| {
            Box::pin(assignment::withdraw(unit, by, team.id, resource)) as BoxFuture<'_, _>
        })
        .await
        .unwrap();
    }

    assert_eq!(all.len(), 1);
    assert_eq!((&all[0].resource, &all[0].permissions), (resource, &BTreeSet::from([Read])));
    assert_eq!(access.permissions, BTreeSet::from([Read]));
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert!(assignment::of_team(db, &read, team.id).await.unwrap().is_empty());
}

async fn a_resource_is_found_by_exactly_its_key(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    assign(db, team.id, &machine("Web-1"), &[Write]).await;
    let world = World::system();

    for other in ["web-1", "WEB-1", "Web-1x", "Web"] {
        let access = access::own(db, &world, &owner, &machine(other)).await.unwrap();
        assert_eq!(access.strongest(), None, "{other}");
    }
    for wrong in ["", " Web-1", "Web-1 ", "a\0b", "a\nb", &"x".repeat(256)] {
        assert!(matches!(Resource::new("cloud_machine", wrong), Err(Error::Invalid { .. })));
    }
    assert!(matches!(Resource::new("Cloud Machine", "1"), Err(Error::Invalid { .. })));
    assert_eq!(
        access::own(db, &world, &owner, &machine("Web-1")).await.unwrap().strongest(),
        Some(Write)
    );
    // What somebody wrote behind the program is told, and not taken for nothing.
    resource_assignment::Entity::update_many()
        .col_expr(
            resource_assignment::Column::Permissions,
            sea_orm::sea_query::Expr::value(serde_json::json!(["fly"])),
        )
        .exec(db)
        .await
        .unwrap();
    let malformed = access::own(db, &world, &owner, &machine("Web-1")).await;
    assert!(matches!(malformed, Err(Error::Malformed { .. })), "{malformed:?}");
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

async fn access_takes_one_query(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    assign(db, team.id, &machine("7"), &[Read]).await;
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut watched = db.clone();
    let count = seen.clone();
    watched.set_metric_callback(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });

    access::own(&watched, &World::system(), &owner, &machine("7")).await.unwrap();

    assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), 1);
}
