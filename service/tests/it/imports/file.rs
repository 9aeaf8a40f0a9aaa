//! A file of a tronbyt server, what an import of it says, and what is there then.

use std::{collections::BTreeMap, path::PathBuf};

use entity::{
    displays::{app, device, location, recurrence_pattern},
    identity::{api_key, user},
    imports::import,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
};
use serde_json::{Value, json};
use service::{
    Result, World,
    imports::{self, Options, Remark, Report, Weight, source::tronbyt::Tronbyt},
};

use super::written::{open, write};

/// The sample of the source.
const SAMPLE: &str = include_str!("sample.json");

/// A file that is gone when the test is over.
pub(super) struct File {
    pub(super) path: PathBuf,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl File {
    /// A file of a tronbyt server with these documents.
    pub(super) async fn of<N: AsRef<str>>(documents: &[(N, String)], version: i64) -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-{}.sqlite", uuid()));
        let owned = |(name, text): &(N, String)| (name.as_ref().to_owned(), text.clone());
        write(&path, documents.iter().map(owned), version).await.unwrap();
        Self { path }
    }

    pub(super) async fn sample() -> Self {
        let people: Vec<Value> = serde_json::from_str(SAMPLE).unwrap();
        let documents: Vec<(&str, String)> = people
            .iter()
            .map(|person| (person["username"].as_str().unwrap(), person.to_string()))
            .collect();
        Self::of(&documents, 4).await
    }

    /// Changes the file as its server would; gives how many rows that were.
    pub(super) async fn execute(&self, sql: &str) -> u64 {
        let db = open(&self.path).await.unwrap();
        let rows = db.execute_unprepared(sql).await.unwrap().rows_affected();
        db.close().await.unwrap();
        rows
    }

    /// Puts something else in the place of a text of one document.
    pub(super) async fn change(&self, name: &str, from: &str, to: &str) {
        let sql = format!(
            "UPDATE json_data SET data = replace(data, '{from}', '{to}') WHERE username = '{name}'"
        );
        assert_eq!(self.execute(&sql).await, 1);
    }
}

pub(super) fn uuid() -> String {
    let mut bits = [0; 8];
    World::system().random.fill(&mut bits);
    format!("{:016x}", u64::from_le_bytes(bits))
}

/// A person with one display, and their document.
pub(super) fn person_with<'n>(name: &'n str, device: &Value) -> (&'n str, String) {
    let id = device["id"].as_str().unwrap_or("00000001").to_owned();
    let document = json!({"username": name, "password": "", "devices": {id: device}});
    (name, document.to_string())
}

pub(super) async fn run(db: &DatabaseConnection, file: &File, options: &Options) -> Result<Report> {
    let source = Tronbyt::open(&file.path, "viewer".to_owned()).await?;
    imports::run(db, &World::system(), &source, options, &|_| {}).await
}

pub(super) async fn bring(db: &DatabaseConnection, file: &File) -> Report {
    run(db, file, &Options::default()).await.unwrap()
}

pub(super) fn made(report: &Report) -> BTreeMap<&str, u64> {
    report.tables.iter().map(|(table, tally)| (table.as_str(), tally.made)).collect()
}

pub(super) fn refused(report: &Report) -> Vec<&Remark> {
    report.remarks.iter().filter(|remark| remark.weight == Weight::Fault).collect()
}

/// How many people, displays, apps, places, patterns, keys and imports there are.
pub(super) async fn counts(db: &DatabaseConnection) -> [u64; 7] {
    [
        user::Entity::find().count(db).await.unwrap(),
        device::Entity::find().count(db).await.unwrap(),
        app::Entity::find().count(db).await.unwrap(),
        location::Entity::find().count(db).await.unwrap(),
        recurrence_pattern::Entity::find().count(db).await.unwrap(),
        api_key::Entity::find().count(db).await.unwrap(),
        import::Entity::find().count(db).await.unwrap(),
    ]
}

pub(super) async fn named(db: &DatabaseConnection, name: &str) -> user::Model {
    let found = user::Entity::find().filter(user::Column::Username.eq(name));
    found.one(db).await.unwrap().unwrap()
}
