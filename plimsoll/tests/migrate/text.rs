//! Text: compared by its bytes, kept as it is.

use plimsoll::{App, Dialect, History, prelude::*, testing::Scratch};
use sea_orm::ConnectionTrait;

use crate::support::*;

plimsoll::on_every_empty_database!(
    letters_that_differ_are_different,
    an_enumeration_takes_its_values_and_no_other,
    literals_arrive_as_they_are,
    rows_are_found_again_by_their_literals,
    no_rows_are_no_statement,
    a_nul_comes_where_the_database_takes_it_and_is_refused_where_not,
);

fn words() -> Steps {
    Steps::new().create_table("words", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len("word", 80))
            .column(text("story"))
            .unique(["word"])
    })
}

async fn letters_that_differ_are_different(scratch: &Scratch) {
    let db = &scratch.db;
    if dialect(db) == Dialect::Mysql {
        // As many a server has it; a table that does not say otherwise inherits it.
        run(db, "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_general_ci").await;
    }
    make(scratch, words).await;
    let different =
        ["a", "A", "á", "Á", "ä", "ae", "ß", "ss", "SS", "e\u{301}", "é", "i", "ı", "🚢", "⛵"];

    for word in different {
        run(db, &format!("INSERT INTO words (word, story) VALUES ('{word}', '{word} {word}')"))
            .await;
    }

    for word in different {
        let same = format!("SELECT word FROM words WHERE word = '{word}'");
        assert_eq!(all::<String>(db, &same).await, [word]);
        let same = format!("SELECT count(*) FROM words WHERE story = '{word} {word}'");
        assert_eq!(one::<i64>(db, &same).await, 1);
    }
    refused(db, "INSERT INTO words (word, story) VALUES ('Á', '')").await;
}

async fn an_enumeration_takes_its_values_and_no_other(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new().create_table("themes", |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("theme", 10).default("system"))
                .column(string_len_null("other", 20))
                .column(integer("level").default(0))
                .one_of("theme", ["light", "dark", "system"])
                .one_of("other", ["it's", "🚢", "back\\slash"])
                .between("level", -1, 3)
        })
    }
    make(scratch, steps).await;
    let db = &scratch.db;
    let insert =
        |column: &str, value: &str| format!("INSERT INTO themes ({column}) VALUES ({value})");

    for taken in [
        ("theme", "'light'"),
        ("other", "NULL"),
        ("other", "'it''s'"),
        ("other", "'🚢'"),
        ("level", "-1"),
    ] {
        run(db, &insert(taken.0, taken.1)).await;
    }
    for other in [
        ("theme", "'Light'"),
        ("theme", "'lıght'"),
        ("theme", "'blue'"),
        ("theme", "''"),
        ("theme", "NULL"),
        ("other", "'its'"),
        ("level", "4"),
        ("level", "-2"),
    ] {
        refused(db, &insert(other.0, other.1)).await;
    }

    assert_eq!(count(db, "themes").await, 5);
}

/// Texts in which some database or driver could see something else.
pub(crate) fn texts() -> Vec<String> {
    let controls = (1..=31).chain([127]).filter_map(char::from_u32).collect();
    let mut texts: Vec<String> = [
        "",
        " ",
        "it's",
        "''",
        "\"double\" and `back`",
        "back\\slash \\n \\' \\\\",
        "ends with a backslash\\",
        "two\nlines\r\nand\ttabs",
        "50 % of _all_",
        "? $1 :name @x {0} {}",
        "-- no comment; /* nor this */ # nor this",
        "; DROP TABLE literals; --",
        "🚢⛵ Ærøskøbing ½ 日本語 \u{301}",
        "E'x' N'x' x'00' 0x00",
        "NULL",
        // What begins a line of a client's script.
        "\n.quit\n.bail off\n\\q\n\\! ls\ndelimiter //\ngo\n/\n\\g\n#\nexit;\n",
        "\r\n\r\r\n\\\r\n'\r\n",
        ":name :'name' :\"name\" :{?name} $$ $a$ $1",
        "\u{1b}[31mred\u{1b}[0m",
    ]
    .map(str::to_owned)
    .into();
    texts.push(controls);
    texts.push("long ".repeat(20_000));
    texts
}

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

const NUMBERS: [i64; 6] = [i64::MIN, -1, 0, 1, 42, i64::MAX];
const FLOATS: [f64; 5] = [-0.5, 0.0, 1.5, 0.123_456_789_012_345_68, 1e15];

pub(crate) fn literals() -> Steps {
    let texts = texts().into_iter().zip(100..).map(|(text, id)| row![id, text]);
    let bytes = [Vec::new(), vec![0], vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9], every_byte()];
    let bytes = bytes.into_iter().zip(200..).map(|(bytes, id)| row![id, Value::Bytes(bytes)]);
    let numbers = NUMBERS.into_iter().zip(300..).map(|(number, id)| row![id, number]);
    let floats = FLOATS.into_iter().zip(400..).map(|(number, id)| row![id, number]);
    Steps::new()
        .create_table("literals", |t| {
            t.column(big_pk_auto("id"))
                .column(text_null("words"))
                .column(blob_null("bytes"))
                .column(big_integer_null("number"))
                .column(double_null("float"))
                .column(decimal_len_null("exact", 20, 4))
                .column(boolean_null("truth"))
                .column(json_binary_null("document"))
        })
        .insert("literals", ["id", "words"], texts)
        .insert("literals", ["id", "bytes"], bytes)
        .insert("literals", ["id", "number"], numbers)
        .insert("literals", ["id", "float"], floats)
        .insert(
            "literals",
            ["id", "truth", "exact", "document"],
            [
                row![500, true, -0.5, Value::Null],
                row![
                    501,
                    false,
                    Value::Number("9999999999999999.9999".to_owned()),
                    r#"{"it's": "\\ \" 🚢"}"#
                ],
                row![502, Value::Null, None::<f64>, "[]"],
            ],
        )
}

