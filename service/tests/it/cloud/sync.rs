//! What providers say of their machines.

use chrono::TimeDelta;
use entity::{
    audit::system_log,
    cloud::{cloud_machine, cloud_provider},
};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use service::{
    Error, Result, World,
    cloud::{
        machine::MachineStatus::*,
        sync::{self, Report, Synced},
    },
    rights::{CreateCloud, Granted, UpdateCloud},
    rule::Rule,
};

use super::{is_refused, provider, put_out_of_use, stored, world};
use crate::people::admin;

plimsoll::on_every_database!(migration::app:
    what_a_provider_says_of_a_machine_is_added_and_then_kept_up,
    a_status_to_which_no_way_leads_is_told_and_left,
    providers_that_are_not_there_or_out_of_use_say_nothing,
    syncs_that_come_at_once_add_a_machine_once,
    a_provider_notes_when_its_machines_were_read,
);

type Rights = (Granted<CreateCloud>, Granted<UpdateCloud>);

async fn rights(db: &DatabaseConnection) -> Rights {
    (admin(db).await, admin(db).await)
}

async fn say(
    db: &DatabaseConnection,
    world: &World,
    (create, update): &Rights,
    provider_id: i64,
    report: &Report,
) -> Result<Synced> {
    sync::machine(db, world, (create, update), provider_id, report).await
}

async fn what_a_provider_says_of_a_machine_is_added_and_then_kept_up(db: &DatabaseConnection) {
    let (by, aws) = (rights(db).await, provider(db, "aws").await);
    let (world, clock) = world();
    let running = Report {
        hostname: Some("web".to_owned()),
        ip_address: Some("192.0.2.7".to_owned()),
        architecture: Some("arm64".to_owned()),
        cpu_count: Some(2),
        tags: vec!["web".to_owned()],
        attributes: json!({"vpc": "vpc-1"}).as_object().unwrap().clone(),
        ..Report::new("i-1", Running)
    };
    let stopped =
        Report { ip_address: None, architecture: None, status: Stopped, ..running.clone() };
    let told = system_log::Entity::find().count(db).await.unwrap();

    let added = say(db, &world, &by, aws.id, &running).await.unwrap();
    let later = clock.advance(TimeDelta::minutes(5));
    let again = say(db, &world, &by, aws.id, &running).await.unwrap();
    let changed = say(db, &world, &by, aws.id, &stopped).await.unwrap();

    assert_eq!((added.is_new, added.conflict), (true, None));
    let machine = &added.machine;
    assert_eq!((machine.provider_id, machine.external_id.as_str()), (aws.id, "i-1"));
    assert_eq!((machine.status, machine.cpu_count), (Running, Some(2)));
    assert_eq!((machine.architecture.as_str(), &machine.tags), ("arm64", &json!(["web"])));
    assert_eq!(machine.attributes, json!({"vpc": "vpc-1"}));
    // What was said before is no change.
    assert_eq!(again, Synced { is_new: false, ..added.clone() });
    assert_eq!((changed.machine.status, changed.conflict), (Stopped, None));
    assert_eq!((&changed.machine.ip_address, changed.machine.updated_at), (&None, later));
    assert_eq!(changed.machine.architecture, "arm64");
    assert_eq!(stored(db, machine.id).await, changed.machine);
    assert_eq!(system_log::Entity::find().count(db).await.unwrap(), told);
    let other = provider(db, "gcp").await;
    assert!(say(db, &world, &by, other.id, &running).await.unwrap().is_new);
}

async fn a_status_to_which_no_way_leads_is_told_and_left(db: &DatabaseConnection) {
    let (by, aws) = (rights(db).await, provider(db, "aws").await);
    let (world, _) = world();
    say(db, &world, &by, aws.id, &Report::new("i-1", Terminated)).await.unwrap();

    let back = Report { hostname: Some("web".to_owned()), ..Report::new("i-1", Running) };
    let synced = say(db, &world, &by, aws.id, &back).await.unwrap();

    assert_eq!((synced.is_new, synced.conflict), (false, Some(Running)));
    assert_eq!(synced.machine.status, Terminated);
    assert_eq!(synced.machine.hostname.as_deref(), Some("web"));
}

async fn providers_that_are_not_there_or_out_of_use_say_nothing(db: &DatabaseConnection) {
    let (by, aws) = (rights(db).await, provider(db, "aws").await);
    let (world, _) = world();

    let missing = say(db, &world, &by, 404, &Report::new("i-1", Running)).await;
    let nameless = say(db, &world, &by, aws.id, &Report::new("", Running)).await;
    let wrong = Report { cpu_count: Some(-1), ..Report::new("i-1", Running) };
    let wrong = say(db, &world, &by, aws.id, &wrong).await;
    put_out_of_use(db, aws.id).await;
    let unused = say(db, &world, &by, aws.id, &Report::new("i-1", Running)).await;

    assert!(matches!(missing, Err(Error::NotFound { kind: "provider", .. })), "{missing:?}");
    assert!(matches!(nameless, Err(Error::Invalid { kind: "external id", .. })), "{nameless:?}");
    assert!(matches!(wrong, Err(Error::Invalid { kind: "cpu_count", .. })), "{wrong:?}");
    assert!(is_refused(&unused, Rule::Inactive), "{unused:?}");
    assert_eq!(cloud_machine::Entity::find().count(db).await.unwrap(), 0);
}

async fn syncs_that_come_at_once_add_a_machine_once(db: &DatabaseConnection) {
    let (by, aws) = (rights(db).await, provider(db, "aws").await);
    let (world, _) = world();
    for round in 0..plimsoll::testing::cases(3) {
        let report = &Report::new(format!("i-{round}"), Running);

        let outcomes = join_all((0..6).map(|_| say(db, &world, &by, aws.id, report))).await;

        let synced: Vec<Synced> = outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(synced.iter().filter(|synced| synced.is_new).count(), 1, "{synced:?}");
        let of_report = cloud_machine::Column::ExternalId.eq(report.external_id.as_str());
        let machines = cloud_machine::Entity::find().filter(of_report);
        assert_eq!(machines.count(db).await.unwrap(), 1);
    }
}

async fn a_provider_notes_when_its_machines_were_read(db: &DatabaseConnection) {
    let ((_, by), aws) = (rights(db).await, provider(db, "aws").await);
    let (world, _) = world();

    sync::finish(db, &world, &by, aws.id).await.unwrap();
    let missing = sync::finish(db, &world, &by, 404).await;

    let row = cloud_provider::Entity::find_by_id(aws.id).one(db).await.unwrap().unwrap();
    assert_eq!(row.last_sync_at, Some(world.clock.now()));
    assert!(matches!(missing, Err(Error::NotFound { kind: "provider", .. })), "{missing:?}");
}
