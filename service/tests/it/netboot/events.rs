//! What machines do, as it is reported.

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    netboot::{
        boot_event::{
            self,
            BootEventType::{
                self, BootStart, DeploymentComplete, DhcpRequest, EggComplete, EggStarted,
                OsInstalled, TftpRequest,
            },
        },
        ipxe_machine::{self, IpxeMachineStatus},
    },
};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use service::{
    Error, World,
    netboot::{self, boot_event::Event},
    rights::{ReadNetboot, ReportBoots},
};

use super::{MAC, machine_that_is, stored};
use crate::{people::admin, worlds::world};

plimsoll::on_every_database!(migration::app:
    a_machine_that_starts_to_boot_becomes_known,
    of_first_boots_at_once_one_makes_the_machine,
    what_a_machine_does_brings_it_to_where_that_leads,
    a_machine_is_seen_no_earlier_than_before,
    what_is_no_event_is_refused,
    what_a_machine_did_is_listed_the_latest_first,
);

fn event(address: &str, event_type: BootEventType) -> Event {
    Event {
        mac: address.to_owned(),
        ip: Some("192.0.2.7".to_owned()),
        event_type,
        details: json!({"by": "dnsmasq"}),
        status: Some("ok".to_owned()),
    }
}

async fn report(
    db: &DatabaseConnection,
    world: &World,
    address: &str,
    event_type: BootEventType,
) -> boot_event::Model {
    let by = &admin::<ReportBoots>(db).await;
    netboot::boot_event::report(db, world, by, event(address, event_type)).await.unwrap()
}

async fn a_machine_that_starts_to_boot_becomes_known(db: &DatabaseConnection) {
    let (world, clock) = world();

    let asked = report(db, &world, MAC, DhcpRequest).await;
    let fetched = report(db, &world, MAC, TftpRequest).await;
    let before = ipxe_machine::Entity::find().count(db).await.unwrap();
    let booted_at = clock.advance(TimeDelta::seconds(5));
    let booted = report(db, &world, "AA-BB-CC-DD-EE-FF", BootStart).await;
    let seen_at = clock.advance(TimeDelta::seconds(5));
    let asked_again = report(db, &world, MAC, DhcpRequest).await;

    assert_eq!((asked.machine_id, fetched.machine_id, before), (None, None, 0));
    assert_eq!((booted.mac_address.as_str(), booted.created_at), (MAC, booted_at));
    assert_eq!(asked_again.machine_id, booted.machine_id);
    let machine = stored(db, booted.machine_id.unwrap()).await;
    assert_eq!(machine.status, IpxeMachineStatus::Discovered);
    assert_eq!(
        (machine.mac_address.as_str(), machine.ip_address.as_deref()),
        (MAC, Some("192.0.2.7"))
    );
    assert_eq!((machine.created_at, machine.last_boot_at), (booted_at, Some(booted_at)));
    assert_eq!(machine.last_seen_at, Some(seen_at));
    assert_eq!(machine.system_id.len(), 16);

    let expected = machine_that_is(db, "aa:bb:cc:dd:ee:00", IpxeMachineStatus::Unknown).await;
    report(db, &world, "aa:bb:cc:dd:ee:00", DhcpRequest).await;
    assert_eq!(stored(db, expected.id).await.status, IpxeMachineStatus::Unknown);
    report(db, &world, "aa:bb:cc:dd:ee:00", BootStart).await;
    assert_eq!(stored(db, expected.id).await.status, IpxeMachineStatus::Discovered);
    assert_eq!(ipxe_machine::Entity::find().count(db).await.unwrap(), 2);
    // Too much of it comes for the audit log.
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 0);
}

async fn of_first_boots_at_once_one_makes_the_machine(db: &DatabaseConnection) {
    let world = &World::system();
    admin::<ReportBoots>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let address = &format!("aa:bb:cc:dd:ee:0{round}");

        let events = join_all((0..6).map(|_| report(db, world, address, BootStart))).await;

        let machines = ipxe_machine::Entity::find()
            .filter(ipxe_machine::Column::MacAddress.eq(address.as_str()))
            .all(db)
            .await
            .unwrap();
        assert_eq!(machines.len(), 1);
        assert_eq!(machines[0].status, IpxeMachineStatus::Discovered);
        assert!(events.iter().all(|event| event.machine_id == Some(machines[0].id)), "{events:?}");
    }
}

