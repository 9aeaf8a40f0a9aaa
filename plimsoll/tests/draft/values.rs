//! What rows get that are there: read from what was typed, or refused with the reason.

use plimsoll::{
    Answers, Dialect, Steps, TableBuilder,
    plan::statements,
    prelude::{
        ColumnDef, OnDelete, big_integer_null, big_pk_auto, integer, integer_null, pk_auto,
        string_len, string_len_null,
    },
};

use crate::{beginning, defaults, drafted, open, refusal, schema_of, steps};

fn pets(more: impl FnOnce(TableBuilder) -> TableBuilder) -> Steps {
    Steps::new().create_table("pets", |t| more(t.column(pk_auto("id"))))
}

/// What gives a column its type.
type Define = fn(&mut ColumnDef) -> &mut ColumnDef;

fn column(define: Define) -> ColumnDef {
    let mut column = ColumnDef::new("it");
    define(&mut column).not_null().take()
}

/// A column that comes is filled with each of `good`, and refuses each of `bad` for the reason.
fn takes(
    define: Define,
    condition: fn(TableBuilder) -> TableBuilder,
    good: &[&str],
    bad: &[(&str, &str)],
) {
    let have = pets(|t| t);
    let want = pets(|t| condition(t.column(column(define))));
    let it = beginning(&have, &want);
    assert_eq!(open(&it, &Answers::default()), ["pets.it"]);
    for value in good {
        let draft = drafted(&it, &defaults([("it", value)]));
        assert_eq!(draft.open, [], "{value}");
        for dialect in Dialect::ALL {
            statements(dialect, &draft.steps, &schema_of(&have)).unwrap();
        }
    }
    for (value, why) in bad {
        let expected = format!("`--default pets.it={value}`: {why}");
        assert_eq!(refusal(&it, &defaults([("it", value)])), expected);
    }
}

fn any(table: TableBuilder) -> TableBuilder {
    table
}

#[test]
fn a_boolean_is_true_or_false() {
    let why = "it is neither `true` nor `false`";

    takes(
        ColumnDef::boolean,
        any,
        &["true", "false", "1", "0"],
        &[("yes", why), ("2", why), ("TRUE", why), ("", why), ("now", why)],
    );
}

#[test]
fn a_whole_number_is_within_its_type() {
    let types: [(Define, &str, i128, i128); 8] = [
        (ColumnDef::tiny_integer, "tiny integer", -128, 127),
        (ColumnDef::small_integer, "small integer", -32768, 32767),
        (ColumnDef::integer, "integer", -(1 << 31), (1 << 31) - 1),
        (ColumnDef::big_integer, "big integer", -(1 << 63), (1 << 63) - 1),
        (ColumnDef::tiny_unsigned, "tiny unsigned", 0, 255),
        (ColumnDef::small_unsigned, "small unsigned", 0, 65535),
        (ColumnDef::unsigned, "unsigned", 0, (1 << 32) - 1),
        (ColumnDef::big_unsigned, "big unsigned", 0, (1 << 64) - 1),
    ];
    for (define, name, least, most) in types {
        let [below, least, most, above] =
            [least - 1, least, most, most + 1].map(|number| number.to_string());
        let beyond = format!("it is beyond a {name}");
        let no = "it is no whole number";

        takes(
            define,
            any,
            &[&least, &most, "7"],
            &[(&below, &beyond), (&above, &beyond), ("x", no), ("1.5", no), ("", no), ("1e3", no)],
        );
    }
}

#[test]
fn a_number_has_the_digits_that_fit() {
    let no = "it is no number with digits and a point";

    takes(
        |it| it.decimal_len(6, 2),
        any,
        &["0", "1234.56", "-9999.99", "0001234.5600", "7."].map(|it| it.trim_end_matches('.')),
        &[
            ("12345", "it has 5 digits before the point, and 4 fit"),
            ("-12345.6", "it has 5 digits before the point, and 4 fit"),
            ("1.234", "it has 3 digits behind the point, and 2 fit"),
            ("1,5", no),
            (".5", no),
            ("1.", no),
            ("--1", no),
            ("", no),
        ],
    );
    for define in [ColumnDef::float, ColumnDef::double, ColumnDef::decimal] {
        takes(define, any, &["0.25", "-3", "1234567.5"], &[("NaN", no), ("1e3", no), ("one", no)]);
    }
}

#[test]
fn a_text_is_no_longer_than_its_column() {
    let why = |length: usize| format!("it has {length} characters, and 4 fit");

    let texts: [Define; 2] = [|it| it.string_len(4), |it| it.char_len(4)];
    for define in texts {
        takes(
            define,
            any,
            &["", "abcd", "äöüß", "it's", "now"],
            &[("abcde", &why(5)), ("äöüßé", &why(5))],
        );
    }
    let long = "x".repeat(5000);
    takes(ColumnDef::text, any, &["", &long, "a = b: c"], &[]);
    takes(ColumnDef::string, any, &["", "some"], &[]);
}

