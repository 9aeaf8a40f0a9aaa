//! The histories that the ship can sail.

use std::{
    fs,
    io::{Read as _, stdin},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use plimsoll::{App, Change, History, prelude::*, steps::AlterBuilder};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

const SEEDS: &[(&str, &str)] = &[(
    "ports.toml",
    "table = 'ports'\nkey = ['name']\n[[rows]]\nname = 'Bergen'\n[[rows]]\nname = 'Genova'\n[[rows]]\nname = 'Kobe'\n",
)];

/// The app of that name.
pub(crate) fn app(name: &str) -> Option<App> {
    if let Some(file) = name.strip_prefix("changes=") {
        return of_changes(file);
    }
    if let Some(file) = name.strip_prefix("steps=") {
        return of_steps(file);
    }
    let history = match name {
        // Eight migrations of every kind.
        "eight" => History::new()
            .declared("m01_ports", ports)
            .declared("m02_ships", ships)
            .imperative(Guest { name: "m03_guest", transaction: None, work: Work::Table("guests") })
            .declared("m04_cargo", || table("cargo"))
            .imperative(Guest { name: "m05_in_one", transaction: Some(true), work: Work::Row })
            .declared("m06_crew", || table("crew"))
            .imperative(Guest { name: "m07_alone", transaction: Some(false), work: Work::Row })
            .declared("m08_index", || Steps::new().create_index("crew", ["name"])),
        // Twelve statements, and one migration behind them.
        "twelve" => History::new().declared("m01_twelve", twelve).declared("m02_ports", ports),
        // Rows that are filled batch by batch, between changes of their table.
        "filling" => History::new().declared("m01_filled", filled).declared("m02_filling", filling),
        // One statement that takes its time, between two migrations that do not.
        // A key becomes wider, and what refers to it.
        "widening" => History::new().declared("m01_kept", kept).declared("m02_widening", widening),
        "slow" => slow(Work::Sleep),
        // The same, and how long is up to whoever has its standard input.
        "held" => slow(Work::Wait),
        // The same without a transaction, so that others see that it has begun.
        "held-alone" => History::new().declared("m01_ports", ports).imperative(Guest {
            name: "m02_alone",
            transaction: Some(false),
            work: Work::Wait,
        }),
        // An index, which somebody else's lock on the table makes wait.
        "long" => History::new()
            .declared("m01_ports", ports)
            .declared("m02_index", || Steps::new().create_index("ports", ["name", "id"]))
            .declared("m03_cargo", || table("cargo")),
        // A migration that calls code, between two that do not.
        "calling" => History::new()
            .declared("m01_ports", ports)
            .declared_with("m02_calling", calling, |_| Box::pin(async { Ok(()) }))
            .declared("m03_cargo", || table("cargo")),
        // Code that is killed behind half of its work, in no transaction.
        "sinking" => History::new()
            .declared("m01_ports", ports)
            .imperative(Guest { name: "m02_sinking", transaction: Some(false), work: Work::Sink })
            .declared("m03_cargo", || table("cargo")),
        // The same with whatever transaction there is.
        "sinking-in-one" => History::new()
            .declared("m01_ports", ports)
            .imperative(Guest { name: "m02_sinking", transaction: Some(true), work: Work::Sink })
            .declared("m03_cargo", || table("cargo")),
        // The same with rows alone.
        "sinking-rows" => History::new()
            .declared("m01_ports", ports)
            .imperative(Guest { name: "m02_sinking", transaction: Some(true), work: Work::SinkRow })
            .declared("m03_cargo", || table("cargo")),
        // As many migrations as its name says.
        name => return Some(many(name.strip_prefix("many-")?.parse().ok()?)),
    };
    Some(App::new(history).seeds(SEEDS))
}

/// One migration for each of the two lists of changes in the file.
fn of_changes(file: &str) -> Option<App> {
    let lists: Vec<Vec<Change>> = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let named = ["m01", "m02"].into_iter().zip(lists);
    let history = named.fold(History::new(), |history, (name, list)| {
        let steps =
            move || list.iter().cloned().fold(Steps::new(), Steps::change).allow_loss("it is told");
        history.declared(name, steps)
    });
    Some(App::new(history))
}

/// The migrations of the file, each by its name.
fn of_steps(file: &str) -> Option<App> {
    let named: Vec<(String, Steps)> = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let declare = |history: History, (name, steps): (String, Steps)| {
        history.declared(lasting(name), move || steps.clone())
    };
    Some(App::new(named.into_iter().fold(History::new(), declare)))
}

/// A name that lives as long as the program, as those in a file do.
fn lasting(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

/// Migrations of a table each, with an index and a key that refers to the table before.
fn many(count: usize) -> App {
    let name = |at: usize| format!("m{at:04}_boats");
    let declare =
        |history: History, at: usize| history.declared(lasting(name(at)), move || boats(at));
    App::new((0..count).fold(History::new(), declare))
}

fn boats(at: usize) -> Steps {
    let name = |at: usize| format!("boats_{at:04}");
    Steps::new().create_table(&name(at), |t| {
        t.column(big_pk_auto("id"))
            .column(string_len("name", 80))
            .column(big_integer_null("towed_by"))
            .index(["name"])
            .foreign_key(["towed_by"], name(at.saturating_sub(1)), ["id"], OnDelete::SetNull)
    })
}

fn slow(work: Work) -> History {
    History::new()
        .declared("m01_ports", ports)
        .imperative(Guest { name: "m02_slow", transaction: Some(true), work })
        .declared("m03_cargo", || table("cargo"))
}

fn filled() -> Steps {
    let rows = (1..=8).map(|id| row![id, format!("row {id}")]);
    table("filled").insert("filled", ["id", "name"], rows)
}

fn filling() -> Steps {
    Steps::new()
        .alter("filled", |t| t.add(|t| t.column(string_len_null("label", 80))))
        .backfill("filled", "id", |u| {
            // Done twice it would show.
            let more = Sql::each("name || '+'", "name || '+'", "concat(name, '+')");
            u.set_sql("name", more).copy("label", "name").rows(3)
        })
        .alter("filled", |t| {
            t.change(
                |t| t.column(string_len_null("label", 80)),
                |t| t.column(string_len("label", 80)),
            )
        })
        .create_index("filled", ["label"])
}

fn kept() -> Steps {
    Steps::new()
        .create_table("docks", |t| t.column(integer("id")).primary_key(["id"]))
        .create_table("berths", |t| {
            t.column(integer("id"))
                .column(integer("dock_id"))
                .column(integer_null("beside_id"))
                .primary_key(["id"])
                .foreign_key(["dock_id"], "docks", ["id"], OnDelete::Cascade)
                .foreign_key(["beside_id"], "berths", ["id"], OnDelete::SetNull)
        })
        .insert("docks", ["id"], [row![1], row![2]])
        .insert("berths", ["id", "dock_id", "beside_id"], [row![1, 1, 1], row![2, 2, 1]])
}

fn widening() -> Steps {
    let wider = |name: &'static str| {
        move |t: AlterBuilder| {
            t.change(|t| t.column(integer(name)), |t| t.column(big_integer(name)))
        }
    };
    Steps::new()
        .alter("docks", wider("id"))
        .alter("berths", wider("id"))
        .alter("berths", wider("dock_id"))
        .alter("berths", |t| {
            t.change(
                |t| t.column(integer_null("beside_id")),
                |t| t.column(big_integer_null("beside_id")),
            )
        })
}

fn table(name: &str) -> Steps {
    Steps::new().create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
}

fn ports() -> Steps {
    table("ports")
}

fn ships() -> Steps {
    table("ships").insert("ships", ["id", "name"], [row![1, "Fenrir"], row![2, "Plimsoll"]])
}

fn calling() -> Steps {
    // Nothing of it is to run where it stands in a comment.
    let name = "Adrift\rINSERT INTO ports (id) VALUES (1);\r\nDROP TABLE ports;\n";
    ships().insert("ships", ["id", "name"], [row![3, name]]).code("sail", 1)
}

fn twelve() -> Steps {
    ["a", "b", "c", "d"].into_iter().fold(Steps::new(), |steps, name| {
        steps
            .create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
            .create_index(name, ["name"])
            .insert(name, ["id", "name"], [row![1, name], row![2, "more"]])
    })
}

/// A migration that is code.
struct Guest {
    name: &'static str,
    transaction: Option<bool>,
    work: Work,
}

enum Work {
    Table(&'static str),
    Row,
    /// Sleeps for seconds, in one statement.
    Sleep,
    /// Waits for a second, and then as long as the standard input is open.
    Wait,
    Sink,
    SinkRow,
}

impl MigrationName for Guest {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Guest {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let row = format!("INSERT INTO ports (name) VALUES ('{}')", self.name);
        match self.work {
            Work::Table(name) => {
                let id = sea_query::ColumnDef::new("id").big_integer().primary_key().take();
                manager.create_table(sea_query::Table::create().table(name).col(id).take()).await
            }
            Work::Row => db.execute_unprepared(&row).await.map(drop),
            Work::Sleep => {
                db.execute_unprepared(&row).await?;
                db.execute_unprepared(sleep(db.get_database_backend())).await.map(drop)
            }
            Work::Wait => {
                db.execute_unprepared(&row).await?;
                wait(db).await
            }
            Work::Sink => {
                db.execute_unprepared("CREATE TABLE half (id bigint)").await?;
                kill_this_process();
                Ok(())
            }
            Work::SinkRow => {
                db.execute_unprepared(&row).await?;
                kill_this_process();
                Ok(())
            }
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match self.work {
            Work::Table(name) => {
                manager.drop_table(sea_query::Table::drop().table(name).take()).await
            }
            Work::Row | Work::Sleep | Work::Wait | Work::Sink | Work::SinkRow => Ok(()),
        }
    }

    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }
}

fn sleep(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "SELECT pg_sleep(2)",
        DbBackend::MySql => "SELECT SLEEP(2)",
        // SQLite cannot sleep, and its clock stands still within a statement: it counts.
        _ => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000000) \
             SELECT max(i) FROM n"
        }
    }
}

async fn wait(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let began = Instant::now();
    let input = thread::spawn(|| stdin().read_to_end(&mut Vec::new()));
    while !input.is_finished() || began.elapsed() < Duration::from_secs(1) {
        let sleep = match db.get_database_backend() {
            DbBackend::Postgres => "SELECT pg_sleep(0.5)",
            DbBackend::MySql => "SELECT SLEEP(0.5)",
            // SQLite cannot sleep.
            _ => {
                thread::sleep(Duration::from_millis(50));
                "SELECT 1"
            }
        };
        db.execute_unprepared(sleep).await?;
    }
    Ok(())
}

/// Ends this process as nobody can prevent.
pub(crate) fn kill_this_process() {
    let killed = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    if killed.is_ok() {
        thread::sleep(Duration::from_mins(1));
    }
    std::process::abort();
}
