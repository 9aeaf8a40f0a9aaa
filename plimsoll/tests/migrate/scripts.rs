//! What `up --sql` and `down --sql` print: the database's own client makes of it what the engine makes.

use std::fs;

use plimsoll::{
    App, Dialect, History, introspect,
    prelude::*,
    testing::{Scratch, cases, run_empty},
};
use proptest::{
    collection::vec,
    sample::select,
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngSeed, TestRunner},
};
use sea_orm::DatabaseConnection;

use crate::{
    client::{run_by_client, tried_by_client},
    filled::values,
    random::random_seed,
    support::*,
    text::{literals, texts},
};

/// The migrations of a history, each by its name.
type Named = (&'static str, Steps);

fn app(history: &[Named]) -> App {
    let declare = |history: History, (name, steps): &Named| {
        let steps = steps.clone();
        history.declared(name, move || steps.clone())
    };
    App::new(history.iter().fold(History::new(), declare))
}

/// What the program of that history prints, which no database is named to.
fn printed_by(name: &str, dialect: Dialect, arguments: &[&str]) -> String {
    let print = || {
        let mut command =
            sailing(&[&[name], arguments, &["--sql", "--dialect", dialect.name()]].concat());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let script = print();
    assert_eq!(print(), script, "the same each time");
    script
}

fn printed(history: &[Named], dialect: Dialect, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steps.json");
    fs::write(&file, serde_json::to_string(history).unwrap()).unwrap();
    printed_by(&format!("steps={}", file.display()), dialect, arguments)
}

/// All that is in a database, but for who put it there and when: the schema as it is read and as the
/// database tells it, and the rows.
struct Content(String);

impl Content {
    /// Fails with the first line in which they differ.
    #[track_caller]
    fn is(&self, other: &Self, script: &str) {
        let mut lines = self.0.lines().zip(other.0.lines());
        assert_eq!(lines.find(|(this, other)| this != other), None, "{script}");
        assert_eq!(self.0.len(), other.0.len(), "{script}");
    }
}

async fn content(scratch: &Scratch) -> Content {
    // A session of its own: PostgreSQL holds an older one to the types that it knew.
    let db = session(scratch).await;
    let mut schema = introspect(&db).await.unwrap();
    // What was offered of default rows: a script offers none.
    schema.tables.remove("plimsoll_seeds");
    let mut rows = values(&db, &schema).await;
    rows.retain(|(table, column), _| {
        let of_run = ["applied_at", "took_ms", "applied_by"].contains(&column.as_str());
        !(of_run && (table == "plimsoll_history" || table == "seaql_migrations"))
    });
    let mut fingerprint = fingerprint(&db).await;
    fingerprint.retain(|line| !line.contains("plimsoll_seeds"));
    let _ = db.close().await;
    Content(format!("{schema:#?}\n{fingerprint:#?}\n{rows:#?}"))
}

/// The database of the test made by the engine, and another made by scripts, come to the same there and
/// back; and with what the script made the engine goes on. `fill` comes behind the first migration.
pub(crate) fn same_by_script(
    dialect: Dialect,
    history: &[Named],
    fill: &impl AsyncFn(&DatabaseConnection),
) {
    let app = app(history);
    let first = history[0].0;
    let mut by_engine = Vec::new();
    run_empty(dialect, async |scratch: &Scratch| {
        heard_up(scratch, &app, first).await.0.unwrap_or_else(|error| panic!("{}", chain(&error)));
        fill(&scratch.db).await;
        by_engine.push(content(scratch).await);
        up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        by_engine.push(content(scratch).await);
        down(scratch, &app, first).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        by_engine.push(content(scratch).await);
    });
    let there = printed(history, dialect, &["up", &format!("{first}..")]);
    let back = printed(history, dialect, &["down", &format!("..{first}")]);
    run_empty(dialect, async |scratch: &Scratch| {
        let mut by_script = Vec::new();
        run_by_client(scratch, &printed(history, dialect, &["up", &format!("..{first}")]));
        fill(&scratch.db).await;
        by_script.push(content(scratch).await);
        run_by_client(scratch, &there);
        by_script.push(content(scratch).await);
        assert!(app.pending(&scratch.db).await.unwrap().is_empty());
        assert_eq!(applied(&up(scratch, &app).await.unwrap()), [""; 0]);
        run_by_client(scratch, &back);
        by_script.push(content(scratch).await);
        for (script, engine) in by_script.iter().zip(&by_engine) {
            script.is(engine, &format!("{there}\n{back}"));
        }
        run_by_client(scratch, &there);
        down(scratch, &app, "base").await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(tables(&scratch.db).await, [""; 0]);
    });
}

/// Writes a test for each database.
macro_rules! each_database {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use plimsoll::Dialect;

            #[test]
            fn sqlite() {
                super::$name(Dialect::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$name(Dialect::Postgres);
            }

            #[test]
            fn mysql() {
                super::$name(Dialect::Mysql);
            }
        })+
    };
}

