//! Nobody acts above themselves, or by a right that they have no more.

use std::collections::BTreeSet;

use sea_orm::{DatabaseConnection, EntityTrait, IntoActiveModel};
use secrecy::ExposeSecret;
use service::{
    Error, Result, Rights, World,
    identity::{
        password::Hasher,
        permission::{self, NewPermission},
        reset::{self, Reset},
        role::{self, NewRole, RoleChanges},
        session,
        user::{self, NewUser, UserChanges},
    },
    rights::{
        self, Actor, AssignRoles, CreatePermissions, CreateRoles, CreateUsers, DeletePermissions,
        DeleteRoles, GrantPermissions, Granted, ReadRoles, UpdateRoles, UpdateUsers,
    },
    settings,
};

use crate::people::{admin, give, person};

plimsoll::on_every_database!(migration::app:
    a_proof_that_is_no_longer_true_changes_nothing,
    a_key_of_somebody_is_not_that_somebody,
    nobody_resets_their_own_password_without_the_old_one,
    a_role_is_handed_out_by_those_who_have_its_rights,
    a_reset_ends_when_its_person_or_its_starter_may_do_other_things,
    the_default_role_is_no_way_up,
    the_default_role_stays_what_it_is_called,
    what_others_have_is_not_deleted_from_below,
);

fn renamed(name: &str) -> UserChanges {
    UserChanges { username: Some(name.to_owned()), ..UserChanges::default() }
}

