//! Tests on real databases: a fresh one for each test, on each of the three.

use std::{
    collections::BTreeMap,
    env,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use futures_util::FutureExt as _;
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use sha2::{Digest as _, Sha256};

use crate::{
    app::{App, Compared},
    config::{self, Database, Env, Variable},
    connect,
    dialect::Dialect,
    names::hex,
    scratch::{Place, Script, template_name},
};

/// Writes, for each function named, a module with the tests `sqlite`, `postgres` and `mysql`, each
/// on a fresh database that the app has migrated and seeded.
///
/// `cargo test postgres` runs those of one database. A function that is not in the list is dead
/// code, and the compiler says so.
///
/// ```no_run
/// # mod migration { pub fn app() -> plimsoll::App { plimsoll::App::new(plimsoll::History::new()) } }
/// use sea_orm::DatabaseConnection;
///
/// plimsoll::on_every_database!(migration::app: the_database_answers);
///
/// async fn the_database_answers(db: &DatabaseConnection) {
///     db.ping().await.unwrap();
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! on_every_database {
    ($app:path: $($test:ident),+ $(,)?) => {
        $($crate::__tests!($test, $crate::testing::run, &$app(), super::$test);)+
    };
}

/// Writes a module with a test for each database, which calls the function with it and with what follows.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($module:ident, $run:path $(, $argument:expr)*) => {
        mod $module {
            #[allow(
                unused_imports,
                reason = "what it is called with can begin in the module of the tests"
            )]
            use super::*;

            #[test]
            fn sqlite() {
                $run($crate::Dialect::Sqlite $(, $argument)*);
            }

            #[test]
            fn postgres() {
                $run($crate::Dialect::Postgres $(, $argument)*);
            }

            #[test]
            fn mysql() {
                $run($crate::Dialect::Mysql $(, $argument)*);
            }
        }
    };
}

/// As [`on_every_database!`], with an empty database, which the test gets as a [`Scratch`].
#[macro_export]
macro_rules! on_every_empty_database {
    ($($test:ident),+ $(,)?) => {
        $($crate::__tests!($test, $crate::testing::run_empty, super::$test);)+
    };
}

/// Writes two tests for each of the three databases, which hold the app's history to what it says:
///
/// - every migration goes, comes back and goes again, with the same schema each time, and with rows that
///   come back unless it says that it loses them ([`App::verify`]);
/// - the migrations make what the entities want, and a database has what they make
///   ([`Run::agreement`](crate::Run::agreement)).
///
/// One line in a project's tests:
///
/// ```no_run
/// # mod migration { pub fn app() -> plimsoll::App { plimsoll::App::new(plimsoll::History::new()) } }
/// plimsoll::history_on_every_database!(migration::app);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! history_on_every_database {
    ($app:path) => {
        $crate::__tests!(every_migration_goes_and_comes_back, $crate::testing::verify, &$app());
        $crate::__tests!(
            the_migrations_make_what_the_entities_want,
            $crate::testing::agree,
            &$app()
        );
    };
}

/// A throw-away database.
#[derive(Debug)]
pub struct Scratch {
    /// A pool of connections to it.
    pub db: DatabaseConnection,
    /// Where it is.
    pub database: Database,
    place: Place,
}

/// Runs `test` on a fresh database that `app` has migrated and seeded. It is dropped afterwards; a
/// test that fails keeps it, and says where it is.
///
/// # Panics
/// When the server is not there or a migration fails: a database that a test asks for is never
/// skipped.
pub fn run(dialect: Dialect, app: &App, test: impl AsyncFnOnce(&DatabaseConnection)) {
    let place = place(dialect);
    let (template, script) = template(&place, app);
    block_on(async {
        let database = place.copy_of(&template, &script).await.expect("the template is copied");
        on(place, database, async |scratch: &Scratch| test(&scratch.db).await).await;
    });
}

/// Runs `test` on an empty database, as [`run`] does.
///
/// # Panics
/// When the server is not there.
pub fn run_empty(dialect: Dialect, test: impl AsyncFnOnce(&Scratch)) {
    let place = place(dialect);
    block_on(async {
        let database = place.create().await.expect("a database is created");
        on(place, database, test).await;
    });
}

