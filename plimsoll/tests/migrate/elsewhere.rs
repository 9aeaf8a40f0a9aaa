//! What stands outside the schema on PostgreSQL stays as it is, whatever is emptied or brought back; and
//! what brings a copy back gives nobody more than the copy does.

use std::{path::Path, process::Command};

use plimsoll::{Dialect, Steps, config::Database, connect, prelude::*, testing::Scratch};
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;

use crate::{copies::Copy, failure::reader, support::*};

plimsoll::on_every_empty_database!(who_lacks_the_right_to_drop_is_told_so,);

fn on_postgres(test: impl AsyncFnOnce(&Scratch)) {
    plimsoll::testing::run_empty(Dialect::Postgres, test);
}

/// A name that no other test gives: roles are those of the whole server.
fn named(scratch: &Scratch, beginning: &str) -> String {
    format!("{beginning}{}", scratch.database.name().rsplit('_').next().unwrap())
}

const HERE: [&str; 8] = [
    "CREATE TYPE mood AS ENUM ('calm', 'rough')",
    "CREATE TABLE ports (id int PRIMARY KEY, mood mood DEFAULT 'calm')",
    "CREATE TABLE logs (at date) PARTITION BY RANGE (at)",
    "CREATE VIEW calm AS SELECT id FROM ports WHERE mood = 'calm'",
    "CREATE SEQUENCE tickets",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$",
    "CREATE FUNCTION pol() RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
];

/// All of one schema, in which each thing belongs to the schema alone.
const OF_HERE: [&str; 6] = [
    "CREATE TRIGGER told BEFORE INSERT ON ports FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE POLICY p ON ports USING (pol())",
    "CREATE INDEX by_pol ON ports ((pol()::text))",
    "CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2000-01-01')",
    "CREATE TABLE visits (port_id int REFERENCES ports (id), ticket bigint DEFAULT nextval('tickets'), \
     note text)",
    "CREATE STATISTICS both_of ON port_id, ticket FROM visits",
];

/// Another schema has `t`, with nothing that depends on this one.
const OTHER: [&str; 2] = ["CREATE SCHEMA other", "CREATE TABLE other.t (id int)"];

/// What makes something that depends on this schema from outside, the names by which it is refused, and
/// what takes it away again.
const OUTSIDE: [(&str, &[&str], &str); 13] = [
    (
        "CREATE DOMAIN other.m AS mood; ALTER TABLE other.t ADD x other.m, ADD y mood[]",
        &["type other.m", "table column other.t.x", "table column other.t.y"],
        "ALTER TABLE other.t DROP x, DROP y; DROP DOMAIN other.m",
    ),
    (
        "CREATE TRIGGER told BEFORE INSERT ON other.t FOR EACH ROW EXECUTE FUNCTION f()",
        &["trigger told on other.t"],
        "DROP TRIGGER told ON other.t",
    ),
    (
        "CREATE POLICY p ON other.t USING (pol())",
        &["policy p on other.t"],
        "DROP POLICY p ON other.t",
    ),
    (
        "CREATE EVENT TRIGGER plimsoll_ev ON ddl_command_end EXECUTE FUNCTION ev()",
        &["event trigger plimsoll_ev"],
        "DROP EVENT TRIGGER plimsoll_ev",
    ),
    (
        "CREATE PUBLICATION news FOR TABLE ports",
        &["public.ports in publication news"],
        "DROP PUBLICATION news",
    ),
    (
        "CREATE INDEX by_pol ON other.t ((pol()::text))",
        &["index other.by_pol"],
        "DROP INDEX other.by_pol",
    ),
    (
        "ALTER TABLE other.t ADD n bigint DEFAULT nextval('tickets')",
        &["default value for other.t.n"],
        "ALTER TABLE other.t DROP n",
    ),
    (
        "CREATE RULE also AS ON INSERT TO other.t DO ALSO DELETE FROM ports",
        &["rule also on other.t"],
        "DROP RULE also ON other.t",
    ),
    (
        "CREATE TABLE other.logs_old PARTITION OF logs FOR VALUES FROM ('2000-01-01') TO ('2001-01-01')",
        &["table other.logs_old"],
        "DROP TABLE other.logs_old",
    ),
    (
        "ALTER TABLE other.t ADD CONSTRAINT home FOREIGN KEY (id) REFERENCES ports (id)",
        &["table constraint home on other.t"],
        "ALTER TABLE other.t DROP CONSTRAINT home",
    ),
    (
        "CREATE MATERIALIZED VIEW other.v AS SELECT * FROM calm",
        &["materialized view other.v"],
        "DROP MATERIALIZED VIEW other.v",
    ),
    (
        "CREATE CAST (mood AS int) WITH INOUT",
        &["cast (public.mood AS integer)"],
        "DROP CAST (mood AS int)",
    ),
    (
        "CREATE FUNCTION other.g(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        &["function other.g(public.mood)"],
        "DROP FUNCTION other.g",
    ),
];

