//! How often a command waits for the server: a server that is far away answers late each time.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use plimsoll::{App, Dialect, History, Steps, config::Database, connect, testing::Scratch};
use secrecy::ExposeSecret as _;

use crate::support::*;

plimsoll::on_every_empty_database!(
    nothing_to_do_and_status_ask_the_database_once,
    each_further_migration_costs_few_round_trips,
);

/// What a migration of a table may cost: one message, with which a server without transactional DDL writes
/// down that the one before it has ended.
const MOST: usize = 1;

/// As many migrations of a table each.
fn fleet(count: usize) -> App {
    let declare = |history: History, at: usize| {
        let name: &'static str = Box::leak(format!("m{at:04}").into_boxed_str());
        history.declared(name, move || ship_of(at))
    };
    App::new((0..count).fold(History::new(), declare))
}

fn ship_of(at: usize) -> Steps {
    table(&format!("ships_{at}"))
}

/// A server's door through which everything goes that a client and the server say to each other.
struct Door {
    database: Database,
    answers: Arc<AtomicUsize>,
}

impl Door {
    /// Opens it before the server of the database.
    fn before(scratch: &Scratch) -> Self {
        let url = scratch.database.url();
        let mut url = url::Url::parse(url.expose_secret()).unwrap();
        let port = url.port().unwrap_or(if url.scheme() == "mysql" { 3306 } else { 5432 });
        let server = format!("{}:{port}", url.host_str().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let answers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&answers);
        thread::spawn(move || {
            for client in listener.incoming() {
                pass(client.unwrap(), TcpStream::connect(&server).unwrap(), &counted);
            }
        });
        Self { database: Database::from_url(url.as_str(), Path::new("/")).unwrap(), answers }
    }

    /// How often the server has answered what a client had said.
    fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }
}

/// Passes on what the two say, and counts how often the server speaks after the client.
fn pass(client: TcpStream, server: TcpStream, answers: &Arc<AtomicUsize>) {
    let is_asked = Arc::new(Mutex::new(false));
    let ways =
        [(client.try_clone().unwrap(), server.try_clone().unwrap(), true), (server, client, false)];
    for (mut from, mut to, asks) in ways {
        let (is_asked, answers) = (Arc::clone(&is_asked), Arc::clone(answers));
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                if std::mem::replace(&mut *is_asked.lock().unwrap(), asks) && !asks {
                    answers.fetch_add(1, Ordering::SeqCst);
                }
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

async fn nothing_to_do_and_status_ask_the_database_once(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Sqlite {
        for arguments in [["eight", "up"], ["eight", "status"]] {
            ship(scratch, &["eight", "up"]).output().unwrap();
            let output = ship(scratch, &arguments).env("DB_ECHO", "true").output().unwrap();

            let said = said(&output);
            let asked = said.lines().filter(|line| line.contains("seaql_migrations"));
            assert_eq!(asked.count(), 1, "{said}");
        }
        return;
    }
    up(scratch, &fleet(30)).await.unwrap();
    let door = Door::before(scratch);

    for looks_only in [false, true] {
        let (app, db) = (fleet(30), connect::session(&door.database).await.unwrap());
        let before = door.answers();

        if looks_only {
            assert_eq!(app.on(&db).unfinished().await.unwrap().0.len(), 30);
        } else {
            assert!(app.up_on(&db).await.unwrap().applied.is_empty());
        }

        let _ = db.close().await;
        // The question, and perhaps the test of the connection when it goes back to its pool.
        let answers = door.answers() - before;
        assert!((1..=2).contains(&answers), "{answers} answers");
    }
}

async fn each_further_migration_costs_few_round_trips(scratch: &Scratch) {
    if dialect(&scratch.db) == Dialect::Sqlite {
        return;
    }
    let door = Door::before(scratch);
    let mut counted = Vec::new();

    for count in [5, 10, 30] {
        let db = connect::session(&door.database).await.unwrap();
        let before = door.answers();
        fleet(count).up_on(&db).await.unwrap();
        let _ = db.close().await;
        counted.push(door.answers() - before);
    }

    // The second run has 5 to do and the third 20: what a run costs by itself is the same.
    let more = counted[2] - counted[1];
    assert!(more <= 15 * MOST, "{more} round trips for 15 more migrations: {counted:?}");
}
