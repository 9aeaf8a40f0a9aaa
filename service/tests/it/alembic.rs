//! Databases of other systems that are taken over.

mod database;
mod fenrir;
mod gough;
mod marchproxy;
mod postgres;
mod rag_fortress;

use entity::{
    identity::{user, user_role},
    imports::{import, import_record},
};
use sea_orm::{DatabaseConnection, EntityTrait, PaginatorTrait};
use service::{
    Error, World,
    imports::{self, Options},
};

use self::database::{
    FENRIR, File, GOUGH, MARCHPROXY, RAG_FORTRESS, accounted, bring, made, open, run, sealing,
};

plimsoll::on_every_database!(migration::app:
    every_row_of_a_source_is_accounted_for,
    a_dry_run_changes_nothing_and_says_the_same,
    again_nothing_comes_twice,
    what_was_taken_over_is_taken_out,
    the_source_is_never_altered,
    what_is_no_database_of_a_known_system_is_refused_with_words,
    what_is_more_than_the_system_has_is_told,
);

const ALL: [&str; 4] = [RAG_FORTRESS, MARCHPROXY, FENRIR, GOUGH];

async fn counts(db: &DatabaseConnection) -> [u64; 4] {
    [
        user::Entity::find().count(db).await.unwrap(),
        user_role::Entity::find().count(db).await.unwrap(),
        import::Entity::find().count(db).await.unwrap(),
        import_record::Entity::find().count(db).await.unwrap(),
    ]
}

async fn every_row_of_a_source_is_accounted_for(db: &DatabaseConnection) {
    for sql in ALL {
        let file = File::of(sql).await;

        let report = bring(db, file.from()).await;

        accounted(file.from(), &report).await;
    }
}

async fn a_dry_run_changes_nothing_and_says_the_same(db: &DatabaseConnection) {
    for sql in ALL {
        let file = File::of(sql).await;
        let before = counts(db).await;

        let dry = Options { dry_run: true, ..sealing() };
        let foreseen = run(db, file.from(), &dry).await.unwrap();
        let after = counts(db).await;
        let report = bring(db, file.from()).await;

        assert_eq!(before, after);
        assert_eq!((foreseen.tables, foreseen.remarks), (report.tables, report.remarks));
    }
}

async fn again_nothing_comes_twice(db: &DatabaseConnection) {
    for sql in ALL {
        let file = File::of(sql).await;
        let first = bring(db, file.from()).await;
        let before = counts(db).await;

        let again = bring(db, file.from()).await;

        assert!(made(&again).values().all(|made| *made == 0), "{:?}", again.tables);
        for (table, tally) in &first.tables {
            // The value of a setting that is here stays, and is told each time.
            let there = again.tables[table].same + again.tables[table].different;
            assert_eq!(there, tally.made + tally.matched, "{table} {:?}", again.tables);
        }
        assert_eq!(again.faults, first.faults);
        let after = counts(db).await;
        assert_eq!((before[0], before[1], before[3]), (after[0], after[1], after[3]));
    }
}

async fn what_was_taken_over_is_taken_out(db: &DatabaseConnection) {
    let before = counts(db).await;
    for sql in ALL {
        let file = File::of(sql).await;
        let report = bring(db, file.from()).await;

        let undone = imports::undo(db, &World::system(), report.import_id.unwrap()).await.unwrap();

        assert!(undone.kept.is_empty(), "{:?}", undone.kept);
        for (table, tally) in &report.tables {
            let removed = undone.removed.get(table).copied().unwrap_or_default();
            assert_eq!(removed, tally.made, "{table}");
        }
        let after = counts(db).await;
        assert_eq!((before[0], before[1], before[3]), (after[0], after[1], after[3]));
    }
}

async fn the_source_is_never_altered(db: &DatabaseConnection) {
    for sql in ALL {
        let file = File::of(sql).await;
        let before = std::fs::read(&file.path).unwrap();

        bring(db, file.from()).await;

        assert_eq!(std::fs::read(&file.path).unwrap(), before);
        for suffix in ["-wal", "-shm", "-journal"] {
            let beside = format!("{}{suffix}", file.from());
            assert!(!std::path::Path::new(&beside).exists(), "{beside}");
        }
    }
}

async fn what_is_no_database_of_a_known_system_is_refused_with_words(_db: &DatabaseConnection) {
    let options = sealing();
    let why = async |from: &str| match open(from, &options).await {
        Err(Error::Malformed { kind: "source", problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let later = File::of(MARCHPROXY).await;
    later.execute("UPDATE alembic_version SET version_num = '002'").await;
    let later = why(later.from()).await;
    assert!(later.contains("`002` of MarchProxy") && later.contains("`001`"), "{later}");
    let foreign = File::of("CREATE TABLE shop (id INTEGER PRIMARY KEY)").await;
    let foreign = why(foreign.from()).await;
    assert!(foreign.contains("RAG Fortress, MarchProxy, Fenrir"), "{foreign}");
    let lacking = File::of(MARCHPROXY).await;
    lacking.execute("ALTER TABLE services DROP COLUMN port").await;
    let lacking = why(lacking.from()).await;
    assert!(lacking.contains("`services`") && lacking.contains("`port`"), "{lacking}");
    let without = File::of(RAG_FORTRESS).await;
    without.execute("DROP TABLE permissions").await;
    let without = why(without.from()).await;
    assert!(without.contains("no table `permissions`"), "{without}");
    why("sqlite:/nowhere/at/all.db").await;
    why("mysql://nobody@localhost/nothing").await;
}

async fn what_is_more_than_the_system_has_is_told(db: &DatabaseConnection) {
    let file = File::of(MARCHPROXY).await;
    file.execute("ALTER TABLE clusters ADD COLUMN region TEXT; CREATE TABLE mappings (id INTEGER)")
        .await;

    let source = open(file.from(), &sealing()).await.unwrap();
    let report = bring(db, file.from()).await;

    let plan = source.plan();
    assert_eq!((plan.system, plan.revision.as_deref()), ("MarchProxy", Some("001")));
    let left: Vec<&str> = plan.left.iter().map(|left| left.what.as_str()).collect();
    for expected in ["clusters.region", "mappings", "clusters.api_key_hash"] {
        assert!(left.contains(&expected), "{expected}: {left:?}");
    }
    assert_eq!(made(&report)["clusters"], 2);
}