async fn fill(scratch: &Scratch) -> plimsoll::App {
    let app = app_of(|| table("letters"));
    up(scratch, &app).await.unwrap();
    for sql in HERE.iter().chain(&OF_HERE).chain(&OTHER) {
        run(&scratch.db, sql).await;
    }
    app
}

#[test]
fn on_postgres_a_restore_refuses_and_names_all_that_no_copy_of_the_schema_has() {
    on_postgres(async |scratch| {
        fill(scratch).await;
        let copy = Copy::new();
        copy.make(scratch).await;

        for (make, names, remove) in OUTSIDE {
            run(&scratch.db, make).await;
            let error = copy.restore(scratch).await.unwrap_err();
            assert_eq!(error.code(), "PLM0074", "{make}: {}", chain(&error));
            for name in names {
                assert!(chain(&error).contains(name), "{make}: {}", chain(&error));
            }
            let own = [" on public.", " for public.", "_RETURN", "pg_toast", "RI_Constraint"];
            assert!(!own.iter().any(|it| chain(&error).contains(it)), "{}", chain(&error));
            run(&scratch.db, remove).await;
        }

        let before = fingerprint(&scratch.db).await;
        copy.restore(scratch).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(fingerprint(&scratch.db).await, before);
    });
}

/// No dependency is written down for what a subscription fills.
#[test]
fn on_postgres_a_table_that_a_subscription_fills_is_not_brought_back() {
    on_postgres(async |scratch| {
        fill(scratch).await;
        let copy = Copy::new();
        copy.make(scratch).await;
        let name = named(scratch, "s");
        let db = &scratch.db;
        run(
            db,
            &format!(
                "CREATE SUBSCRIPTION {name} CONNECTION 'dbname=nowhere' PUBLICATION p \
                 WITH (connect = false, slot_name = NONE, enabled = false)"
            ),
        )
        .await;
        run(
            db,
            &format!(
                "INSERT INTO pg_subscription_rel \
                 SELECT oid, 'ports'::regclass, 'r', NULL FROM pg_subscription WHERE subname = '{name}'"
            ),
        )
        .await;

        let refused = copy.restore(scratch).await;
        // With it the database could not be dropped.
        run(db, &format!("DROP SUBSCRIPTION {name}")).await;

        let error = refused.unwrap_err();
        assert_eq!(error.code(), "PLM0074", "{}", chain(&error));
        assert!(chain(&error).contains(&format!("ports in subscription {name}")), "{error}");
        copy.restore(scratch).await.unwrap();
    });
}

/// What is made outside between the look and the transaction is seen by the transaction, too.
#[test]
fn on_postgres_what_goes_along_is_refused_by_all_that_empties_the_schema() {
    on_postgres(async |scratch| {
        let app = fill(scratch).await;
        let with = |part: &str| OUTSIDE.iter().find(|(make, ..)| make.contains(part)).unwrap();
        for part in ["DOMAIN", "FOREIGN KEY", "MATERIALIZED", "other.logs_old", "FUNCTION other.g"]
        {
            let (make, names, remove) = with(part);
            run(&scratch.db, make).await;
            let before = fingerprint(&scratch.db).await;
            let db = session(scratch).await;
            let choice = plimsoll::Choice::default();

            let refused = [
                app.on(&db).drop_all().await.unwrap_err(),
                app.on(&db).fresh(&choice).await.unwrap_err(),
                app.on(&db).rehearse_drop_all().await.unwrap_err(),
                app.on(&db).rehearse_fresh().await.unwrap_err(),
                app.on(&db).all_losses().await.unwrap_err(),
            ];

            for error in refused {
                assert_eq!(error.code(), "PLM0074", "{make}: {}", chain(&error));
                assert!(error.hint().unwrap().contains("drop it yourself"), "{:?}", error.hint());
                for name in *names {
                    assert!(chain(&error).contains(name), "{make}: {}", chain(&error));
                }
            }
            db.close().await.unwrap();
            assert_eq!(fingerprint(&scratch.db).await, before);
            run(&scratch.db, remove).await;
        }
        // What these two leave alone may be used from outside, and what belongs to a table goes with it.
        for part in ["TRIGGER told", "POLICY", "PUBLICATION", "CAST"] {
            run(&scratch.db, with(part).0).await;
        }
        let db = session(scratch).await;
        app.on(&db).fresh(&plimsoll::Choice::default()).await.unwrap();
        run(&db, "CREATE VIEW calm AS SELECT id FROM letters").await;
        run(&db, "CREATE VIEW other.v AS SELECT * FROM calm").await;
        assert_eq!(app.on(&db).drop_all().await.unwrap_err().code(), "PLM0074");
        run(&db, "DROP VIEW other.v").await;
        app.on(&db).drop_all().await.unwrap();
        db.close().await.unwrap();

        assert!(tables(&scratch.db).await.is_empty());
        let kept = "SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'other.t'::regclass \
                    UNION ALL SELECT polname::text FROM pg_policy WHERE polrelid = 'other.t'::regclass";
        assert_eq!(all::<String>(&scratch.db, kept).await, ["told", "p"]);
    });
}

