//! What is taken out again, and what stays: rows that came later, and what other imports brought.

use entity::{
    displays::{app, device},
    identity::user,
    imports::import,
    teams::resource_team,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, ModelTrait, PaginatorTrait,
};
use serde_json::{Value, json};
use service::{
    Error, Result, World,
    imports::{
        self, ImportStatus, Options, Report, Source, Undone, Unit, source::tronbyt::Tronbyt,
    },
    rule::Rule,
};

use super::file::{File, bring, counts, named, person_with, run};
use crate::people::person;

plimsoll::on_every_database!(migration::app:
    a_row_that_got_a_key_later_stays,
    each_import_takes_out_what_it_brought_itself,
    an_import_that_runs_stops_when_it_is_taken_out,
    what_is_emptied_by_it_is_told,
    names_that_differ_in_blanks_behind_them_are_the_same,
    what_the_source_has_no_more_is_told_and_stays,
    a_secret_of_the_wrong_type_is_not_told,
    a_file_with_a_journal_beside_it_is_not_read,
);

async fn undo(db: &DatabaseConnection, id: i64) -> Undone {
    imports::undo(db, &World::system(), id).await.unwrap()
}

async fn a_row_that_got_a_key_later_stays(db: &DatabaseConnection) {
    let file = File::of(&[person_with("ana", &json!({"id": "0000000a"}))], 4).await;
    let import = bring(db, &file).await.import_id.unwrap();
    let brought = device::Entity::find().one(db).await.unwrap().unwrap();
    let later = brought.created_at + chrono::TimeDelta::seconds(1);
    brought.delete(db).await.unwrap();
    let bob = person(db, "bob", &[]).await;
    let row = device::ActiveModel {
        id: Set("0000000a".to_owned()),
        user_id: Set(bob.id),
        created_at: Set(later),
        ..Default::default()
    };
    row.insert(db).await.unwrap();
    let (_, changed) = person_with("ana", &json!({"id": "0000000a", "brightness": 77}));
    file.execute(&format!("UPDATE json_data SET data = '{changed}'")).await;
    let update = Options { update: true, ..Options::default() };

    let again = run(db, &file, &update).await.unwrap();
    let undone = undo(db, import).await;

    let told = again.remarks.iter().find(|remark| remark.path == "devices.0000000a").unwrap();
    assert!(told.reason.contains("another row has its key now"), "{told}");
    assert_eq!(undone.kept.len(), 1, "{undone:?}");
    assert_eq!(undone.kept[0].because, "another row has its key now");
    let there = device::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(there.user_id, bob.id);
    assert_ne!(there.brightness, 77);
    assert_eq!(user::Entity::find().count(db).await.unwrap(), 1);
}

fn with_app(iname: &str) -> Value {
    json!({"id": "0000000a", "apps": {iname: {"iname": iname, "name": "clock"}}})
}

async fn each_import_takes_out_what_it_brought_itself(db: &DatabaseConnection) {
    let file = File::of(&[person_with("ana", &json!({"id": "0000000a"}))], 4).await;
    let first = bring(db, &file).await.import_id.unwrap();
    let (_, more) = person_with("ana", &with_app("100"));
    file.execute(&format!("UPDATE json_data SET data = '{more}'")).await;
    let update = Options { update: true, ..Options::default() };
    let second = run(db, &file, &update).await.unwrap();
    assert_eq!(second.tables["apps"].made, 1);

    let undone = undo(db, second.import_id.unwrap()).await;
    assert_eq!((undone.removed.get("apps"), undone.removed.len()), (Some(&1), 1), "{undone:?}");
    assert_eq!(counts(db).await[..3], [1, 1, 0]);

    let again = run(db, &file, &update).await.unwrap();
    assert_eq!(again.tables["apps"].made, 1, "{again:?}");

    undo(db, first).await;
    assert_eq!(counts(db).await[..2], [1, 1], "the app of another import belongs to them");
    undo(db, again.import_id.unwrap()).await;
    assert_eq!(app::Entity::find().count(db).await.unwrap(), 0);
}

/// A source during which somebody takes the import out.
struct Interfered<'s> {
    source: &'s Tronbyt,
    db: &'s DatabaseConnection,
}

impl Source for Interfered<'_> {
    type Place = i64;

    fn kind(&self) -> &'static str {
        self.source.kind()
    }

    fn origin(&self) -> String {
        self.source.origin()
    }

    async fn count(&self) -> Result<u64> {
        self.source.count().await
    }

    async fn some(&self, from: Option<i64>, limit: usize) -> Result<(Vec<Unit>, Option<i64>)> {
        if from.is_some() {
            let open = import::Entity::find().one(self.db).await.unwrap().unwrap();
            undo(self.db, open.id).await;
        }
        self.source.some(from, limit).await
    }
}