/// Lets every migration of `app` go, come back and go again, with rows, as [`App::verify`] does.
///
/// # Panics
/// With a sentence for each fault; when the server is not there.
pub fn verify(dialect: Dialect, app: &App) {
    let base = place(dialect).base().clone();
    let verified = block_on(app.verify(&base, true, &mut |_| {}));
    let verified = verified.unwrap_or_else(|error| panic!("{}", told(&error)));
    let faults: Vec<String> = verified.faults().collect();
    assert!(faults.is_empty(), "on {dialect}:\n{}", faults.join("\n"));
}

/// Compares entities, migrations and a database that they have made, as `check` does.
///
/// # Panics
/// With a sentence for each difference, and for what could not be compared; when the server is not
/// there.
pub fn agree(dialect: Dialect, app: &App) {
    let place = place(dialect);
    let (template, script) = template(&place, app);
    block_on(async {
        let database = place.copy_of(&template, &script).await.expect("the template is copied");
        on(place, database, async |scratch: &Scratch| {
            let agreed = Box::pin(app.on(&scratch.db).agreement(&scratch.database, false)).await;
            let agreed = agreed.unwrap_or_else(|error| panic!("{}", told(&error)));
            let mut off: Vec<String> = agreed.problems.clone();
            off.extend(agreed.unread().map(|it| format!("`{}`: {}", it.table, it.because)));
            let compared =
                [("migrations", agreed.entities.as_ref()), ("database", Some(&agreed.database))];
            for (whose, compared) in compared {
                match compared {
                    Some(Compared::Made(it)) => off.extend(
                        it.diff
                            .changes
                            .iter()
                            .map(|it| format!("the {whose} would have to {}", it.describe())),
                    ),
                    Some(Compared::Impossible(because)) => off.push(because.clone()),
                    None => {}
                }
            }
            assert!(off.is_empty() && agreed.is_clean(), "on {dialect}:\n{}", off.join("\n"));
        })
        .await;
    });
}

async fn on(place: Place, database: Database, test: impl AsyncFnOnce(&Scratch)) {
    let db = connect::pool(&database).await.expect("the fresh database answers");
    let scratch = Scratch { db, database, place };
    let outcome = AssertUnwindSafe(test(&scratch)).catch_unwind().await;
    scratch.db.close_by_ref().await.expect("the connections are closed");
    match outcome {
        Ok(()) => {
            let name = scratch.database.name();
            let name = match scratch.database.file() {
                Some(file) => file.file_stem().and_then(|stem| stem.to_str()).unwrap_or(&name),
                None => &name,
            };
            scratch.place.remove(name).await.expect("the database is dropped");
        }
        Err(panic) => {
            keep(&scratch.database);
            resume_unwind(panic);
        }
    }
}

#[expect(clippy::print_stderr, reason = "it belongs to the output of the failed test")]
fn keep(database: &Database) {
    eprintln!("the test's database is kept: {database}");
}

/// Runs a future to its end on the runtime that the crate was built for.
///
/// # Panics
/// When the runtime cannot be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    #[cfg(feature = "runtime-tokio-rustls")]
    return tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future);
    #[cfg(all(feature = "runtime-async-std-rustls", not(feature = "runtime-tokio-rustls")))]
    return async_std::task::block_on(future);
    #[cfg(not(any(feature = "runtime-tokio-rustls", feature = "runtime-async-std-rustls")))]
    {
        drop(future);
        panic!("plimsoll was built without a runtime");
    }
}

/// How often to repeat what takes its time: `base` times `PLIMSOLL_CASES`.
///
/// # Panics
/// When `PLIMSOLL_CASES` is no number.
pub fn cases(base: u32) -> u32 {
    let env = Env::load().expect("the environment is readable");
    let factor = env.get(&config::PLIMSOLL_CASES).expect("the environment is readable");
    base * factor.map_or(1, |factor| factor.parse().expect("PLIMSOLL_CASES is a number"))
}