each_database!(
    every_kind_of_literal,
    texts_that_a_definition_has,
    names_that_nobody_would_choose,
    statements_that_somebody_wrote,
    more_than_rows_that_somebody_wrote,
    many_statements_in_one_migration,
    an_interrupted_script_is_gone_on_with,
    a_script_that_ends_anywhere_is_gone_on_with,
    what_is_code_a_script_neither_runs_nor_records,
    random_texts_arrive,
    what_no_client_can_be_told_is_refused,
);

fn every_kind_of_literal(dialect: Dialect) {
    let odd = texts().into_iter().zip(1_i64..).map(|(text, id)| row![id, text]);
    let again = Steps::new().update("literals", |u| u.set("words", texts().remove(15)));
    let history = [
        ("m01", table("ports")),
        ("m02", literals()),
        ("m03", again),
        (
            "m04",
            Steps::new()
                .create_table("more", |t| t.column(big_pk_auto("id")).column(text_null("said"))),
        ),
        ("m05", Steps::new().insert("more", ["id", "said"], odd)),
    ];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

/// What some client does something with; a text is some of these.
const PARTS: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    ";",
    ";\n",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "$$",
    "$a$",
    ":",
    ":a",
    "::",
    "?",
    "{",
    "%",
    ".quit\n",
    "\n.read x\n",
    "\\q",
    "\\g",
    "\\! x\n",
    "go\n",
    "\n/\n",
    "delimiter ",
    "\ndelimiter x\n",
    "BEGIN",
    "COMMIT;\n",
    "é",
    "🚢",
    "\u{301}",
    "\u{1b}[0m",
    "\u{1}",
    "\u{1a}",
    "E'",
    "x'",
    "a",
];