#[test]
fn a_time_is_now_or_as_it_is_written() {
    let fine = "it is finer than a microsecond, or a leap second";
    let no = "it is neither `now` nor like `2026-11-20`";
    takes(
        ColumnDef::date,
        any,
        &["now", "2026-11-20", "2024-02-29", "2026-1-2"],
        &[("2026-02-29", no), ("20.11.2026", no), ("tomorrow", no), ("", no), ("12026-01-01", no)],
    );
    let no = "it is neither `now` nor like `13:04:50`";
    takes(
        ColumnDef::time,
        any,
        &["now", "13:04:50", "00:00:00.000001"],
        &[("24:00:00", no), ("13:04", no), ("1 pm", no), ("23:59:60", fine)],
    );
    let no = "it is neither `now` nor like `2026-11-20 13:04:50`";
    takes(
        ColumnDef::date_time,
        any,
        &["now", "2026-11-20 13:04:50", "2026-11-20 13:04", "2026-11-20 13:04:50.25"],
        &[
            ("2026-11-20", no),
            ("2026-13-01 00:00:00", no),
            ("NOW", no),
            ("2026-11-20 13:04:50.1234567", fine),
        ],
    );
    let no = "it is neither `now` nor like `2026-11-20T13:04:50Z`";
    takes(
        ColumnDef::timestamp_with_time_zone,
        any,
        &["now", "2026-11-20T13:04:50Z", "2026-11-20T13:04:50.5+02:00"],
        &[
            ("2026-11-20 13:04", no),
            ("2026-11-20T13:04:50", no),
            ("2026-11-20T13:04:50.0000001Z", fine),
        ],
    );
    takes(
        ColumnDef::year,
        any,
        &["1901", "2155", "2026"],
        &[("1900", "it is beyond a year"), ("now", "it is no whole number")],
    );
}

#[test]
fn a_uuid_is_one() {
    let no = "it is not like `0198c0de-0000-7000-8000-000000000000`";

    takes(
        ColumnDef::uuid,
        any,
        &["0198c0de-0000-7000-8000-000000000000", "0198C0DE-ABCD-7000-8000-00000000000F"],
        &[
            ("0198c0de000070008000000000000000", no),
            ("0198c0de-0000-7000-8000-00000000000", no),
            ("0198c0d-e0000-7000-8000-000000000000", no),
            ("0198c0dg-0000-7000-8000-000000000000", no),
            ("", no),
        ],
    );
}

#[test]
fn a_document_is_json() {
    for define in [ColumnDef::json, ColumnDef::json_binary] {
        let it = beginning(&pets(|t| t), &pets(|t| t.column(column(define))));

        for value in ["{}", "[1, \"a\"]", "null", "\"text\""] {
            assert_eq!(open(&it, &defaults([("it", value)])), [""; 0]);
        }
        for value in ["{", "{a: 1}", "text", ""] {
            let why = refusal(&it, &defaults([("it", value)]));
            let begin = format!("`--default pets.it={value}`: it is no JSON: ");
            assert!(why.starts_with(&begin), "{why}");
        }
    }
}

#[test]
fn bytes_are_hexadecimal_digits() {
    let no = "it is not like `0x00ff`";
    let bad = [("00ff", no), ("0x0", no), ("0xzz", no), ("0x+f", no), ("0xä", no), ("", no)];

    takes(ColumnDef::blob, any, &["0x", "0x00ff", "0xABcd"], &bad);
    let long = ("0x0001020304", "it has 5 bytes, and 4 fit");
    takes(|it| it.var_binary(4), any, &["0x", "0x00010203"], &[long, bad[0], bad[3]]);
    takes(|it| it.binary_len(4), any, &["0x00010203"], &[long, bad[0], bad[3]]);
}

#[test]
fn a_value_of_an_enumeration_is_one_of_its_own() {
    let why = "it is none of calm, wild";

    takes(
        |it| it.enumeration("mood", ["calm", "wild"]),
        any,
        &["calm", "wild"],
        &[("Calm", why), ("", why), ("calm, wild", why)],
    );
    takes(
        |it| it.string_len(20),
        |table| table.one_of("it", ["calm", "wild"]),
        &["calm", "wild"],
        &[("Calm", why), ("", why)],
    );
}

#[test]
fn a_number_is_in_the_range_that_a_check_allows() {
    let why = "a CHECK allows 1 to 5";

    takes(
        ColumnDef::integer,
        |table| table.between("it", 1, 5),
        &["1", "5"],
        &[("0", why), ("6", why), ("-1", why), ("x", "it is no whole number")],
    );
    takes(
        |it| it.decimal_len(10, 4),
        |table| table.between("it", 1, 5),
        &["1", "1.0001", "4.9999", "5.0"],
        &[("0.9999", why), ("5.0001", why), ("-1.5", why)],
    );
    takes(
        ColumnDef::big_unsigned,
        |table| table.between("it", 1, 5),
        &["5"],
        &[("18446744073709551615", why)],
    );
    takes(
        ColumnDef::double,
        |table| table.at_least("it", 0),
        &["0", "0.0", "1000000.5"],
        &[("-0.5", "a CHECK allows no less than 0"), ("-1", "a CHECK allows no less than 0")],
    );
}

