//! Changes that stand in each other's way, and what no database could finish, with rows in the tables.

use plimsoll::{App, Dialect, History, Steps, introspect, prelude::*, testing::Scratch};
use sea_orm::TransactionTrait as _;
use sea_orm_migration::SchemaManager;

use crate::support::*;

plimsoll::on_every_empty_database!(
    a_table_that_another_refers_to_is_not_dropped,
    a_table_that_rows_of_strangers_refer_to_is_not_dropped,
    a_table_that_goes_before_the_one_that_refers_to_it_comes_back_before_it,
    a_column_that_begins_to_count_counts_on_from_the_rows,
    an_enumeration_that_keys_are_of_loses_a_value_and_gets_it_back,
    a_key_whose_columns_change_with_rows_between_is_refused_where_it_could_not_come_back,
    what_the_table_could_not_be_is_refused_before_anything_runs,
    a_column_that_an_expression_needs_does_not_go,
    a_table_that_others_refer_to_is_not_dropped_within_a_transaction_of_sqlite,
    a_table_with_what_no_migration_can_say_is_not_built_anew,
    a_serial_that_counts_no_more_has_no_default,
    a_text_that_becomes_longer_keeps_its_check,
    rows_that_referred_to_nothing_before_are_no_hindrance,
);

fn ports_and_ships(on_delete: OnDelete) -> Steps {
    Steps::new().create_table("ports", ports).create_table("ships", |t| ships(t, on_delete))
}

fn ports(t: TableBuilder) -> TableBuilder {
    t.column(pk_auto("id")).column(string_len("name", 20))
}

fn ships(t: TableBuilder, on_delete: OnDelete) -> TableBuilder {
    t.column(pk_auto("id")).column(integer_null("port_id")).foreign_key(
        ["port_id"],
        "ports",
        ["id"],
        on_delete,
    )
}

fn history(first: Steps, second: fn() -> Steps) -> App {
    App::new(History::new().declared("m01", move || first.clone()).declared("m02", second))
}

/// The tables with two ports and three ships.
async fn moored(scratch: &Scratch, on_delete: OnDelete, second: fn() -> Steps) -> App {
    let app = history(ports_and_ships(on_delete), second);
    heard_up(scratch, &app, "m01").await.0.unwrap();
    run(&scratch.db, "INSERT INTO ports (name) VALUES ('Bergen'), ('Cadiz')").await;
    run(&scratch.db, "INSERT INTO ships (port_id) VALUES (1), (2), (1)").await;
    app
}

/// What the second migration is refused for, when nothing has happened.
async fn refusal(scratch: &Scratch, app: &App) -> String {
    let before = fingerprint(&scratch.db).await;
    let error = up(scratch, app).await.unwrap_err();
    assert_eq!(fingerprint(&scratch.db).await, before, "{}", chain(&error));
    assert_eq!(open(&scratch.db).await, 0);
    chain(&error)
}

async fn a_table_that_another_refers_to_is_not_dropped(scratch: &Scratch) {
    let without_ports = || Steps::new().drop_table("ports", ports).allow_loss("nobody calls there");
    let app = moored(scratch, OnDelete::Cascade, without_ports).await;

    let said = refusal(scratch, &app).await;

    let expected = "dropping the table `ports` while a foreign key (`fk-ships-port_id` of `ships`) \
                    refers to it";
    assert!(said.contains(expected), "{said}");
    assert_eq!(count(&scratch.db, "ships").await, 3);
}

async fn a_table_that_goes_before_the_one_that_refers_to_it_comes_back_before_it(
    scratch: &Scratch,
) {
    let without_both = || {
        Steps::new()
            .drop_table("ports", ports)
            .drop_table("ships", |t| ships(t, OnDelete::Cascade))
            .allow_loss("nobody sails")
    };
    let app = moored(scratch, OnDelete::Cascade, without_both).await;
    let before = fingerprint(&scratch.db).await;

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(tables(&scratch.db).await, [""; 0]);
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(fingerprint(&scratch.db).await, before);
    refused(&session(scratch).await, "INSERT INTO ships (port_id) VALUES (9)").await;
}

