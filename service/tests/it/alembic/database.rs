//! Databases of other systems, as their own migrations made them, and what an import of them says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use service::{
    Result, World,
    imports::{self, Options, Remark, Report, Weight, source::alembic::Alembic},
    seal::Keyring,
};

pub(super) const FENRIR: &str = include_str!("fenrir.sql");
pub(super) const GOUGH: &str = include_str!("gough.sql");
pub(super) const MARCHPROXY: &str = include_str!("marchproxy.sql");
pub(super) const RAG_FORTRESS: &str = include_str!("rag_fortress.sql");

const CA: &str = include_str!("../certificates/ca.pem");
const WEB: &str = include_str!("../certificates/web.pem");

/// What looks like a private key.
pub(super) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";

/// What a test seals with.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// An SQLite file of another system, gone when the test is over.
pub(super) struct File {
    pub(super) path: PathBuf,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl File {
    pub(super) async fn of(sql: &str) -> Self {
        let mut bits = [0; 8];
        World::system().random.fill(&mut bits);
        let name = format!("plimsoll-{:016x}.sqlite", u64::from_le_bytes(bits));
        let file = Self { path: std::env::temp_dir().join(name) };
        file.execute(&whole(sql)).await;
        file
    }

    /// Changes the file as its program would.
    pub(super) async fn execute(&self, sql: &str) {
        let url = format!("sqlite:{}?mode=rwc", self.path.display());
        let db = Database::connect(url).await.unwrap();
        db.execute_unprepared(sql).await.unwrap();
        db.close().await.unwrap();
    }

    pub(super) fn from(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// The script with the certificates and the key in it.
pub(super) fn whole(sql: &str) -> String {
    sql.replace("{WEB}", WEB).replace("{CA}", CA).replace("{KEY}", PRIVATE)
}

pub(super) fn keys() -> Keyring {
    Keyring::read(Some(&KEY.into())).unwrap()
}

/// With a key to seal with.
pub(super) fn sealing() -> Options {
    Options { keys: keys(), ..Options::default() }
}

pub(super) async fn open(from: &str, options: &Options) -> Result<Alembic> {
    Alembic::open(from, "viewer".to_owned(), options).await
}

pub(super) async fn run(db: &DatabaseConnection, from: &str, options: &Options) -> Result<Report> {
    let source = open(from, options).await?;
    imports::run(db, &World::system(), &source, options, &|_| {}).await
}

pub(super) async fn bring(db: &DatabaseConnection, from: &str) -> Report {
    run(db, from, &sealing()).await.unwrap()
}

/// How many rows were made, by table.
pub(super) fn made(report: &Report) -> BTreeMap<&str, u64> {
    report.tables.iter().map(|(table, tally)| (table.as_str(), tally.made)).collect()
}

/// The records of which something was refused.
pub(super) fn refused(report: &Report) -> BTreeSet<&str> {
    let faults = report.remarks.iter().filter(|remark| remark.weight == Weight::Fault);
    faults.map(|remark| remark.unit.as_str()).collect()
}

/// What was said about a record.
pub(super) fn said<'r>(report: &'r Report, record: &str) -> Vec<&'r Remark> {
    report.remarks.iter().filter(|remark| remark.unit == record).collect()
}

/// Whether each row of the source was made, matched or refused, in every table of it.
pub(super) async fn accounted(from: &str, report: &Report) {
    let source = open(from, &sealing()).await.unwrap();
    let mut records = 0;
    for going in &source.plan().tables {
        let tally = report.tables.get(&going.to).copied().unwrap_or_default();
        let prefix = format!("{}/", going.from);
        let of_table = refused(report).into_iter().filter(|unit| unit.starts_with(&prefix));
        let refused = u64::try_from(of_table.count()).unwrap();
        assert_eq!(tally.made + tally.matched + refused, going.rows, "{going:?} {tally:?}");
        records += going.rows;
    }
    assert_eq!(records, report.records);
}
