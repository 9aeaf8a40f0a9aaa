//! Three nodes of a Galera cluster, which `scripts/galera` starts and names in `TEST_GALERA_URLS`.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use plimsoll::{
    App, Choice, Error, History, MigrationError,
    config::{Database, Env, TEST_GALERA_URLS},
    connect,
    prelude::*,
    testing::block_on,
};
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;

use crate::{crash::clear, processes::EIGHT, support::*};

/// How long a holder that says nothing is waited for, as the documentation says.
const TERM: Duration = Duration::from_secs(20);

/// A database of this name on each of the nodes.
fn on_each_node(name: &str) -> Vec<Database> {
    let env = Env::load().unwrap();
    let urls = env.get(&TEST_GALERA_URLS).unwrap();
    let urls = urls.expect("TEST_GALERA_URLS is not set: run `scripts/galera`");
    let base: Vec<Database> = urls
        .split_whitespace()
        .map(|url| Database::from_server_url(url, env.folder()).unwrap())
        .collect();
    assert_eq!(base.len(), 3, "three nodes");
    block_on(async {
        let db = connect::session(&base[0]).await.unwrap();
        run(&db, &format!("DROP DATABASE IF EXISTS {name}")).await;
        run(&db, &format!("CREATE DATABASE {name}")).await;
        db.close().await.unwrap();
    });
    let nodes: Vec<Database> = base.iter().map(|base| base.with_name(name)).collect();
    for node in &nodes {
        let comes = block_on(connect::wait(node, Duration::from_secs(10), |_| {}));
        comes.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    nodes
}

fn begin(node: &Database, arguments: &[&str]) -> Child {
    let url = node.url();
    ship_to(url.expose_secret(), arguments).stdin(Stdio::piped()).spawn().unwrap()
}

/// The same, and nothing keeps it.
fn begin_freely(node: &Database, arguments: &[&str]) -> Child {
    let mut child = begin(node, arguments);
    drop(child.stdin.take());
    child
}

/// What it answers when it has ended well.
fn ended(mut child: Child) -> String {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

async fn open_session(node: &Database) -> DatabaseConnection {
    let db = connect::session(node).await.unwrap();
    // What is asked is what all nodes have agreed on.
    run(&db, "SET SESSION wsrep_sync_wait = 7").await;
    db
}

/// The tables of the engine among them.
async fn every_table(db: &DatabaseConnection) -> Vec<String> {
    let tables = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
         WHERE table_schema = DATABASE() ORDER BY 1";
    all(db, tables).await
}

/// Starts the history `held`, and waits until it is in its second migration, which takes as long as its
/// input is open.
async fn held(node: &Database, db: &DatabaseConnection) -> Child {
    let child = begin(node, &["held", "up"]);
    let began = Instant::now();
    while !every_table(db).await.contains(&"seaql_migrations".to_owned())
        || recorded(db).await.is_empty()
    {
        assert!(began.elapsed() < Duration::from_secs(20), "the first migration does not come");
        Delay::new(Duration::from_millis(10)).await;
    }
    child
}

#[test]
#[ignore = "scripts/galera runs it"]
fn each_migration_runs_once_when_three_nodes_migrate_at_once() {
    let nodes = on_each_node("at_once");
    block_on(async {
        let db = open_session(&nodes[2]).await;
        for round in 0..plimsoll::testing::cases(5) {
            let began = Instant::now();
            let children: Vec<Child> =
                (0..6).map(|at| begin(&nodes[at % 3], &["eight", "up", "--json"])).collect();
            let answers: Vec<String> = children.into_iter().map(ended).collect();
            measured(format!("round {round}: 6 processes on 3 nodes took {:?}", began.elapsed()));

            let mut applied = applied_in(&answers);
            applied.sort();
            assert_eq!(applied, EIGHT, "each by one process");
            assert_eq!(recorded(&db).await, EIGHT);
            assert_eq!(count(&db, "plimsoll_seeds").await, 3);
            let free = "SELECT token IS NULL AND holder IS NULL FROM plimsoll_lock";
            assert_eq!(all::<i64>(&db, free).await, [1]);
            clear(&db).await;
        }
        db.close().await.unwrap();
    });
}

#[test]
#[ignore = "scripts/galera runs it"]
fn a_killed_holder_is_waited_for_and_its_migration_runs_once() {
    let nodes = on_each_node("killed");
    block_on(async {
        let db = open_session(&nodes[2]).await;
        for round in 0..plimsoll::testing::cases(2) {
            let mut holder = held(&nodes[0], &db).await;
            let waiter = begin_freely(&nodes[1], &["held", "up", "--json"]);
            let line = format!("process {} on ", holder.id());
            let holders: Vec<String> = all(&db, "SELECT holder FROM plimsoll_lock").await;
            assert!(holders[0].starts_with(&line), "{holders:?}");
            holder.kill().unwrap();
            holder.wait().unwrap();
            let killed = Instant::now();
            let others = [0, 2].map(|at| begin_freely(&nodes[at], &["held", "up", "--json"]));

            let answers: Vec<String> = [waiter].into_iter().chain(others).map(ended).collect();

            let took = killed.elapsed();
            measured(format!("round {round}: the killed holder was waited for {took:?}"));
            let mut applied = applied_in(&answers);
            applied.sort();
            assert_eq!(applied, ["m02_slow", "m03_cargo"], "each by one process");
            assert_eq!(recorded(&db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
            assert_eq!(count(&db, "ports").await, 4);
            assert!(took < TERM + Duration::from_secs(25), "{took:?}");
            clear(&db).await;
        }
        db.close().await.unwrap();
    });
}

/// Takes longer than the term, by work for each row.
const SLOW: &str = "ALTER TABLE heavy ADD COLUMN sum char(128) \
     AS (SHA2(REPEAT(CONCAT('x', id), 150000), 512)) STORED, ALGORITHM = COPY";

#[test]
#[ignore = "scripts/galera runs it"]
fn the_lease_is_kept_through_a_statement_that_takes_longer_than_its_term() {
    let nodes = on_each_node("takes_long");
    let app = || {
        App::new(
            History::new()
                .declared("m01_heavy", || {
                    Steps::new()
                        .create_table("heavy", |t| t.column(integer("id")).primary_key(["id"]))
                        .sql("heavy", "INSERT INTO heavy SELECT seq FROM seq_1_to_20000")
                })
                .declared("m02_slow", || Steps::new().sql("heavy", SLOW))
                .declared("m03_after", || {
                    Steps::new()
                        .create_table("behind", |t| t.column(integer("id")).primary_key(["id"]))
                }),
        )
    };
    let began = Instant::now();

    let runs: Vec<_> = nodes
        .iter()
        .map(|node| {
            let node = node.clone();
            thread::spawn(move || {
                let report = block_on(app().up(&node));
                let report = report.unwrap_or_else(|error| panic!("{}", chain(&error)));
                applied(&report).into_iter().map(str::to_owned).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut all: Vec<String> = runs.into_iter().flat_map(|run| run.join().unwrap()).collect();

    let took = began.elapsed();
    measured(format!("three nodes took {took:?}, most of it one statement"));
    all.sort();
    assert_eq!(all, ["m01_heavy", "m02_slow", "m03_after"], "each by one node");
    assert!(took > TERM, "the statement was too quick for this test: {took:?}");
}

#[test]
#[ignore = "scripts/galera runs it"]
fn whoever_loses_the_lease_runs_nothing_further_and_says_who_has_it() {
    let nodes = on_each_node("lost");
    block_on(async {
        let db = open_session(&nodes[1]).await;
        let mut holder = held(&nodes[0], &db).await;
        let input = holder.stdin.take();

        let take = "UPDATE plimsoll_lock \
             SET token = 'x', holder = 'process 1 on elsewhere', beat = beat + 1";
        run(&db, take).await;

        let output = holder.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let told = said(&output);
        assert!(told.contains("error[PLM0087]"), "{told}");
        assert!(told.contains("process 1 on elsewhere has it now"), "{told}");
        drop(input);
        assert_eq!(recorded(&db).await, ["m01_ports"]);
        assert!(!tables(&db).await.contains(&"cargo".to_owned()));
        db.close().await.unwrap();
    });
}

#[test]
#[ignore = "scripts/galera runs it"]
fn whoever_waits_too_long_is_told_who_holds_the_lease() {
    let nodes = on_each_node("waited");
    block_on(async {
        let db = open_session(&nodes[1]).await;
        let holder = held(&nodes[0], &db).await;
        let child = begin(&nodes[2], &["held", "up", "--lock-timeout", "1"]);
        let output = child.wait_with_output().unwrap();

        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let told = said(&output);
        assert!(told.contains("error[PLM0032]"), "{told}");
        let who = format!("held by process {} on ", holder.id());
        assert!(told.contains(&who) && told.contains(" since 20"), "{told}");
        ended(holder);
        assert_eq!(recorded(&db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
        db.close().await.unwrap();
    });
}

#[test]
#[ignore = "scripts/galera runs it"]
fn every_way_to_bring_the_schema_there_keeps_the_lease() {
    let nodes = on_each_node("ways");
    for way in [
        "up",
        "redo --yes",
        "refresh --yes",
        "fresh --yes",
        "seed",
        "down base --yes",
        "reset --yes",
    ] {
        for node in &nodes {
            let arguments: Vec<&str> = ["eight"].into_iter().chain(way.split(' ')).collect();
            // A command looks before it takes the lock, at what this node has by then.
            block_on(async {
                let db = open_session(node).await;
                all::<i64>(&db, "SELECT 1").await;
                db.close().await.unwrap();
            });
            ended(begin(node, &arguments));
        }
    }
    block_on(async {
        let db = open_session(&nodes[0]).await;
        assert_eq!(count(&db, "plimsoll_lock").await, 1);
        let app = App::new(History::new());
        app.on(&db).drop_all().await.unwrap();
        assert_eq!(every_table(&db).await, ["plimsoll_lock"], "the table of the lock stays");
        db.close().await.unwrap();
    });
}

#[test]
#[ignore = "scripts/galera runs it"]
fn the_table_of_another_version_is_refused() {
    let nodes = on_each_node("older");
    block_on(async {
        let db = open_session(&nodes[0]).await;
        run(&db, "CREATE TABLE plimsoll_lock (id int NOT NULL PRIMARY KEY, owner text)").await;
        let app = App::new(History::new().declared("m01_buoys", || {
            Steps::new().create_table("buoys", |t| t.column(big_pk_auto("id")))
        }));

        let refused = app.on(&db).up(&to("head"), &Choice::default()).await.unwrap_err();

        assert!(
            matches!(refused, Error::Migration(MigrationError::LeaseTable { .. })),
            "{}",
            chain(&refused)
        );
        assert!(chain(&refused).contains("no column `token`"), "{}", chain(&refused));
        assert_eq!(every_table(&db).await, ["plimsoll_lock"]);
        db.close().await.unwrap();
    });
}