async fn a_column_that_begins_to_count_counts_on_from_the_rows(scratch: &Scratch) {
    let numbered = Steps::new()
        .create_table("ships", |t| t.column(integer("id").primary_key()).column(string("name")))
        .insert("ships", ["id", "name"], [row![1, "a"], row![7, "b"]]);
    let app = history(numbered, || {
        Steps::new().alter("ships", |t| {
            t.change(|t| t.column(integer("id")), |t| t.column(integer("id").auto_increment()))
        })
    });

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    run(&scratch.db, "INSERT INTO ships (name) VALUES ('c')").await;
    assert_eq!(one::<i32>(&scratch.db, "SELECT id FROM ships WHERE name = 'c'").await, 8);
}

fn state(name: &str) -> ColumnDef {
    ColumnDef::new(name.to_owned())
        .enumeration("state", ["afloat", "lost", "sunk"])
        .not_null()
        .take()
}

async fn an_enumeration_that_keys_are_of_loses_a_value_and_gets_it_back(scratch: &Scratch) {
    let of_states = Steps::new()
        .create_enum("state", ["afloat", "lost", "sunk"])
        .create_table("states", |t| t.column(state("state")).primary_key(["state"]))
        .create_table("ships", |t| {
            t.column(pk_auto("id")).column(state("state")).foreign_key(
                ["state"],
                "states",
                ["state"],
                OnDelete::Cascade,
            )
        })
        .insert("states", ["state"], [row!["afloat"], row!["sunk"]])
        .insert("ships", ["state"], [row!["sunk"], row!["afloat"]]);
    let app = history(of_states, || {
        Steps::new().alter_enum("state", ["afloat", "lost", "sunk"], ["sunk", "afloat"])
    });
    heard_up(scratch, &app, "m01").await.0.unwrap();
    let before = introspect(&scratch.db).await.unwrap();

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    down(scratch, &app, "m01").await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let db = session(scratch).await;
    assert_eq!(introspect(&db).await.unwrap().tables["ships"], before.tables["ships"]);
    let sunk = "SELECT count(*) FROM ships JOIN states ON states.state = ships.state";
    assert_eq!(one::<i64>(&db, sunk).await, 2);
    refused(&db, "INSERT INTO ships (state) VALUES ('lost')").await;
}

/// With a step on rows between them the key would be gone when it cannot come back.
async fn a_key_whose_columns_change_with_rows_between_is_refused_where_it_could_not_come_back(
    scratch: &Scratch,
) {
    let app = moored(scratch, OnDelete::Cascade, || {
        Steps::new()
            .alter("ports", |t| {
                t.change(
                    |t| t.column(integer("id").auto_increment()),
                    |t| t.column(string_len("id", 20)),
                )
            })
            .update("ports", |u| u.set_sql("name", "upper(name)"))
            .alter("ships", |t| {
                t.change(
                    |t| t.column(integer_null("port_id")),
                    |t| t.column(string_len_null("port_id", 20)),
                )
            })
    })
    .await;
    if dialect(&scratch.db) == Dialect::Sqlite {
        up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        return;
    }

    let said = refusal(scratch, &app).await;

    let expected = "a foreign key between columns whose types differ (`fk-ships-port_id` of `ships` \
                    to `id` of `ports`), which have to be changed without a step on rows between them";
    assert!(said.contains(expected), "{said}");
}

