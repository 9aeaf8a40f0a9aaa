//! Machines: from which state one comes to which, and what it is known by.

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    netboot::ipxe_machine::{self, IpxeMachineStatus},
};
use futures_util::future::join_all;
use plimsoll::retry::BoxFuture;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait};
use service::{
    Error, Result, World,
    audit::audited,
    netboot,
    rights::{ReadNetboot, UpdateNetboot},
    rule::Rule,
};

use super::{MAC, is_refused, machine, machine_that_is, stored};
use crate::{
    people::admin,
    plainly::{create, update},
    worlds::world,
};

plimsoll::on_every_database!(migration::app:
    a_machine_goes_from_its_state_to_where_a_way_leads,
    of_changes_to_one_machine_at_once_each_is_held_against_what_it_finds,
    how_far_a_machine_is_is_not_written_plainly,
    a_machine_is_known_by_its_address_in_whatever_form,
);

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
