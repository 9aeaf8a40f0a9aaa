//! Members of a team: who lets them in and sends them away, and when they count.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{identity::user, teams::team_member};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
};
use service::{
    Error, World,
    audit::audited,
    rights::Actor,
    rule::Rule,
    teams::{
        access::{self, ResourcePermission::Admin},
        member::{self, TeamRole},
    },
};

use super::{actor, add, assign, change, machine, make, remove};
use crate::people::person;

plimsoll::on_every_database!(migration::app:
    an_administrator_of_the_team_adds_and_changes_whom_they_are_not_below,
    nobody_acts_on_somebody_above_them_or_lifts_above_themselves,
    the_last_owner_stays_whatever_is_tried,
    an_owner_who_is_not_active_does_not_count,
    a_membership_that_has_ended_gives_nothing,
    an_end_is_kept_alike_by_every_database_or_refused,
    everybody_may_go_themselves,
);

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

async fn an_end_is_kept_alike_by_every_database_or_refused(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let (ana, bo) = (actor(db, "ana").await, actor(db, "bo").await);
    add(db, &owner, team.id, &ana, TeamRole::Viewer).await.unwrap();
    let (ana_id, bo_id) = (ana.user_id(), bo.user_id());

    for text in [
        "2038-01-19T03:14:08Z",
        "2037-06-30T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "+262000-01-01T00:00:00Z",
    ] {
        let end: DateTime<Utc> = text.parse().unwrap();
        let added = audited(db, &World::system(), |unit, _| {
            Box::pin(member::add(unit, &owner, team.id, bo_id, TeamRole::Viewer, Some(end)))
        })
        .await;
        let changed = audited(db, &World::system(), |unit, _| {
            Box::pin(member::change(unit, &owner, team.id, ana_id, TeamRole::Viewer, Some(end)))
        })
        .await;

        for refused in [added, changed] {
            let is_told =
                matches!(refused, Err(Error::Invalid { kind: "end of a membership", .. }));
            assert!(is_told, "{text}: {refused:?}");
        }
    }
    let end: DateTime<Utc> = "2037-01-02T03:04:05.123456789Z".parse().unwrap();
    let added = audited(db, &World::system(), |unit, _| {
        Box::pin(member::add(unit, &owner, team.id, bo_id, TeamRole::Viewer, Some(end)))
    })
    .await
    .unwrap();
    let kept: DateTime<Utc> = "2037-01-02T03:04:05.123456Z".parse().unwrap();
    let stored = team_member::Entity::find_by_id(added.id).one(db).await.unwrap().unwrap();
    assert_eq!((added.expires_at, stored.expires_at), (Some(kept), Some(kept)));
}

async fn everybody_may_go_themselves(db: &DatabaseConnection) {
    let (team, owner) = make(db, "ops").await;
    let viewer = actor(db, "viewer of ops").await;
    add(db, &owner, team.id, &viewer, TeamRole::Viewer).await.unwrap();

    remove(db, &viewer, team.id, &viewer).await.unwrap();

    let again = remove(db, &viewer, team.id, &viewer).await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
}
