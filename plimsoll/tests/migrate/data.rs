//! Steps on rows: updates, backfills in batches, code; forward, back, and interrupted.

use plimsoll::{
    App, History, MigrationError,
    prelude::*,
    progress::{Event, Progress},
    testing::Scratch,
};
use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::MigratorTrait as _;

use crate::{crash::each_killed_run_is_finished, support::*};

plimsoll::on_every_empty_database!(
    rows_get_other_values_and_the_way_back_takes_them_away,
    a_backfill_goes_through_all_rows_in_batches,
    a_backfill_by_text_and_by_numbers_that_are_not_in_a_row_reaches_every_row,
    a_backfill_by_bytes_reaches_every_row,
    what_batches_did_stays_when_a_later_one_fails_and_the_next_run_goes_on_there,
    a_backfill_that_is_killed_behind_any_statement_is_finished_by_the_next,
    a_migration_that_was_edited_behind_its_batches_is_not_gone_on_with,
    code_runs_in_its_place_and_is_taken_back,
    code_that_fails_leaves_nothing_of_itself,
    seaorm_runs_updates_and_code_too,
    a_script_says_the_whole_of_a_backfill_and_that_code_is_none,
);

/// Ten ships, every third of which has no label.
fn ships() -> Steps {
    Steps::new()
        .create_table("ships", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 20))
                .column(string_len_null("label", 20))
                .column(timestamp_with_time_zone_null("seen_at"))
                .unique(["name"])
        })
        .insert(
            "ships",
            ["id", "name", "label"],
            (1..=10).map(|id| {
                let label =
                    if id % 3 == 0 { Value::Null } else { Value::from(format!("label {id}")) };
                row![id * 7, format!("ship {id}"), label]
            }),
        )
}

async fn labels(scratch: &Scratch) -> Vec<Option<String>> {
    let db = session(scratch).await;
    let labels = all(&db, "SELECT label FROM ships ORDER BY id").await;
    let _ = db.close().await;
    labels
}

async fn rows_get_other_values_and_the_way_back_takes_them_away(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01", ships).declared("m02", || {
        Steps::new()
            .update("ships", |u| {
                u.copy("label", "name")
                    .set_now("seen_at")
                    .where_null("label")
                    .back(|u| u.set("label", Value::Null).where_sql("label = name"))
            })
            .update("ships", |u| u.set_sql("label", "upper(label)").where_equal("name", "ship 1"))
    }));

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let made = labels(scratch).await;
    assert_eq!(made[0].as_deref(), Some("LABEL 1"));
    assert_eq!(made[2].as_deref(), Some("ship 3"));
    let seen = "SELECT count(*) FROM ships WHERE seen_at IS NOT NULL";
    assert_eq!(one::<i64>(&scratch.db, seen).await, 3);
    down(scratch, &app, "m01").await.unwrap();
    let back = labels(scratch).await;
    assert_eq!(back.iter().filter(|label| label.is_none()).count(), 3);
    assert_eq!(back[0].as_deref(), Some("LABEL 1"), "nothing was said of how it is taken back");
}

/// How far the batches were, as it was told.
#[derive(Default)]
struct Batches(std::sync::Mutex<Vec<(u64, u64)>>);

impl Progress for Batches {
    fn tell(&self, event: Event<'_>) {
        if let Event::Rows { done, of, .. } = event {
            self.0.lock().unwrap().push((done, of));
        }
    }
}

fn filled() -> Steps {
    Steps::new()
        .backfill("ships", "id", |u| u.copy("label", "name").where_null("label").rows(4))
        .alter("ships", |t| {
            t.change(
                |t| t.column(string_len_null("label", 20)),
                |t| t.column(string_len("label", 20)),
            )
        })
}

async fn a_backfill_goes_through_all_rows_in_batches(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01", ships).declared("m02", filled));
    let told = Batches::default();
    let db = session(scratch).await;

    app.on(&db).telling(&told).up(&to("head"), &plimsoll::Choice::default()).await.unwrap();

    assert_eq!(*told.0.lock().unwrap(), [(4, 10), (8, 10), (10, 10)]);
    assert!(labels(scratch).await.iter().all(Option::is_some));
    refused(&db, "UPDATE ships SET label = NULL").await;
    assert_eq!(open(&db).await, 0);
    let _ = db.close().await;
    down(scratch, &app, "m01").await.unwrap();
    assert!(labels(scratch).await.iter().all(Option::is_some));
}

async fn a_backfill_by_text_and_by_numbers_that_are_not_in_a_row_reaches_every_row(
    scratch: &Scratch,
) {
    let app = App::new(History::new().declared("m01", ships).declared("m02", || {
        Steps::new()
            .insert("ships", ["id", "name"], [row![-5, "it's \\ \"odd\""], row![900, "É"]])
            .backfill("ships", "name", |u| u.set("label", "by name").rows(1))
            .backfill("ships", "id", |u| {
                u.set_sql("label", Sql::each("label || '!'", "label || '!'", "concat(label, '!')"))
                    .rows(5)
            })
    }));

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let labels = labels(scratch).await;
    assert_eq!(labels.len(), 12);
    assert!(labels.iter().all(|label| label.as_deref() == Some("by name!")), "{labels:?}");
}

