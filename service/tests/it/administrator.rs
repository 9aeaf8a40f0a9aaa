//! The last administrator stays, whoever tries what at the same moment.

use entity::identity::{permission, role, user, user_role};
use futures_util::future::join;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter,
};
use service::{
    Error, Result, Rights, World,
    identity::{permission as permissions, role as roles, user as users},
    rights::{
        self, ADMINISTRATION, Actor, AssignRoles, Change, DeleteRoles, DeleteUsers,
        GrantPermissions, UpdateUsers, has_administrator,
    },
};

use crate::people::{give, person};

plimsoll::on_every_database!(migration::app:
    the_only_administrator_is_kept_from_every_side,
    of_two_who_remove_each_other_at_once_one_stays,
    who_cannot_log_in_or_is_not_active_does_not_count,
    another_role_with_the_same_rights_makes_an_administrator_too,
    nobody_administers_yet_and_nothing_is_kept,
);

async fn administrator(db: &DatabaseConnection, name: &str) -> user::Model {
    let user = person(db, name, &["admin"]).await;
    with_password(db, user).await
}

async fn with_password(db: &DatabaseConnection, user: user::Model) -> user::Model {
    let mut row = user.into_active_model();
    row.password_hash = Set(Some("$argon2id$".into()));
    user::Entity::update(row).exec(db).await.unwrap()
}

async fn named(db: &DatabaseConnection, name: &str) -> i64 {
    let found = role::Entity::find().filter(role::Column::NameKey.eq(name)).one(db);
    found.await.unwrap().unwrap().id
}

async fn coded(db: &DatabaseConnection, code: &str) -> i64 {
    let found = permission::Entity::find().filter(permission::Column::Code.eq(code)).one(db);
    found.await.unwrap().unwrap().id
}

/// The ways by which `by` takes the administration from the person.
const WAYS: [&str; 4] = ["delete", "disable", "revoke", "withdraw"];

async fn remove(
    db: &DatabaseConnection,
    way: &str,
    by: &user::Model,
    id: i64,
    role_id: i64,
) -> Result<()> {
    let actor = &Actor::of(by);
    let grant = coded(db, "permission:grant").await;
    let rights = Rights::new(World::system());
    rights
        .change(db, |change: &Change<'_>, _| -> BoxFuture<'_, Result<()>> {
            match way {
                "delete" => Box::pin(async move {
                    let by = rights::check::<DeleteUsers>(change.tx(), actor).await?;
                    users::delete(change, &by, id).await.map(drop)
                }),
                "disable" => Box::pin(async move {
                    let by = rights::check::<UpdateUsers>(change.tx(), actor).await?;
                    users::set_active(change, &by, id, false).await.map(|_| ())
                }),
                "revoke" => Box::pin(async move {
                    let by = rights::check::<AssignRoles>(change.tx(), actor).await?;
                    roles::revoke(change, &by, id, role_id).await
                }),
                _ => Box::pin(async move {
                    let by = rights::check::<GrantPermissions>(change.tx(), actor).await?;
                    permissions::withdraw(change, &by, role_id, grant).await
                }),
            }
        })
        .await
}

async fn the_only_administrator_is_kept_from_every_side(db: &DatabaseConnection) {
    let boss = administrator(db, "boss").await;
    let admin = named(db, "admin").await;

    for way in WAYS {
        let refused = remove(db, way, &boss, boss.id, admin).await;

        assert!(matches!(refused, Err(Error::LastAdministrator)), "{way}: {refused:?}");
        assert!(has_administrator(db).await.unwrap(), "{way}");
        assert_eq!(user::Entity::find_by_id(boss.id).one(db).await.unwrap().as_ref(), Some(&boss));
    }
    let actor = &Actor::of(&boss);
    let rights = Rights::new(World::system());
    for code in ADMINISTRATION {
        let id = coded(db, code).await;
        let refused = rights
            .change(db, |change, _| {
                Box::pin(async move {
                    let by = rights::check::<GrantPermissions>(change.tx(), actor).await?;
                    permissions::withdraw(change, &by, admin, id).await
                })
            })
            .await;
        assert!(matches!(refused, Err(Error::LastAdministrator)), "{code}: {refused:?}");
    }
    // What an administrator does not need can go.
    let id = coded(db, "document:delete").await;
    rights
        .change(db, |change, _| {
            Box::pin(async move {
                let by = rights::check::<GrantPermissions>(change.tx(), actor).await?;
                permissions::withdraw(change, &by, admin, id).await
            })
        })
        .await
        .unwrap();
}

