//! What somebody typed, in the rows that were there.

use plimsoll::{
    Answers, App, Choice, Dialect, History, Steps, TableBuilder, prelude::*, schema::Entities,
    testing::Scratch,
};

use crate::support::*;

plimsoll::on_every_empty_database!(
    rows_get_what_was_typed_in_a_column_of_each_type,
    names_that_are_exchanged_leave_each_value_where_it_was,
);

fn pets(more: impl FnOnce(TableBuilder) -> TableBuilder) -> Steps {
    Steps::new().create_table("pets", |t| more(t.column(pk_auto("id"))))
}

/// The app whose migrations are these, and whose next one is drafted with the answers.
fn drafted(first: &Steps, want: &Steps, answers: &Answers) -> App {
    let mut wanted = plimsoll::Schema::default();
    want.apply(&mut wanted).unwrap();
    let history = || {
        let first = first.clone();
        History::new().declared("m01", move || first.clone())
    };
    let entities = wanted.tables.into_values().collect::<Entities>();
    let beginning = App::new(history()).entities(entities).beginning(None).unwrap().unwrap();
    let draft = beginning.draft(answers).unwrap();
    assert_eq!(draft.open, []);
    App::new(history().declared("m02", move || draft.steps.clone()))
}

/// A type, what is typed for it, and what a condition on the row says of it on the three databases.
type Typed = (fn(&mut ColumnDef) -> &mut ColumnDef, &'static str, [&'static str; 3]);

fn typed() -> Vec<Typed> {
    let same = |text| [text; 3];
    let uuid = "01980000-0000-7000-8000-0000000000ff";
    vec![
        (ColumnDef::boolean, "true", same("it")),
        (ColumnDef::tiny_integer, "-128", same("it = -128")),
        (ColumnDef::big_integer, "-9223372036854775808", same("it = -9223372036854775807 - 1")),
        (ColumnDef::unsigned, "4294967295", same("it = 4294967295")),
        (|it| it.decimal_len(6, 2), "-9999.99", same("it = -9999.99")),
        (ColumnDef::double, "0.25", same("it = 0.25")),
        (
            |it| it.string_len(9),
            r"it's \ ",
            [r"it = 'it''s \ '", r"it = 'it''s \ '", r"it = 'it''s \\ '"],
        ),
        (|it| it.char_len(4), "äöüß", same("it = 'äöüß'")),
        (ColumnDef::text, "", same("it = ''")),
        (|it| it.enumeration("mood", ["calm", "wild"]), "wild", same("it = 'wild'")),
        (ColumnDef::date, "2026-1-2", same("it = '2026-01-02'")),
        (ColumnDef::time, "13:04:50", same("it = '13:04:50'")),
        (ColumnDef::date_time, "2026-11-20 13:04", same("it = '2026-11-20 13:04:00'")),
        (
            ColumnDef::timestamp_with_time_zone,
            "2026-11-20T13:04:50+02:00",
            [
                "it = '2026-11-20T11:04:50+00:00'",
                "it = '2026-11-20 11:04:50+00'",
                "it = '2026-11-20 11:04:50'",
            ],
        ),
        (ColumnDef::timestamp_with_time_zone, "now", same("it > '2026-01-01'")),
        (
            ColumnDef::uuid,
            uuid,
            [
                "it = x'019800000000700080000000000000ff'",
                "it = '01980000-0000-7000-8000-0000000000ff'",
                "it = x'019800000000700080000000000000ff'",
            ],
        ),
        (ColumnDef::json, "[1]", ["it = '[1]'", "it::text = '[1]'", "it = '[1]'"]),
        (ColumnDef::json_binary, "{}", ["it = '{}'", "it = '{}'", "it = '{}'"]),
        (ColumnDef::blob, "0x00ff", ["it = x'00ff'", r"it = '\x00ff'", "it = x'00ff'"]),
        (|it| it.var_binary(4), "0x00ff", ["it = x'00ff'", r"it = '\x00ff'", "it = x'00ff'"]),
    ]
}

async fn rows_get_what_was_typed_in_a_column_of_each_type(scratch: &Scratch) {
    let at = Dialect::ALL.iter().position(|it| *it == dialect(&scratch.db)).unwrap();
    for (define, value, holds) in typed() {
        let mut column = ColumnDef::new("it");
        define(&mut column).not_null();
        let answers =
            Answers { defaults: vec![("it".to_owned(), value.to_owned())], ..Answers::default() };
        let app = drafted(&pets(|t| t), &pets(|t| t.column(&mut column)), &answers);
        let db = session(scratch).await;
        app.on(&db).up(&to("m01"), &Choice::default()).await.unwrap();
        run(&db, "INSERT INTO pets (id) VALUES (1), (2)").await;

        app.up_on(&db).await.unwrap();

        let found = count(&db, &format!("pets WHERE {}", holds[at])).await;
        assert_eq!(found, 2, "{value}: {}", holds[at]);
        app.on(&db).down(&to("base"), None).await.unwrap();
        db.close().await.unwrap();
    }
}

async fn names_that_are_exchanged_leave_each_value_where_it_was(scratch: &Scratch) {
    let of = |a: &'static str, b: &'static str| {
        pets(|t| t.column(integer_null(a)).column(string_len_null(b, 9)).index([a]))
    };
    let answers =
        Answers { typed_renames: vec!["a:b".to_owned(), "b:a".to_owned()], ..Answers::default() };
    let app = drafted(&of("a", "b"), &of("b", "a"), &answers);
    let db = session(scratch).await;
    app.on(&db).up(&to("m01"), &Choice::default()).await.unwrap();
    run(&db, "INSERT INTO pets (id, a, b) VALUES (1, 7, 'Rex')").await;

    app.up_on(&db).await.unwrap();
    let there = count(&db, "pets WHERE b = 7 AND a = 'Rex'").await;
    app.on(&db).down(&to("m01"), None).await.unwrap();
    let back = count(&db, "pets WHERE a = 7 AND b = 'Rex'").await;

    assert_eq!((there, back), (1, 1));
    db.close().await.unwrap();
}
