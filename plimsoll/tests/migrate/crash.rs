//! `kill -9` of the process that holds the lock.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use plimsoll::{
    Dialect,
    random::{OsRandom, Random as _},
    testing::Scratch,
};
use sea_orm::DatabaseConnection;

use crate::{interrupted::is_killed, support::*};

plimsoll::on_every_empty_database!(
    a_run_that_is_killed_behind_any_statement_is_finished_by_the_next,
    a_table_that_was_there_before_is_never_taken_for_the_work_of_a_killed_run,
    a_table_that_is_made_behind_a_kill_is_never_taken_for_the_work_of_the_killed_run,
    a_run_that_is_killed_at_any_time_is_finished_by_the_one_that_waits,
    the_lock_is_free_soon_after_the_statement_of_a_killed_process_has_ended,
    an_index_that_a_killed_process_began_is_there_once,
);

/// Far more than a busy machine needs, and far less than any timeout: a process that finds the lock
/// held by a dead one waits longer. What it takes on an idle machine is what the tests print.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// The schema and the rows that the history of twelve statements comes to.
pub(crate) async fn end_state(db: &DatabaseConnection) -> Vec<String> {
    assert_eq!(recorded(db).await, ["m01_twelve", "m02_ports"]);
    assert_eq!(count(db, "plimsoll_history").await, 2);
    assert_eq!(open(db).await, 0);
    for table in ["a", "b", "c", "d"] {
        let names: Vec<String> = all(db, &format!("SELECT name FROM {table} ORDER BY id")).await;
        assert_eq!(names, [table, "more"]);
    }
    assert_eq!(count(db, "ports").await, 3);
    assert_eq!(count(db, "plimsoll_seeds").await, 3);
    fingerprint(db).await
}

/// Drops everything, the engine's own tables too.
pub(crate) async fn clear(db: &DatabaseConnection) {
    let ours = ["plimsoll_history", "plimsoll_journal", "plimsoll_seeds", "seaql_migrations"];
    for table in tables(db).await.iter().map(String::as_str).chain(ours) {
        run(db, &format!("DROP TABLE IF EXISTS {}", quote(db, table))).await;
    }
}