/// The same database, where the session works in another schema.
fn within(scratch: &Scratch, schema: &str) -> Database {
    scratch.database.clone().with_schema(Some(format!("\"{schema}\"")))
}

#[test]
fn on_postgres_a_copy_of_a_schema_comes_back_in_that_schema_alone() {
    on_postgres(async |scratch| {
        for schema in ["a", "a b", "A", "a \"b\""] {
            let quoted = schema.replace('"', "\"\"");
            run(&scratch.db, &format!("CREATE SCHEMA \"{quoted}\"")).await;
            run(&scratch.db, &format!("CREATE TABLE \"{quoted}\".kept (id int)")).await;
            run(&scratch.db, &format!("INSERT INTO \"{quoted}\".kept VALUES (1)")).await;
        }
        let copy = Copy::new();
        copy.make_of(&within(scratch, "a b")).await;

        for schema in ["a", "A"] {
            let error = copy.restore_to(&within(scratch, schema)).await.unwrap_err();
            assert_eq!(error.code(), "PLM0077", "{}", chain(&error));
            assert!(chain(&error).contains("of the schema `a b`"), "{}", chain(&error));
            assert_eq!(count(&scratch.db, &format!("\"{schema}\".kept")).await, 1);
        }
        run(&scratch.db, "CREATE VIEW a.seen AS SELECT * FROM \"a b\".kept").await;
        let error = copy.restore_to(&within(scratch, "a b")).await.unwrap_err();
        assert_eq!(error.code(), "PLM0074", "{}", chain(&error));
        assert!(chain(&error).ends_with(": view a.seen"), "{}", chain(&error));
        run(&scratch.db, "DROP VIEW a.seen").await;
        for schema in ["a b", "a \"\"b\"\""] {
            let copy = Copy::new();
            copy.make_of(&within(scratch, schema)).await;
            run(&scratch.db, &format!("DELETE FROM \"{schema}\".kept")).await;
            copy.restore_to(&within(scratch, schema)).await.unwrap();
            assert_eq!(count(&scratch.db, &format!("\"{schema}\".kept")).await, 1);
        }
    });
}

#[test]
fn on_postgres_a_copy_that_does_not_bring_what_it_lists_is_taken_back() {
    on_postgres(async |scratch| {
        for sql in [
            "CREATE SCHEMA a",
            "CREATE SCHEMA b",
            "CREATE TABLE a.kept (id int)",
            "CREATE TABLE b.more (id int)",
        ] {
            run(&scratch.db, sql).await;
        }
        // As nobody makes it here: of two schemas, of which one would come back.
        let copy = Copy::new();
        dump(&scratch.database, &["--schema=a", "--schema=b"], &copy.file());
        run(&scratch.db, "INSERT INTO a.kept VALUES (1)").await;

        let error = copy.restore_to(&within(scratch, "a")).await.unwrap_err();

        assert_eq!(error.code(), "PLM0076", "{}", chain(&error));
        assert!(chain(&error).contains("lists 2 relations and 0 routines"), "{}", chain(&error));
        assert_eq!(count(&scratch.db, "a.kept").await, 1);
    });
}

fn dump(database: &Database, words: &[&str], file: &Path) {
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--file"]).arg(file).args(words);
    let status = command.arg(database.url().expose_secret()).status().unwrap();
    assert!(status.success());
}

/// What this user gives by default.
async fn given(db: &DatabaseConnection) -> Vec<String> {
    let ask = "SELECT concat_ws(' ', defaclnamespace::regnamespace, defaclobjtype, it.grantee::regrole, \
               it.privilege_type, it.is_grantable) \
               FROM pg_default_acl, aclexplode(defaclacl) it ORDER BY 1";
    all(db, ask).await
}

