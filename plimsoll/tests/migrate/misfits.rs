//! Rows that do not fit what a migration demands: they are named, and nothing is touched. And what a
//! migration loses, which somebody has to allow.

use plimsoll::{
    App, Dialect, Error, History, MigrationError, Misfit, Remains, prelude::*, testing::Scratch,
};

use crate::support::*;

plimsoll::on_every_empty_database!(
    rows_that_do_not_fit_are_named_before_anything_is_touched,
    all_that_does_not_fit_is_told_at_once,
    rows_that_an_earlier_step_corrects_are_asked_when_it_has,
    what_an_earlier_step_does_not_alter_is_asked_first,
    sums_of_fractions_become_decimals,
    texts_that_are_no_value_of_the_type_are_named,
    rows_that_came_while_a_migration_was_half_done_are_asked_too,
    the_alter_helper_asks_too,
    a_migration_that_drops_what_was_there_has_to_say_so,
    what_a_run_makes_itself_it_may_drop,
    what_a_conversion_would_cut_off_is_refused_first,
);

fn ships() -> Steps {
    Steps::new()
        .create_table("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 20)))
        .create_table("ships", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len_null("name", 20))
                .column(big_integer("crew"))
                .column(double("draught"))
                .column(big_integer_null("port_id"))
                .column(string_len("state", 10))
                .column(date_time("built"))
        })
        .insert("ports", ["id", "name"], [row![1, "Bergen"]])
        .insert(
            "ships",
            ["id", "name", "crew", "draught", "port_id", "state", "built"],
            [
                row![1, "Fram", 16, 4.5, 1, "afloat", "2026-01-02 00:00:00"],
                row![2, Value::Null, 70_000, 5.0, 9, "afloat", "2026-01-02 10:30:00"],
                row![3, "Gjøa of Tromsø", -1, 2.25, Value::Null, "sunk", "2026-01-03 00:00:00"],
                row![4, "Fram", 12, 3.0, 8, "lost", "2026-01-02 00:00:00"],
            ],
        )
}

async fn refusal(scratch: &Scratch, steps: fn() -> Steps) -> (Vec<Misfit>, Remains) {
    let app = App::new(History::new().declared("m01", ships).declared("m02", steps));
    let before = fingerprint(&scratch.db).await;
    match up(scratch, &app).await {
        Err(plimsoll::Error::Migration(MigrationError::DoesNotFit {
            migration,
            misfits,
            remains,
            ..
        })) => {
            assert_eq!(migration, "m02");
            assert_eq!(fingerprint(&scratch.db).await, before, "nothing was touched");
            assert_eq!(recorded(&scratch.db).await, ["m01"]);
            assert_eq!(open(&scratch.db).await, 0);
            (misfits, remains)
        }
        Err(error) => panic!("{}", chain(&error)),
        Ok(_) => panic!("the rows were to be refused"),
    }
}

/// What does not fit, and the keys of the rows that are told.
fn said(misfits: &[Misfit]) -> Vec<(String, u64, Vec<String>)> {
    let key = |told: &String| told.split(": ").next().unwrap_or_default().to_owned();
    misfits
        .iter()
        .map(|it| (it.demand.clone(), it.rows, it.told.iter().map(key).collect()))
        .collect()
}

fn misfit(demand: &str, rows: u64, told: &[&str]) -> (String, u64, Vec<String>) {
    (demand.to_owned(), rows, told.iter().map(|it| (*it).to_owned()).collect())
}

