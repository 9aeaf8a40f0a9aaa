//! The real history: there and back, under our runner and under SeaORM's, once and sixteen times.

use std::{process::Child, time::Instant};

use migration::Migrator;
use plimsoll::{connect, testing::Scratch};
use sea_orm_migration::MigratorTrait as _;

use crate::{
    database::*,
    process::{Said, known, migration, names, says},
};

plimsoll::on_every_empty_database!(
    up_and_down_and_up_come_back_to_the_same_schema,
    each_migration_goes_back_and_forth_by_itself,
    seaorm_makes_the_same_schema_and_goes_on_where_we_stopped,
    sixteen_processes_migrate_an_empty_database_once,
);

async fn up_and_down_and_up_come_back_to_the_same_schema(scratch: &Scratch) {
    let db = &scratch.db;

    says(scratch, 0, &["up"]);
    let first = fingerprint(db).await;
    assert!(tables(db).await.len() >= 12, "{:?}", tables(db).await);
    assert_eq!(recorded(db).await, known());
    assert_eq!(count(db, "users").await, 0, "nobody is seeded");
    let grants = count(db, "role_permissions").await;
    says(scratch, 0, &["down", "base", "--yes"]);
    assert!(tables(db).await.is_empty(), "{:?}", tables(db).await);
    assert!(recorded(db).await.is_empty());
    says(scratch, 0, &["up"]);

    assert_eq!(fingerprint(db).await, first);
    assert_eq!(count(db, "role_permissions").await, grants);
    says(scratch, 0, &["seed", "--verify"]);
}

async fn each_migration_goes_back_and_forth_by_itself(scratch: &Scratch) {
    let db = &scratch.db;
    says(scratch, 0, &["up"]);
    let wanted = fingerprint(db).await;

    for steps in 1..=known().len() {
        let steps = steps.to_string();
        says(scratch, 0, &["down", "-n", &steps, "-y"]);
        says(scratch, 0, &["up"]);
        assert_eq!(fingerprint(db).await, wanted, "{steps} back and forth");
        says(scratch, 0, &["seed", "--verify"]);
    }
}

async fn seaorm_makes_the_same_schema_and_goes_on_where_we_stopped(scratch: &Scratch) {
    let ours = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| !line.contains("plimsoll_")).collect()
    };
    let db = connect::session(&scratch.database).await.unwrap();
    says(scratch, 0, &["up"]);
    let wanted = ours(fingerprint(&db).await);

    Migrator::status(&db).await.unwrap();
    assert!(Migrator::get_pending_migrations(&db).await.unwrap().is_empty());
    Migrator::down(&db, None).await.unwrap();
    assert!(tables(&db).await.is_empty());
    Migrator::up(&db, Some(1)).await.unwrap();
    says(scratch, 2, &["status"]);
    says(scratch, 0, &["up"]);
    Migrator::refresh(&db).await.unwrap();

    assert_eq!(ours(fingerprint(&db).await), wanted);
    assert_eq!(recorded(&db).await, known());
    says(scratch, 0, &["status"]);
    db.close().await.unwrap();
}

async fn sixteen_processes_migrate_an_empty_database_once(scratch: &Scratch) {
    let began = Instant::now();
    let children: Vec<Child> =
        (0..16).map(|_| migration(scratch, &["up", "--json"]).spawn().unwrap()).collect();
    let ended: Vec<Said> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
    measured(&format!("16 processes on {} took {:?}", dialect(&scratch.db), began.elapsed()));

    let mut applied = Vec::new();
    let mut seeded = 0;
    for said in ended {
        let document = said.with(0).document();
        applied.extend(names(&document["applied"]).into_iter().map(str::to_owned));
        for seeder in document["seeded"].as_array().unwrap() {
            seeded += seeder["inserted"].as_array().unwrap().len();
        }
    }
    assert_eq!(applied, known(), "each by one process, in this order");
    assert_eq!(recorded(&scratch.db).await, known());
    assert_eq!(count(&scratch.db, "plimsoll_seeds").await, i64::try_from(seeded).unwrap());
    says(scratch, 0, &["seed", "--verify"]);
}

/// Tells whoever runs the tests with `--nocapture` what was measured.
#[expect(clippy::print_stdout, reason = "it belongs to the output of the test")]
fn measured(what: &str) {
    println!("{what}");
}
