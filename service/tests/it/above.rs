//! Nobody acts above themselves, or by a right that they have no more.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, EntityTrait, IntoActiveModel};
use service::{
    Error, Rights, World,
    identity::{
        reset, role, session,
        user::{self, NewUser, UserChanges},
    },
    rights::{self, Actor, AssignRoles, CreateUsers, ReadRoles, UpdateUsers},
    settings,
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    a_proof_that_is_no_longer_true_changes_nothing,
    a_key_of_somebody_is_not_that_somebody,
    nobody_resets_their_own_password_without_the_old_one,
    a_role_is_handed_out_by_those_who_have_its_rights,
    the_default_role_is_no_way_up,
);

fn renamed(name: &str) -> UserChanges {
    UserChanges { username: Some(name.to_owned()), ..UserChanges::default() }
}

async fn a_proof_that_is_no_longer_true_changes_nothing(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let ana = person(db, "ana", &["maintainer"]).await;
    let bo = person(db, "bo", &[]).await;
    let by = &rights.check::<UpdateUsers>(db, &Actor::of(&ana)).await.unwrap();
    let mut row = ana.into_active_model();
    row.is_active = sea_orm::ActiveValue::Set(false);
    entity::identity::user::Entity::update(row).exec(db).await.unwrap();

    let changes = &renamed("bob");
    let refused = rights
        .change(db, |change, _| Box::pin(user::update(change, by, bo.id, changes.clone())))
        .await;

    assert!(matches!(refused, Err(Error::Forbidden { permission: "user:update" })), "{refused:?}");
}

async fn a_key_of_somebody_is_not_that_somebody(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let ana = person(db, "ana", &["maintainer"]).await;
    let scopes = BTreeSet::from(["user:update".to_owned()]);
    let key = Actor::of(&ana).limited_to(scopes);
    let by = &rights.check::<UpdateUsers>(db, &key).await.unwrap();
    let world = World::system();

    let changes = &renamed("thief");
    let refused = rights
        .change(db, |change, _| Box::pin(user::update(change, by, ana.id, changes.clone())))
        .await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    let refused = session::end_of(db, &world, by, ana.id, "any").await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    let boss = person(db, "second", &["admin"]).await;
    let refused = reset::start(db, &world, by, boss.id).await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");

    // The person themselves may, and the key may on whom has nothing.
    let own = &rights.check::<UpdateUsers>(db, &Actor::of(&ana)).await.unwrap();
    let changes = &renamed("Ana");
    rights
        .change(db, |change, _| Box::pin(user::update(change, own, ana.id, changes.clone())))
        .await
        .unwrap();
    let nobody = person(db, "nobody", &[]).await;
    let changes = &renamed("somebody");
    rights
        .change(db, |change, _| Box::pin(user::update(change, by, nobody.id, changes.clone())))
        .await
        .unwrap();
}

async fn nobody_resets_their_own_password_without_the_old_one(db: &DatabaseConnection) {
    let ana = person(db, "ana", &["maintainer"]).await;
    for actor in [
        Actor::of(&ana),
        Actor::of(&ana).limited_to(rights::ALL.iter().map(|code| (*code).to_owned()).collect()),
    ] {
        let by = rights::check::<UpdateUsers>(db, &actor).await.unwrap();

        let refused = reset::start(db, &World::system(), &by, ana.id).await;

        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
}

async fn a_role_is_handed_out_by_those_who_have_its_rights(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let to_read = admin::<ReadRoles>(db).await;
    let admins = role::by_name(db, &to_read, "admin").await.unwrap();
    let viewers = role::by_name(db, &to_read, "viewer").await.unwrap();
    let ana = person(db, "ana", &["admin"]).await;
    let few = ["role:assign", "settings:read", "document:read"].map(str::to_owned);
    let limited = Actor::of(&ana).limited_to(few.into());
    let by = &rights.check::<AssignRoles>(db, &limited).await.unwrap();
    let bo = person(db, "bo", &[]).await;

    let refused =
        rights.change(db, |change, _| Box::pin(role::assign(change, by, bo.id, admins.id))).await;
    assert!(matches!(&refused, Err(Error::Exceeds { object, .. }) if object == "role `admin`"));
    let codes = rights.held(db, person(db, "cleo", &["viewer"]).await.id).await.unwrap();
    let given =
        rights.change(db, |change, _| Box::pin(role::assign(change, by, bo.id, viewers.id))).await;
    let within = codes.codes.iter().all(|code| limited.may_use(code));
    assert_eq!(given.is_ok(), within, "{given:?} {codes:?}");
}

async fn the_default_role_is_no_way_up(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let ana = Actor::of(&person(db, "ana", &["maintainer"]).await);
    let to_set = rights.check(db, &ana).await.unwrap();
    let world = World::system();
    settings::set(db, &to_set, &world, "users.default_role", "Admin").await.unwrap();
    let by = &rights.check::<CreateUsers>(db, &ana).await.unwrap();
    let new = &NewUser { username: "mole".to_owned(), ..NewUser::default() };
    let create = async || {
        rights.change(db, |change, _| Box::pin(user::create(change, by, new.clone()))).await
    };

    let refused = create().await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    settings::set(db, &to_set, &world, "users.default_role", "nobody").await.unwrap();
    let refused = create().await;
    assert!(matches!(refused, Err(Error::Malformed { kind: "setting", .. })), "{refused:?}");
    settings::set(db, &to_set, &world, "users.default_role", "VIEWER").await.unwrap();
    create().await.unwrap();
}