/// Steps that are refused: for what, how many rows, and which are told.
type Refused = (fn() -> Steps, &'static str, u64, &'static [&'static str]);

const REFUSED: &[Refused] = &[
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(
                    |t| t.column(string_len_null("name", 20)),
                    |t| t.column(string_len("name", 20)),
                )
            })
        },
        "`ships.name` takes no NULL",
        1,
        &["id 2"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(
                    |t| t.column(string_len_null("name", 20)),
                    |t| t.column(string_len_null("name", 8)),
                )
            })
        },
        "`ships.name` is string(8)",
        1,
        &["id 3"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(|t| t.column(big_integer("crew")), |t| t.column(small_integer("crew")))
            })
        },
        "`ships.crew` is small integer",
        1,
        &["id 2"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(|t| t.column(double("draught")), |t| t.column(integer("draught")))
            })
        },
        "`ships.draught` is integer",
        2,
        &["id 1", "id 3"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(
                    |t| t.column(double("draught")),
                    |t| t.column(decimal_len("draught", 9, 1)),
                )
            })
        },
        "`ships.draught` is decimal(9, 1)",
        1,
        &["id 3"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(|t| t.column(date_time("built")), |t| t.column(date("built")))
            })
        },
        "`ships.built` is date",
        1,
        &["id 2"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.change(|t| t.column(string_len("state", 10)), |t| t.column(integer("state")))
            })
        },
        "`ships.state` is integer",
        4,
        &["id 1", "id 2", "id 3"],
    ),
    (
        || Steps::new().alter("ships", |t| t.add(|t| t.column(string_len("flag", 2)))),
        "`ships.flag` takes no NULL, and nothing says what rows that are there get",
        4,
        &["id 1", "id 2", "id 3"],
    ),
    (
        || Steps::new().alter("ships", |t| t.add(|t| t.one_of("state", ["afloat", "sunk"]))),
        "check `ck-ships-state` of `ships` demands state in ('afloat', 'sunk')",
        1,
        &["id 4"],
    ),
    (
        || Steps::new().alter("ships", |t| t.add(|t| t.check("crew", "crew > 0"))),
        "check `ck-ships-crew` of `ships` demands crew > 0",
        1,
        &["id 3"],
    ),
    (
        || {
            Steps::new().alter("ships", |t| {
                t.add(|t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade))
            })
        },
        "(port_id) of `ships` refers to a row of `ports`",
        2,
        &["id 2", "id 4"],
    ),
];

async fn rows_that_do_not_fit_are_named_before_anything_is_touched(scratch: &Scratch) {
    up(scratch, &app_of(ships)).await.unwrap();
    for (steps, demand, rows, told) in REFUSED {
        let (misfits, remains) = refusal(scratch, *steps).await;

        assert_eq!(said(&misfits), [misfit(demand, *rows, told)]);
        assert_eq!(remains, Remains::Nothing);
    }

    // What several rows have is told by what it is.
    let quoted = |text: &str| match dialect(&scratch.db) {
        plimsoll::Dialect::Sqlite => format!("'{text}'"),
        _ => text.to_owned(),
    };
    let unique = || Steps::new().alter("ships", |t| t.add(|t| t.unique(["name"])));
    let (misfits, _) = refusal(scratch, unique).await;
    assert_eq!(said(&misfits), [misfit("(name) of `ships` is unique", 2, &[&quoted("Fram")])]);
    let index = || {
        let index = Index::over("ships", ["state", "built"]).unique();
        Steps::new().alter("ships", |t| t.add(|t| t.add_index(index)))
    };
    // No two are the same in both.
    assert!(
        up(scratch, &App::new(History::new().declared("m01", ships).declared("m02", index)))
            .await
            .is_ok()
    );
}

async fn all_that_does_not_fit_is_told_at_once(scratch: &Scratch) {
    up(scratch, &app_of(ships)).await.unwrap();
    let steps = || {
        Steps::new().create_table("berths", |t| t.column(big_pk_auto("id"))).alter("ships", |t| {
            t.change(|t| t.column(string_len_null("name", 20)), |t| t.column(string_len("name", 8)))
                .add(|t| t.at_least("crew", 1))
        })
    };

    let (misfits, remains) = refusal(scratch, steps).await;

    let demands: Vec<&str> = misfits.iter().map(|it| it.demand.as_str()).collect();
    assert_eq!(
        demands,
        [
            "`ships.name` takes no NULL",
            "`ships.name` is string(8)",
            "check `ck-ships-crew` of `ships` demands crew at least 1"
        ]
    );
    assert_eq!(remains, Remains::Nothing);
}

