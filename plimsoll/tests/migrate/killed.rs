//! `kill -9` of a run that makes a change of any kind, and of one that takes it back.

use std::{fs, thread, time::Instant};

use plimsoll::{
    App, Change, Dialect, History, Schema, diff, introspect,
    random::{OsRandom, Random as _},
    testing::{Scratch, cases},
};

use crate::{
    cases::{CASES, WITHOUT_ROWS, gathered, is_named, kinds_of, schema},
    filled::{creation_of, fill, forget_records, steps_of, values},
    interrupted::is_killed,
    support::*,
};

plimsoll::on_every_empty_database!(a_change_of_any_kind_that_is_killed_anywhere_is_finished);

/// The kinds of change in the order in which they are tried: CI has time for the first of them.
fn in_order() -> Vec<&'static str> {
    let first = ["table_renamed_and_changed", "primary_key_width", "many_at_once"];
    let rest = CASES.iter().copied().filter(|case| !first.contains(case));
    first.into_iter().chain(rest).collect()
}

/// What was made of runs that were killed.
#[derive(Debug, Default)]
struct Count {
    kinds: usize,
    boundaries: usize,
    moments: usize,
    /// Kills that left something half done for the next run to go on with.
    resumed: usize,
}

/// One kind of change, ready to be made and taken back by a process of its own.
struct Kind<'k> {
    scratch: &'k Scratch,
    name: &'static str,
    have: Schema,
    want: Schema,
    lists: [Vec<Change>; 2],
    /// The file that the process reads them from.
    told: String,
}

/// The schema and the rows.
type State = (Vec<String>, Vec<String>);

impl Kind<'_> {
    fn app(&self) -> App {
        let [first, second] = self.lists.clone();
        App::new(
            History::new()
                .declared("m01", move || steps_of(first.clone()))
                .declared("m02", move || steps_of(second.clone())),
        )
    }

    /// The state of a database in which everything has come to its end.
    async fn state(&self) -> State {
        // A session of its own: PostgreSQL holds an older one to the types that it knew.
        let db = session(self.scratch).await;
        assert_eq!(open(&db).await, 0);
        let mut found = introspect(&db).await.unwrap();
        forget_records(&mut found);
        let values = values(&db, &found).await;
        let shown = values.iter().map(|(column, values)| format!("{column:?} {values:?}"));
        let state = (fingerprint(&db).await, shown.chain(recorded(&db).await).collect());
        let _ = db.close().await;
        state
    }

    /// A database with the rows, on which the second migration is about to run that way.
    async fn prepare(&self, is_back: bool) {
        let db = session(self.scratch).await;
        let app = App::new(History::new().declared("m01", creation_of(&self.have)));
        app.on(&db).fresh(&plimsoll::Choice::default()).await.unwrap();
        if !WITHOUT_ROWS.contains(&self.name) {
            fill(&db, &self.have, &self.want, 3).await;
        }
        if is_back {
            self.app().up_on(&db).await.unwrap();
        }
        let _ = db.close().await;
    }

    fn sail(&self, is_back: bool) -> std::process::Child {
        let command: &[&str] = if is_back { &["down", "--yes"] } else { &["up"] };
        let arguments: Vec<&str> =
            [&*self.told].into_iter().chain(command.iter().copied()).collect();
        ship(self.scratch, &arguments).spawn().unwrap()
    }

    /// Lets a run come to its end. A way back that had come to its end already is not gone twice.
    fn finish(&self, is_back: bool, context: &str) -> bool {
        let target: &[&str] = if is_back { &["down", "m01", "--yes"] } else { &["up"] };
        let arguments: Vec<&str> =
            [&*self.told].into_iter().chain(target.iter().copied()).collect();
        let output = ship(self.scratch, &arguments).output().unwrap();
        let told = said(&output);
        assert!(output.status.success(), "{} {context}: {told}", self.name);
        told.contains("resuming")
    }

    async fn goes_through_it(&self, is_back: bool, count: &mut Count) {
        self.prepare(is_back).await;
        let began = Instant::now();
        let output = self.sail(is_back).wait_with_output().unwrap();
        let usual = began.elapsed();
        assert!(output.status.success(), "{}: {}", self.name, said(&output));
        let wanted = self.state().await;

        for statements in 1.. {
            self.prepare(is_back).await;
            let (behind, way) = (statements.to_string(), if is_back { "down" } else { "up" });
            let arguments = [&*self.told, "killed-after", &behind, way];
            let output = ship(self.scratch, &arguments).output().unwrap();
            if output.status.success() {
                break;
            }
            assert!(is_killed(output.status), "{}: {}", self.name, said(&output));
            count.boundaries += 1;

            let context = format!("({way}) killed behind statement {statements}");
            count.resumed += usize::from(self.finish(is_back, &context));
            assert_eq!(self.state().await, wanted, "{} {context}", self.name);
        }

        for _ in 0..2 {
            self.prepare(is_back).await;
            let mut chance = [0; 2];
            OsRandom.fill(&mut chance);
            let part = f64::from(u16::from_le_bytes(chance)) / f64::from(u16::MAX);
            let pause = usual.mul_f64(part);
            let mut child = self.sail(is_back);
            thread::sleep(pause);
            child.kill().unwrap();
            count.moments += usize::from(is_killed(child.wait().unwrap()));

            let context = format!("killed after {pause:?}");
            count.resumed += usize::from(self.finish(is_back, &context));
            assert_eq!(self.state().await, wanted, "{} {context}", self.name);
        }
    }
}

async fn a_change_of_any_kind_that_is_killed_anywhere_is_finished(scratch: &Scratch) {
    let dialect: Dialect = dialect(&scratch.db);
    let (mut count, all) = (Count::default(), in_order());
    let number = usize::try_from(cases(1)).unwrap().min(all.len());
    let folder = tempfile::tempdir().unwrap();

    for name in &all[..number] {
        let (have, want) = (schema(name, "have", dialect), schema(name, "want", dialect));
        // What the database has no notion of, and what no migration can declare.
        if kinds_of(name, dialect).is_err() || !is_named(&have) || !is_named(&want) {
            continue;
        }
        let (have, want) = (gathered(&have), gathered(&want));
        let changes = |from: &Schema, to: &Schema| diff(from, to, &[]).changes;
        let lists = [changes(&Schema::default(), &have), changes(&have, &want)];
        let file = folder.path().join(format!("{name}.json"));
        fs::write(&file, serde_json::to_string(&lists).unwrap()).unwrap();
        let told = format!("changes={}", file.display());
        let kind = Kind { scratch, name, have, want, lists, told };

        kind.goes_through_it(false, &mut count).await;
        kind.goes_through_it(true, &mut count).await;
        count.kinds += 1;
    }

    measured(format!("{dialect}: {count:?}"));
    assert!(count.kinds > 0 && count.boundaries > 10, "{count:?}");
}