async fn start(
    db: &DatabaseConnection,
    rights: &Rights,
    by: &Granted<UpdateUsers>,
    user_id: i64,
) -> Result<Reset> {
    let world = &World::system();
    rights.change(db, |change, _| Box::pin(reset::start(change, world, by, user_id))).await
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
    let refused = start(db, &rights, by, boss.id).await;
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

        let refused = start(db, &Rights::new(World::system()), &by, ana.id).await;

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

/// What becomes of a reset that a maintainer has started for a viewer, when this happens before it
/// is used.
async fn reset_after(
    db: &DatabaseConnection,
    names: (&str, &str),
    happens: impl AsyncFnOnce(&Rights, i64, i64),
) -> Result<()> {
    let (rights, world) = (Rights::new(World::system()), World::system());
    let starter = person(db, names.0, &["maintainer"]).await;
    let viewer = person(db, names.1, &["viewer"]).await;
    let by = &rights.check::<UpdateUsers>(db, &Actor::of(&starter)).await.unwrap();
    let reset = start(db, &rights, by, viewer.id).await.unwrap();

    happens(&rights, starter.id, viewer.id).await;

    let (hasher, token) = (Hasher::with(8, 1, 1), reset.token.expose_secret());
    reset::complete(db, &world, &hasher, token, &"correct horse battery".into()).await
}

async fn a_reset_ends_when_its_person_or_its_starter_may_do_other_things(db: &DatabaseConnection) {
    let to_assign = &admin::<AssignRoles>(db).await;
    let to_update = &admin::<UpdateUsers>(db).await;
    let to_grant = &admin::<GrantPermissions>(db).await;
    let to_create = &admin::<CreateRoles>(db).await;
    let to_delete = &admin::<DeleteRoles>(db).await;
    let role = async |name| role::by_name(db, &admin::<ReadRoles>(db).await, name).await.unwrap();
    let (admins, viewers) = (role("admin").await.id, role("viewer").await.id);
    let permissions = permission::list(db, &admin(db).await).await.unwrap();
    let settings = permissions.iter().find(|it| it.code == "settings:update").unwrap().id;
    let set_active = async |rights: &Rights, id, active| {
        let change = rights
            .change(db, |change, _| Box::pin(user::set_active(change, to_update, id, active)));
        change.await.unwrap();
    };

    let promoted = reset_after(db, ("a1", "b1"), async |rights, _, viewer| {
        let change = rights
            .change(db, |change, _| Box::pin(role::assign(change, to_assign, viewer, admins)));
        change.await.unwrap();
    });
    assert!(matches!(promoted.await, Err(Error::Unauthenticated)));
    let lifted = reset_after(db, ("a2", "b2"), async |rights, _, _| {
        let change = rights.change(db, |change, _| {
            Box::pin(permission::grant(change, to_grant, viewers, settings))
        });
        change.await.unwrap();
    });
    assert!(matches!(lifted.await, Err(Error::Unauthenticated)));
    let shut_out_and_let_in = reset_after(db, ("a3", "b3"), async |rights, _, viewer| {
        set_active(rights, viewer, false).await;
        set_active(rights, viewer, true).await;
    });
    assert!(matches!(shut_out_and_let_in.await, Err(Error::Unauthenticated)));
    let of_somebody_shut_out = reset_after(db, ("a4", "b4"), async |rights, starter, _| {
        set_active(rights, starter, false).await;
    });
    assert!(matches!(of_somebody_shut_out.await, Err(Error::Unauthenticated)));
    let of_somebody_without_their_role =
        reset_after(db, ("a6", "b6"), async |rights, starter, _| {
            let new = &NewRole { name: "helpers".to_owned(), ..NewRole::default() };
            let made = rights
                .change(db, |change, _| Box::pin(role::create(change, to_create, new.clone())));
            let id = made.await.unwrap().id;
            give(db, starter, id).await;
            let change =
                rights.change(db, |change, _| Box::pin(role::delete(change, to_delete, id)));
            change.await.unwrap();
        });
    assert!(matches!(of_somebody_without_their_role.await, Err(Error::Unauthenticated)));
    let untouched = reset_after(db, ("a5", "b5"), async |_, _, _| {});
    assert!(untouched.await.is_ok());
}

async fn the_default_role_is_no_way_up(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let ana = Actor::of(&person(db, "ana", &["maintainer"]).await);
    let to_set = rights.check(db, &ana).await.unwrap();
    let world = World::system();
    let boss = admin(db).await;
    let by = &rights.check::<CreateUsers>(db, &ana).await.unwrap();
    let new = &NewUser { username: "mole".to_owned(), ..NewUser::default() };
    let create = async || {
        rights.change(db, |change, _| Box::pin(user::create(change, by, new.clone()))).await
    };
    let set = async |by, name: &str| {
        settings::set(db, by, &world, "users.default_role", name).await.map(drop)
    };

    let refused = set(&to_set, "Admin").await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    for nobody in ["nobody", "", "a\0b", &"ﷺ".repeat(1000)] {
        let refused = set(&to_set, nobody).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    set(&boss, "Admin").await.unwrap();
    let refused = create().await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    set(&boss, "VIEWER").await.unwrap();
    create().await.unwrap();
}

async fn the_default_role_stays_what_it_is_called(db: &DatabaseConnection) {
    let (rights, world) = (Rights::new(World::system()), World::system());
    let to_create = &admin::<CreateRoles>(db).await;
    let guest = &NewRole { name: "Guest".to_owned(), ..NewRole::default() };
    let guests = rights
        .change(db, |change, _| Box::pin(role::create(change, to_create, guest.clone())))
        .await
        .unwrap();
    settings::set(db, &admin(db).await, &world, "users.default_role", "guest").await.unwrap();
    let to_update = &admin::<UpdateRoles>(db).await;
    let called = async |name: &str| {
        let changes = &RoleChanges { name: Some(name.to_owned()), ..RoleChanges::default() };
        let id = guests.id;
        rights
            .change(db, |change, _| Box::pin(role::update(change, to_update, id, changes.clone())))
            .await
    };
    let to_delete = &admin::<DeleteRoles>(db).await;

    let renamed = called("visitor").await;
    let deleted =
        rights.change(db, |change, _| Box::pin(role::delete(change, to_delete, guests.id))).await;

    assert!(matches!(renamed, Err(Error::BelongsToSystem { .. })), "{renamed:?}");
    assert!(matches!(deleted, Err(Error::BelongsToSystem { .. })), "{deleted:?}");
    assert_eq!(called("GUEST").await.unwrap().name, "GUEST");
    settings::set(db, &admin(db).await, &world, "users.default_role", "viewer").await.unwrap();
    called("visitor").await.unwrap();
    rights
        .change(db, |change, _| Box::pin(role::delete(change, to_delete, guests.id)))
        .await
        .unwrap();
}

async fn what_others_have_is_not_deleted_from_below(db: &DatabaseConnection) {
    let rights = Rights::new(World::system());
    let to_create = &admin::<CreateRoles>(db).await;
    let crew = &NewRole { name: "crew".to_owned(), ..NewRole::default() };
    let crew = rights
        .change(db, |change, _| Box::pin(role::create(change, to_create, crew.clone())))
        .await
        .unwrap();
    let to_add = &admin::<CreatePermissions>(db).await;
    let sail = &NewPermission {
        resource: "ship".to_owned(),
        action: "sail".to_owned(),
        ..NewPermission::default()
    };
    let sail = rights
        .change(db, |change, _| Box::pin(permission::create(change, to_add, sail.clone())))
        .await
        .unwrap();
    let boss = person(db, "captain", &["admin"]).await;
    give(db, boss.id, crew.id).await;
    let few = ["role:delete", "permission:delete"].map(str::to_owned);
    let limited = Actor::of(&boss).limited_to(few.into());
    let to_delete = &rights.check::<DeleteRoles>(db, &limited).await.unwrap();
    let to_remove = &rights.check::<DeletePermissions>(db, &limited).await.unwrap();
    let delete_crew = async || {
        rights.change(db, |change, _| Box::pin(role::delete(change, to_delete, crew.id))).await
    };
    let delete_sail = async || {
        rights
            .change(db, |change, _| Box::pin(permission::delete(change, to_remove, sail.id)))
            .await
    };
    let to_grant = &admin::<GrantPermissions>(db).await;
    let admins = role::by_name(db, &admin::<ReadRoles>(db).await, "admin").await.unwrap();
    rights
        .change(db, |change, _| Box::pin(permission::grant(change, to_grant, admins.id, sail.id)))
        .await
        .unwrap();

    let refused = delete_crew().await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");
    let refused = delete_sail().await;
    assert!(matches!(refused, Err(Error::Exceeds { .. })), "{refused:?}");

    // Nobody has the one any more, no role carries the other.
    entity::identity::user_role::Entity::delete_by_id((boss.id, crew.id)).exec(db).await.unwrap();
    delete_crew().await.unwrap();
    rights
        .change(db, |change, _| {
            Box::pin(permission::withdraw(change, to_grant, admins.id, sail.id))
        })
        .await
        .unwrap();
    delete_sail().await.unwrap();
}