async fn rows_that_an_earlier_step_corrects_are_asked_when_it_has(scratch: &Scratch) {
    up(scratch, &app_of(ships)).await.unwrap();
    let history = || History::new().declared("m01", ships);
    let corrected = || {
        Steps::new().update("ships", |u| u.set("name", "?").where_null("name")).alter(
            "ships",
            |t| {
                t.change(
                    |t| t.column(string_len_null("name", 20)),
                    |t| t.column(string_len("name", 20)),
                )
            },
        )
    };

    up(scratch, &App::new(history().declared("m02", corrected)))
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(count(&scratch.db, "ships").await, 4);
}

async fn what_an_earlier_step_does_not_alter_is_asked_first(scratch: &Scratch) {
    let enumerated = || {
        ships().create_enum("rig", ["ketch", "yawl"]).alter("ships", |t| {
            t.add(|t| t.column(enumeration_null("rig", "rig", ["ketch", "yawl"])))
        })
    };
    let m02 = || {
        Steps::new()
            .alter_enum("rig", ["ketch", "yawl"], ["ketch", "yawl", "sloop"])
            .update("ships", |u| u.set("state", "afloat"))
            .alter("ships", |t| t.add(|t| t.column(string_len("flag", 2))))
    };
    up(scratch, &app_of(enumerated)).await.unwrap();
    let before = fingerprint(&scratch.db).await;
    let app = App::new(History::new().declared("m01", enumerated).declared("m02", m02));

    let error = up(scratch, &app).await.unwrap_err();

    assert!(
        matches!(
            error,
            plimsoll::Error::Migration(MigrationError::DoesNotFit {
                remains: Remains::Nothing,
                ..
            })
        ),
        "{}",
        chain(&error)
    );
    assert_eq!(fingerprint(&scratch.db).await, before, "nothing was touched");
}

/// No sum of tenths is one to the last bit: nobody would take that for digits of theirs.
async fn sums_of_fractions_become_decimals(scratch: &Scratch) {
    let history = || History::new().declared("m01", ships);
    let summed = || {
        Steps::new().update("ships", |u| u.set_sql("draught", "1e-1 + 2e-1")).alter("ships", |t| {
            t.change(|t| t.column(double("draught")), |t| t.column(decimal_len("draught", 9, 1)))
        })
    };
    up(scratch, &app_of(ships)).await.unwrap();

    up(scratch, &App::new(history().declared("m02", summed)))
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
}

/// A type, a text that is a value of it, and one that is none.
type Typed = (fn() -> ColumnDef, &'static str, &'static str);

/// What PostgreSQL cannot be asked, it refuses itself and takes everything back.
async fn texts_that_are_no_value_of_the_type_are_named(scratch: &Scratch) {
    let types: [Typed; 6] = [
        (|| boolean("value"), "1", "perhaps"),
        (|| double("value"), "-1.5", "1.5 metres"),
        (|| decimal_len("value", 4, 2), "12.25", "soon"),
        (|| date("value"), "2026-01-02", "soon"),
        (|| timestamp_with_time_zone("value"), "2026-01-02 10:30:00", "soon"),
        (|| json("value"), "[1]", "[1"),
    ];
    let notes = |number: usize| format!("notes_{number}");
    let first = move || {
        types.iter().enumerate().fold(Steps::new(), |steps, (number, (_, good, bad))| {
            steps
                .create_table(&notes(number), |t| {
                    t.column(pk_auto("id")).column(string_len("value", 40))
                })
                .insert(&notes(number), ["id", "value"], [row![1, *good], row![2, *bad]])
        })
    };
    for (number, (ty, ..)) in types.into_iter().enumerate() {
        let second = move || {
            Steps::new()
                .create_table("more", |t| t.column(pk_auto("id")))
                .alter(&notes(number), |t| {
                    t.change(|t| t.column(string_len("value", 40)), |t| t.column(ty()))
                })
        };
        let app = App::new(History::new().declared("m01", first).declared("m02", second));
        heard_up(scratch, &app, "m01").await.0.unwrap();
        let before = fingerprint(&scratch.db).await;

        let error = up(scratch, &app).await.unwrap_err();

        let said = chain(&error);
        assert_eq!(fingerprint(&scratch.db).await, before, "{said}");
        let is_postgres = dialect(&scratch.db) == plimsoll::Dialect::Postgres;
        assert!(
            (is_postgres && number > 2) || said.contains("1 row does not fit (id 2:"),
            "{said}"
        );
    }
}