fn up(scratch: &Scratch) -> Duration {
    let began = Instant::now();
    let output = ship(scratch, &["twelve", "up"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    began.elapsed()
}

async fn a_run_that_is_killed_behind_any_statement_is_finished_by_the_next(scratch: &Scratch) {
    let db = &scratch.db;
    up(scratch);
    let wanted = end_state(db).await;
    let (mut killed, mut longest) = (0, Duration::ZERO);

    for statements in 1.. {
        clear(db).await;
        let output = ship(scratch, &["twelve", "killed-after", &statements.to_string()]).output();
        let output = output.unwrap();
        if output.status.success() {
            break;
        }
        assert!(is_killed(output.status), "{}", said(&output));
        killed += 1;

        longest = longest.max(up(scratch));

        assert_eq!(end_state(db).await, wanted, "killed behind statement {statements}");
    }

    measured(format!(
        "{}: {killed} boundaries; the next run took at most {longest:?}",
        dialect(db)
    ));
    assert!(killed > 20, "{killed}");
    assert!(longest < SOON, "{longest:?}");
}

/// Runs the history of that name, killed behind each statement, and lets the next run finish it: the
/// end is that of a run which nothing happened to, and `rows` are the same. Tells how many were killed.
pub(crate) async fn each_killed_run_is_finished(
    scratch: &Scratch,
    history: &str,
    rows: impl AsyncFn() -> Vec<String>,
) -> usize {
    let db = &scratch.db;
    let state = async || {
        let mut state = fingerprint(db).await;
        state.extend(rows().await);
        state.extend(recorded(db).await);
        state.push(open(db).await.to_string());
        state
    };
    let sail = || {
        let output = ship(scratch, &[history, "up"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    sail();
    let wanted = state().await;
    let mut killed = 0;
    for statements in 1.. {
        clear(db).await;
        let output = ship(scratch, &[history, "killed-after", &statements.to_string()]).output();
        let output = output.unwrap();
        if output.status.success() {
            break;
        }
        assert!(is_killed(output.status), "{}", said(&output));
        killed += 1;

        sail();

        assert_eq!(state().await, wanted, "killed behind statement {statements}");
    }
    killed
}

/// The first statement is refused, because its table is there. A run that is killed before it hears
/// so must not make the next one believe that the table is its own.
async fn a_table_that_was_there_before_is_never_taken_for_the_work_of_a_killed_run(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    for statements in 1.. {
        clear(db).await;
        run(db, "CREATE TABLE a (mine int)").await;
        let output = ship(scratch, &["twelve", "killed-after", &statements.to_string()]).output();
        let output = output.unwrap();
        if !is_killed(output.status) {
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(statements > 5, "{statements}");
            break;
        }

        let output = ship(scratch, &["twelve", "up"]).output().unwrap();

        let told = said(&output);
        assert!(told.contains("PLM0036"), "killed behind {statements}: {told}");
        assert!(told.contains("statement: CREATE TABLE"), "killed behind {statements}: {told}");
        assert_eq!(count(db, "a").await, 0);
        assert!(recorded(db).await.is_empty());
    }
}

async fn a_table_that_is_made_behind_a_kill_is_never_taken_for_the_work_of_the_killed_run(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    if dialect(db) != Dialect::Mysql {
        return;
    }
    for statements in 1.. {
        ship(scratch, &["many-4", "drop-all", "-y"]).output().unwrap();
        let output = ship(scratch, &["many-4", "killed-after", &statements.to_string()]).output();
        assert!(is_killed(output.unwrap().status), "the window was not met");
        // What makes the third is written down as begun.
        if tables(db).await.len() == 3 && recorded(db).await.len() == 2 {
            break;
        }
    }
    run(db, "DROP TABLE boats_0002").await;
    run(db, "CREATE TABLE boats_0002 (mine int)").await;

    let output = ship(scratch, &["many-4", "up"]).output().unwrap();

    let told = said(&output);
    assert!(told.contains("PLM0036"), "{told}");
    assert_eq!(count(db, "boats_0002").await, 0);
    assert_eq!(recorded(db).await, ["m0000_boats", "m0001_boats"]);
    run(db, "DROP TABLE boats_0002").await;
    let output = ship(scratch, &["many-4", "up"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(recorded(db).await.len(), 4);
}

async fn a_run_that_is_killed_at_any_time_is_finished_by_the_one_that_waits(scratch: &Scratch) {
    let db = &scratch.db;
    let usual = up(scratch);
    let wanted = end_state(db).await;
    let (mut killed, mut longest) = (0, Duration::ZERO);

    for _ in 0..plimsoll::testing::cases(15) {
        clear(db).await;
        let mut chance = [0; 2];
        OsRandom.fill(&mut chance);
        let pause = usual.mul_f64(f64::from(u16::from_le_bytes(chance)) / f64::from(u16::MAX));
        let mut first = ship(scratch, &["twelve", "up"]).spawn().unwrap();
        let second = ship(scratch, &["twelve", "up"]).spawn().unwrap();
        thread::sleep(pause);
        first.kill().unwrap();
        let died = Instant::now();
        killed += u32::from(is_killed(first.wait().unwrap()));

        let output = second.wait_with_output().unwrap();
        longest = longest.max(died.elapsed());

        assert!(output.status.success(), "killed after {pause:?}: {}", said(&output));
        assert_eq!(end_state(db).await, wanted, "killed after {pause:?}");
    }

    measured(format!(
        "{}: {killed} kills; the other was done at most {longest:?} later",
        dialect(db)
    ));
    assert!(longest < SOON + usual, "{longest:?}");
}

/// A process whose progress is read while it goes on.
pub(crate) struct Watched {
    pub(crate) child: Child,
    lines: Receiver<(String, Instant)>,
}

impl Watched {
    pub(crate) fn start(scratch: &Scratch, arguments: &[&str]) -> Self {
        let mut child = ship(scratch, arguments).stdout(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send((line, Instant::now())).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// When the process printed a line that begins so.
    fn printed(&self, start: &str) -> Instant {
        self.line(start).1
    }

    /// The next line that begins so, and when it was printed.
    pub(crate) fn line(&self, start: &str) -> (String, Instant) {
        let mut before = Vec::new();
        while let Ok((line, at)) = self.lines.recv_timeout(Duration::from_mins(1)) {
            if line.starts_with(start) {
                return (line, at);
            }
            before.push(line);
        }
        panic!("`{start}` was not printed, but {before:#?}");
    }
}

async fn is_there(db: &DatabaseConnection, session: i64) -> bool {
    let sql = match dialect(db) {
        Dialect::Mysql => {
            format!("SELECT count(*) FROM information_schema.processlist WHERE id = {session}")
        }
        Dialect::Sqlite | Dialect::Postgres => {
            format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {session}")
        }
    };
    one::<i64>(db, &sql).await > 0
}

async fn running(db: &DatabaseConnection, part: &str) -> i64 {
    for _ in 0..2000 {
        if let Some(session) = session_of(db, part).await {
            return session;
        }
        Delay::new(Duration::from_millis(5)).await;
    }
    panic!("nobody runs `{part}`");
}

/// When the session was gone.
async fn gone(db: &DatabaseConnection, session: i64) -> Instant {
    while is_there(db, session).await {
        Delay::new(Duration::from_millis(2)).await;
    }
    Instant::now()
}

async fn the_lock_is_free_soon_after_the_statement_of_a_killed_process_has_ended(
    scratch: &Scratch,
) {
    let db = &scratch.db;
    for _ in 0..plimsoll::testing::cases(1) {
        clear(db).await;
        let mut first = Watched::start(scratch, &["slow", "up"]);
        first.printed("m02_slow");
        let session = match dialect(db) {
            Dialect::Sqlite => None,
            Dialect::Postgres | Dialect::Mysql => Some(running(db, "SLEEP(").await),
        };
        let second = Watched::start(scratch, &["held", "up"]);
        second.printed("waiting for the migration lock");
        thread::sleep(Duration::from_millis(200));

        first.child.kill().unwrap();
        let died = Instant::now();
        first.child.wait().unwrap();
        let ended = match session {
            Some(session) => gone(db, session).await,
            None => died,
        };
        let went_on = second.printed("m02_slow");

        let (held, free) = (ended - died, went_on.saturating_duration_since(ended));
        measured(format!(
            "{}: the session ended {held:?} after the kill, the next went on {free:?} later",
            dialect(db)
        ));
        assert!(free < SOON, "{free:?}");
        let mut second = second.child;
        assert!(second.wait().unwrap().success());
        assert_eq!(recorded(db).await, ["m01_ports", "m02_slow", "m03_cargo"]);
        let ports: Vec<String> = all(db, "SELECT name FROM ports ORDER BY name").await;
        assert_eq!(ports, ["Bergen", "Genova", "Kobe", "m02_slow"], "inserted once");
    }
}

/// Enough rows that an index over them takes its time.
async fn fill(db: &DatabaseConnection) {
    run(db, "INSERT INTO ports (name) VALUES ('0123456789')").await;
    for _ in 0..18 {
        run(db, "INSERT INTO ports (name) SELECT concat(id, '/', name) FROM ports").await;
        run(db, "UPDATE ports SET name = '0123456789' WHERE length(name) > 70").await;
    }
}

async fn an_index_that_a_killed_process_began_is_there_once(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Sqlite {
        // What a dead process began there is nobody's: the test above has it.
        return;
    }
    let output = ship(scratch, &["long", "up", "+1"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    fill(db).await;
    let mut first = Watched::start(scratch, &["long", "up"]);
    let session = running(db, "CREATE INDEX").await;
    let began = Instant::now();
    let second = Watched::start(scratch, &["long", "up"]);
    second.printed("waiting for the migration lock");

    first.child.kill().unwrap();
    let died = Instant::now();
    assert!(is_killed(first.child.wait().unwrap()));
    let ended = gone(db, session).await;
    let went_on = second.printed("m02_index");

    let (held, free) = (ended - died, went_on.saturating_duration_since(ended));
    measured(format!(
        "{}: killed {:?} into the index; the session ended {held:?} after the kill, the next went on \
         {free:?} later",
        dialect(db),
        died - began
    ));
    assert!(free < SOON, "{free:?}");
    if dialect(db) == Dialect::Mysql {
        // The server has built it all the same.
        second.printed("resuming `m02_index`, which was interrupted after 1 statement");
    }
    let mut second = second.child;
    assert!(second.wait().unwrap().success());
    assert_eq!(recorded(db).await, ["m01_ports", "m02_index", "m03_cargo"]);
    let indexes = match dialect(db) {
        Dialect::Mysql => {
            "SELECT count(DISTINCT index_name) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = 'ports'"
        }
        Dialect::Sqlite | Dialect::Postgres => {
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'ports'"
        }
    };
    assert_eq!(one::<i64>(db, indexes).await, 2, "the key's and the one");
}
