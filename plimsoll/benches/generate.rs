//! How long it takes to write a migration: the history folded, the entities compared with it, the
//! steps drafted and written as Rust.
//!
//! ```text
//! cargo bench -p plimsoll --features testing,runtime-tokio-rustls --bench generate
//! ```
//!
//! A history of 100 and of 1 000 tables, a migration each, of 13 columns, 3 indexes, a CHECK and a
//! foreign key. Either nothing has changed, or a column has come to every tenth table. Beside
//! criterion's times a table is printed: the times, and that of 1 000 over that of 100.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::{hint::black_box, time::Instant};

#[path = "shared/tables.rs"]
mod tables;
#[path = "shared/times.rs"]
mod times;

use criterion::Criterion;
use plimsoll::{
    Answers, App, History, Schema,
    schema::{Column, Entities, Type},
    write::{Form, migration},
};

use tables::table;
use times::{median, milliseconds};

const SIZES: [usize; 2] = [100, 1_000];
const ROUNDS: usize = 9;

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    println!("changed ms_at_100 ms_at_1000 ratio");
    for changed in [false, true] {
        let times = SIZES.map(|tables| {
            let app = app(tables, changed);
            let times = (0..ROUNDS).map(|_| {
                let began = Instant::now();
                black_box(written(&app));
                began.elapsed()
            });
            median(times.collect())
        });
        let ratio = times[1].as_secs_f64() / times[0].as_secs_f64();
        println!("{changed} {} {} {ratio:.1}", milliseconds(times[0]), milliseconds(times[1]));
    }
    for tables in SIZES {
        for (name, changed) in [("unchanged", false), ("changed", true)] {
            let app = app(tables, changed);
            criterion.bench_function(&format!("generate/{tables}/{name}"), |bencher| {
                bencher.iter(|| black_box(written(&app)));
            });
        }
    }
    criterion.final_summary();
}

/// What the command does before it writes the file.
fn written(app: &App) -> String {
    let beginning = app.beginning(None).unwrap().unwrap();
    let draft = beginning.draft(&Answers::default()).unwrap();
    assert!(draft.open.is_empty(), "{:?}", draft.open);
    migration(Form::Declared, "Benchmark", &draft.notes, &draft.steps).unwrap().source
}

fn app(tables: usize, changed: bool) -> App {
    let mut schema = Schema::default();
    let mut history = History::new();
    for number in 0..tables {
        table(number).apply(&mut schema).unwrap();
        let name = format!("m{number:04}_created").leak();
        history = history.declared(name, move || table(number));
    }
    if changed {
        for table in schema.tables.values_mut().step_by(10) {
            let mut column = Column::new("nickname", Type::String(Some(80)));
            column.nullable = true;
            table.columns.push(column);
        }
    }
    let entities: Entities = schema.tables.into_values().collect();
    App::new(history).entities(entities)
}