async fn the_alter_helper_asks_too(scratch: &Scratch) {
    up(scratch, &app_of(ships)).await.unwrap();
    let db = session(scratch).await;
    let manager = sea_orm_migration::SchemaManager::new(&db);

    let refused = plimsoll::alter(&manager, "ships", |t| {
        t.change(|t| t.column(string_null("name")), |t| t.column(string_len("name", 20)))
    })
    .await;

    let said = chain(&refused.unwrap_err());
    assert!(said.contains("`ships.name` takes no NULL: 1 row does not fit (id 2"), "{said}");
    let _ = db.close().await;
}

async fn a_migration_that_drops_what_was_there_has_to_say_so(scratch: &Scratch) {
    fn without_crew() -> Steps {
        Steps::new().alter("ships", |t| t.drop(|t| t.column(big_integer("crew"))))
    }
    up(scratch, &app_of(ships)).await.unwrap();
    let before = fingerprint(&scratch.db).await;
    let history = || History::new().declared("m01", ships);
    let silent = App::new(history().declared("m02", without_crew));

    let error = up(scratch, &silent).await.unwrap_err();

    let said = chain(&error);
    assert!(said.contains("`m02` would drop column `ships.crew`"), "{said}");
    assert_eq!(fingerprint(&scratch.db).await, before);
    let db = session(scratch).await;
    let choice = plimsoll::Choice::default();
    silent.on(&db).losing().up(&to("head"), &choice).await.unwrap();
    silent.on(&db).down(&to("m01"), None).await.unwrap_err();
    let _ = db.close().await;
    run(&scratch.db, "DELETE FROM ships").await;
    down(scratch, &silent, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let told =
        App::new(history().declared("m02", || without_crew().allow_loss("no crew any more")));
    up(scratch, &told).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
}

async fn what_a_run_makes_itself_it_may_drop(scratch: &Scratch) {
    let app = App::new(History::new().declared("m01", ships).declared("m02", || {
        Steps::new()
            .alter("ships", |t| t.drop(|t| t.column(big_integer("crew"))))
            .rename_table("ports", "harbours")
            .drop_table("harbours", |t| t.column(big_pk_auto("id")).column(string_len("name", 20)))
    }));

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(recorded(&scratch.db).await, ["m01", "m02"]);
}

/// Where the statements before are kept, the table was empty when it was asked.
async fn rows_that_came_while_a_migration_was_half_done_are_asked_too(scratch: &Scratch) {
    let berths = || Steps::new().create_table("berths", |t| t.column(pk_auto("id")));
    let second = |keys: [i64; 2]| {
        move || {
            Steps::new()
                .create_table("other", |t| t.column(pk_auto("id")))
                .insert("other", ["id"], keys.map(|key| row![key]))
                .alter("berths", |t| t.add(|t| t.column(integer("length"))))
        }
    };
    let history = || History::new().declared("m01", berths);
    let failing = App::new(history().declared("m02", second([1, 1])));
    up(scratch, &failing).await.unwrap_err();
    run(&scratch.db, "INSERT INTO berths (id) VALUES (7)").await;

    let error =
        up(scratch, &App::new(history().declared("m02", second([1, 2])))).await.unwrap_err();

    assert_eq!(error.code(), "PLM0046", "{}", chain(&error));
    assert!(chain(&error).contains("id 7"), "{}", chain(&error));
    refused(&scratch.db, "SELECT length FROM berths").await;
    run(&scratch.db, "DELETE FROM berths").await;
    up(scratch, &App::new(history().declared("m02", second([1, 2])))).await.unwrap();
    assert_eq!(count(&scratch.db, "other").await, 2);
}

/// A conversion, and the databases on which the second of two rows does not fit.
type Cut = (fn(TableBuilder) -> TableBuilder, fn(TableBuilder) -> TableBuilder, &'static [Dialect]);

async fn what_a_conversion_would_cut_off_is_refused_first(scratch: &Scratch) {
    const ALL: &[Dialect] = &Dialect::ALL;
    // In SQLite these columns have whatever comes: nothing is cut off.
    const SERVERS: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql];
    const CUTS: [Cut; 8] = [
        (|t| t.column(date_time_null("at")), |t| t.column(time_null("at")), ALL),
        (|t| t.column(string_len_null("day", 40)), |t| t.column(date_null("day")), SERVERS),
        (|t| t.column(string_len_null("clock", 40)), |t| t.column(time_null("clock")), SERVERS),
        (
            |t| t.column(string_len_null("price", 40)),
            |t| t.column(decimal_len_null("price", 5, 2)),
            SERVERS,
        ),
        (|t| t.column(double_null("exact")), |t| t.column(float_null("exact")), SERVERS),
        (
            |t| t.column(decimal_len_null("worth", 20, 10)),
            |t| t.column(float_null("worth")),
            SERVERS,
        ),
        (|t| t.column(big_integer_null("big")), |t| t.column(double_null("big")), ALL),
        (|t| t.column(big_integer_null("less")), |t| t.column(float_null("less")), SERVERS),
    ];
    let every = || {
        Steps::new().create_table("cut", |t| {
            CUTS.iter().fold(t.column(pk_auto("id")), |t, (from, _, _)| from(t))
        })
    };
    make(scratch, every).await;
    for row in [
        "NULL, '2020-01-02', '13:14:15', '1.23', 0.1, 0.1, 9007199254740992, 123456",
        "'2020-01-02 13:14:15', '2020-01-02 13:14:15', '2020-01-02 13:14:15', '1.239', 123456.789012, \
         123456.7890123, 9007199254740993, 16777217",
        "NULL, '2020-01-02 00:00:00', NULL, '12', -2.5, 1e6, -5, NULL",
    ] {
        let insert =
            "INSERT INTO cut (at, day, clock, price, exact, worth, big, less) VALUES ".to_owned();
        run(&scratch.db, &format!("{insert} ({row})")).await;
    }
    let is = dialect(&scratch.db);
    for (at, (from, to, cut)) in CUTS.iter().enumerate() {
        let (from, to) = (*from, *to);
        let app = App::new(History::new().declared("m01", every).declared("m02", move || {
            Steps::new().alter("cut", |t| t.change(from, to)).allow_loss("told")
        }));
        let done = up(scratch, &app).await;

        if cut.contains(&is) {
            let error = done.expect_err(&at.to_string());
            let Error::Migration(MigrationError::DoesNotFit { misfits, .. }) = &error else {
                panic!("{at}: {}", chain(&error))
            };
            assert_eq!((misfits.len(), misfits[0].rows), (1, 1), "{at}: {misfits:?}");
            assert!(misfits[0].told[0].starts_with("id 2"), "{at}: {misfits:?}");
        } else {
            done.unwrap_or_else(|error| panic!("{at}: {}", chain(&error)));
            down(scratch, &app, "m01").await.unwrap();
        }
    }
}
