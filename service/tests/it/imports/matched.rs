//! Two people of a source never become one here, and nobody is called by the address of another.

use std::collections::BTreeMap;

use entity::displays::device;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait};
use serde_json::json;
use service::{
    World,
    imports::{self, Options, Remark, Report},
};

use super::file::{File, bring, counts, named, person_with, refused, run};
use crate::people::person;

plimsoll::on_every_database!(migration::app:
    two_people_of_one_batch_do_not_become_one,
    what_two_of_many_people_have_comes_in_once,
    nothing_is_kept_of_many_people_when_the_database_ends_the_transaction,
    a_name_that_one_of_many_people_gives_up_goes_to_another,
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

/// So many that half of them are brought in beside the others.
async fn what_two_of_many_people_have_comes_in_once(db: &DatabaseConnection) {
    for (first, second, path) in [
        (("Zoe", "0000000a"), ("zoe", "0000000b"), ""),
        (("yan", "0000000c"), ("xia", "0000000C"), "devices.0000000C"),
        (("wim", "0000000d"), ("v", "0000000e"), "none"),
    ] {
        let mut people: Vec<(String, String)> = (0..130)
            .map(|at| (format!("{}{at}", first.0), format!(r#"{{"username": "{}{at}"}}"#, first.0)))
            .collect();
        for (at, (name, display)) in [(3, first), (125, second)] {
            let (name, document) = person_with(name, &json!({"id": display}));
            people[at] = (name.to_owned(), document);
        }
        let before = counts(db).await;

        let dry = Options { dry_run: true, ..Options::default() };
        let file = File::of(&people, 4).await;
        let dry = run(db, &file, &dry).await.unwrap();
        let report = bring(db, &file).await;

        assert_eq!((&dry.tables, &dry.remarks), (&report.tables, &report.remarks), "{first:?}");
        let (told, are_two) = (refused(&report), u64::from(path != "none"));
        assert_eq!(told.len() as u64, are_two, "{told:?}");
        assert!(told.iter().all(|told| told.unit == second.0 && told.path == path), "{told:?}");
        let now = counts(db).await;
        let lacks_person = u64::from(path.is_empty());
        assert_eq!(now[0] - before[0], 130 - lacks_person, "{first:?}");
        assert_eq!(now[1] - before[1], 2 - are_two, "{first:?}");
        let import = report.import_id.unwrap();
        assert!(imports::undo(db, &World::system(), import).await.is_ok());
        assert_eq!(counts(db).await[..6], before[..6]);
    }
}

pub(super) fn many(first: &str) -> Vec<(String, String)> {
    let person = |at| (format!("{first}{at}"), format!(r#"{{"username": "{first}{at}"}}"#));
    (0..200).map(person).collect()
}

async fn nothing_is_kept_of_many_people_when_the_database_ends_the_transaction(
    db: &DatabaseConnection,
) {
    let triggers: &[&str] = match db.get_database_backend() {
        DbBackend::Sqlite => {
            &["CREATE TRIGGER refused BEFORE INSERT ON users WHEN NEW.username = 'p5' \
             BEGIN SELECT RAISE(ROLLBACK, 'refused'); END"]
        }
        DbBackend::Postgres => &[
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'refused'; END$$",
            "CREATE TRIGGER refused BEFORE INSERT ON users FOR EACH ROW \
             WHEN (NEW.username = 'p5') EXECUTE FUNCTION refuse()",
        ],
        _ => &["CREATE TRIGGER refused BEFORE INSERT ON users FOR EACH ROW \
             IF NEW.username = 'p5' THEN SIGNAL SQLSTATE '45000'; END IF"],
    };
    for trigger in triggers {
        db.execute_unprepared(trigger).await.unwrap();
    }
    let file = File::of(&many("p"), 4).await;

    let all = Options { all_or_nothing: true, ..Options::default() };
    let refused_all = run(db, &file, &all).await;
    assert!(refused_all.is_err(), "{refused_all:?}");
    assert_eq!(counts(db).await, [0; 7]);

    let report = bring(db, &file).await;

    assert_eq!((refused(&report).len(), &*refused(&report)[0].unit), (1, "p5"), "{report:?}");
    assert_eq!((report.tables["users"].made, report.tables["users"].same), (199, 0));
    assert_eq!(counts(db).await[0], 199);
}

async fn a_name_that_one_of_many_people_gives_up_goes_to_another(db: &DatabaseConnection) {
    let with = |name: &str, email: &str| {
        (name.to_owned(), json!({"username": name, "email": email}).to_string())
    };
    let mut people = many("p");
    people[190] = with("ana", "x@example.org");
    bring(db, &File::of(&people, 4).await).await;
    people[190] = with("ana", "y@example.org");
    people[5] = with("bo", "x@example.org");

    let update = Options { update: true, ..Options::default() };
    let report = run(db, &File::of(&people, 4).await, &update).await.unwrap();

    assert_eq!(report.faults, 0, "{:?}", report.remarks);
    assert_eq!(named(db, "bo").await.email.as_deref(), Some("x@example.org"));
    assert_eq!(named(db, "ana").await.email.as_deref(), Some("y@example.org"));
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
