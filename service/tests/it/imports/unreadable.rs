//! What cannot be read of a source, or must not be written beside it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use entity::{
    displays::{app, device},
    identity::user,
};
use plimsoll::{Dialect, testing::Scratch};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, Statement, TryGetable as _,
};
use secrecy::ExposeSecret;
use serde_json::json;
use service::{
    Error, World,
    imports::{
        self, Options, Remark, Source, Weight,
        source::{alembic::Alembic, json::Json, tronbyt::Tronbyt},
    },
};

use super::{
    file::{File, bring, counts, made, person_with, refused, uuid},
    written::{open, write},
};

plimsoll::on_every_database!(migration::app:
    what_json_cannot_say_and_what_nobody_knows_is_told_and_all_else_comes,
);

/// A person with values that Python writes and JSON does not know, and members that nobody knows.
const ODD: &str = r#"{
    "username": "ana", "password": "", "nickname": "A", "id": null,
    "devices": {"0000000a": {
        "id": "0000000a", "name": "\ud83d", "brightness": NaN, "token": "geheim",
        "info": {"anything": 1},
        "location": {"lat": 1.5, "lng": -Infinity, "altitude": 3},
        "apps": {"a": {
            "id": "7", "iname": "a", "name": "clock", "order": 1e999, "colour": "red",
            "notes": "\ud83d\ude00", "config": {"zoom": NaN, "free": "form"},
            "recurrence_pattern": {"day_of_month": 3, "hour": 4}
        }}
    }}
}"#;

async fn what_json_cannot_say_and_what_nobody_knows_is_told_and_all_else_comes(
    db: &DatabaseConnection,
) {
    let good = person_with("bo", &json!({"id": "0000000b"}));
    let file = File::of(&[("ana", ODD.to_owned()), good], 4).await;

    let report = bring(db, &file).await;

    let paths = |weight: Weight| -> Vec<&str> {
        let told = |remark: &&Remark| remark.unit == "ana" && remark.weight == weight;
        let mut paths: Vec<&str> =
            report.remarks.iter().filter(told).map(|remark| remark.path.as_str()).collect();
        paths.sort_unstable();
        paths
    };
    assert_eq!(
        paths(Weight::Fault),
        [
            "devices.0000000a.apps.a.config.zoom",
            "devices.0000000a.apps.a.order",
            "devices.0000000a.brightness",
            "devices.0000000a.location",
            "devices.0000000a.location.lng",
            "devices.0000000a.name",
        ]
    );
    assert_eq!(
        paths(Weight::Warning),
        [
            "devices.0000000a.apps.a.colour",
            "devices.0000000a.apps.a.recurrence_pattern.hour",
            "devices.0000000a.location.altitude",
            "devices.0000000a.token",
            "nickname",
            "password",
        ]
    );
    assert!(!format!("{:?}", report.remarks).contains("geheim"), "{:?}", report.remarks);
    assert_eq!(counts(db).await, [2, 2, 1, 0, 1, 0, 1]);
    let app = app::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((app.config, app.notes.as_deref()), (json!({"free": "form"}), Some("😀")));
    let display = device::Entity::find_by_id("0000000a").one(db).await.unwrap().unwrap();
    assert_eq!((display.name, display.brightness), (None, 100));
    let again = bring(db, &file).await;
    assert_eq!((again.faults, made(&again)["users"]), (6, 0), "{:?}", refused(&again));
}

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("plimsoll-{}", uuid()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// The names of what is in it, and the bytes.
    fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let files = std::fs::read_dir(&self.0).unwrap().map(|file| file.unwrap());
        let read = |file: std::fs::DirEntry| {
            (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())
        };
        files.map(read).collect()
    }
}

/// A file with one person and a write-ahead log, which is empty and not there.
async fn with_log(folder: &Folder) -> PathBuf {
    let path = folder.0.join("usersdb.sqlite");
    let (name, document) = person_with("ana", &json!({"id": "0000000a"}));
    write(&path, [(name.to_owned(), document)], 4).await.unwrap();
    execute(&path, "PRAGMA journal_mode = WAL").await;
    path
}

