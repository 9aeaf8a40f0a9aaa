//! What is remembered about rights is never older than the last change.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use entity::identity::{authz_version, role, user_role};
use futures_util::future::join_all;
use plimsoll::{connect, retry::BoxFuture, testing::Scratch};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, sea_query::Expr};
use service::{
    Error, Result, Rights, World,
    identity::{permission, role as roles, user as users},
    rights::{
        Actor, AssignRoles, CreateRoles, DeleteRoles, GrantPermissions, Granted, ReadSettings,
        ReadUsers, UpdateUsers,
    },
};

use crate::people::{admin, person};

plimsoll::on_every_database!(migration::app:
    a_role_counts_as_soon_as_it_is_given,
    a_permission_that_is_withdrawn_is_gone_for_all_who_have_the_role,
    whoever_is_disabled_has_no_rights_from_then_on,
    what_is_rolled_back_was_never_true_for_anybody_who_asked_meanwhile,
    no_answer_is_older_than_a_change_that_had_ended,
    a_question_about_nothing_is_an_error_and_not_a_no,
    whoever_is_limited_has_no_more_than_that,
    changes_at_once_are_made_one_after_the_other,
    a_database_that_was_set_back_is_asked_again,
    a_deleted_role_is_forgotten,
);
plimsoll::on_every_empty_database!(another_process_sees_a_change_within_the_stated_time);

fn rights() -> Rights {
    Rights::new(World::system())
}

async fn named(db: &DatabaseConnection, name: &str) -> role::Model {
    let found = role::Entity::find().filter(role::Column::NameKey.eq(name)).one(db);
    found.await.unwrap().unwrap()
}

async fn assign(
    db: &DatabaseConnection,
    rights: &Rights,
    by: &Granted<AssignRoles>,
    user_id: i64,
    role_id: i64,
) {
    rights
        .change(db, |change, _| Box::pin(roles::assign(change, by, user_id, role_id)))
        .await
        .unwrap();
}