async fn what_a_machine_does_brings_it_to_where_that_leads(db: &DatabaseConnection) {
    use IpxeMachineStatus::{Commissioning, Deployed, Deploying, Failed, Ready};
    let (world, clock) = world();

    for (at, (from, event_type, to)) in [
        (Deploying, DeploymentComplete, Deployed),
        (Deploying, BootEventType::Error, Failed),
        (Commissioning, BootEventType::Error, Failed),
        // The eggs are still to come.
        (Deploying, OsInstalled, Deploying),
        (Deploying, EggStarted, Deploying),
        (Deploying, EggComplete, Deploying),
        (Deploying, BootStart, Deploying),
        (Ready, DeploymentComplete, Ready),
        (Ready, BootEventType::Error, Ready),
        (Deployed, BootEventType::Error, Deployed),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("aa:bb:cc:dd:ee:{at:02x}");
        let before = machine_that_is(db, &address, from).await;
        let now = clock.advance(TimeDelta::seconds(1));

        let event = report(db, &world, &address, event_type).await;

        let after = stored(db, before.id).await;
        assert_eq!(after.status, to, "{from:?} {event_type:?}");
        assert_eq!((event.machine_id, after.last_seen_at), (Some(before.id), Some(now)));
        assert_eq!(after.last_boot_at, (event_type == BootStart).then_some(now));
        assert_eq!(after.deployed_at, (from != to && to == Deployed).then_some(now));
        assert_eq!(after.updated_at == before.updated_at, from == to, "{event_type:?}");
    }
}

async fn a_machine_is_seen_no_earlier_than_before(db: &DatabaseConnection) {
    let (world, clock) = world();
    let machine = machine_that_is(db, MAC, IpxeMachineStatus::Ready).await;
    let later = clock.advance(TimeDelta::hours(1));
    report(db, &world, MAC, BootStart).await;

    clock.advance(TimeDelta::hours(-2));
    report(db, &world, MAC, BootStart).await;

    let machine = stored(db, machine.id).await;
    assert_eq!((machine.last_seen_at, machine.last_boot_at), (Some(later), Some(later)));
}

async fn what_is_no_event_is_refused(db: &DatabaseConnection) {
    let by = &admin::<ReportBoots>(db).await;
    let world = &World::system();

    for (wrong, kind) in [
        (event("aa:bb", BootStart), "mac_address"),
        (Event { ip: Some("192.0.2".to_owned()), ..event(MAC, BootStart) }, "ip_address"),
        (Event { details: json!([]), ..event(MAC, BootStart) }, "details"),
        (Event { details: json!({"a": "\0"}), ..event(MAC, BootStart) }, "details"),
        (Event { status: Some("s".repeat(65)), ..event(MAC, BootStart) }, "status"),
    ] {
        let refused = netboot::boot_event::report(db, world, by, wrong).await;

        assert!(
            matches!(&refused, Err(Error::Invalid { kind: of, .. }) if *of == kind),
            "{refused:?}"
        );
    }
    assert_eq!(boot_event::Entity::find().count(db).await.unwrap(), 0);
    assert_eq!(ipxe_machine::Entity::find().count(db).await.unwrap(), 0);
}

async fn what_a_machine_did_is_listed_the_latest_first(db: &DatabaseConnection) {
    let (world, _) = world();
    let by = &admin::<ReadNetboot>(db).await;
    let machine = machine_that_is(db, MAC, IpxeMachineStatus::Ready).await;
    machine_that_is(db, "aa:bb:cc:dd:ee:00", IpxeMachineStatus::Ready).await;
    for event_type in [DhcpRequest, TftpRequest, BootStart] {
        report(db, &world, MAC, event_type).await;
        report(db, &world, "aa:bb:cc:dd:ee:00", event_type).await;
    }

    let first = netboot::boot_event::of_machine(db, by, machine.id, None, 2).await.unwrap();
    let rest = netboot::boot_event::of_machine(db, by, machine.id, first.next, 2).await.unwrap();
    let missing = netboot::boot_event::of_machine(db, by, 404, None, 2).await;

    let types: Vec<BootEventType> =
        first.rows.iter().chain(&rest.rows).map(|event| event.event_type).collect();
    assert_eq!(types, [BootStart, TftpRequest, DhcpRequest]);
    assert_eq!((first.rows.len(), rest.next), (2, None));
    assert_eq!(first.rows[0].details, json!({"by": "dnsmasq"}));
    assert!(matches!(missing, Err(Error::NotFound { kind: "network machine", .. })), "{missing:?}");
}