async fn an_import_that_runs_stops_when_it_is_taken_out(db: &DatabaseConnection) {
    let people: Vec<(String, String)> = (0..401)
        .map(|number| (format!("p{number}"), format!(r#"{{"username": "p{number}"}}"#)))
        .collect();
    let file = File::of(&people, 4).await;
    let source = Tronbyt::open(&file.path, "viewer".to_owned()).await.unwrap();
    let source = Interfered { source: &source, db };

    let ended = imports::run(db, &World::system(), &source, &Options::default(), &|_| {}).await;

    assert!(matches!(ended, Err(Error::Refused { rule: Rule::Interrupted, .. })), "{ended:?}");
    let import = import::Entity::find().one(db).await.unwrap().unwrap();
    if import.status == ImportStatus::Undoing {
        // The import ended first, and nobody reads from its source any more.
        undo(db, import.id).await;
    }
    assert_eq!(counts(db).await[..2], [0, 0]);
    let import = import::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(import.status, ImportStatus::Undone);
}

async fn what_is_emptied_by_it_is_told(db: &DatabaseConnection) {
    let file = File::of(&[person_with("ana", &json!({"id": "0000000a"}))], 4).await;
    let import = bring(db, &file).await.import_id.unwrap();
    let team = resource_team::ActiveModel {
        name: Set("crew".to_owned()),
        name_key: Set("crew".to_owned()),
        created_by_id: Set(Some(named(db, "ana").await.id)),
        ..Default::default()
    };
    team.insert(db).await.unwrap();

    let undone = undo(db, import).await;

    assert_eq!(undone.emptied.get("resource_teams"), Some(&1), "{undone:?}");
    let team = resource_team::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(team.created_by_id, None);
}

async fn names_that_differ_in_blanks_behind_them_are_the_same(db: &DatabaseConnection) {
    let apps = json!({
        "x": {"iname": "x", "name": "one"},
        "x ": {"iname": "x ", "name": "two"},
        "1": {"iname": "y ", "name": "three"},
        "2": {"iname": "y", "name": "four"},
    });
    let display = json!({"id": "0000000a", "apps": apps});
    let file = File::of(&[person_with("ana", &display)], 4).await;

    let dry = run(db, &file, &Options { dry_run: true, ..Options::default() }).await.unwrap();
    let report = bring(db, &file).await;
    let again = bring(db, &file).await;

    assert_eq!((report.faults, report.tables["apps"].made), (2, 2), "{report:?}");
    assert_eq!((dry.faults, &dry.tables), (report.faults, &report.tables));
    assert_eq!((again.faults, again.tables["apps"].made), (2, 0), "{again:?}");
    assert_eq!(counts(db).await[..3], [1, 1, 2]);
}

/// The records and paths of what the source does not give any more.
fn vanished(report: &Report) -> Vec<(&str, &str)> {
    let told =
        report.remarks.iter().filter(|remark| remark.reason.contains("not give it any more"));
    told.map(|remark| (&*remark.unit, &*remark.path)).collect()
}

async fn what_the_source_has_no_more_is_told_and_stays(db: &DatabaseConnection) {
    let file = File::of(
        &[person_with("ana", &with_app("100")), person_with("bo", &json!({"id": "0000000b"}))],
        4,
    )
    .await;
    let before = bring(db, &file).await;
    let (_, less) = person_with("ana", &json!({"id": "0000000a"}));
    file.execute(&format!("UPDATE json_data SET data = '{less}' WHERE username = 'ana'")).await;
    file.execute("DELETE FROM json_data WHERE username = 'bo'").await;

    let dry = run(db, &file, &Options { dry_run: true, ..Options::default() }).await.unwrap();
    let all = Options { all_or_nothing: true, update: true, ..Options::default() };
    let whole = run(db, &file, &all).await.unwrap();
    let again = bring(db, &file).await;

    assert!(vanished(&before).is_empty(), "{:?}", before.remarks);
    for report in [&dry, &whole, &again] {
        assert_eq!(vanished(report), [("ana", "apps/ana/0000000a/100"), ("bo", "")], "{report:?}");
    }
    assert_eq!(counts(db).await[..3], [2, 2, 1]);
    app::Entity::delete_many().exec(db).await.unwrap();
    assert_eq!(vanished(&bring(db, &file).await), [("bo", "")]);
}

async fn a_secret_of_the_wrong_type_is_not_told(db: &DatabaseConnection) {
    let document = json!({
        "username": "ana",
        "password": ["secretinlist"],
        "api_key": {"k": "secretinobject"},
        "devices": {"0000000a": {"id": "0000000a", "api_key": ["secretofdisplay"]}},
    });
    let file = File::of(&[("ana", document.to_string())], 4).await;

    let report = bring(db, &file).await;

    assert!(!report.remarks.is_empty());
    assert!(!format!("{:?}", report.remarks).contains("secretin"), "{:?}", report.remarks);
    assert!(!format!("{:?}", report.remarks).contains("secretof"), "{:?}", report.remarks);
}

async fn a_file_with_a_journal_beside_it_is_not_read(db: &DatabaseConnection) {
    let file = File::sample().await;
    let mut journal = file.path.clone().into_os_string();
    journal.push("-journal");
    std::fs::write(&journal, "not ended").unwrap();

    let refused = run(db, &file, &Options::default()).await;
    std::fs::remove_file(&journal).unwrap();

    assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("a transaction did not end"));
    assert_eq!(counts(db).await[..2], [0, 0]);
}
