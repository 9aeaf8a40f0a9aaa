//! What teams give their members of resources.

use std::collections::BTreeSet;

use entity::{identity::user, teams::resource_assignment};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
};
use service::{
    Error, World,
    audit::audited,
    rights::{AssignResources, ReadTeams},
    teams::{
        access::{
            self, Resource,
            ResourcePermission::{Admin, Execute, Read, Shell, Write},
        },
        assignment,
        member::{self, TeamRole},
        team::{self, TeamChanges},
    },
};

use super::{actor, add, assign, machine, make, remove};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    an_api_key_gets_of_teams_what_is_among_its_scopes,
    access_is_the_strongest_of_all_teams_and_says_why,
    an_assignment_replaces_the_one_before_and_can_be_withdrawn,
    a_resource_is_found_by_exactly_its_key,
    access_takes_one_query,
);

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