#[test]
fn a_value_that_nothing_asks_for_is_refused() {
    let it = beginning(
        &pets(|t| t.column(integer_null("age"))),
        &pets(|t| t.column(integer_null("age")).column(integer_null("weight"))),
    );

    for name in ["age", "weight", "pets.weight", "fax", "pets"] {
        let why = refusal(&it, &defaults([(name, "1")]));
        assert_eq!(
            why,
            format!(
                "`--default {name}=1` names no column that takes no NULL from now on, or goes, and \
                 has no default of its own"
            )
        );
    }
}

#[test]
fn a_value_of_two_tables_or_two_values_of_one_column_are_refused() {
    let two = |more: fn(TableBuilder) -> TableBuilder| {
        let table =
            |steps: Steps, name: &str| steps.create_table(name, |t| more(t.column(pk_auto("id"))));
        table(table(Steps::new(), "cats"), "dogs")
    };
    let it = beginning(&two(|t| t), &two(|t| t.column(string_len("mood", 9))));

    let ambiguous = refusal(&it, &defaults([("mood", "calm")]));
    let both = refusal(&it, &defaults([("cats.mood", "calm"), ("cats.mood", "wild")]));

    assert_eq!(
        ambiguous,
        "`--default mood=calm` could be of `cats` and of `dogs`: write `--default cats.mood=calm`"
    );
    assert_eq!(
        both,
        "`--default cats.mood=wild` and `--default cats.mood=calm` are of one column, which gets \
         one value"
    );
    let twice = [("cats.mood", "calm"), ("cats.mood", "calm"), ("dogs.mood", "wild")];
    assert_eq!(open(&it, &defaults(twice)), [""; 0]);
}

#[test]
fn rows_without_a_value_get_one_where_null_is_taken_no_more() {
    let it = beginning(
        &pets(|t| t.column(string_len_null("name", 4))),
        &pets(|t| t.column(string_len("name", 4))),
    );

    let draft = drafted(&it, &Answers::default());
    let filled = steps(&it, &defaults([("name", "Rex")]));
    let long = refusal(&it, &defaults([("name", "Rexy!")]));

    assert_eq!(draft.open, []);
    assert_eq!(draft.fillable[0].name, "pets.name");
    assert_eq!(filled.len(), 2, "{filled:?}");
    assert_eq!(long, "`--default pets.name=Rexy!`: it has 5 characters, and 4 fit");
}

/// Keys are set aside between two steps of rows: what changes with a key stands on one side of them.
#[test]
fn rows_without_a_value_get_one_before_the_columns_change() {
    let it = beginning(
        &pets(|t| {
            t.column(string_len_null("name", 4)).column(integer_null("mother_id")).foreign_key(
                ["mother_id"],
                "pets",
                ["id"],
                OnDelete::NoAction,
            )
        }),
        &Steps::new().create_table("pets", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("name", 4))
                .column(big_integer_null("mother_id"))
                .foreign_key(["mother_id"], "pets", ["id"], OnDelete::NoAction)
        }),
    );

    let filled = steps(&it, &defaults([("name", "Rex")]));

    assert_eq!(
        filled,
        [
            "~ set `name` of `pets`",
            "~ change column `pets.id`: integer -> big integer",
            "~ change column `pets.name`: nullable -> not null",
            "~ change column `pets.mother_id`: integer -> big integer",
        ]
    );
}

#[test]
fn rows_get_a_value_of_the_new_type_when_the_column_has_it() {
    let it = beginning(
        &pets(|t| t.column(integer_null("name")).column(integer_null("age"))),
        &pets(|t| t.column(string_len("name", 4)).column(integer("age"))),
    );

    let filled = steps(&it, &defaults([("name", "Rex"), ("age", "3")]));

    assert_eq!(
        filled,
        [
            "~ set `age` of `pets`",
            "~ change column `pets.name`: integer -> string(4)",
            "~ change column `pets.age`: nullable -> not null",
            "~ set `name` of `pets`",
            "~ change column `pets.name`: nullable -> not null",
        ]
    );
}

/// The way back brings a column that takes no NULL: rows get what was said, or what nobody could
/// take for a value of before.
#[test]
fn a_column_that_goes_says_what_it_comes_back_with() {
    let it = beginning(&pets(|t| t.column(string_len("name", 4))), &pets(|t| t));
    let said = |value: &str| Answers {
        drops: vec!["name".to_owned()],
        ..defaults([("pets.name", value)])
    };

    let made = steps(&it, &said("Rex"));
    let long = refusal(&it, &said("Rexy!"));

    assert_eq!(made.len(), 2, "{made:?}");
    assert_eq!(long, "`--default pets.name=Rexy!`: it has 5 characters, and 4 fit");
}
