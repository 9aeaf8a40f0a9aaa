//! `kill -9` of imports at any moment: going on with them, or beginning again, comes to the same end.
//!
//! `PLIMSOLL_CASES` multiplies the number of rounds.
#![cfg(feature = "command")]

#[cfg(unix)]
use std::os::unix::process::ExitStatusExt as _;
use std::{
    process::{Child, ExitStatus, Output},
    thread,
    time::{Duration, Instant},
};

use entity::{
    identity::user,
    imports::{import, import_record},
};
use plimsoll::testing::{Scratch, cases};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use service::{
    World,
    exports::{ALL, Export},
    imports::{self, ImportStatus},
};

use super::{
    file::{File, counts, uuid},
    invented::{display, person},
    program::{errors, importing},
    state::State,
};

plimsoll::on_every_empty_database!(an_import_that_is_killed_at_any_time_comes_to_the_same_end);

/// How many people the file has: three batches of them.
const PEOPLE: u32 = 600;
/// How often it is looked whether rows have come.
const PAUSE: Duration = Duration::from_millis(2);
/// How often one import is killed at most.
const KILLS: usize = 4;

/// One in five has two displays.
fn documents() -> Vec<(String, String)> {
    let displays = |number: u32| match number % 5 {
        0 => vec![display(2 * number, 2, true), display(2 * number + 1, 1, false)],
        _ => Vec::new(),
    };
    (0..PEOPLE).map(|number| person(number, displays(number))).collect()
}

/// A part of the whole, by chance.
fn chance() -> f64 {
    let mut bits = [0; 2];
    World::system().random.fill(&mut bits);
    f64::from(u16::from_le_bytes(bits)) / f64::from(u16::MAX)
}

#[cfg(unix)]
fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

#[cfg(not(unix))]
fn is_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// A file on its way into a database.
#[derive(Clone)]
struct Way<'w> {
    scratch: &'w Scratch,
    /// The source, and how it is taken in.
    arguments: Vec<&'w str>,
    /// All of it comes together, or nothing does.
    is_whole: bool,
    /// How many records it has.
    records: u64,
    /// How long an import takes when nobody disturbs it, about.
    usual: Duration,
    /// How far of that a process comes at most that is to be killed, about.
    reach: f64,
}

impl Way<'_> {
    async fn imports(&self, status: ImportStatus) -> Vec<import::Model> {
        let found = import::Entity::find().filter(import::Column::Status.eq(status));
        found.all(&self.scratch.db).await.unwrap()
    }

    async fn records(&self) -> u64 {
        import_record::Entity::find().count(&self.scratch.db).await.unwrap()
    }

    async fn is_done(&self) -> bool {
        self.imports(ImportStatus::Finished).await.len() == 1
    }

    /// Whether there is something to go on with, and some of it has come.
    async fn is_on_its_way(&self) -> bool {
        self.imports(ImportStatus::Running).await.len() == 1 && self.records().await > 0
    }

    /// A process that begins, or goes on with what was begun. What comes together is not gone on with:
    /// it is taken out, and begins again.
    async fn start(&self) -> Child {
        let mut arguments = self.arguments.clone();
        for open in self.imports(ImportStatus::Running).await {
            if self.is_whole {
                imports::undo(&self.scratch.db, &World::system(), open.id).await.unwrap();
            } else {
                arguments.push("--resume");
            }
        }
        importing(self.scratch, &arguments).spawn().unwrap()
    }

    async fn wait_for_rows(&self, child: &mut Child) {
        while self.records().await == 0 && child.try_wait().unwrap().is_none() {
            thread::sleep(PAUSE);
        }
    }

    /// Whether a process was killed that far behind where it began, or behind its first rows.
    async fn kill(&self, part: f64, is_behind_rows: bool) -> bool {
        let mut child = self.start().await;
        if is_behind_rows {
            self.wait_for_rows(&mut child).await;
        }
        thread::sleep(self.usual.mul_f64(part));
        child.kill().unwrap();
        let is_killed = ended(&child.wait_with_output().unwrap());
        if self.is_whole {
            let people = user::Entity::find().count(&self.scratch.db).await.unwrap();
            assert!([0, u64::from(PEOPLE)].contains(&people), "{people} people came");
        }
        is_killed
    }

    /// Everything as before the import.
    async fn forget(&self) {
        user::Entity::delete_many().exec(&self.scratch.db).await.unwrap();
        import::Entity::delete_many().exec(&self.scratch.db).await.unwrap();
    }

    /// How often a process was killed in a round that has come to its end, and whether there was something
    /// to go on with behind the first.
    async fn round(&self, round: u32) -> (usize, bool) {
        self.forget().await;
        // The first one surely is in the middle of it.
        let part = match (round, self.is_whole) {
            (0, false) => 0.0,
            (0, true) => 0.5,
            _ => self.reach * chance(),
        };
        let is_behind_rows = !self.is_whole && round.is_multiple_of(2);
        let mut killed = usize::from(self.kill(part, is_behind_rows).await);
        let is_interrupted = self.is_on_its_way().await;
        while killed > 0 && killed < KILLS && chance() < 0.5 && !self.is_done().await {
            if !self.kill(chance(), false).await {
                break;
            }
            killed += 1;
        }
        for _ in 0..10 {
            if self.is_done().await {
                break;
            }
            ended(&self.start().await.wait_with_output().unwrap());
        }
        (killed, is_interrupted)
    }
}