async fn column<T: sea_orm::TryGetable>(
    db: &impl ConnectionTrait,
    column: &str,
    from: i64,
) -> Vec<T> {
    let column = quote(db, column);
    let sql = format!(
        "SELECT {column} FROM literals WHERE id >= {from} AND id < {from} + 100 ORDER BY id"
    );
    all(db, &sql).await
}

async fn literals_arrive_as_they_are(scratch: &Scratch) {
    make(scratch, literals).await;
    let db = &scratch.db;

    assert_eq!(column::<String>(db, "words", 100).await, texts());
    let bytes: Vec<Vec<u8>> = column(db, "bytes", 200).await;
    assert_eq!(bytes, [vec![], vec![0], vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9], every_byte()]);
    assert_eq!(column::<i64>(db, "number", 300).await, NUMBERS);
    assert_eq!(column::<f64>(db, "float", 400).await, FLOATS);
    assert_eq!(column::<Option<bool>>(db, "truth", 500).await, [Some(true), Some(false), None]);
    let documents: Vec<Option<serde_json::Value>> = column(db, "document", 500).await;
    let document = serde_json::json!({"it's": "\\ \" 🚢"});
    assert_eq!(documents, [None, Some(document), Some(serde_json::json!([]))]);
    let exact = match dialect(db) {
        // SQLite has no exact numbers: they are the nearest floating-point ones.
        Dialect::Sqlite => {
            "SELECT count(*) FROM literals WHERE exact IN (-0.5, 9999999999999999.9999)"
        }
        Dialect::Postgres => {
            "SELECT count(*) FROM literals WHERE exact::text IN ('-0.5000', '9999999999999999.9999')"
        }
        Dialect::Mysql => {
            "SELECT count(*) FROM literals WHERE CAST(exact AS CHAR) IN ('-0.5000', '9999999999999999.9999')"
        }
    };
    assert_eq!(one::<i64>(db, exact).await, 2);
    assert_eq!(one::<i64>(db, "SELECT count(*) FROM literals WHERE words IS NULL").await, 18);
}

/// What is left when rows that were inserted by other columns than their keys are taken back.
async fn rows_are_found_again_by_their_literals(scratch: &Scratch) {
    fn create() -> Steps {
        Steps::new().create_table("found", |t| {
            t.column(big_pk_auto("id"))
                .column(text_null("words"))
                .column(big_integer_null("number"))
        })
    }
    fn fill() -> Steps {
        let short = texts().into_iter().filter(|text| text.len() < 1000);
        Steps::new().insert("found", ["words"], short.map(|text| row![text])).insert(
            "found",
            ["number"],
            NUMBERS.map(|number| row![number]),
        )
    }
    let app = App::new(History::new().declared("m01", create).declared("m02", fill));
    up(scratch, &app).await.unwrap();
    run(&scratch.db, "INSERT INTO found (words) VALUES ('mine')").await;

    down(scratch, &app, "-1").await.unwrap();

    assert_eq!(all::<String>(&scratch.db, "SELECT words FROM found").await, ["mine"]);
}

async fn no_rows_are_no_statement(scratch: &Scratch) {
    fn steps() -> Steps {
        words().insert("words", ["word"], [])
    }
    let app = app_of(steps);

    up(scratch, &app).await.unwrap();
    down(scratch, &app, "base").await.unwrap();

    assert!(tables(&scratch.db).await.is_empty());
}

async fn a_nul_comes_where_the_database_takes_it_and_is_refused_where_not(scratch: &Scratch) {
    fn row_with_one() -> Steps {
        words().insert("words", ["word", "story"], [row!["a\0b", ""]])
    }
    fn check_with_one() -> Steps {
        Steps::new().create_table("checked", |t| {
            t.column(string_len("word", 80)).check("no_nul", "word <> 'a\0b'")
        })
    }
    fn sql_with_one() -> Steps {
        words().sql("words", "INSERT INTO words (word, story) VALUES ('a\0b', '')")
    }
    for (steps, of) in [
        (row_with_one as fn() -> Steps, "words"),
        (check_with_one, "checked"),
        (sql_with_one, "words"),
    ] {
        let outcome = up(scratch, &app_of(steps)).await;

        if dialect(&scratch.db) == Dialect::Mysql {
            outcome.unwrap();
            run(&scratch.db, &format!("DROP TABLE {of}")).await;
            run(&scratch.db, "DELETE FROM seaql_migrations").await;
        } else {
            let told = chain(&outcome.unwrap_err());
            let what = format!("a NUL character (for `{of}`, behind `");
            assert!(told.contains(&what) && told.contains("'a`) cannot be rendered"), "{told}");
            assert!(!tables(&scratch.db).await.iter().any(|it| it == of));
        }
    }
}