async fn may_read_settings(db: &DatabaseConnection, rights: &Rights, actor: &Actor) -> bool {
    match rights.check::<ReadSettings>(db, actor).await {
        Ok(_) => true,
        Err(Error::Forbidden { permission: "settings:read" }) => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn a_role_counts_as_soon_as_it_is_given(db: &DatabaseConnection) {
    let rights = rights();
    let by = admin::<AssignRoles>(db).await;
    let ana = person(db, "ana", &[]).await;
    let actor = Actor::of(&ana);
    let viewer = named(db, "viewer").await;
    assert!(!may_read_settings(db, &rights, &actor).await);
    assert!(!rights.has_role(db, &actor, "Viewer").await.unwrap());

    assign(db, &rights, &by, ana.id, viewer.id).await;

    assert!(may_read_settings(db, &rights, &actor).await);
    assert!(rights.has_role(db, &actor, "VIEWER").await.unwrap());
    assert!(rights.has_permission(db, &actor, "settings:read").await.unwrap());
    let by = &by;
    rights
        .change(db, |change, _| Box::pin(roles::revoke(change, by, ana.id, viewer.id)))
        .await
        .unwrap();
    assert!(!may_read_settings(db, &rights, &actor).await);
    assert!(rights.held(db, ana.id).await.unwrap().codes.is_empty());
}

async fn a_permission_that_is_withdrawn_is_gone_for_all_who_have_the_role(db: &DatabaseConnection) {
    let rights = rights();
    let by = &admin::<GrantPermissions>(db).await;
    let people = [person(db, "ana", &["viewer"]).await, person(db, "bo", &["viewer"]).await];
    let bystander = Actor::of(&person(db, "cleo", &["maintainer"]).await);
    for person in &people {
        assert!(may_read_settings(db, &rights, &Actor::of(person)).await);
    }
    assert!(may_read_settings(db, &rights, &bystander).await);
    let viewer = named(db, "viewer").await.id;
    let to_read = admin(db).await;
    let right = permission::by_code(db, &to_read, "settings:read").await.unwrap().id;

    rights
        .change(db, |change, _| Box::pin(permission::withdraw(change, by, viewer, right)))
        .await
        .unwrap();

    for person in &people {
        assert!(!may_read_settings(db, &rights, &Actor::of(person)).await);
    }
    assert!(may_read_settings(db, &rights, &bystander).await);
    rights
        .change(db, |change, _| Box::pin(permission::grant(change, by, viewer, right)))
        .await
        .unwrap();
    assert!(may_read_settings(db, &rights, &Actor::of(&people[0])).await);
}

async fn whoever_is_disabled_has_no_rights_from_then_on(db: &DatabaseConnection) {
    let rights = rights();
    let by = &admin::<UpdateUsers>(db).await;
    let ana = person(db, "ana", &["viewer"]).await;
    let actor = Actor::of(&ana);
    assert!(may_read_settings(db, &rights, &actor).await);

    for active in [false, true] {
        rights
            .change(db, |change, _| Box::pin(users::set_active(change, by, ana.id, active)))
            .await
            .unwrap();

        assert_eq!(may_read_settings(db, &rights, &actor).await, active);
    }
}

async fn what_is_rolled_back_was_never_true_for_anybody_who_asked_meanwhile(
    db: &DatabaseConnection,
) {
    let (rights, elsewhere) = (rights(), rights());
    let by = &admin::<AssignRoles>(db).await;
    let ana = person(db, "ana", &[]).await;
    let actor = &Actor::of(&ana);
    let viewer = named(db, "viewer").await.id;
    assert!(!may_read_settings(db, &rights, actor).await);

    let asked = &AtomicUsize::new(0);
    let (here, there) = (&rights, &elsewhere);
    let refused: Result<()> = rights
        .change(db, |change, _| {
            Box::pin(async move {
                roles::assign(change, by, ana.id, viewer).await?;
                service::rights::check::<ReadSettings>(change.tx(), actor).await?;
                // Whoever asks outside of the transaction is not in it.
                assert!(!may_read_settings(db, here, actor).await);
                assert!(!may_read_settings(db, there, actor).await);
                asked.fetch_add(1, SeqCst);
                Err(Error::NotFound { kind: "reason", key: "to go on".to_owned() })
            })
        })
        .await;

    assert!(matches!(refused, Err(Error::NotFound { kind: "reason", .. })), "{refused:?}");
    assert_eq!(asked.load(SeqCst), 1);
    assert!(!may_read_settings(db, &rights, actor).await);
    assert!(!may_read_settings(db, &elsewhere, actor).await);
    assert_eq!(user_role::Entity::find_by_id((ana.id, viewer)).one(db).await.unwrap(), None);
}

/// One gives and takes a role in turn while others ask: an answer belongs to a state that there was
/// between the last change that had ended when it was asked for and the last that had begun when it
/// came.
async fn no_answer_is_older_than_a_change_that_had_ended(db: &DatabaseConnection) {
    let rights = rights();
    let by = &admin::<AssignRoles>(db).await;
    let ana = person(db, "ana", &[]).await;
    let actor = &Actor::of(&ana);
    let viewer = named(db, "viewer").await.id;
    let (begun, ended) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let (rights, last) = (&rights, 40 * plimsoll::testing::cases(1) as usize);

    let change = async {
        for at in 1..=last {
            begun.store(at, SeqCst);
            rights
                .change(db, |change, _| -> BoxFuture<'_, Result<()>> {
                    if at % 2 == 1 {
                        Box::pin(roles::assign(change, by, ana.id, viewer))
                    } else {
                        Box::pin(roles::revoke(change, by, ana.id, viewer))
                    }
                })
                .await
                .unwrap();
            ended.store(at, SeqCst);
            // By who changed it, too.
            assert_eq!(may_read_settings(db, rights, actor).await, at % 2 == 1, "change {at}");
        }
    };
    let ask = async || {
        let mut answers = 0;
        while ended.load(SeqCst) < last {
            let from = ended.load(SeqCst);
            let may = may_read_settings(db, rights, actor).await;
            let to = begun.load(SeqCst);
            let possible = (from..=to).any(|state| (state % 2 == 1) == may);
            assert!(possible, "{may} between change {from} and change {to}");
            answers += 1;
            // What is remembered is answered without waiting; the others want their turn.
            futures_timer::Delay::new(std::time::Duration::from_micros(200)).await;
        }
        answers
    };
    let asked = join_all((0..4).map(|_| ask()));
    let ((), answers) = futures_util::future::join(change, asked).await;

    assert!(answers.iter().all(|answers: &usize| *answers > 0), "{answers:?}");
}

async fn a_question_about_nothing_is_an_error_and_not_a_no(db: &DatabaseConnection) {
    let rights = rights();
    let boss = Actor::of(&person(db, "ana", &["admin"]).await);
    let nobody = Actor::of(&person(db, "bo", &[]).await);

    for actor in [&boss, &nobody] {
        for code in ["user:reed", "", "USER:READ", "user:read ", "user:\0"] {
            let refused = rights.has_permission(db, actor, code).await;
            assert!(
                matches!(&refused, Err(Error::NotFound { kind: "permission", key }) if key == code),
                "{code:?}: {refused:?}"
            );
        }
        let refused = rights.has_role(db, actor, "boss").await;
        assert!(matches!(refused, Err(Error::NotFound { kind: "role", .. })), "{refused:?}");
    }
    assert!(rights.has_permission(db, &boss, "user:read").await.unwrap());
    assert!(!rights.has_permission(db, &nobody, "user:read").await.unwrap());
    assert!(!rights.has_role(db, &nobody, "admin").await.unwrap());
}

async fn whoever_is_limited_has_no_more_than_that(db: &DatabaseConnection) {
    let rights = rights();
    let ana = person(db, "ana", &["maintainer"]).await;
    let scopes = ["role:assign", "settings:read"].map(str::to_owned);
    let limited = Actor::of(&ana).limited_to(scopes.into());

    let within = rights.check::<ReadSettings>(db, &limited).await;
    let outside = rights.check::<ReadUsers>(db, &limited).await;

    assert!(within.is_ok());
    assert!(matches!(outside, Err(Error::Forbidden { permission: "user:read" })), "{outside:?}");
    assert!(!rights.has_permission(db, &limited, "user:read").await.unwrap());
    assert!(!rights.has_permission(db, &limited, "role:assign").await.unwrap(), "no role has it");
    assert!(rights.check::<ReadUsers>(db, &Actor::of(&ana)).await.is_ok());
}

async fn changes_at_once_are_made_one_after_the_other(db: &DatabaseConnection) {
    let rights = rights();
    let by = &admin::<AssignRoles>(db).await;
    let viewer = named(db, "viewer").await.id;
    let mut people = Vec::new();
    for at in 0..8 {
        people.push(person(db, &format!("p{at}"), &[]).await);
    }
    let before = number(db).await;

    join_all(people.iter().map(|person| assign(db, &rights, by, person.id, viewer))).await;

    assert_eq!(number(db).await, before + 8);
    let mut numbers = Vec::new();
    for person in &people {
        assert!(may_read_settings(db, &rights, &Actor::of(person)).await);
        numbers.push(version(db, &format!("user:{}", person.id)).await);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (before + 1..=before + 8).collect::<Vec<_>>());
}

async fn a_database_that_was_set_back_is_asked_again(db: &DatabaseConnection) {
    let rights = rights();
    let by = admin::<AssignRoles>(db).await;
    let ana = person(db, "ana", &[]).await;
    let viewer = named(db, "viewer").await.id;
    assign(db, &rights, &by, ana.id, viewer).await;
    let actor = Actor::of(&ana);
    assert!(may_read_settings(db, &rights, &actor).await);

    // What a restored backup looks like: fewer changes, and the role was not given yet.
    authz_version::Entity::update_many()
        .col_expr(authz_version::Column::Version, Expr::value(0))
        .exec(db)
        .await
        .unwrap();
    user_role::Entity::delete_by_id((ana.id, viewer)).exec(db).await.unwrap();
    futures_timer::Delay::new(Rights::MAX_AGE).await;

    assert!(!may_read_settings(db, &rights, &actor).await);
}

async fn a_deleted_role_is_forgotten(db: &DatabaseConnection) {
    let rights = rights();
    let (to_create, to_delete) = (&admin::<CreateRoles>(db).await, &admin::<DeleteRoles>(db).await);
    let role = rights
        .change(db, |change, _| {
            let new = roles::NewRole { name: "Night shift".to_owned(), description: None };
            Box::pin(roles::create(change, to_create, new))
        })
        .await
        .unwrap();
    let by = &admin::<AssignRoles>(db).await;
    let ana = person(db, "ana", &[]).await;
    let actor = Actor::of(&ana);
    assign(db, &rights, by, ana.id, role.id).await;
    assert!(rights.has_role(db, &actor, "night SHIFT").await.unwrap());

    rights
        .change(db, |change, _| Box::pin(roles::delete(change, to_delete, role.id)))
        .await
        .unwrap();

    assert!(rights.held(db, ana.id).await.unwrap().roles.is_empty());
    let refused = rights.has_role(db, &actor, "night shift").await;
    assert!(matches!(refused, Err(Error::NotFound { kind: "role", .. })), "{refused:?}");
}

/// Two pools and two memories are two processes, as far as the database and each other can tell.
async fn another_process_sees_a_change_within_the_stated_time(scratch: &Scratch) {
    let here = &scratch.db;
    migration::app().up(&scratch.database).await.unwrap();
    let there = connect::pool(&scratch.database).await.unwrap();
    let (rights_of_one, elsewhere) = (rights(), rights());
    let by = admin::<AssignRoles>(here).await;
    let ana = person(here, "ana", &[]).await;
    let actor = Actor::of(&ana);
    let viewer = named(here, "viewer").await.id;
    assert!(!may_read_settings(&there, &elsewhere, &actor).await);

    assign(here, &rights_of_one, &by, ana.id, viewer).await;
    futures_timer::Delay::new(Rights::MAX_AGE).await;

    assert!(may_read_settings(&there, &elsewhere, &actor).await);
    there.close().await.unwrap();
}

async fn number(db: &DatabaseConnection) -> i64 {
    version(db, "global").await
}

async fn version(db: &DatabaseConnection, scope: &str) -> i64 {
    authz_version::Entity::find_by_id(scope).one(db).await.unwrap().unwrap().version
}