/// All that is there, as a file that `import json` takes in, and how many rows that is.
async fn exported(db: &DatabaseConnection) -> (File, u64) {
    let mut export = Export::begin(db, &[ALL.to_owned()]).await.unwrap();
    let mut text = String::new();
    while let Some(lines) = export.some().await.unwrap() {
        text.push_str(&lines);
    }
    let path = std::env::temp_dir().join(format!("plimsoll-{}.jsonl", uuid()));
    std::fs::write(&path, text).unwrap();
    (File { path }, export.rows().values().sum())
}

/// Whether a process was killed; else it has come to its end. What the session of one that was
/// killed has still done can be news to the next, which says how it is gone on with.
fn ended(output: &Output) -> bool {
    let (is_killed, said) = (is_killed(output.status), errors(output));
    let is_news = said.contains("did not come to its end");
    assert!(is_killed || output.status.success() || is_news, "{said}");
    is_killed
}

#[expect(clippy::print_stdout, reason = "it belongs to the output of the test")]
fn measured(what: &str) {
    println!("{what}");
}

async fn an_import_that_is_killed_at_any_time_comes_to_the_same_end(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let db = &scratch.db;
    let file = File::of(&documents(), 4).await;
    let arguments = vec!["tronbyt", "--from", file.path.to_str().unwrap()];
    let began = Instant::now();
    let output = importing(scratch, &arguments).output().unwrap();
    let usual = began.elapsed();
    assert!(output.status.success(), "{}", errors(&output));
    let (wanted, rows) = (State::of(db).await, counts(db).await);
    assert_eq!(rows, [600, 240, 360, 120, rows[4], 600, 1]);
    let (text, lines) = exported(db).await;
    let records = u64::from(PEOPLE);
    let people = Way { scratch, arguments, is_whole: false, records, usual, reach: 0.8 };
    let json = Way {
        arguments: vec!["json", "--from", text.path.to_str().unwrap()],
        records: lines,
        ..people.clone()
    };
    let together = Way {
        arguments: [&people.arguments[..], &["--all-or-nothing"]].concat(),
        is_whole: true,
        reach: 1.6,
        ..people.clone()
    };

    for (way, rounds) in [(&people, cases(2)), (&json, cases(1)), (&together, cases(1))] {
        let (mut interrupted, mut kills) = (0, 0);
        for round in 0..rounds {
            let (killed, is_interrupted) = way.round(round).await;
            kills += killed;
            interrupted += u32::from(is_interrupted);

            let context = format!("{:?}: round {round}, killed {killed} times", way.arguments);
            assert_eq!(State::of(db).await.difference(&wanted), None, "{context}");
            assert_eq!(counts(db).await[..6], rows[..6], "{context}");
            let finished = way.imports(ImportStatus::Finished).await;
            assert_eq!(finished.len(), 1, "{context}");
            assert_eq!(finished[0].counts["records"], way.records, "{context}");
            assert_eq!(finished[0].counts["faults"], 0, "{context}");
            assert_eq!(way.records().await, way.records, "{context}");
        }
        measured(&format!(
            "{:?}: {:?}: {rounds} rounds, {kills} kills, {interrupted} interrupted with rows there",
            scratch.database.dialect(),
            way.arguments,
        ));
        assert!(kills > 0 && (way.is_whole || interrupted > 0), "{:?}", way.arguments);
    }
}
