//! Cloud: what machines do, and what else belongs to them.

mod defaults;
mod job;
mod lxd;
mod sync;
mod work;

use entity::{
    audit::system_log,
    cloud::{
        cloud_machine,
        cloud_provider::{self, CloudProviderType},
        deployment_job, lxd_cluster, server, storage_backend,
    },
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    cloud::machine::{self, MachineStatus, MachineStatus::*},
    records::{self, Create, Delete, Update},
    rights::{self, Actor, CreateCloud, Granted, Nobody, UpdateCloud},
    rule::Rule,
};

use crate::people::{admin, person};
use crate::worlds::world;

plimsoll::on_every_database!(migration::app:
    a_machine_goes_from_what_it_does_to_where_a_way_leads,
    of_changes_to_one_machine_at_once_each_is_held_against_what_it_finds,
    what_a_machine_does_is_not_written_plainly,
    nobody_writes_jobs_plainly_or_removes_members_so,
    a_mac_address_is_kept_in_one_form,
    a_provider_has_no_credentials_among_its_settings,
    the_address_of_a_store_has_no_password_in_it,
);

async fn provider(db: &DatabaseConnection, name: &str) -> cloud_provider::Model {
    let row = cloud_provider::ActiveModel {
        name: Set(name.to_owned()),
        provider_type: Set(CloudProviderType::Maas),
        ..Default::default()
    };
    row.insert(db).await.unwrap()
}

async fn put_out_of_use(db: &DatabaseConnection, provider_id: i64) {
    let by = &admin::<UpdateCloud>(db).await;
    audited(db, &World::system(), |unit, _| {
        let off = cloud_provider::ActiveModel { is_active: Set(false), ..Default::default() };
        Box::pin(records::update::<cloud_provider::Entity>(unit, by, provider_id, off))
            as BoxFuture<'_, _>
    })
    .await
    .unwrap();
}

async fn machine_that_is(
    db: &DatabaseConnection,
    provider_id: i64,
    external_id: &str,
    status: MachineStatus,
) -> cloud_machine::Model {
    let row = cloud_machine::ActiveModel {
        provider_id: Set(provider_id),
        external_id: Set(external_id.to_owned()),
        status: Set(status),
        ..Default::default()
    };
    row.insert(db).await.unwrap()
}

/// A machine at a provider of its own, whose name is the same.
async fn machine(db: &DatabaseConnection, name: &str) -> cloud_machine::Model {
    let provider = provider(db, name).await;
    machine_that_is(db, provider.id, name, Ready).await
}

async fn stored(db: &DatabaseConnection, id: i64) -> cloud_machine::Model {
    cloud_machine::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

async fn rack(db: &DatabaseConnection, hostname: &str, address: &str) -> Result<server::Model> {
    let by = &admin::<CreateCloud>(db).await;
    audited(db, &World::system(), |unit, _| {
        let row = server::ActiveModel {
            hostname: Set(hostname.to_owned()),
            mac_address: Set(address.to_owned()),
            ..Default::default()
        };
        Box::pin(records::create::<server::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await
}

async fn change(
    db: &DatabaseConnection,
    by: &Granted<UpdateCloud>,
    id: i64,
    to: MachineStatus,
) -> Result<cloud_machine::Model> {
    audited(db, &World::system(), |unit, _| {
        Box::pin(machine::change_status::<cloud_machine::Entity>(unit, by, id, to))
            as BoxFuture<'_, _>
    })
    .await
}

async fn told(db: &DatabaseConnection, action: &str) -> u64 {
    let of_action = system_log::Column::Action.eq(action);
    system_log::Entity::find().filter(of_action).count(db).await.unwrap()
}

fn is_refused<T>(outcome: &Result<T>, by: Rule) -> bool {
    matches!(outcome, Err(Error::Refused { rule, .. }) if *rule == by)
}

async fn a_machine_goes_from_what_it_does_to_where_a_way_leads(db: &DatabaseConnection) {
    let by = &admin::<UpdateCloud>(db).await;
    let maas = provider(db, "maas").await;
    let machine = machine_that_is(db, maas.id, "4y3h7n", New).await;
    let rack = rack(db, "rack-1", "52:54:00:00:00:01").await.unwrap();
    assert_eq!(rack.status, New);

    for to in [Commissioning, Ready, Allocated, Deploying, Deployed, Releasing, Ready, Ready] {
        let machine = change(db, by, machine.id, to).await.unwrap();
        let server: server::Model = audited(db, &World::system(), |unit, _| {
            Box::pin(machine::change_status::<server::Entity>(unit, by, rack.id, to))
                as BoxFuture<'_, _>
        })
        .await
        .unwrap();

        assert_eq!((machine.status, server.status), (to, to));
    }

    let refused = change(db, by, machine.id, Deployed).await;
    let Err(Error::Refused { rule: Rule::Transition, because }) = &refused else {
        panic!("{refused:?}");
    };
    assert!(because.ends_with("does not go from `ready` to `deployed`"), "{because}");
    change(db, by, machine.id, Terminated).await.unwrap();
    for to in [New, Ready, Running, Broken] {
        assert!(is_refused(&change(db, by, machine.id, to).await, Rule::Transition), "{to:?}");
    }
    let missing = change(db, by, 404, Ready).await;
    assert!(matches!(missing, Err(Error::NotFound { kind: "machine", .. })), "{missing:?}");
    // What was no change is not told.
    assert_eq!(told(db, "change_status").await, 7 + 7 + 1);
    let first = system_log::Entity::find()
        .filter(system_log::Column::Action.eq("change_status"))
        .order_by_asc(system_log::Column::Id)
        .one(db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.details, Some(json!({"from": "new", "to": "commissioning"})));
}

/// From `ready` a way leads to both, and from neither to the other.
async fn of_changes_to_one_machine_at_once_each_is_held_against_what_it_finds(
    db: &DatabaseConnection,
) {
    let by = &admin::<UpdateCloud>(db).await;
    let maas = provider(db, "maas").await;
    for round in 0..plimsoll::testing::cases(3) {
        let id = machine_that_is(db, maas.id, &format!("m{round}"), Ready).await.id;
        let wanted = [Commissioning, Allocated, Commissioning, Allocated];

        let outcomes = join_all(wanted.map(|to| change(db, by, id, to))).await;

        let last = stored(db, id).await.status;
        assert!(wanted.contains(&last), "{last:?}");
        for (to, outcome) in wanted.into_iter().zip(&outcomes) {
            assert_eq!(outcome.is_ok(), to == last, "{outcome:?}");
            assert!(outcome.is_ok() || is_refused(outcome, Rule::Transition), "{outcome:?}");
        }
    }
}

async fn what_a_machine_does_is_not_written_plainly(db: &DatabaseConnection) {
    let (create, update) = (&admin::<CreateCloud>(db).await, &admin::<UpdateCloud>(db).await);
    let machine = machine(db, "a").await;
    let row = &cloud_machine::ActiveModel {
        provider_id: Set(machine.provider_id),
        external_id: Set("b".to_owned()),
        status: Set(Running),
        ..Default::default()
    };

    let created = audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<cloud_machine::Entity>(unit, create, row.clone()))
            as BoxFuture<'_, _>
    })
    .await;
    let updated = audited(db, &World::system(), |unit, _| {
        let row = cloud_machine::ActiveModel { status: Set(Running), ..Default::default() };
        Box::pin(records::update::<cloud_machine::Entity>(unit, update, machine.id, row))
            as BoxFuture<'_, _>
    })
    .await;

    for refused in [created, updated] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "machine", .. })), "{refused:?}");
    }
}

