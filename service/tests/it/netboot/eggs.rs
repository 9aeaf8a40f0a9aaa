//! Eggs that name each other, and what names them.

use entity::netboot::{egg_group, ipxe_machine};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    deletion::Deletion,
    netboot,
    rights::{DeleteNetboot, UpdateNetboot},
    rule::Rule,
};

use super::{MAC, egg, group, is_no_egg, is_refused, machine};
use crate::{
    people::admin,
    plainly::{create, update},
};

plimsoll::on_every_database!(migration::app:
    lists_name_eggs_that_are_there,
    an_egg_that_is_named_stays_and_keeps_its_name,
    of_an_egg_that_is_named_and_deleted_at_once_one_comes_first,
    of_eggs_that_come_to_need_each_other_at_once_none_closes_a_circle,
);

async fn delete_egg(db: &DatabaseConnection, id: i64) -> Result<Deletion> {
    let by = &admin::<DeleteNetboot>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(netboot::egg::delete(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn lists_name_eggs_that_are_there(db: &DatabaseConnection) {
    let lxd = create::<egg::Entity>(db, egg("lxd", &[])).await.unwrap();
    create::<egg::Entity>(db, egg("docker", &["lxd"])).await.unwrap();

    let of_group = create::<egg_group::Entity>(db, group("base", &["lxd", "Docker"])).await;
    let row = ipxe_machine::ActiveModel { assigned_eggs: Set(json!(["ghost"])), ..machine(MAC) };
    let of_machine = create::<ipxe_machine::Entity>(db, row).await;
    let of_egg = create::<egg::Entity>(db, egg("app", &["docker", "ghost"])).await;
    let circle = egg::ActiveModel { dependencies: Set(json!(["docker"])), ..Default::default() };
    let circle = update::<egg::Entity>(db, lxd.id, circle).await;
    let itself = create::<egg::Entity>(db, egg("snake", &["snake"])).await;
    let twice = create::<egg_group::Entity>(db, group("base", &["lxd", "lxd"])).await;
    let many: Vec<String> = (0..1_001).map(|at| format!("egg {at}")).collect();
    let many = egg_group::ActiveModel { eggs: Set(json!(many)), ..group("base", &[]) };
    let many = create::<egg_group::Entity>(db, many).await;
    let good = create::<egg_group::Entity>(db, group("base", &["lxd", "docker"])).await;

    assert!(is_no_egg(&of_group, "Docker"), "{of_group:?}");
    assert!(is_no_egg(&of_machine, "ghost"), "{of_machine:?}");
    assert!(is_no_egg(&of_egg, "ghost"), "{of_egg:?}");
    assert!(is_refused(&circle, Rule::Unsuitable), "{circle:?}");
    assert!(matches!(itself, Err(Error::Invalid { kind: "dependencies", .. })), "{itself:?}");
    assert!(matches!(twice, Err(Error::Invalid { kind: "eggs", .. })), "{twice:?}");
    assert!(matches!(many, Err(Error::Invalid { kind: "eggs", .. })), "{many:?}");
    assert_eq!(good.unwrap().eggs, json!(["lxd", "docker"]));
    assert_eq!(egg_group::Entity::find().count(db).await.unwrap(), 1);
    assert_eq!(ipxe_machine::Entity::find().count(db).await.unwrap(), 0);
}

async fn an_egg_that_is_named_stays_and_keeps_its_name(db: &DatabaseConnection) {
    let docker = create::<egg::Entity>(db, egg("docker", &[])).await.unwrap();
    let app = create::<egg::Entity>(db, egg("app", &["docker"])).await.unwrap();
    let base = create::<egg_group::Entity>(db, group("base", &["app", "docker"])).await.unwrap();
    let row = ipxe_machine::ActiveModel { assigned_eggs: Set(json!(["docker"])), ..machine(MAC) };
    let machine = create::<ipxe_machine::Entity>(db, row).await.unwrap();

    let renamed = egg::ActiveModel { name: Set("podman".to_owned()), ..Default::default() };
    let renamed = update::<egg::Entity>(db, docker.id, renamed).await;
    let held = delete_egg(db, docker.id).await;
    let missing = delete_egg(db, 404).await;

    assert!(matches!(renamed, Err(Error::Invalid { kind: "name", .. })), "{renamed:?}");
    let Err(Error::Refused { rule: Rule::InUse, because }) = &held else {
        panic!("{held:?}");
    };
    assert_eq!(
        because,
        "egg `docker` is named by 1 of `egg_groups`, 1 of `ipxe_machines`, 1 of `eggs`"
    );
    assert!(matches!(missing, Err(Error::NotFound { kind: "egg", .. })), "{missing:?}");

    let none = egg_group::ActiveModel { eggs: Set(json!([])), ..Default::default() };
    update::<egg_group::Entity>(db, base.id, none).await.unwrap();
    let none = ipxe_machine::ActiveModel { assigned_eggs: Set(json!([])), ..Default::default() };
    update::<ipxe_machine::Entity>(db, machine.id, none).await.unwrap();
    let held = delete_egg(db, docker.id).await;
    assert!(is_refused(&held, Rule::InUse), "{held:?}");
    for id in [app.id, docker.id] {
        assert_eq!(delete_egg(db, id).await.unwrap(), Deletion::default());
    }
    assert_eq!(egg::Entity::find().count(db).await.unwrap(), 0);
}

async fn of_an_egg_that_is_named_and_deleted_at_once_one_comes_first(db: &DatabaseConnection) {
    for round in 0..plimsoll::testing::cases(3) {
        let name = format!("egg {round}");
        let egg = create::<egg::Entity>(db, egg(&name, &[])).await.unwrap();
        let row = group(&format!("group {round}"), &[&name]);

        let (named, deleted) =
            join(create::<egg_group::Entity>(db, row), delete_egg(db, egg.id)).await;

        assert_ne!(named.is_ok(), deleted.is_ok(), "{named:?} {deleted:?}");
        assert!(named.is_ok() || is_no_egg(&named, &name), "{named:?}");
        assert!(deleted.is_ok() || is_refused(&deleted, Rule::InUse), "{deleted:?}");
    }
}

async fn of_eggs_that_come_to_need_each_other_at_once_none_closes_a_circle(
    db: &DatabaseConnection,
) {
    admin::<UpdateNetboot>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let names = ["a", "b", "c"].map(|name| format!("{name} {round}"));
        let mut eggs = Vec::new();
        for name in &names {
            eggs.push(create::<egg::Entity>(db, egg(name, &[])).await.unwrap().id);
        }

        let outcomes = join_all((0..3).map(|at| {
            let needed = json!([names[(at + 1) % 3]]);
            let row = egg::ActiveModel { dependencies: Set(needed), ..Default::default() };
            update::<egg::Entity>(db, eggs[at], row)
        }))
        .await;

        let changed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(changed, 2, "{outcomes:?}");
        assert!(
            outcomes.iter().any(|outcome| is_refused(outcome, Rule::Unsuitable)),
            "{outcomes:?}"
        );
    }
}