/// The server that the tests of `dialect` use, swept once.
///
/// # Panics
/// When none is named, or it does not answer.
fn place(dialect: Dialect) -> Place {
    static PLACES: Mutex<BTreeMap<Dialect, Place>> = Mutex::new(BTreeMap::new());

    let mut places = locked(&PLACES);
    if let Some(place) = places.get(&dialect) {
        return place.clone();
    }
    let place = Place::new(base(dialect));
    block_on(place.sweep()).unwrap_or_else(|error| {
        panic!("the {dialect} server of the tests: {}", told(&error));
    });
    places.insert(dialect, place.clone());
    place
}

fn told(error: &crate::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn base(dialect: Dialect) -> Database {
    let env = Env::load().expect("the environment is readable");
    let server = |variable: &Variable| {
        let url = env.get(variable).expect("the environment is readable").unwrap_or_else(|| {
            panic!(
                "{} is not set: run `scripts/test`, which starts a server of its own, or choose \
                 fewer databases, as in `cargo test sqlite`",
                variable.name
            )
        });
        let database = Database::from_server_url(&url, env.folder());
        database.unwrap_or_else(|error| panic!("{}: {}", variable.name, told(&error)))
    };
    match dialect {
        Dialect::Sqlite => {
            let folder = env::temp_dir().join("plimsoll-tests");
            std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
            let database = Database::from_url("sqlite:base.db", &folder);
            database.expect("a file in the temporary folder is a database")
        }
        Dialect::Postgres => server(&config::TEST_POSTGRES_URL),
        Dialect::Mysql => server(&config::TEST_MYSQL_URL),
    }
}

/// The database that those of `app` are copied from, made by the first test that needs it.
fn template(place: &Place, app: &App) -> (String, Script) {
    static TEMPLATES: Mutex<BTreeMap<String, Script>> = Mutex::new(BTreeMap::new());

    let name = template_of(place.dialect(), app);
    let mut templates = locked(&TEMPLATES);
    if let Some(script) = templates.get(&name) {
        return (name, script.clone());
    }
    let script = block_on(make_template(place, &name, app)).unwrap_or_else(|error| {
        panic!("the template of the {} tests: {}", place.dialect(), told(&error));
    });
    templates.insert(name.clone(), script.clone());
    (name, script)
}

/// The name of the template: of this very build, because a migration that is code can change
/// without changing its name.
fn template_of(dialect: Dialect, app: &App) -> String {
    let program = env::current_exe().ok();
    let made = program
        .as_ref()
        .and_then(|program| program.metadata().ok()?.modified().ok())
        .unwrap_or_else(SystemTime::now);
    let text = format!("{dialect} {program:?} {made:?} {app:?}");
    template_name(&hex(&Sha256::digest(text.as_bytes())[..8]), made)
}

async fn make_template(place: &Place, name: &str, app: &App) -> crate::Result<Script> {
    // Made under another name and renamed when it is whole: tests can be processes of their own.
    let making = place.create().await?;
    let db = connect::session(&making).await?;
    let made = app.up_on(&db).await;
    let script = match place.dialect() {
        Dialect::Mysql => Script::of(&db, &making.name()).await?,
        Dialect::Sqlite | Dialect::Postgres => Script::default(),
    };
    db.close().await?;
    made?;
    match place.dialect() {
        Dialect::Sqlite => {
            if let (Some(from), Some(to)) = (making.file(), place.named(name).file()) {
                std::fs::rename(from, to)
                    .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?;
            }
        }
        Dialect::Postgres => {
            let base = connect::session(&place.named("postgres")).await?;
            let rename = format!("ALTER DATABASE \"{}\" RENAME TO \"{name}\"", making.name());
            let renamed = base.execute_unprepared(&rename).await;
            base.close().await?;
            if renamed.is_err() {
                // Another process was first: its template is the same.
                place.remove(&making.name()).await?;
            }
        }
        // The script reads the rows from the database that it was recorded in.
        Dialect::Mysql => {}
    }
    Ok(script)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked while it made a template left nothing half-made in the map.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
