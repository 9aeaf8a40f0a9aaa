//! Two people of a source never become one here, and nobody is called by the address of another.

use std::collections::BTreeMap;

use entity::displays::device;
use sea_orm::{DatabaseConnection, EntityTrait};
use serde_json::json;
use service::imports::{Options, Remark, Report};

use super::file::{File, bring, counts, named, person_with, refused, run};
use crate::people::person;

plimsoll::on_every_database!(migration::app:
    two_people_of_one_batch_do_not_become_one,
    whoever_came_in_by_another_name_is_not_taken_for_somebody_else,
);

fn map(old: &str, new: &str) -> Options {
    let names = BTreeMap::from([(old.to_owned(), new.to_owned())]);
    Options { names, ..Options::default() }
}

fn at<'r>(report: &'r Report, unit: &str, path: &str) -> Vec<&'r Remark> {
    report.remarks.iter().filter(|remark| remark.unit == unit && remark.path == path).collect()
}

async fn two_people_of_one_batch_do_not_become_one(db: &DatabaseConnection) {
    let boss = person(db, "boss", &[]).await;
    let file = File::of(
        &[
            person_with("Boss", &json!({"id": "0000000a"})),
            person_with("boss", &json!({"id": "0000000b"})),
        ],
        4,
    )
    .await;

    let dry = run(db, &file, &Options { dry_run: true, ..Options::default() }).await.unwrap();
    let report = bring(db, &file).await;
    let again = bring(db, &file).await;

    assert_eq!((&dry.tables, &dry.remarks), (&report.tables, &report.remarks));
    for report in [&report, &again] {
        let told = refused(report);
        assert_eq!((told.len(), &*told[0].unit), (1, "boss"), "{told:?}");
        assert!(told[0].reason.contains("another record became"), "{told:?}");
    }
    let displays = device::Entity::find().all(db).await.unwrap();
    assert_eq!(displays.len(), 1);
    assert_eq!((&*displays[0].id, displays[0].user_id), ("0000000a", boss.id));
}

async fn whoever_came_in_by_another_name_is_not_taken_for_somebody_else(db: &DatabaseConnection) {
    let file = File::of(&[person_with("aa", &json!({"id": "0000000a"}))], 4).await;

    let misnamed = run(db, &file, &map("aa", "boss@example.org")).await.unwrap();
    assert_eq!((misnamed.faults, at(&misnamed, "aa", "username").len()), (1, 1), "{misnamed:?}");
    assert_eq!(counts(db).await[..2], [0, 0]);

    run(db, &file, &map("aa", "zed")).await.unwrap();
    let (_, document) = person_with("zed", &json!({"id": "0000000b"}));
    let insert = format!("INSERT INTO json_data (username, data) VALUES ('zed', '{document}')");
    file.execute(&insert).await;
    let second = run(db, &file, &map("aa", "zed")).await.unwrap();

    assert_eq!(refused(&second).len(), 1, "{second:?}");
    assert!(refused(&second)[0].reason.contains("another record became"), "{second:?}");
    assert!(at(&second, "aa", "username").is_empty(), "{second:?}");
    let displays = device::Entity::find().all(db).await.unwrap();
    assert_eq!(displays.len(), 1);
    assert_eq!(displays[0].user_id, named(db, "zed").await.id);
    let late = run(db, &file, &map("aa", "other")).await.unwrap();
    assert!(at(&late, "aa", "username")[0].reason.contains("came in before"), "{late:?}");
}