/// A UUID is bytes on two of the databases, also such as look like the end of a text.
async fn a_backfill_by_bytes_reaches_every_row(scratch: &Scratch) {
    let wrecks = || {
        Steps::new()
            .create_table("wrecks", |t| t.column(uuid("id").primary_key()).column(integer("depth")))
    };
    let app = App::new(History::new().declared("m01", wrecks).declared("m02", || {
        Steps::new().backfill("wrecks", "id", |u| u.set_sql("depth", "depth + 10").rows(1))
    }));
    heard_up(scratch, &app, "m01").await.0.unwrap();
    for (number, last) in ["00", "27", "5c", "ff"].into_iter().enumerate() {
        let id = match dialect(&scratch.db) {
            plimsoll::Dialect::Postgres => format!("'ff000000-0000-0000-0000-0000000000{last}'"),
            _ => format!("x'ff0000000000000000000000000000{last}'"),
        };
        run(&scratch.db, &format!("INSERT INTO wrecks VALUES ({id}, {number})")).await;
    }

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let db = session(scratch).await;
    let depths: Vec<i32> = all(&db, "SELECT depth FROM wrecks ORDER BY depth").await;
    assert_eq!(depths, [10, 11, 12, 13]);
}

async fn what_batches_did_stays_when_a_later_one_fails_and_the_next_run_goes_on_there(
    scratch: &Scratch,
) {
    // The seventh ship's name is too long for what is wanted of it.
    let app = App::new(History::new().declared("m01", ships).declared("m02", || {
        Steps::new()
            .create_index("ships", ["label"])
            .backfill("ships", "id", |u| {
                u.set_sql(
                    "label",
                    Sql::each(
                        "CASE WHEN id = 49 AND name = 'ship 7' THEN abs(-9223372036854775807 - 1) \
                         ELSE name END",
                        "CASE WHEN id = 49 AND name = 'ship 7' THEN (1 / (id - 49))::text ELSE name END",
                        "CASE WHEN id = 49 AND name = 'ship 7' THEN repeat('x', 99) ELSE name END",
                    ),
                )
                .rows(3)
            })
            .create_table("berths", |t| t.column(big_pk_auto("id")))
    }));

    let error = up(scratch, &app).await.unwrap_err();

    let plimsoll::Error::Migration(error @ MigrationError::Failed { remains, .. }) = &error else {
        panic!("{}", chain(&error));
    };
    assert_eq!(*remains, plimsoll::Remains::Resumable, "{}", chain(error));
    let half = labels(scratch).await;
    assert_eq!(half[..6], (1..=6).map(|id| Some(format!("ship {id}"))).collect::<Vec<_>>());
    assert_eq!(half[6].as_deref(), Some("label 7"));
    assert_eq!(open(&scratch.db).await, 1);
    // What is done is not done again.
    run(&scratch.db, "UPDATE ships SET label = 'by hand' WHERE id = 7").await;
    run(&scratch.db, "UPDATE ships SET name = 'seven' WHERE id = 49").await;
    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let whole = labels(scratch).await;
    assert_eq!(whole[0].as_deref(), Some("by hand"));
    assert_eq!(whole[6].as_deref(), Some("seven"));
    assert_eq!(whole[9].as_deref(), Some("ship 10"));
    assert_eq!(recorded(&scratch.db).await, ["m01", "m02"]);
    assert_eq!(open(&scratch.db).await, 0);
    assert!(tables(&scratch.db).await.contains(&"berths".to_owned()));
}

async fn a_backfill_that_is_killed_behind_any_statement_is_finished_by_the_next(scratch: &Scratch) {
    let db = &scratch.db;
    let names = async || all::<String>(db, "SELECT name FROM filled ORDER BY id").await;

    let killed = each_killed_run_is_finished(scratch, "filling", names).await;

    assert!(killed > 25, "{killed}");
}

async fn a_migration_that_was_edited_behind_its_batches_is_not_gone_on_with(scratch: &Scratch) {
    let failing = |sql: &'static str| {
        move || {
            Steps::new()
                .backfill("ships", "id", |u| u.copy("label", "name").rows(3))
                .sql("ships", sql)
        }
    };
    let history = || History::new().declared("m01", ships);
    let first = App::new(history().declared("m02", failing("UPDATE nowhere SET a = 1")));
    up(scratch, &first).await.unwrap_err();
    let edited = App::new(history().declared("m02", || {
        Steps::new().backfill("ships", "id", |u| u.set("label", "other").rows(3))
    }));

    let error = up(scratch, &edited).await.unwrap_err();

    assert!(
        matches!(error, plimsoll::Error::Migration(MigrationError::InterruptedChanged { .. })),
        "{}",
        chain(&error)
    );
    let mended = App::new(history().declared("m02", failing("UPDATE ships SET label = 'end'")));
    up(scratch, &mended).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(labels(scratch).await.iter().all(|label| label.as_deref() == Some("end")));
}