async fn execute(path: &Path, sql: &str) {
    let db = open(path).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

async fn open_source(path: &Path) -> service::Result<Tronbyt> {
    Tronbyt::open(path, "viewer".to_owned()).await
}

#[test]
fn nothing_is_left_beside_a_file_with_a_write_ahead_log() {
    plimsoll::testing::block_on(async {
        let folder = Folder::new();
        let path = with_log(&folder).await;
        let before = folder.contents();
        assert_eq!(before.keys().collect::<Vec<_>>(), ["usersdb.sqlite"]);
        assert_eq!(before["usersdb.sqlite"][18..20], [2, 2]);

        let source = open_source(&path).await.unwrap();
        let (units, next) = source.some(None, 10).await.unwrap();
        let meanwhile = folder.contents();
        drop(source);

        assert_eq!((units.len(), next), (1, None));
        assert!(units[0].rows.iter().any(|row| row.table == "devices"), "{units:?}");
        assert_eq!(meanwhile, before);
        assert_eq!(folder.contents(), before);
    });
}

#[test]
fn a_log_with_something_in_it_is_told_and_left_as_it_is() {
    plimsoll::testing::block_on(async {
        let folder = Folder::new();
        let path = with_log(&folder).await;
        let server = open(&path).await.unwrap();
        server.execute_unprepared("DELETE FROM json_data").await.unwrap();
        let before = folder.contents();
        assert!(!before["usersdb.sqlite-wal"].is_empty());

        let refused = open_source(&path).await;

        assert!(matches!(refused, Err(Error::Malformed { kind: "source", .. })), "{refused:?}");
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("wal_checkpoint(TRUNCATE)"), "{told}");
        assert_eq!(folder.contents(), before);
        server.close().await.unwrap();
        assert_eq!(open_source(&path).await.unwrap().count().await.unwrap(), 0);
    });
}

#[test]
fn a_file_with_a_log_that_is_written_to_meanwhile_is_not_read_on() {
    plimsoll::testing::block_on(async {
        let folder = Folder::new();
        let path = with_log(&folder).await;
        let source = open_source(&path).await.unwrap();
        let more = format!("INSERT INTO json_data VALUES (2, 'bo', '{}')", " ".repeat(100_000));

        execute(&path, &more).await;
        let refused = source.some(None, 10).await;

        assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
        assert!(refused.unwrap_err().to_string().contains("changed while it was read"));
    });
}

#[test]
fn a_table_of_a_file_that_is_damaged_is_named() {
    plimsoll::testing::block_on(async {
        let folder = Folder::new();
        let path = folder.0.join("usersdb.sqlite");
        let (name, document) = person_with("ana", &json!({"id": "0000000a"}));
        write(&path, [(name.to_owned(), document)], 4).await.unwrap();
        damage(&path, "json_data").await;
        let fenrir = folder.0.join("fenrir.sqlite");
        execute(&fenrir, include_str!("../alembic/fenrir.sql")).await;
        damage(&fenrir, "page").await;

        let people = open_source(&path).await.unwrap();
        let options = Options::default();
        let pages = Alembic::open(fenrir.to_str().unwrap(), "viewer".to_owned(), &options).await;

        let of_people = people.some(None, 10).await.unwrap_err();
        let of_pages = pages.unwrap().some(None, 10).await.unwrap_err();

        for (error, file, table) in [(of_people, &path, "json_data"), (of_pages, &fenrir, "page")] {
            let Error::Malformed { kind: "source", key, problem } = &error else {
                panic!("{error:?}")
            };
            assert_eq!(key, file.to_str().unwrap());
            assert!(problem.contains(table) && problem.contains("malformed"), "{problem}");
        }
    });
}

