//! What is exported, and taken in by another database.

#[cfg(feature = "command")]
mod command;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use entity::{
    identity::user, imports::import, secrets::encrypted_secret, settings::application_setting,
};
use plimsoll::Dialect;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait};
use serde_json::{Value, json};
use service::{
    Error, Result, World,
    exports::{ALL, Export, LEFT_OUT},
    imports::{self, Options, Report, Source, Weight, source::json::Json},
    seal::Keyring,
    secrets,
};

use crate::{
    filled::SHIP,
    sealed::{OLD, sealed_everywhere},
};

plimsoll::on_every_database!(migration::app:
    a_domain_alone_refers_to_people_by_name,
    what_is_left_out_does_not_come_and_all_else_does,
    a_file_that_is_not_as_it_was_written_is_refused_with_its_line,
    what_is_written_meanwhile_does_not_come_into_it,
);

/// Writes, for each function named, a test for each database that takes in what was exported.
macro_rules! into_every_database {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            use plimsoll::Dialect;

            #[test]
            fn sqlite() {
                super::$test(Dialect::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$test(Dialect::Postgres);
            }

            #[test]
            fn mysql() {
                super::$test(Dialect::Mysql);
            }
        })+
    };
}

into_every_database!(
    everything_comes_back_in_another_database,
    sealed_secrets_open_after_the_move_and_stay_behind_without_the_key,
    again_nothing_comes_twice_and_an_undo_takes_all_of_it_out,
    a_reference_leads_to_a_row_of_the_table_that_is_meant,
    what_names_rows_by_their_keys_names_the_same_ones,
);

/// Tables with default rows, which each database has from its own day.
const SEEDED: [&str; 4] = ["roles", "permissions", "role_permissions", "application_settings"];

fn on(dialect: Dialect, test: impl AsyncFnOnce(&DatabaseConnection)) {
    plimsoll::testing::run(dialect, &migration::app(), test);
}

fn keyring() -> Keyring {
    Keyring::read(Some(&OLD.into())).unwrap()
}

fn with_keys() -> Options {
    Options { keys: keyring(), ..Options::default() }
}

/// A database with a row in each table and a secret wherever one is sealed, and all of it as text.
async fn full(db: &DatabaseConnection) -> String {
    sealed_everywhere(db, b"hunter2").await;
    exported(db, &[ALL]).await
}

/// The same, of a database of that kind that is there no more.
fn full_on(dialect: Dialect) -> String {
    let mut text = String::new();
    on(dialect, async |db: &DatabaseConnection| text = full(db).await);
    text
}

async fn try_export(db: &DatabaseConnection, domains: &[&str]) -> Result<String> {
    let domains: Vec<String> = domains.iter().map(|name| (*name).to_owned()).collect();
    let mut export = Export::begin(db, &domains).await?;
    let mut text = String::new();
    while let Some(lines) = export.some().await? {
        text.push_str(&lines);
    }
    Ok(text)
}

async fn exported(db: &DatabaseConnection, domains: &[&str]) -> String {
    try_export(db, domains).await.unwrap()
}

