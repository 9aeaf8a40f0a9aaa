//! Network boot: what machines boot, what is put on them, and how far they come.

mod boots;
mod eggs;
mod events;
mod machines;

use entity::netboot::{
    boot_event,
    egg::{self, EggType},
    egg_group, ipxe_boot_config,
    ipxe_config::{self, DhcpMode},
    ipxe_image,
    ipxe_machine::{self, IpxeMachineStatus},
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    netboot,
    records::{Create, Delete, Update},
    rights::{self, Actor, Nobody, UpdateNetboot},
    rule::Rule,
};

use crate::{
    people::{admin, person},
    plainly::{create, update},
};

plimsoll::on_every_database!(migration::app:
    there_is_one_default_of_a_kind_and_it_stays_in_use,
    of_images_that_are_chosen_at_once_one_is_the_default,
    nobody_writes_events_plainly_or_removes_eggs_so,
    a_network_gives_addresses_of_its_own,
);

const MAC: &str = "aa:bb:cc:dd:ee:ff";

fn machine(address: &str) -> ipxe_machine::ActiveModel {
    ipxe_machine::ActiveModel {
        system_id: Set(format!("at {address}")),
        mac_address: Set(address.to_owned()),
        ..Default::default()
    }
}

async fn machine_that_is(
    db: &DatabaseConnection,
    address: &str,
    status: IpxeMachineStatus,
) -> ipxe_machine::Model {
    let row = ipxe_machine::ActiveModel { status: Set(status), ..machine(address) };
    row.insert(db).await.unwrap()
}

async fn stored(db: &DatabaseConnection, id: i64) -> ipxe_machine::Model {
    ipxe_machine::Entity::find_by_id(id).one(db).await.unwrap().unwrap()
}

fn egg(name: &str, needed: &[&str]) -> egg::ActiveModel {
    egg::ActiveModel {
        name: Set(name.to_owned()),
        display_name: Set(name.to_owned()),
        egg_type: Set(EggType::Snap),
        snap_name: Set(Some(name.to_owned())),
        dependencies: Set(json!(needed)),
        ..Default::default()
    }
}

fn group(name: &str, eggs: &[&str]) -> egg_group::ActiveModel {
    egg_group::ActiveModel {
        name: Set(name.to_owned()),
        display_name: Set(name.to_owned()),
        eggs: Set(json!(eggs)),
        ..Default::default()
    }
}

fn image(name: &str) -> ipxe_image::ActiveModel {
    ipxe_image::ActiveModel {
        name: Set(name.to_owned()),
        display_name: Set(name.to_owned()),
        kernel_path: Set(Some(format!("{name}/vmlinuz"))),
        ..Default::default()
    }
}

fn config(name: &str) -> ipxe_boot_config::ActiveModel {
    ipxe_boot_config::ActiveModel { name: Set(name.to_owned()), ..Default::default() }
}

fn network(name: &str) -> ipxe_config::ActiveModel {
    ipxe_config::ActiveModel {
        name: Set(name.to_owned()),
        http_boot_url: Set(Some("http://boot.example.org".to_owned())),
        default_boot_script: Set(Some("#!ipxe\nshell\n".to_owned())),
        ..Default::default()
    }
}

