//! Network boot: what machines boot, what is put on them, and how far they come.

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
        egg::{self, EggArchitecture, EggType},
        egg_group, ipxe_boot_config,
        ipxe_config::{self, DhcpMode},
        ipxe_image,
        ipxe_machine::{self, IpxeMachineStatus},
    },
};
use futures_util::future::{join, join_all};
use plimsoll::retry::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, sea_query::Expr,
};
use serde_json::json;
use service::{
    Error, Result, World,
    audit::audited,
    deletion::Deletion,
    netboot::{
        self,
        boot::{self, Boots, Plan},
        boot_event::Event,
    },
    records::{self, Create, Delete, Update},
    rights::{self, Actor, DeleteNetboot, Nobody, ReadNetboot, ReportBoots, UpdateNetboot},
    rule::Rule,
};

use crate::people::{admin, person};
use crate::{
    plainly::{create, update},
    worlds::world,
};

plimsoll::on_every_database!(migration::app:
    a_machine_goes_from_its_state_to_where_a_way_leads,
    of_changes_to_one_machine_at_once_each_is_held_against_what_it_finds,
    how_far_a_machine_is_is_not_written_plainly,
    a_machine_is_known_by_its_address_in_whatever_form,
    a_machine_that_starts_to_boot_becomes_known,
    of_first_boots_at_once_one_makes_the_machine,
    what_a_machine_does_brings_it_to_where_that_leads,
    a_machine_is_seen_no_earlier_than_before,
    what_is_no_event_is_refused,
    what_a_machine_did_is_listed_the_latest_first,
    a_machine_boots_what_its_configuration_says,
    a_machine_that_nothing_is_said_of_is_told_what_the_network_says,
    an_egg_that_cannot_be_put_on_a_machine_is_told_when_it_boots,
    lists_name_eggs_that_are_there,
    an_egg_that_is_named_stays_and_keeps_its_name,
    of_an_egg_that_is_named_and_deleted_at_once_one_comes_first,
    of_eggs_that_come_to_need_each_other_at_once_none_closes_a_circle,
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

async fn change(
    db: &DatabaseConnection,
    world: &World,
    id: i64,
    to: IpxeMachineStatus,
) -> Result<ipxe_machine::Model> {
    let by = &admin::<UpdateNetboot>(db).await;
    audited(db, world, |unit, _| {
        Box::pin(netboot::machine::change_status(unit, by, id, to)) as BoxFuture<'_, _>
    })
    .await
}

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

async fn plan(db: &DatabaseConnection, address: &str) -> Result<Plan> {
    let by = &admin::<ReadNetboot>(db).await;
    boot::plan(db, by, address).await
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.eggs.iter().map(|egg| egg.name.as_str()).collect()
}

fn kernel(plan: &Plan) -> &str {
    match &plan.boots {
        Boots::System(system) => &system.kernel,
        other => panic!("{other:?}"),
    }
}

async fn delete_egg(db: &DatabaseConnection, id: i64) -> Result<Deletion> {
    let by = &admin::<DeleteNetboot>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(netboot::egg::delete(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
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

async fn a_machine_goes_from_its_state_to_where_a_way_leads(db: &DatabaseConnection) {
    use IpxeMachineStatus::{Commissioning, Deployed, Deploying, Discovered, Failed, Ready};
    let (world, clock) = world();
    let id = machine_that_is(db, MAC, IpxeMachineStatus::Unknown).await.id;

    for to in [Discovered, Commissioning, Failed, Commissioning, Ready, Deploying] {
        assert_eq!(change(db, &world, id, to).await.unwrap().status, to);
    }
    let deployed_at = clock.advance(TimeDelta::hours(1));
    let deployed = change(db, &world, id, Deployed).await.unwrap();
    clock.advance(TimeDelta::hours(1));
    let again = change(db, &world, id, Deployed).await.unwrap();
    let refused = change(db, &world, id, Deploying).await;
    let missing = change(db, &world, 404, Ready).await;

    assert_eq!((deployed.deployed_at, deployed.updated_at), (Some(deployed_at), deployed_at));
    assert_eq!(again, deployed);
    let Err(Error::Refused { rule: Rule::Transition, because }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        because,
        &format!("network machine `{id}` does not go from `deployed` to `deploying`")
    );
    assert!(matches!(missing, Err(Error::NotFound { kind: "network machine", .. })), "{missing:?}");
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), 7);
}

async fn of_changes_to_one_machine_at_once_each_is_held_against_what_it_finds(
    db: &DatabaseConnection,
) {
    use IpxeMachineStatus::{Deployed, Deploying, Failed};
    let world = &World::system();
    admin::<UpdateNetboot>(db).await;
    for round in 0..plimsoll::testing::cases(3) {
        let id = machine_that_is(db, &format!("aa:bb:cc:dd:ee:0{round}"), Deploying).await.id;
        let wanted = [Deployed, Failed, Deployed, Failed];

        let outcomes = join_all(wanted.map(|to| change(db, world, id, to))).await;

        let last = stored(db, id).await.status;
        assert!(wanted.contains(&last), "{last:?}");
        for (to, outcome) in wanted.into_iter().zip(&outcomes) {
            assert_eq!(outcome.is_ok(), to == last, "{outcome:?}");
            assert!(outcome.is_ok() || is_refused(outcome, Rule::Transition), "{outcome:?}");
        }
    }
}

async fn how_far_a_machine_is_is_not_written_plainly(db: &DatabaseConnection) {
    let machine = create::<ipxe_machine::Entity>(db, machine(MAC)).await.unwrap();
    let now = Some(machine.created_at);

    for row in [
        ipxe_machine::ActiveModel {
            status: Set(IpxeMachineStatus::Deployed),
            ..Default::default()
        },
        ipxe_machine::ActiveModel { last_boot_at: Set(now), ..Default::default() },
        ipxe_machine::ActiveModel { last_seen_at: Set(now), ..Default::default() },
        ipxe_machine::ActiveModel { deployed_at: Set(now), ..Default::default() },
    ] {
        let refused = update::<ipxe_machine::Entity>(db, machine.id, row).await;

        assert!(
            matches!(refused, Err(Error::Invalid { kind: "network machine", .. })),
            "{refused:?}"
        );
    }
    assert_eq!(machine.status, IpxeMachineStatus::Unknown);
    assert_eq!(stored(db, machine.id).await, machine);
}

async fn a_machine_is_known_by_its_address_in_whatever_form(db: &DatabaseConnection) {
    let by = &admin::<ReadNetboot>(db).await;
    let made = create::<ipxe_machine::Entity>(db, machine("AA-BB-CC-DD-EE-FF")).await.unwrap();

    let again = create::<ipxe_machine::Entity>(db, machine("aabb.ccdd.eeff")).await;
    let found = netboot::machine::by_mac(db, by, "AABBCCDDEEFF").await.unwrap();
    let missing = netboot::machine::by_mac(db, by, "aa:bb:cc:dd:ee:00").await;
    let wrong = netboot::machine::by_mac(db, by, "aa:bb").await;
    let without =
        ipxe_machine::ActiveModel { system_id: Set("x".to_owned()), ..Default::default() };
    let without = create::<ipxe_machine::Entity>(db, without).await;

    assert_eq!((made.mac_address.as_str(), found.id), (MAC, made.id));
    assert!(
        matches!(&again, Err(Error::AlreadyExists { kind: "network machine", key }) if key == MAC),
        "{again:?}"
    );
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert!(matches!(wrong, Err(Error::Invalid { kind: "mac_address", .. })), "{wrong:?}");
    assert!(matches!(without, Err(Error::Invalid { .. })), "{without:?}");
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

async fn a_machine_boots_what_its_configuration_says(db: &DatabaseConnection) {
    for (name, needed) in [("lxd", &[][..]), ("docker", &["lxd"][..]), ("app", &["docker"][..])] {
        create::<egg::Entity>(db, egg(name, needed)).await.unwrap();
    }
    let updates = egg::ActiveModel { is_default: Set(true), ..egg("updates", &[]) };
    create::<egg::Entity>(db, updates).await.unwrap();
    let firmware = egg::ActiveModel {
        is_default: Set(true),
        required_architecture: Set(EggArchitecture::Arm64),
        ..egg("firmware", &[])
    };
    create::<egg::Entity>(db, firmware).await.unwrap();
    let base = create::<egg_group::Entity>(db, group("base", &["docker"])).await.unwrap();
    choose_group(db, base.id).await.unwrap();
    let nothing = create::<egg_group::Entity>(db, group("nothing", &[])).await.unwrap();
    let noble = create::<ipxe_image::Entity>(db, image("noble")).await.unwrap();
    choose_image(db, noble.id).await.unwrap();
    let jammy = create::<ipxe_image::Entity>(db, image("jammy")).await.unwrap();
    let all = create::<ipxe_boot_config::Entity>(db, config("all")).await.unwrap();
    choose_config(db, all.id).await.unwrap();
    let own = ipxe_boot_config::ActiveModel {
        default_image_id: Set(Some(jammy.id)),
        assigned_egg_group_id: Set(Some(nothing.id)),
        kernel_params: Set(Some("quiet".to_owned())),
        timeout_seconds: Set(0),
        ..config("own")
    };
    let own = create::<ipxe_boot_config::Entity>(db, own).await.unwrap();
    create::<ipxe_config::Entity>(db, network("lab")).await.unwrap();
    create::<ipxe_machine::Entity>(db, machine(MAC)).await.unwrap();
    let special = ipxe_machine::ActiveModel {
        boot_config_id: Set(Some(own.id)),
        assigned_eggs: Set(json!(["app"])),
        ..machine("aa:bb:cc:dd:ee:00")
    };
    create::<ipxe_machine::Entity>(db, special).await.unwrap();

    let usual = plan(db, "AA-BB-CC-DD-EE-FF").await.unwrap();
    let special = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();

    assert_eq!(kernel(&usual), "http://boot.example.org/noble/vmlinuz");
    assert_eq!((names(&usual), usual.timeout_seconds), (vec!["updates", "lxd", "docker"], 30));
    assert_eq!(kernel(&special), "http://boot.example.org/jammy/vmlinuz");
    assert_eq!(names(&special), ["updates", "lxd", "docker", "app"]);
    assert_eq!(
        boot::render(&special),
        "#!ipxe\nkernel http://boot.example.org/jammy/vmlinuz quiet\nboot\n"
    );

    // What its configuration named is gone: it falls back on what is default.
    let by = &admin::<DeleteNetboot>(db).await;
    let (jammy, nothing) = (jammy.id, nothing.id);
    audited(db, &World::system(), |unit, _| {
        Box::pin(async move {
            records::delete::<ipxe_image::Entity>(unit, by, jammy).await?;
            records::delete::<egg_group::Entity>(unit, by, nothing).await
        }) as BoxFuture<'_, _>
    })
    .await
    .unwrap();
    let special = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();
    assert_eq!(kernel(&special), "http://boot.example.org/noble/vmlinuz");
    assert_eq!(names(&special), ["updates", "lxd", "docker", "app"]);

    let off = ipxe_image::ActiveModel { is_active: Set(false), ..image("old") };
    let old = create::<ipxe_image::Entity>(db, off).await.unwrap();
    let with_old =
        ipxe_boot_config::ActiveModel { default_image_id: Set(Some(old.id)), ..Default::default() };
    update::<ipxe_boot_config::Entity>(db, own.id, with_old).await.unwrap();
    let refused = plan(db, "aa:bb:cc:dd:ee:00").await;
    assert!(is_refused(&refused, Rule::Inactive), "{refused:?}");
}

async fn a_machine_that_nothing_is_said_of_is_told_what_the_network_says(db: &DatabaseConnection) {
    let nothing = plan(db, MAC).await.unwrap();
    let off = ipxe_config::ActiveModel {
        is_active: Set(false),
        chain_url: Set(Some("http://off.example.org/".to_owned())),
        ..network("off")
    };
    create::<ipxe_config::Entity>(db, off).await.unwrap();
    let lab = create::<ipxe_config::Entity>(db, network("lab")).await.unwrap();
    let second = ipxe_config::ActiveModel {
        chain_url: Set(Some("http://second.example.org/".to_owned())),
        ..network("second")
    };
    create::<ipxe_config::Entity>(db, second).await.unwrap();
    let script = plan(db, MAC).await.unwrap();
    create::<egg::Entity>(db, egg("docker", &[])).await.unwrap();
    let known = ipxe_machine::ActiveModel { assigned_eggs: Set(json!(["docker"])), ..machine(MAC) };
    let known = create::<ipxe_machine::Entity>(db, known).await.unwrap();
    let without_config = plan(db, MAC).await.unwrap();
    let chain = ipxe_config::ActiveModel {
        chain_url: Set(Some("http://other.example.org/".to_owned())),
        ..Default::default()
    };
    update::<ipxe_config::Entity>(db, lab.id, chain).await.unwrap();
    let sent_on = plan(db, "aa:bb:cc:dd:ee:00").await.unwrap();
    let wrong = plan(db, "aa:bb").await;

    assert_eq!(boot::render(&nothing), "#!ipxe\nexit\n");
    assert_eq!(boot::render(&script), "#!ipxe\nshell\n");
    assert_eq!((script.machine_id, names(&script)), (None, vec![]));
    assert_eq!(boot::render(&without_config), "#!ipxe\nshell\n");
    assert_eq!(without_config.machine_id, Some(known.id));
    assert_eq!(names(&without_config), ["docker"]);
    assert_eq!(boot::render(&sent_on), "#!ipxe\nchain http://other.example.org/\n");
    assert!(matches!(wrong, Err(Error::Invalid { kind: "mac_address", .. })), "{wrong:?}");
}

async fn an_egg_that_cannot_be_put_on_a_machine_is_told_when_it_boots(db: &DatabaseConnection) {
    let lxd = create::<egg::Entity>(db, egg("lxd", &[])).await.unwrap();
    create::<egg::Entity>(db, egg("docker", &["lxd"])).await.unwrap();
    let row = ipxe_machine::ActiveModel {
        assigned_eggs: Set(json!(["docker"])),
        memory_mb: Set(1024),
        ..machine(MAC)
    };
    create::<ipxe_machine::Entity>(db, row).await.unwrap();
    assert_eq!(names(&plan(db, MAC).await.unwrap()), ["lxd", "docker"]);

    let large = egg::ActiveModel { min_ram_mb: Set(2048), ..Default::default() };
    update::<egg::Entity>(db, lxd.id, large).await.unwrap();
    let too_large = plan(db, MAC).await;
    let off = egg::ActiveModel { is_active: Set(false), min_ram_mb: Set(0), ..Default::default() };
    update::<egg::Entity>(db, lxd.id, off).await.unwrap();
    let out_of_use = plan(db, MAC).await;
    // Behind the program, which lets neither happen.
    egg::Entity::update_many()
        .col_expr(egg::Column::Dependencies, Expr::value(json!(["docker"])))
        .filter(egg::Column::Id.eq(lxd.id))
        .exec(db)
        .await
        .unwrap();
    let circle = plan(db, MAC).await;
    egg::Entity::delete_by_id(lxd.id).exec(db).await.unwrap();
    let missing = plan(db, MAC).await;

    assert!(is_refused(&too_large, Rule::Unsuitable), "{too_large:?}");
    assert!(is_refused(&out_of_use, Rule::Inactive), "{out_of_use:?}");
    assert!(is_refused(&circle, Rule::Unsuitable), "{circle:?}");
    assert!(is_no_egg(&missing, "lxd"), "{missing:?}");
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