struct File {
    path: PathBuf,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl File {
    fn of(text: &str) -> Self {
        let mut bits = [0; 8];
        World::system().random.fill(&mut bits);
        let name = format!("plimsoll-{:016x}.jsonl", u64::from_le_bytes(bits));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self { path }
    }
}

async fn bring(db: &DatabaseConnection, text: &str, options: &Options) -> Report {
    let file = File::of(text);
    let source = Json::open(&file.path).await.unwrap();
    imports::run(db, &World::system(), &source, options, &|_| {}).await.unwrap()
}

fn made(report: &Report) -> u64 {
    report.tables.values().map(|tally| tally.made).sum()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines without what is another in every database: each key is which row of its table it is,
/// and what is sealed is just that.
fn normal(text: &str) -> Vec<Value> {
    let mut lines = lines(text);
    let mut places = BTreeMap::new();
    let mut counts = BTreeMap::<String, usize>::new();
    for line in &lines {
        if let (Some(table), Some(key)) = (line["table"].as_str(), line["key"].as_str()) {
            let count = counts.entry(table.to_owned()).or_default();
            *count += 1;
            places.insert(key.to_owned(), format!("{table}#{count}"));
        }
    }
    for line in &mut lines {
        let is_seeded = line["table"].as_str().is_some_and(|table| SEEDED.contains(&table));
        if let Some(row) = line["row"].as_object_mut().filter(|_| is_seeded) {
            row.remove("created_at");
            row.remove("updated_at");
        }
        if let Some(line) = line.as_object_mut() {
            line.remove("database");
        }
        settle(line, &places);
    }
    lines
}

fn settle(value: &mut Value, places: &BTreeMap<String, String>) {
    if value.get("sealed").is_some() {
        *value = json!("sealed");
    }
    match value {
        Value::String(text) => {
            if let Some(place) = places.get(text) {
                text.clone_from(place);
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| settle(part, places)),
        Value::Object(parts) => parts.values_mut().for_each(|part| settle(part, places)),
        _ => {}
    }
}

/// One by one: a whole export is no message that anybody reads.
fn assert_same(after: &str, before: &str) {
    let (after, before) = (normal(after), normal(before));
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after, before);
    }
    assert_eq!(after.len(), before.len());
}

fn everything_comes_back_in_another_database(target: Dialect) {
    let before = full_on(Dialect::Sqlite);

    on(target, async |db: &DatabaseConnection| {
        let report = bring(db, &before, &with_keys()).await;

        assert_eq!(report.faults, 0, "{:?}", report.remarks);
        assert_same(&exported(db, &[ALL]).await, &before);
    });
}

#[test]
fn from_sqlite_to_postgres_to_mysql_to_sqlite_contents_are_equal() {
    let before = full_on(Dialect::Sqlite);
    let mut text = before.clone();
    for target in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
        on(target, async |db: &DatabaseConnection| {
            let report = bring(db, &text, &with_keys()).await;
            assert_eq!(report.faults, 0, "{:?}", report.remarks);
            text = exported(db, &[ALL]).await;
        });
    }

    assert_same(&text, &before);
}

fn sealed_secrets_open_after_the_move_and_stay_behind_without_the_key(target: Dialect) {
    let text = full_on(Dialect::Sqlite);

    on(target, async |db: &DatabaseConnection| {
        let report = bring(db, &text, &with_keys()).await;
        assert_eq!(report.faults, 0, "{:?}", report.remarks);
        let looked_at = secrets::rotate(db, &World::system(), &keyring()).await.unwrap();
        assert!(looked_at.unopened.is_empty(), "{:?}", looked_at.unopened);
        assert!(looked_at.columns.iter().all(|of| of.kept == 1), "{:?}", looked_at.columns);
    });
    on(target, async |db: &DatabaseConnection| {
        let report = bring(db, &text, &Options::default()).await;
        let told = |column: &str, weight: Weight| {
            let is_told = report.remarks.iter().any(|remark| {
                remark.path.ends_with(column) && remark.weight == weight && remark.value.is_empty()
            });
            assert!(is_told, "{column}: {:?}", report.remarks);
        };
        told("encrypted_data", Weight::Fault);
        told("totp_secret", Weight::Warning);
        assert_eq!(encrypted_secret::Entity::find().count(db).await.unwrap(), 0);
        let person = user::Entity::find().one(db).await.unwrap().unwrap();
        assert!(person.totp_secret.is_none());
    });
}