async fn choose_image(db: &DatabaseConnection, id: i64) -> Result<ipxe_image::Model> {
    let by = &admin::<UpdateNetboot>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(netboot::image::make_default(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn choose_group(db: &DatabaseConnection, id: i64) -> Result<egg_group::Model> {
    let by = &admin::<UpdateNetboot>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(netboot::egg_group::make_default(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

async fn choose_config(db: &DatabaseConnection, id: i64) -> Result<ipxe_boot_config::Model> {
    let by = &admin::<UpdateNetboot>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(netboot::boot_config::make_default(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}

fn is_refused<T>(outcome: &Result<T>, by: Rule) -> bool {
    matches!(outcome, Err(Error::Refused { rule, .. }) if *rule == by)
}

fn is_no_egg<T>(outcome: &Result<T>, name: &str) -> bool {
    matches!(outcome, Err(Error::NotFound { kind: "egg", key }) if key == name)
}

async fn there_is_one_default_of_a_kind_and_it_stays_in_use(db: &DatabaseConnection) {
    let mut images = Vec::new();
    let mut groups = Vec::new();
    let mut configs = Vec::new();
    for name in ["one", "other"] {
        images.push(create::<ipxe_image::Entity>(db, image(name)).await.unwrap().id);
        groups.push(create::<egg_group::Entity>(db, group(name, &[])).await.unwrap().id);
        configs.push(create::<ipxe_boot_config::Entity>(db, config(name)).await.unwrap().id);
    }

    for at in [0, 1] {
        assert!(choose_image(db, images[at]).await.unwrap().is_default);
        assert!(choose_group(db, groups[at]).await.unwrap().is_default);
        assert!(choose_config(db, configs[at]).await.unwrap().is_default);
    }
    let off = || ipxe_image::ActiveModel { is_active: Set(false), ..Default::default() };
    let put_out_of_use = update::<ipxe_image::Entity>(db, images[1], off()).await;
    update::<ipxe_image::Entity>(db, images[0], off()).await.unwrap();
    let out_of_use = choose_image(db, images[0]).await;
    let plainly = egg_group::ActiveModel { is_default: Set(true), ..Default::default() };
    let plainly = update::<egg_group::Entity>(db, groups[0], plainly).await;

    let is_default = ipxe_image::Column::IsDefault.eq(true);
    let defaults = ipxe_image::Entity::find().filter(is_default).all(db).await.unwrap();
    assert_eq!((defaults.len(), defaults[0].id), (1, images[1]));
    let is_default = egg_group::Column::IsDefault.eq(true);
    let defaults = egg_group::Entity::find().filter(is_default).all(db).await.unwrap();
    assert_eq!((defaults.len(), defaults[0].id), (1, groups[1]));
    let is_default = ipxe_boot_config::Column::IsDefault.eq(true);
    let defaults = ipxe_boot_config::Entity::find().filter(is_default).all(db).await.unwrap();
    assert_eq!((defaults.len(), defaults[0].id), (1, configs[1]));
    assert!(is_refused(&put_out_of_use, Rule::InUse), "{put_out_of_use:?}");
    assert!(is_refused(&out_of_use, Rule::Inactive), "{out_of_use:?}");
    assert!(matches!(plainly, Err(Error::Invalid { .. })), "{plainly:?}");
}

async fn of_images_that_are_chosen_at_once_one_is_the_default(db: &DatabaseConnection) {
    let mut ids = Vec::new();
    for name in ["one", "two", "three", "four"] {
        ids.push(create::<ipxe_image::Entity>(db, image(name)).await.unwrap().id);
    }
    for _ in 0..plimsoll::testing::cases(3) {
        let outcomes = join_all(ids.iter().map(|id| choose_image(db, *id))).await;

        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let defaults = ipxe_image::Entity::find().filter(ipxe_image::Column::IsDefault.eq(true));
        assert_eq!(defaults.count(db).await.unwrap(), 1);
    }
}

async fn nobody_writes_events_plainly_or_removes_eggs_so(db: &DatabaseConnection) {
    let boss = Actor::of(&person(db, "chief", &["admin"]).await);

    let refusals = [
        rights::check::<Create<boot_event::Entity>>(db, &boss).await.map(drop),
        rights::check::<Update<boot_event::Entity>>(db, &boss).await.map(drop),
        rights::check::<Delete<boot_event::Entity>>(db, &boss).await.map(drop),
        rights::check::<Delete<egg::Entity>>(db, &boss).await.map(drop),
        rights::check::<Nobody>(db, &boss).await.map(drop),
    ];

    for refused in refusals {
        assert!(matches!(refused, Err(Error::Forbidden { permission: "nobody" })), "{refused:?}");
    }
    rights::check::<Delete<egg_group::Entity>>(db, &boss).await.unwrap();
}

async fn a_network_gives_addresses_of_its_own(db: &DatabaseConnection) {
    let text = |text: &str| Set(Some(text.to_owned()));
    let full = |name: &str| ipxe_config::ActiveModel {
        dhcp_mode: Set(DhcpMode::Full),
        dhcp_subnet: text("192.0.2.0/24"),
        dhcp_range_start: text("192.0.2.100"),
        dhcp_range_end: text("192.0.2.200"),
        ..network(name)
    };
    let lab = create::<ipxe_config::Entity>(db, full("lab")).await.unwrap();

    let beyond = ipxe_config::ActiveModel { dhcp_range_end: text("192.0.3.1"), ..full("beyond") };
    let beyond = create::<ipxe_config::Entity>(db, beyond).await;
    let moved =
        ipxe_config::ActiveModel { dhcp_subnet: text("198.51.100.0/24"), ..Default::default() };
    let moved = update::<ipxe_config::Entity>(db, lab.id, moved).await;
    let without = ipxe_config::ActiveModel { dhcp_mode: Set(DhcpMode::Full), ..network("without") };
    let without = create::<ipxe_config::Entity>(db, without).await;

    for refused in [beyond, moved, without] {
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
}