#[test]
fn on_postgres_a_restore_gives_nobody_what_was_taken_from_them() {
    on_postgres(async |scratch| {
        let (db, role) = (&scratch.db, named(scratch, "d"));
        for sql in [
            &format!("CREATE ROLE {role}"),
            &format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}"),
            &format!(
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT UPDATE ON TABLES TO {role} WITH GRANT OPTION"
            ),
            "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            "CREATE TABLE open (id int)",
            "CREATE TABLE secrets (id int)",
            "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION shown() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "GRANT EXECUTE ON FUNCTION shown TO PUBLIC",
            &format!("REVOKE ALL ON secrets FROM {role}"),
        ] {
            run(db, sql).await;
        }
        let rights = format!(
            "SELECT concat_ws(' ', it, has_table_privilege('{role}', it, 'SELECT'), \
             has_table_privilege('{role}', it, 'UPDATE WITH GRANT OPTION')) \
             FROM unnest(ARRAY['open', 'secrets']) it \
             UNION ALL SELECT concat_ws(' ', it, has_function_privilege('{role}', it, 'EXECUTE')) \
             FROM unnest(ARRAY['hidden()', 'shown()']) it"
        );
        let (rights_before, given_before) = (all::<String>(db, &rights).await, given(db).await);
        let copy = Copy::new();
        copy.make(scratch).await;

        copy.restore(scratch).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

        let (rights_after, given_after) = (all::<String>(db, &rights).await, given(db).await);
        run(db, &format!("DROP OWNED BY {role}")).await;
        run(db, &format!("DROP ROLE {role}")).await;
        assert_eq!(rights_before, ["open t t", "secrets f f", "hidden() f", "shown() t"]);
        assert_eq!(rights_after, rights_before);
        assert_eq!(given_after, given_before);
        assert!(given_before.len() >= 4, "{given_before:?}");
    });
}

#[test]
fn on_postgres_bytes_that_are_no_text_are_copied_where_the_database_takes_them() {
    on_postgres(async |scratch| {
        for (encoding, word) in [("SQL_ASCII", "\\377\\376"), ("LATIN1", "\\344\\205")] {
            let name = format!("{}_{}", scratch.database.name(), encoding.to_lowercase());
            run(
                &scratch.db,
                &format!(
                    "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' \
                     LC_COLLATE 'C' LC_CTYPE 'C'"
                ),
            )
            .await;
            let database = scratch.database.with_name(&name);
            let db = connect::session(&database).await.unwrap();
            run(&db, "CREATE TABLE words (word text)").await;
            let word = format!("convert_from('{word}'::bytea, '{encoding}')");
            run(&db, &format!("INSERT INTO words VALUES ({word})")).await;
            let copy = Copy::new();

            copy.make_of(&database).await;
            run(&db, "DELETE FROM words").await;
            let restored = copy.restore_to(&database).await;

            restored.unwrap_or_else(|error| panic!("{}", chain(&error)));
            let same = format!("SELECT word = {word} FROM words");
            assert_eq!(all::<bool>(&db, &same).await, [true], "{encoding}");
            db.close().await.unwrap();
            run(&scratch.db, &format!("DROP DATABASE {name}")).await;
        }
    });
}

async fn who_lacks_the_right_to_drop_is_told_so(scratch: &Scratch) {
    let app = app_of(|| Steps::new().create_table("ports", |t| t.column(big_pk_auto("id"))));
    up(scratch, &app).await.unwrap();
    if dialect(&scratch.db) == Dialect::Sqlite {
        // It has no users.
        return;
    }
    let (database, name) = reader(scratch, &scratch.db).await;
    let db = connect::session(&database).await.unwrap();

    let refused = [
        app.on(&db).drop_all().await.unwrap_err(),
        app.on(&db).fresh(&plimsoll::Choice::default()).await.unwrap_err(),
    ];
    db.close().await.unwrap();
    if dialect(&scratch.db) == Dialect::Postgres {
        run(&scratch.db, &format!("DROP OWNED BY {name}")).await;
    }
    run(&scratch.db, &format!("DROP USER {name}")).await;

    for error in refused {
        assert_eq!(error.code(), "PLM0043", "{}", chain(&error));
        assert!(error.hint().unwrap().contains("lacks the right"), "{:?}", error.hint());
    }
    assert_eq!(tables(&scratch.db).await, ["ports"]);
}