/// Each with a memory and a check of its own, as in two processes. For the roles' side each has a
/// role of their own, from which the other takes the right.
async fn of_two_who_remove_each_other_at_once_one_stays(db: &DatabaseConnection) {
    let admin = named(db, "admin").await;
    for round in 0..plimsoll::testing::cases(3) {
        for way in WAYS {
            let mut pair = Vec::new();
            for side in ["a", "b"] {
                let name = format!("{way}-{side}-{round}");
                let role = role::ActiveModel {
                    name: Set(name.clone()),
                    name_key: Set(name.clone()),
                    ..Default::default()
                };
                let role = role::Entity::insert(role).exec(db).await.unwrap().last_insert_id;
                for code in rights::ALL {
                    let row = entity::identity::role_permission::ActiveModel {
                        role_id: Set(role),
                        permission_id: Set(coded(db, code).await),
                        ..Default::default()
                    };
                    entity::identity::role_permission::Entity::insert(row)
                        .exec_without_returning(db)
                        .await
                        .unwrap();
                }
                let user = with_password(db, person(db, &name, &[]).await).await;
                give(db, user.id, role).await;
                pair.push((user, role));
            }
            let [(a, role_a), (b, role_b)] = &pair[..] else { unreachable!("two of them") };

            let (one, other) =
                join(remove(db, way, a, b.id, *role_b), remove(db, way, b, a.id, *role_a)).await;

            let done = [&one, &other].iter().filter(|outcome| outcome.is_ok()).count();
            assert_eq!(done, 1, "{way}: {one:?} {other:?}");
            for outcome in [one, other] {
                // Who comes second has been removed, or is the last.
                assert!(
                    matches!(
                        outcome,
                        Ok(()) | Err(Error::LastAdministrator | Error::Forbidden { .. })
                    ),
                    "{way}: {outcome:?}"
                );
            }
            assert!(has_administrator(db).await.unwrap(), "{way}");

            // For the next round nobody of this one administers.
            for (user, role) in pair {
                user::Entity::delete_by_id(user.id).exec(db).await.unwrap();
                role::Entity::delete_by_id(role).exec(db).await.unwrap();
            }
            assert!(!has_administrator(db).await.unwrap());
        }
    }
    assert!(user_role::Entity::find_by_id((0, admin)).one(db).await.unwrap().is_none());
}

async fn who_cannot_log_in_or_is_not_active_does_not_count(db: &DatabaseConnection) {
    let boss = administrator(db, "boss").await;
    person(db, "invited", &["admin"]).await;
    let mut former = administrator(db, "former").await.into_active_model();
    former.is_active = Set(false);
    user::Entity::update(former).exec(db).await.unwrap();
    let admin = named(db, "admin").await;

    let refused = remove(db, "delete", &boss, boss.id, admin).await;

    assert!(matches!(refused, Err(Error::LastAdministrator)), "{refused:?}");
    administrator(db, "second").await;
    remove(db, "delete", &boss, boss.id, admin).await.unwrap();
}

async fn another_role_with_the_same_rights_makes_an_administrator_too(db: &DatabaseConnection) {
    let boss = administrator(db, "boss").await;
    let (admin, rights) = (named(db, "admin").await, Rights::new(World::system()));
    let actor = &Actor::of(&boss);
    let role = role::ActiveModel {
        name: Set("Captains".to_owned()),
        name_key: Set("captains".to_owned()),
        ..Default::default()
    };
    let role = role::Entity::insert(role).exec(db).await.unwrap().last_insert_id;
    for code in ADMINISTRATION {
        let id = coded(db, code).await;
        rights
            .change(db, |change, _| {
                Box::pin(async move {
                    let by = rights::check::<GrantPermissions>(change.tx(), actor).await?;
                    permissions::grant(change, &by, role, id).await
                })
            })
            .await
            .unwrap();
    }
    give(db, boss.id, role).await;

    remove(db, "revoke", &boss, boss.id, admin).await.unwrap();

    assert!(has_administrator(db).await.unwrap());
    let refused = rights
        .change(db, |change, _| {
            Box::pin(async move {
                let by = rights::check::<AssignRoles>(change.tx(), actor).await?;
                roles::revoke(change, &by, boss.id, role).await
            })
        })
        .await;
    assert!(matches!(refused, Err(Error::LastAdministrator)), "{refused:?}");
    // Nor by removing the role.
    let refused = rights
        .change(db, |change, _| {
            Box::pin(async move {
                let by = rights::check::<DeleteRoles>(change.tx(), actor).await?;
                roles::delete(change, &by, role).await
            })
        })
        .await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

async fn nobody_administers_yet_and_nothing_is_kept(db: &DatabaseConnection) {
    let invited = person(db, "invited", &["admin"]).await;
    let newcomer = person(db, "newcomer", &["viewer"]).await;
    let viewer = named(db, "viewer").await;

    assert!(!has_administrator(db).await.unwrap());
    remove(db, "delete", &invited, newcomer.id, viewer).await.unwrap();
}