fn random_texts_arrive(dialect: Dialect) {
    let count = usize::try_from(cases(150)).unwrap();
    let seed = random_seed();
    measured(format!("{count} texts of seed {seed} by the client of {dialect}"));
    let mut runner =
        TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let any_text = vec(select(PARTS), 0..12).prop_map(|parts| parts.concat());
    let texts = vec(any_text, count).new_tree(&mut runner).unwrap().current();
    let inserted = texts.iter().zip(1_i64..).map(|(text, id)| row![id, text.as_str()]);
    let set = texts.iter().zip(1_i64..).fold(Steps::new(), |steps, (text, id)| {
        steps.update("ports", |u| u.set("name", text.as_str()).where_equal("id", id))
    });
    let name = |t: TableBuilder| t.column(big_pk_auto("id")).column(text_null("name"));
    let history = [
        ("m01", Steps::new().create_table("ports", name)),
        ("m02", Steps::new().insert("ports", ["id", "name"], inserted)),
        ("m03", set),
    ];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

fn texts_that_a_definition_has(dialect: Dialect) {
    // SQLite's shell cannot be told a line end of two characters there: it is refused.
    let texts = texts().into_iter().filter(|it| it.len() < 200 && !it.contains("\r\n"));
    let texts: Vec<String> = texts.collect();
    let all = texts.iter().zip(0..).fold(Steps::new(), |steps, (text, at)| {
        steps.create_table(&format!("t{at}"), |t| {
            t.column(big_pk_auto("id"))
                .column(string_len("word", 200).default(text.as_str()))
                .column(string_len_null("kind", 200))
                .one_of("kind", [text.as_str(), "other"])
                .check("not_it", Expr::col("kind").ne(text.as_str()))
        })
    });
    let history = [("m01", table("ports")), ("m02", all)];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

fn names_that_nobody_would_choose(dialect: Dialect) {
    let names = [
        "it's",
        "a \"quoted\" one",
        "back`tick",
        "back\\slash \\q",
        "semi;colon",
        "-- no comment",
        "# nor this",
        "/* nor",
        "$$",
        ":name",
        "delimiter //",
        "ünïcödé 🚢",
    ];
    // MySQL has no characters beyond the first plane in its names.
    let names = names.map(|name| name.replace(" 🚢", " 日本語"));
    let make = |steps: Steps, name: &String| {
        steps.create_table(name, |t| {
            t.column(big_pk_auto("id"))
                .column(ColumnDef::new(name.clone()).big_integer().take())
                .index([name.as_str()])
                .foreign_key([name.as_str()], name.as_str(), ["id"], OnDelete::Cascade)
        })
    };
    let all = names.iter().fold(Steps::new(), make);
    let renamed = names.iter().fold(Steps::new(), |steps, name| {
        steps.rename_table(name.as_str(), format!("{name}, too"))
    });
    let history = [("m01", table("ports")), ("m02", all), ("m03", renamed)];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

/// A table with a row, in which each database has a column of a name that its client might mind.
fn words() -> Steps {
    Steps::new()
        .create_table("words", |t| {
            t.column(big_pk_auto("id"))
                .column(text_null("said"))
                .column(big_integer("number").default(1))
                .column(big_integer("port").default(1))
                .column(big_integer("delimiter").default(1))
                .column(big_integer("go").default(1))
        })
        .insert("words", ["id", "said"], [row![1, "nothing"]])
}

fn statements_that_somebody_wrote(dialect: Dialect) {
    let every = [
        "UPDATE words SET said = 'a;b' -- why; not",
        "UPDATE words SET said = 'c' /* it's; */",
        "/* it's; */ UPDATE words -- it's;\n SET said = 'd';\n-- done;\n",
        "-- it's first\nUPDATE words SET said = said || ';\n.quit\n' || '--'",
        "UPDATE words SET number = number + delimiter + go",
        "UPDATE words SET said = said || '\r\n' || 'x''\r\n'",
    ];
    let each = [
        Sql::each(
            "UPDATE words SET number = 8\n/\n2, said = [said] || \"port\" || 'a\\'",
            "UPDATE words SET number = 8\n/\n2 + cardinality((ARRAY[1,2,3])[1:PORT]), \
             said = $$it's; $$ || $a$ $$;\n\\q $a$ || 'a\\' || E'\\';\\n' /* a /* b */ ' */",
            "UPDATE words SET number = 8\n/\n2--1, said = \"it's; \\\"\" || 'a\\'; \\\\' # it's;",
        ),
        Sql::each(
            "UPDATE words SET number = number + 1 /* it goes on",
            "UPDATE words SET number = number + 1",
            "UPDATE words SET number = number + delimiter + 1 /* delimiter // */ -- delimiter //",
        ),
        Sql::each(
            "WITH it AS (SELECT number AS\ngo\nFROM words) UPDATE words SET number = (SELECT go FROM it)",
            "DO $it$ BEGIN UPDATE words SET number = 5; UPDATE words SET go = 6; END $it$",
            "UPDATE words SET number = number + 1; UPDATE words SET go = 6",
        ),
    ];
    let every = every.into_iter().map(Sql::new).chain(each);
    let all = every.fold(Steps::new(), |steps, sql| steps.sql("words", sql));
    let history = [("m01", words()), ("m02", all)];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

fn more_than_rows_that_somebody_wrote(dialect: Dialect) {
    let make = Sql::each(
        "CREATE TRIGGER counts AFTER INSERT ON words BEGIN UPDATE words SET go = 7; \
         UPDATE words SET number = 7; END",
        "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $it$ BEGIN NEW.go = 7; \
         RETURN NEW; END $it$; CREATE TRIGGER counts BEFORE INSERT ON words FOR EACH ROW EXECUTE FUNCTION counts()",
        "CREATE TRIGGER counts BEFORE INSERT ON words FOR EACH ROW BEGIN SET NEW.go = 7; \
         SET NEW.number = 7; END",
    );
    let drop = Sql::each(
        "DROP TRIGGER counts",
        "DROP TRIGGER counts ON words; DROP FUNCTION counts()",
        "DROP TRIGGER counts",
    );
    let trigger = Steps::new().sql_and_back("words", make, drop);
    let row = Steps::new().insert("words", ["id", "said"], [row![2, "more"]]);
    let history = [("m01", words()), ("m02", trigger), ("m03", row)];
    same_by_script(dialect, &history, &async |_: &DatabaseConnection| {});
}

fn many_statements_in_one_migration(dialect: Dialect) {
    same_by_script(dialect, &twelve_statements(), &async |_: &DatabaseConnection| {});
}

fn twelve_statements() -> [Named; 3] {
    [("m01", table("ports")), ("m02", twelve()), ("m03", table("cargo"))]
}

fn twelve() -> Steps {
    ["a", "b", "c"].into_iter().fold(Steps::new(), |steps, name| {
        steps
            .create_table(name, |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
            .create_index(name, ["name"])
            .insert(name, ["id", "name"], [row![1, name], row![2, "more"]])
            .alter(name, |t| t.add(|t| t.column(string_len_null("more", 80))))
    })
}

/// A script stops where something is in its way; when that is gone, `up` goes on.
fn an_interrupted_script_is_gone_on_with(dialect: Dialect) {
    let history = twelve_statements();
    let app = app(&history);
    let script = printed(&history, dialect, &["up"]);
    let is_mysql = dialect == Dialect::Mysql;
    let mut whole = None;
    run_empty(dialect, async |scratch: &Scratch| {
        up(scratch, &app).await.unwrap();
        whole = Some(content(scratch).await);
    });
    run_empty(dialect, async |scratch: &Scratch| {
        run(&scratch.db, "CREATE TABLE b (id bigint)").await;

        let output = tried_by_client(scratch, &script);

        assert!(!output.status.success(), "{}", said(&output));
        assert_eq!(recorded(&scratch.db).await, ["m01"]);
        let there: &[&str] = if is_mysql { &["a", "b", "ports"] } else { &["b", "ports"] };
        assert_eq!(tables(&scratch.db).await, there);
        let refused = up(scratch, &app).await.unwrap_err();
        assert_eq!(refused.code(), "PLM0036", "{}", chain(&refused));
        run(&scratch.db, "DROP TABLE b").await;
        let (report, heard) = heard_up(scratch, &app, "head").await;
        assert_eq!(applied(&report.unwrap()), ["m02", "m03"]);
        assert_eq!(heard.has("resuming m02"), is_mysql, "{heard:?}");
        content(scratch).await.is(whole.as_ref().unwrap(), &script);
    });
}

/// Wherever the script was cut off, because its client or the machine ended.
fn a_script_that_ends_anywhere_is_gone_on_with(dialect: Dialect) {
    let history = twelve_statements();
    let app = app(&history);
    let script = printed(&history, dialect, &["up"]);
    let mut whole = None;
    run_empty(dialect, async |scratch: &Scratch| {
        up(scratch, &app).await.unwrap();
        whole = Some(content(scratch).await);
    });
    let mut at = 0;
    let ends: Vec<usize> = script.match_indices(";\n").map(|(end, _)| end + 2).collect();
    for end in &ends[..ends.len() - 1] {
        let last = script[at..*end].lines().find(|line| !line.starts_with("--")).unwrap();
        at = *end;
        run_empty(dialect, async |scratch: &Scratch| {
            let part = &script[..*end];
            tried_by_client(scratch, part);
            match up(scratch, &app).await {
                Ok(_) => content(scratch).await.is(whole.as_ref().unwrap(), part),
                // Between a statement and what is written down of it there is nothing to keep them
                // together: whoever was killed there takes the statement back.
                Err(error) => {
                    let words: Vec<&str> = last.split_whitespace().collect();
                    let back = match words[..] {
                        ["CREATE", "TABLE", name, ..] => format!("DROP TABLE {name}"),
                        ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..] => {
                            format!("ALTER TABLE {name} DROP COLUMN {column}")
                        }
                        _ => panic!("{}: {last}", chain(&error)),
                    };
                    assert_eq!(dialect, Dialect::Mysql, "{}: {last}", chain(&error));
                    run(&scratch.db, &back).await;
                    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
                    content(scratch).await.is(whole.as_ref().unwrap(), part);
                }
            }
        });
    }
    assert!(ends.len() > 20, "{script}");
}

/// The client stops there, and what comes behind it does not run either.
fn what_is_code_a_script_neither_runs_nor_records(dialect: Dialect) {
    for (name, [first, code], last) in [
        ("calling", ["m01_ports", "m02_calling"], "m03_cargo"),
        ("slow", ["m01_ports", "m02_slow"], "m03_cargo"),
    ] {
        let script = printed_by(name, dialect, &["up"]);
        let marked = script.split_once(&format!("-- {code}\n")).unwrap().1;
        assert!(marked.contains("known only when it runs"), "{script}");
        assert!(marked.contains(&format!("-- {last}\n")), "{script}");
        let rest = printed_by(name, dialect, &["up", &format!("{code}..")]);
        let back = printed_by(name, dialect, &["down", ".."]);
        run_empty(dialect, async |scratch: &Scratch| {
            let output = tried_by_client(scratch, &script);
            assert!(!output.status.success(), "{}", said(&output));
            let why = format!("what {code} does is known only when it runs");
            assert!(said(&output).contains(&why), "{}", said(&output));
            assert_eq!(recorded(&scratch.db).await, [first]);
            assert_eq!(tables(&scratch.db).await, ["ports"]);
            assert_eq!(count(&scratch.db, "ports").await, 0, "a comment ends where it is to");
            let ran = ship(scratch, &[name, "up", code]).output().unwrap();
            assert!(ran.status.success(), "{}", said(&ran));
            run_by_client(scratch, &rest);
            let status = ship(scratch, &[name, "status"]).output().unwrap();
            assert!(status.status.success(), "{}", said(&status));
            // What the code of one did needs no code to be taken back.
            let back = tried_by_client(scratch, &back);
            assert_eq!(back.status.success(), name == "calling", "{}", said(&back));
            let left: &[&str] = if name == "calling" { &[] } else { &[first, code] };
            assert_eq!(recorded(&scratch.db).await, left);
        });
    }
}

/// What the command itself can do all the same.
fn what_no_client_can_be_told_is_refused(dialect: Dialect) {
    let default = |t: TableBuilder| t.column(string_len("name", 20).default("a\r\nb"));
    let steps = Steps::new().create_table("ports", |t| default(t.column(big_pk_auto("id"))));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steps.json");
    fs::write(&file, serde_json::to_string(&[("m01", &steps)]).unwrap()).unwrap();
    let name = format!("steps={}", file.display());

    let output = sailing(&[&name, "up", "--sql", "--dialect", dialect.name()]).output().unwrap();

    assert_eq!(output.status.success(), dialect != Dialect::Sqlite, "{}", said(&output));
    run_empty(dialect, async |scratch: &Scratch| {
        if output.status.success() {
            run_by_client(scratch, &String::from_utf8(output.stdout).unwrap());
        } else {
            assert!(said(&output).contains("error[PLM0066]"), "{}", said(&output));
            assert!(output.stdout.is_empty());
            up(scratch, &app(&[("m01", steps)])).await.unwrap();
        }
        run(&scratch.db, "INSERT INTO ports (id) VALUES (1)").await;
        assert_eq!(all::<String>(&scratch.db, "SELECT name FROM ports").await, ["a\r\nb"]);
    });
}