async fn nobody_writes_jobs_plainly_or_removes_members_so(db: &DatabaseConnection) {
    let boss = Actor::of(&person(db, "chief", &["admin"]).await);

    let jobs = [
        rights::check::<Create<deployment_job::Entity>>(db, &boss).await.map(drop),
        rights::check::<Update<deployment_job::Entity>>(db, &boss).await.map(drop),
        rights::check::<Delete<deployment_job::Entity>>(db, &boss).await.map(drop),
        rights::check::<Delete<entity::cloud::lxd_cluster_member::Entity>>(db, &boss)
            .await
            .map(drop),
        rights::check::<Nobody>(db, &boss).await.map(drop),
    ];

    for refused in jobs {
        assert!(matches!(refused, Err(Error::Forbidden { permission: "nobody" })), "{refused:?}");
    }
    rights::check::<Delete<lxd_cluster::Entity>>(db, &boss).await.unwrap();
}

async fn a_mac_address_is_kept_in_one_form(db: &DatabaseConnection) {
    let one = rack(db, "rack-1", "52:54:00:AB:CD:EF").await.unwrap();
    let other = rack(db, "rack-2", "52:54:00:ab:cd:ef").await.unwrap();
    let wrong = rack(db, "rack-3", "52:54:00:ab:cd:eg").await;

    assert_eq!(one.mac_address, other.mac_address);
    assert!(matches!(wrong, Err(Error::Invalid { kind: "mac_address", .. })), "{wrong:?}");
}

async fn a_provider_has_no_credentials_among_its_settings(db: &DatabaseConnection) {
    let by = &admin::<CreateCloud>(db).await;
    for (settings, is_good) in [
        (json!({"endpoint": "https://maas.example.org"}), true),
        (json!({"api": {"password": "hunter2"}}), false),
    ] {
        let settings = &settings;
        let of_provider = audited(db, &World::system(), |unit, _| {
            let row = cloud_provider::ActiveModel {
                name: Set("maas".to_owned()),
                provider_type: Set(CloudProviderType::Maas),
                config_data: Set(settings.clone()),
                ..Default::default()
            };
            Box::pin(records::create::<cloud_provider::Entity>(unit, by, row)) as BoxFuture<'_, _>
        })
        .await;
        let of_store = audited(db, &World::system(), |unit, _| {
            let row = storage_backend::ActiveModel {
                config_data: Set(settings.clone()),
                ..defaults::store("minio")
            };
            Box::pin(records::create::<storage_backend::Entity>(unit, by, row)) as BoxFuture<'_, _>
        })
        .await;

        assert_eq!((of_provider.is_ok(), of_store.is_ok()), (is_good, is_good), "{settings}");
        for error in [of_provider.err(), of_store.err()].into_iter().flatten() {
            assert!(matches!(error, Error::Invalid { kind: "config_data", .. }), "{error:?}");
        }
    }
}

async fn the_address_of_a_store_has_no_password_in_it(db: &DatabaseConnection) {
    let by = &admin::<CreateCloud>(db).await;
    let url = "https://ana:geheim@minio.example.org/";

    let refused = audited(db, &World::system(), |unit, _| {
        let row = storage_backend::ActiveModel {
            endpoint_url: Set(Some(url.to_owned())),
            ..defaults::store("minio")
        };
        Box::pin(records::create::<storage_backend::Entity>(unit, by, row)) as BoxFuture<'_, _>
    })
    .await;

    let Err(Error::Invalid { kind, input, .. }) = &refused else { panic!("{refused:?}") };
    assert_eq!((*kind, input.as_str()), ("endpoint_url", "***"));
}