fn again_nothing_comes_twice_and_an_undo_takes_all_of_it_out(target: Dialect) {
    let text = full_on(Dialect::Sqlite);
    let changed = text.replace(&format!("\"{SHIP}bio\""), "\"a sailor\"");
    assert_ne!(changed, text);

    on(target, async |db: &DatabaseConnection| {
        let before = exported(db, &[ALL]).await;
        let bio = async || user::Entity::find().one(db).await.unwrap().unwrap().bio.unwrap();
        let first = bring(db, &text, &with_keys()).await;
        let whole = exported(db, &[ALL]).await;

        let again = bring(db, &text, &with_keys()).await;
        assert_eq!((made(&again), again.tables["users"].same), (0, 1), "{:?}", again.tables);
        assert_eq!(exported(db, &[ALL]).await, whole);

        let told = bring(db, &changed, &with_keys()).await;
        assert_eq!((told.tables["users"].different, bio().await), (1, format!("{SHIP}bio")));
        let update = Options { update: true, ..with_keys() };
        let updated = bring(db, &changed, &update).await;
        assert_eq!((updated.tables["users"].updated, bio().await), (1, "a sailor".to_owned()));

        let undone = imports::undo(db, &World::system(), first.import_id.unwrap()).await.unwrap();
        assert_eq!((&undone.kept[..], undone.removed["users"]), (&[][..], 1));
        assert_same(&exported(db, &[ALL]).await, &before);
    });
}

async fn a_domain_alone_refers_to_people_by_name(db: &DatabaseConnection) {
    full(db).await;

    let secrets = lines(&exported(db, &["secrets"]).await);
    let settings = lines(&exported(db, &["settings"]).await);
    let fleet = try_export(db, &["fleet"]).await;
    let audit = try_export(db, &["audit"]).await;
    let unknown = try_export(db, &["weather"]).await;

    assert_eq!(secrets[0]["tables"], json!(["secret_backends", "encrypted_secrets"]));
    let secret = secrets.iter().find(|line| line["table"] == "encrypted_secrets").unwrap();
    let name = json!({"named": ["users", "username_key", format!("{SHIP}username")]});
    assert_eq!(secret["row"]["created_by_id"], name);
    let rows = application_setting::Entity::find().count(db).await.unwrap();
    assert_eq!(settings.last().unwrap(), &json!({"end": true, "rows": rows}));
    for refused in [&fleet, &audit, &unknown] {
        assert!(matches!(refused, Err(Error::Invalid { kind: "domain", .. })), "{refused:?}");
    }
    assert!(fleet.unwrap_err().to_string().contains("export `cloud` along with it"));
}

async fn what_is_left_out_does_not_come_and_all_else_does(db: &DatabaseConnection) {
    let all = lines(&full(db).await);

    let tables: BTreeSet<&str> = all.iter().filter_map(|line| line["table"].as_str()).collect();
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(table, _)| *table).collect();
    let schema = entity::schema();
    let known: BTreeSet<&str> = schema.tables().iter().map(|table| &*table.name).collect();
    assert!(tables.is_disjoint(&left_out), "{tables:?}");
    assert_eq!(&tables | &left_out, known);
    assert_eq!(all[0]["plimsoll_export"], 1);
    assert!(all[0]["revision"].as_str().is_some_and(|name| name.starts_with("m20")), "{}", all[0]);
}