fn coded() -> Steps {
    Steps::new()
        .alter("ships", |t| t.add(|t| t.column(integer_null("length"))))
        .code_and_back("measure the names", 1)
        .alter("ships", |t| {
            t.change(|t| t.column(integer_null("length")), |t| t.column(integer("length")))
        })
        .code("nothing comes back of this", 1)
}

fn run_code(call: Call<'_>) -> Running<'_> {
    Box::pin(async move {
        let db = call.manager.get_connection();
        match (call.step, call.is_back) {
            ("measure the names", false) => {
                let names = db
                    .query_all_raw(sea_orm::Statement::from_string(
                        db.get_database_backend(),
                        "SELECT id, name FROM ships",
                    ))
                    .await?;
                for row in names {
                    let (id, name): (i64, String) =
                        (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                    let length = name.chars().count();
                    let set = format!("UPDATE ships SET length = {length} WHERE id = {id}");
                    db.execute_unprepared(&set).await?;
                }
                Ok(())
            }
            ("measure the names", true) => {
                db.execute_unprepared("UPDATE ships SET label = 'measured once'").await.map(drop)
            }
            ("nothing comes back of this", false) => Ok(()),
            (step, _) => Err(DbErr::Custom(format!("there is no `{step}`"))),
        }
    })
}

async fn code_runs_in_its_place_and_is_taken_back(scratch: &Scratch) {
    let history = History::new().declared("m01", ships);
    let app = App::new(history.declared_with("m02", coded, run_code));

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let lengths: Vec<i32> = {
        let db = session(scratch).await;
        all(&db, "SELECT length FROM ships ORDER BY id").await
    };
    assert_eq!(lengths, [6, 6, 6, 6, 6, 6, 6, 6, 6, 7]);
    assert_eq!(open(&scratch.db).await, 0);
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(labels(scratch).await.iter().all(|it| it.as_deref() == Some("measured once")));
}

async fn code_that_fails_leaves_nothing_of_itself(scratch: &Scratch) {
    fn fails(call: Call<'_>) -> Running<'_> {
        Box::pin(async move {
            let db = call.manager.get_connection();
            db.execute_unprepared("UPDATE ships SET label = 'half'").await?;
            Err(DbErr::Custom("the sea is rough".to_owned()))
        })
    }
    let steps = || Steps::new().code("sail", 1);
    let history = History::new().declared("m01", ships);
    let app = App::new(history.declared_with("m02", steps, fails));

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    assert!(said.contains("the code `sail`") && said.contains("the sea is rough"), "{said}");
    assert!(!labels(scratch).await.contains(&Some("half".to_owned())));
    assert_eq!(recorded(&scratch.db).await, ["m01"]);
    let unlisted = App::new(History::new().declared("m01", ships).declared("m02", steps));
    let error = up(scratch, &unlisted).await.unwrap_err();
    assert!(chain(&error).contains("`sail` is code"), "{}", chain(&error));
}

struct Migrator;

impl sea_orm_migration::MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        let code = || {
            Steps::new()
                .alter("ships", |t| t.add(|t| t.column(integer_null("length"))))
                .code_and_back("measure the names", 1)
                .backfill("ships", "id", |u| u.copy("label", "name").rows(2))
        };
        History::new().declared("m01", ships).declared_with("m02", code, run_code).into_migrations()
    }
}

async fn seaorm_runs_updates_and_code_too(scratch: &Scratch) {
    let db = session(scratch).await;

    Migrator::up(&db, None).await.unwrap();

    let lengths = "SELECT count(*) FROM ships WHERE length > 5 AND label = name";
    assert_eq!(one::<i64>(&db, lengths).await, 10);
    Migrator::down(&db, Some(1)).await.unwrap();
    let _ = db.close().await;
    assert!(labels(scratch).await.iter().all(|it| it.as_deref() == Some("measured once")));
}

async fn a_script_says_the_whole_of_a_backfill_and_that_code_is_none(scratch: &Scratch) {
    let steps = || {
        Steps::new()
            .backfill("ships", "id", |u| u.copy("label", "name").where_null("label").rows(2))
            .code("sail", 1)
    };
    let history = History::new().declared("m01", ships);
    let app = App::new(history.declared_with("m02", steps, run_code));
    up(scratch, &app_of(ships)).await.unwrap();

    let rehearsed = app.on(&scratch.db).rehearse_up(&to("head")).await.unwrap();

    let statements = rehearsed[0].statements.clone().unwrap();
    let quote = |name| quote(&scratch.db, name);
    let update = format!(
        "UPDATE {} SET {} = {} WHERE {} IS NULL",
        quote("ships"),
        quote("label"),
        quote("name"),
        quote("label")
    );
    assert_eq!(statements[0], update);
    let code = "-- what the code `sail` does, no script can show".to_owned();
    assert!(statements.contains(&code), "{statements:?}");
    assert_eq!(rehearsed[0].code, ["sail"]);
}
