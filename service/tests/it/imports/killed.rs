//! `kill -9` of imports at any moment: going on with them comes to the same end.
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
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use service::{World, imports::ImportStatus};

use super::{
    file::{File, counts},
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
struct Way<'w> {
    scratch: &'w Scratch,
    from: String,
    /// How long it takes when nobody disturbs it.
    usual: Duration,
}

impl Way<'_> {
    async fn imports(&self, status: ImportStatus) -> u64 {
        let found = import::Entity::find().filter(import::Column::Status.eq(status));
        found.count(&self.scratch.db).await.unwrap()
    }

    async fn records(&self) -> u64 {
        import_record::Entity::find().count(&self.scratch.db).await.unwrap()
    }

    async fn is_done(&self) -> bool {
        self.imports(ImportStatus::Finished).await == 1
    }

    /// Whether there is something to go on with, and some of it has come.
    async fn is_on_its_way(&self) -> bool {
        self.imports(ImportStatus::Running).await == 1 && self.records().await > 0
    }

    /// A process that begins, or goes on with what was begun.
    async fn start(&self) -> Child {
        let mut arguments = vec!["tronbyt", "--from", self.from.as_str()];
        if self.imports(ImportStatus::Running).await > 0 {
            arguments.push("--resume");
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
        ended(&child.wait_with_output().unwrap())
    }

    /// Everything as before the import.
    async fn forget(&self) {
        user::Entity::delete_many().exec(&self.scratch.db).await.unwrap();
        import::Entity::delete_many().exec(&self.scratch.db).await.unwrap();
    }
}

/// Whether a process was killed; else it has come to its end. What the session of one that was
/// killed has still done can be news to the next, which says how it is gone on with.
fn ended(output: &Output) -> bool {
    let (is_killed, said) = (is_killed(output.status), errors(output));
    assert!(is_killed || output.status.success() || said.contains("--resume"), "{said}");
    is_killed
}

#[expect(clippy::print_stdout, reason = "it belongs to the output of the test")]
fn measured(what: &str) {
    println!("{what}");
}

async fn an_import_that_is_killed_at_any_time_comes_to_the_same_end(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let file = File::of(&documents(), 4).await;
    let from = file.path.to_str().unwrap().to_owned();
    let mut way = Way { scratch, from, usual: Duration::ZERO };
    let began = Instant::now();
    let output = way.start().await.wait_with_output().unwrap();
    way.usual = began.elapsed();
    assert!(output.status.success(), "{}", errors(&output));
    let (wanted, rows) = (State::of(&scratch.db).await, counts(&scratch.db).await);
    assert_eq!(rows, [600, 240, 360, 120, rows[4], 600, 1]);
    let rounds = cases(3);
    let (mut interrupted, mut kills) = (0, 0);

    for round in 0..rounds {
        way.forget().await;
        // The first one surely has something to go on with.
        let part = if round == 0 { 0.0 } else { 0.8 * chance() };
        let mut killed = usize::from(way.kill(part, round % 2 == 0).await);
        interrupted += u32::from(way.is_on_its_way().await);
        while killed > 0 && killed < KILLS && chance() < 0.5 && !way.is_done().await {
            if !way.kill(chance(), false).await {
                break;
            }
            killed += 1;
        }
        kills += killed;
        for _ in 0..10 {
            if way.is_done().await {
                break;
            }
            ended(&way.start().await.wait_with_output().unwrap());
        }

        let context = format!("round {round}, killed {killed} times");
        assert_eq!(State::of(&scratch.db).await.difference(&wanted), None, "{context}");
        assert_eq!(counts(&scratch.db).await, rows, "{context}");
        let import = import::Entity::find().one(&scratch.db).await.unwrap().unwrap();
        assert_eq!(import.status, ImportStatus::Finished, "{context}");
        assert_eq!(import.counts["records"], PEOPLE, "{context}");
        assert_eq!(import.counts["faults"], 0, "{context}");
        assert_eq!(way.records().await, u64::from(PEOPLE), "{context}");
    }

    measured(&format!(
        "{:?}: {rounds} rounds, {kills} kills, {interrupted} imports interrupted with rows there",
        scratch.database.dialect()
    ));
    assert!(interrupted > 0, "{kills} kills");
}