/// Steps, and why they are refused.
type Refused = (fn() -> Steps, &'static str);

async fn what_the_table_could_not_be_is_refused_before_anything_runs(scratch: &Scratch) {
    let refused: [Refused; 4] = [
        (
            || {
                Steps::new().alter("ports", |t| {
                    t.add(|t| {
                        t.column(string_len_null("a", 9000)).column(string_len_null("b", 9000))
                    })
                })
            },
            "a row of `ports` of more than 65535 bytes",
        ),
        (
            || {
                Steps::new().create_table("piers by name", |t| {
                    t.column(string_len("name", 800)).primary_key(["name"])
                })
            },
            "the primary key of `piers by name` of more than 3072 bytes",
        ),
        (
            || Steps::new().alter("ports", |t| t.primary_key(["id"], ["name"])),
            "auto-increment on `id` of `ports`, with which neither the primary key nor an index begins",
        ),
        (
            || {
                Steps::new().alter("ships", |t| {
                    t.change(
                        |t| t.column(integer_null("port_id")),
                        |t| t.column(integer("port_id")),
                    )
                })
            },
            "a foreign key that sets `port_id` of `ships` to NULL, which takes none",
        ),
    ];
    if dialect(&scratch.db) != Dialect::Mysql {
        return;
    }
    for (steps, why) in refused {
        let without_key = move || {
            let first = Steps::new().create_table("piers", |t| t.column(pk_auto("id")));
            steps().steps().iter().cloned().fold(first, Steps::and_step)
        };
        let first = ports_and_ships(OnDelete::SetNull);
        let history =
            History::new().declared("m01", move || first.clone()).declared("m02", without_key);
        let app = App::new(history);
        heard_up(scratch, &app, "m01").await.0.unwrap();

        let said = refusal(scratch, &app).await;

        assert!(said.contains(why), "{said}");
    }
}

async fn a_column_that_an_expression_needs_does_not_go(scratch: &Scratch) {
    let with_sum = Steps::new().create_table("ships", |t| {
        t.column(pk_auto("id"))
            .column(integer_null("length"))
            .column(integer_null("sum"))
            .generated("sum", "length + 1", true)
    });
    let app = history(with_sum, || {
        Steps::new()
            .alter("ships", |t| t.drop(|t| t.column(integer_null("length"))))
            .allow_loss("nobody measures")
    });

    let error = up(scratch, &app).await.unwrap_err();

    let said = chain(&error);
    assert!(said.contains("generated column `sum` needs column `length`"), "{said}");
}

async fn rows_that_referred_to_nothing_before_are_no_hindrance(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Sqlite {
        return;
    }
    let app = moored(scratch, OnDelete::Cascade, || {
        Steps::new().rename_table("ships", "vessels").alter("vessels", |t| {
            t.change(|t| t.column(integer_null("port_id")), |t| t.column(integer("port_id")))
        })
    })
    .await;
    let db = session(scratch).await;
    run(&db, "PRAGMA foreign_keys = OFF").await;
    run(&db, "INSERT INTO ships (port_id) VALUES (9)").await;
    let _ = db.close().await;

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(count(&scratch.db, "vessels").await, 4);
}

async fn a_table_that_others_refer_to_is_not_dropped_within_a_transaction_of_sqlite(
    scratch: &Scratch,
) {
    moored(scratch, OnDelete::Cascade, Steps::new).await;
    let db = session(scratch).await;
    let transaction = db.begin().await.unwrap();
    let manager = SchemaManager::new(&transaction);
    let steps = Steps::new().drop_table("ports", ports).alter("ships", |t| {
        t.drop(|t| t.foreign_key(["port_id"], "ports", ["id"], OnDelete::Cascade))
    });

    let made = plimsoll::make(&manager, &steps).await;

    let is_sqlite = dialect(&db) == Dialect::Sqlite;
    if is_sqlite {
        let said = made.unwrap_err().to_string();
        assert!(said.contains("has to be dropped, and rows of `ships` refer to it"), "{said}");
        transaction.rollback().await.unwrap();
    } else {
        made.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(count(&db, "ships").await, 3);
    let _ = db.close().await;
}

async fn a_table_with_what_no_migration_can_say_is_not_built_anew(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Sqlite {
        return;
    }
    for (code, what) in [
        ("code text UNIQUE ON CONFLICT REPLACE", "ON CONFLICT clause"),
        (
            "code text, UNIQUE (code COLLATE NOCASE)",
            "key with a collation or a direction of its own",
        ),
        ("id integer PRIMARY KEY DESC", "key with a collation or a direction of its own"),
    ] {
        let db = session(scratch).await;
        run(&db, &format!("CREATE TABLE ships (name text, {code})")).await;
        let before = fingerprint(&db).await;

        let altered = plimsoll::alter(&SchemaManager::new(&db), "ships", |t| {
            t.change(|t| t.column(text_null("name")), |t| t.column(text("name")))
        })
        .await;

        let said = altered.unwrap_err().to_string();
        assert!(said.contains(&format!("would lose what no migration can say: {what}")), "{said}");
        assert_eq!(fingerprint(&db).await, before);
        run(&db, "DROP TABLE ships").await;
        let _ = db.close().await;
    }
}

async fn a_serial_that_counts_no_more_has_no_default(scratch: &Scratch) {
    if dialect(&scratch.db) != Dialect::Postgres {
        return;
    }
    let db = &scratch.db;
    run(db, "CREATE TABLE ships (id serial PRIMARY KEY, name text)").await;

    plimsoll::alter(&SchemaManager::new(db), "ships", |t| {
        t.change(|t| t.column(integer("id").auto_increment()), |t| t.column(integer("id")))
    })
    .await
    .unwrap();

    assert!(!introspect(db).await.unwrap().tables["ships"].columns[0].auto_increment);
    refused(db, "INSERT INTO ships (name) VALUES ('a')").await;
}

/// PostgreSQL writes the values otherwise then, and they mean the same.
async fn a_text_that_becomes_longer_keeps_its_check(scratch: &Scratch) {
    let of_states = Steps::new().create_table("ships", |t| {
        t.column(pk_auto("id")).column(string_len("state", 9)).one_of("state", ["afloat", "sunk"])
    });
    let app = history(of_states, || {
        Steps::new().alter("ships", |t| {
            t.change(|t| t.column(string_len("state", 9)), |t| t.column(text("state")))
        })
    });

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    let found = introspect(&scratch.db).await.unwrap();
    let rule = Rule::OneOf {
        column: "state".to_owned(),
        values: vec!["afloat".to_owned(), "sunk".to_owned()],
    };
    assert_eq!(found.tables["ships"].checks[0].rule, rule);
}

async fn a_table_that_rows_of_strangers_refer_to_is_not_dropped(scratch: &Scratch) {
    let db = &scratch.db;
    let app = App::new(
        History::new()
            .declared("m01", || Steps::new().create_table("ports", ports))
            .declared("m02", || {
                Steps::new().drop_table("ports", ports).allow_loss("nobody wants them")
            }),
    );
    heard_up(scratch, &app, "m01").await.0.unwrap();
    run(db, "INSERT INTO ports (name) VALUES ('Bergen')").await;
    let id: i64 = i64::from(one::<i32>(db, "SELECT id FROM ports").await);
    run(
        db,
        "CREATE TABLE mine (id int PRIMARY KEY, port_id int, said varchar(20), \
         FOREIGN KEY (port_id) REFERENCES ports (id) ON DELETE CASCADE)",
    )
    .await;
    run(db, &format!("INSERT INTO mine VALUES (1, {id}, 'precious')")).await;

    let refused = [up(scratch, &app).await.map(drop), down(scratch, &app, "base").await.map(drop)];

    for error in refused {
        assert_eq!(error.unwrap_err().code(), "PLM0036");
    }
    assert_eq!(all::<String>(db, "SELECT said FROM mine").await, ["precious"]);
    assert_eq!(count(db, "ports").await, 1);
    run(db, "DROP TABLE mine").await;
    assert_eq!(applied(&up(scratch, &app).await.unwrap()), ["m02"]);
}