async fn problem(text: &str) -> String {
    let file = File::of(text);
    let counted = match Json::open(&file.path).await {
        Ok(source) => source.count().await,
        Err(error) => Err(error),
    };
    match counted {
        Err(Error::Malformed { kind: "source", problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

async fn a_file_that_is_not_as_it_was_written_is_refused_with_its_line(db: &DatabaseConnection) {
    let text = exported(db, &["identity"]).await;
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
    let (head, last) = (lines[0], lines.len() - 1);
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        joined(&lines)
    };

    for (changed, expected) in [
        (joined(&lines[..last]), format!("line {last}: the file ends behind it")),
        (text[..text.len() - 20].to_owned(), format!("line {}: it is no JSON", last + 1)),
        (with(2, "{\"table\": "), "line 3: it is no JSON".to_owned()),
        (with(2, "[]"), "line 3: it is no object".to_owned()),
        (with(2, lines[1]), "line 3: `roles/1` was there before".to_owned()),
        (joined(&[head, lines[last]]), format!("line 2: {} rows were exported", last - 1)),
        ("hello\n".to_owned(), "line 1: it is no JSON".to_owned()),
        (joined(&lines[1..]), "it does not begin as an export does".to_owned()),
        (with(0, "{\"plimsoll_export\": 2}"), "line 1: the export is of form 2".to_owned()),
        (String::new(), "it does not begin as an export does".to_owned()),
    ] {
        let said = problem(&changed).await;
        assert!(said.starts_with(&expected), "{said}, and not: {expected}");
    }
    let file = File::of(&text);
    let source = Json::open(&file.path).await.unwrap();
    std::fs::write(&file.path, with(2, lines[1]) + " ").unwrap();
    assert!(source.count().await.unwrap_err().to_string().contains("was changed"));
    assert_eq!(import::Entity::find().count(db).await.unwrap(), 0);
    assert!(Json::open(std::path::Path::new("/nowhere/export.jsonl")).await.is_err());
}

async fn what_is_written_meanwhile_does_not_come_into_it(db: &DatabaseConnection) {
    let before = exported(db, &["identity"]).await;
    let mut export = Export::begin(db, &["identity".to_owned()]).await.unwrap();
    let mut text = export.some().await.unwrap().unwrap();
    text.push_str(&export.some().await.unwrap().unwrap());

    let sql = "INSERT INTO permissions (code, resource, action) VALUES ('a:b', 'a', 'b')";
    db.execute_unprepared(sql).await.unwrap();
    while let Some(lines) = export.some().await.unwrap() {
        text.push_str(&lines);
    }
    drop(export);

    assert_eq!(text, before);
    assert!(exported(db, &["identity"]).await.contains("a:b"));
}

/// The export with something else in a column of the rows of a table.
fn with(text: &str, table: &str, column: &str, value: &Value) -> String {
    let change = |mut line: Value| {
        if line["table"] == table {
            line["row"][column] = value.clone();
        }
        format!("{line}\n")
    };
    lines(text).into_iter().map(change).collect()
}

fn a_reference_leads_to_a_row_of_the_table_that_is_meant(target: Dialect) {
    let text = full_on(Dialect::Sqlite);

    for wrong in [json!(1), json!({"row": "roles/1"}), json!({"row": "users/4000000"})] {
        let text = with(&text, "devices", "user_id", &wrong);
        on(target, async |db: &DatabaseConnection| {
            let report = bring(db, &text, &with_keys()).await;
            let told = report.remarks.iter().find(|remark| remark.path == "user_id").unwrap();
            assert_eq!(told.weight, Weight::Fault, "{wrong} {told}");
            assert_eq!(entity::displays::device::Entity::find().count(db).await.unwrap(), 0);
        });
    }
}

/// A machine, and a team that has it, by kind and key in a text.
fn what_names_rows_by_their_keys_names_the_same_ones(target: Dialect) {
    let text = full_on(Dialect::Sqlite);
    let machine = lines(&text).into_iter().find(|line| line["table"] == "cloud_machines").unwrap();
    let named = json!({"text": ["", machine["key"]]});
    let text = with(&text, "resource_assignments", "resource_type", &json!("cloud_machine"));
    let text = with(&text, "resource_assignments", "resource_id", &named);

    on(target, async |db: &DatabaseConnection| {
        let report = bring(db, &text, &with_keys()).await;
        assert_eq!(report.faults, 0, "{:?}", report.remarks);
        let machine = entity::cloud::cloud_machine::Entity::find().one(db).await.unwrap().unwrap();
        let given = entity::teams::resource_assignment::Entity::find().one(db).await.unwrap();
        assert_eq!(given.unwrap().resource_id, machine.id.to_string());

        let again = lines(&exported(db, &[ALL]).await);
        let given = again.iter().find(|line| line["table"] == "resource_assignments").unwrap();
        let key = format!("cloud_machines/{}", machine.id);
        assert_eq!(given["row"]["resource_id"], json!({"text": ["", key]}));
    });
}