/// Spoils the first page of a table.
async fn damage(path: &Path, table: &str) {
    let db = open(path).await.unwrap();
    let asked = |sql: String| Statement::from_string(DbBackend::Sqlite, sql);
    let root = asked(format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"));
    let root = db.query_one_raw(root).await.unwrap().unwrap();
    let size = db.query_one_raw(asked("PRAGMA page_size".to_owned())).await.unwrap().unwrap();
    let [root, size] =
        [root, size].map(|row| usize::try_from(i64::try_get_by(&row, 0_usize).unwrap()).unwrap());
    db.close().await.unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[(root - 1) * size..root * size].fill(0xff);
    std::fs::write(path, bytes).unwrap();
}

mod a_key_that_a_file_says_otherwise_is_worked_out_and_told {
    #[test]
    fn sqlite() {
        plimsoll::testing::run(super::Dialect::Sqlite, &migration::app(), super::it_is_worked_out);
    }
}

async fn it_is_worked_out(db: &DatabaseConnection) {
    let lines = [
        json!({"plimsoll_export": 1, "tables": ["users"]}),
        json!({"table": "users", "key": "users/1", "row": {
            "username": "Straße", "username_key": "root",
            "email": "ana@example.org", "email_key": "ana@example.org",
        }}),
        json!({"end": true, "rows": 1}),
    ];
    let folder = Folder::new();
    let path = folder.0.join("export.jsonl");
    std::fs::write(&path, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    let source = Json::open(&path).await.unwrap();

    let options = Options::default();
    let report = imports::run(db, &World::system(), &source, &options, &|_| {}).await.unwrap();

    let told: Vec<(&str, Weight)> =
        report.remarks.iter().map(|remark| (remark.path.as_str(), remark.weight)).collect();
    assert_eq!(told, [("username_key", Weight::Warning)], "{:?}", report.remarks);
    let person = user::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((person.username.as_str(), person.username_key.as_str()), ("Straße", "strasse"));
}

mod a_table_that_may_not_be_read_is_named_with_what_to_do {
    #[test]
    fn postgres() {
        plimsoll::testing::run_empty(super::Dialect::Postgres, super::it_is_named);
    }
}

/// The source is in a schema of its own, read by somebody who has no right there at first.
async fn it_is_named(scratch: &Scratch) {
    let reader = format!("reader_{}", uuid());
    let sql = format!("CREATE SCHEMA fenrir; CREATE ROLE {reader}");
    scratch.db.execute_unprepared(&sql).await.unwrap();
    let database = scratch.database.clone().with_schema(Some("fenrir".to_owned()));
    let owner = plimsoll::connect::session(&database).await.unwrap();
    owner.execute_unprepared(include_str!("../alembic/fenrir.sql")).await.unwrap();
    let from = format!("{}&options=-c%20role%3D{reader}", database.url().expose_secret());
    owner.execute_unprepared("ALTER TABLE \"user\" ENABLE ROW LEVEL SECURITY").await.unwrap();
    let options = Options::default();
    let open = async || Alembic::open(&from, "viewer".to_owned(), &options).await;
    let why = async || match open().await {
        Err(Error::Malformed { kind: "source", problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let grant = async |sql: &str| {
        let sql = sql.replace("{}", &reader);
        owner.execute_unprepared(&sql).await.unwrap();
    };

    let schema = why().await;
    grant("GRANT USAGE ON SCHEMA fenrir TO {}").await;
    grant("GRANT SELECT ON page, environment, \"user\", \"emailProcessorTable\" TO {}").await;
    let table = why().await;
    grant("GRANT SELECT ON ALL TABLES IN SCHEMA fenrir TO {}").await;
    let rows = why().await;
    grant("ALTER ROLE {} BYPASSRLS").await;
    let source = open().await.unwrap();

    let expected = format!("`GRANT USAGE ON SCHEMA \"fenrir\" TO \"{reader}\"`");
    assert!(schema.contains(&expected), "{schema}");
    let expected = format!("`{reader}` may not read the table `identifier`");
    assert!(table.starts_with(&expected), "{table}");
    assert!(table.contains("GRANT SELECT ON ALL TABLES IN SCHEMA \"fenrir\""), "{table}");
    let expected = format!("row level security hides rows of the table `user` from `{reader}`");
    assert!(rows.starts_with(&expected), "{rows}");
    assert!(rows.contains(&format!("`ALTER ROLE \"{reader}\" BYPASSRLS`")), "{rows}");
    assert!(source.count().await.unwrap() > 0);
    drop(source);
    grant("DROP OWNED BY {}; DROP ROLE {}").await;
    owner.close().await.unwrap();
}
