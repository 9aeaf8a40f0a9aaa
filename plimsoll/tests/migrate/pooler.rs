//! `PgBouncer` before PostgreSQL, one pool for each mode and size, which `scripts/pooler` starts and names
//! in `TEST_POOLER_URLS`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

use plimsoll::{
    config::{Database, Env, TEST_POOLER_URLS},
    connect,
    testing::block_on,
};
use secrecy::ExposeSecret as _;

use crate::{processes::EIGHT, support::*};

/// A database of this name, by way of the pool of each mode and size.
fn by_way_of_each_pool(name: &str) -> Vec<(String, Database)> {
    let env = Env::load().unwrap();
    let pools = env.get(&TEST_POOLER_URLS).unwrap();
    let pools = pools.expect("TEST_POOLER_URLS is not set: run `scripts/pooler`");
    let pools: Vec<(String, Database)> = pools
        .split_whitespace()
        .map(|pool| {
            let (kind, url) = pool.split_once('=').unwrap();
            (kind.to_owned(), Database::from_server_url(url, env.folder()).unwrap())
        })
        .collect();
    assert!(pools.iter().any(|(kind, _)| kind.starts_with("transaction-")));
    assert!(pools.iter().any(|(kind, _)| kind.starts_with("statement-")));
    assert!(pools.iter().any(|(kind, _)| kind.starts_with("session-")));
    block_on(async {
        let (_, session) = pools.iter().find(|(kind, _)| kind.starts_with("session-")).unwrap();
        let db = connect::session(session).await.unwrap();
        run(&db, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&db, &format!("CREATE DATABASE {name}")).await;
        db.close().await.unwrap();
    });
    pools.into_iter().map(|(kind, database)| (kind, database.with_name(name))).collect()
}

fn up(database: &Database) -> std::process::Output {
    ship_to(database.url().expose_secret(), &["eight", "up"]).output().unwrap()
}

fn is_refused(kind: &str, output: &std::process::Output) {
    let told = said(output);
    assert_eq!(output.status.code(), Some(1), "{kind}: {told}");
    assert!(told.contains("error[PLM0086]: a pooler in transaction mode"), "{kind}: {told}");
}

#[test]
#[ignore = "scripts/pooler runs it"]
fn a_pooler_that_shares_sessions_is_refused_before_anything_is_there() {
    for (kind, database) in by_way_of_each_pool("pooled") {
        let refused = !kind.starts_with("session-");
        // The first time the pool is empty, then it has sessions that somebody has used.
        for _ in 0..10 {
            if refused {
                is_refused(&kind, &up(&database));
            }
        }
    }
    let session = by_way_of_each_pool("pooled").into_iter().find(|(kind, _)| kind == "session-5");
    block_on(async {
        let db = connect::session(&session.unwrap().1).await.unwrap();
        assert!(tables(&db).await.is_empty());
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(one::<i64>(&db, locks).await, 0, "nothing was locked");
        db.close().await.unwrap();
    });
}

#[test]
#[ignore = "scripts/pooler runs it"]
fn a_pooler_in_session_mode_passes() {
    for (kind, _) in by_way_of_each_pool("sessions") {
        if !kind.starts_with("session-") {
            continue;
        }
        let pools = by_way_of_each_pool("sessions");
        let (_, database) = pools.into_iter().find(|(other, _)| *other == kind).unwrap();
        for _ in 0..3 {
            let output = up(&database);
            assert!(output.status.success(), "{kind}: {}", said(&output));
        }
        block_on(async {
            let db = connect::session(&database).await.unwrap();
            assert_eq!(recorded(&db).await, EIGHT, "{kind}");
            db.close().await.unwrap();
        });
    }
}

/// Asks something through the pool all the time, on so many connections, until it is told to stop.
fn load(database: &Database, connections: usize, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    let one = |_| {
        let (database, stop) = (database.clone(), stop.clone());
        thread::spawn(move || {
            block_on(async {
                let db = connect::session(&database).await.unwrap();
                while !stop.load(SeqCst) {
                    // As plain text: what is prepared is not there in the next session.
                    run(&db, "SELECT pg_sleep(0.002)").await;
                }
                db.close().await.unwrap();
            });
        })
    };
    (0..connections).map(one).collect()
}

#[test]
#[ignore = "scripts/pooler runs it"]
fn a_pooler_that_shares_sessions_is_refused_while_others_use_them() {
    for (kind, database) in by_way_of_each_pool("used") {
        if kind.starts_with("session-") {
            continue;
        }
        for connections in [1, 4, 12] {
            let stop = Arc::new(AtomicBool::new(false));
            let busy = load(&database, connections, &stop);
            for _ in 0..10 {
                is_refused(&format!("{kind} with {connections} beside"), &up(&database));
            }
            stop.store(true, SeqCst);
            for it in busy {
                it.join().unwrap();
            }
        }
    }
}

#[test]
#[ignore = "scripts/pooler runs it"]
fn a_pooler_that_keeps_no_statements_is_refused_to_what_answers_requests() {
    for (kind, database) in by_way_of_each_pool("unprepared") {
        for _ in 0..5 {
            let asked = block_on(async {
                let db = connect::pool(&database).await.unwrap();
                let asked = plimsoll::keeps_statements(&db).await;
                db.close().await.unwrap();
                asked
            });
            match kind.split_once('-').unwrap().0 {
                "session" => asked.unwrap(),
                "transaction" => assert_eq!(asked.unwrap_err().code(), "PLM0093", "{kind}"),
                // There is no transaction in which one could ask.
                _ => assert!(asked.is_err(), "{kind}"),
            }
        }
    }
}

#[test]
#[ignore = "scripts/pooler runs it"]
fn a_schema_that_a_pooler_passes_over_is_missed() {
    for (kind, database) in by_way_of_each_pool("schemas") {
        let shop = database.with_schema(Some("shop".to_owned()));
        block_on(async {
            let refused = connect::pool(&shop).await.unwrap_err();
            assert!(matches!(refused.code(), "PLM0018" | "PLM0092"), "{kind}: {refused}");
        });
    }
}
