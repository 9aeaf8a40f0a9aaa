//! `diff`, `check`, `schema` and `diagram`, as they are typed.

use plimsoll::{Dialect, connect, introspect, testing::Scratch};
use sea_orm::ConnectionTrait as _;

use crate::{
    database::*,
    process::{Said, known, migration, says},
};

plimsoll::on_every_empty_database!(
    check_says_yes_of_a_migrated_database_and_no_of_an_altered_one,
    the_sql_of_a_difference_settles_it,
    what_is_pending_is_said_and_is_no_drift,
    the_sql_of_a_schema_makes_the_same_schema_elsewhere,
    a_diagram_is_drawn_in_three_forms,
    a_user_who_may_only_read_compares,
);

async fn check_says_yes_of_a_migrated_database_and_no_of_an_altered_one(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let clean = says(scratch, 0, &["check"]);
    assert_eq!(
        clean.out,
        "history: every migration is applied\nentities: nothing differs\ndatabase: nothing differs\n"
    );
    assert!(clean.err.ends_with("clean\n"), "{clean:#?}");

    run(&scratch.db, "ALTER TABLE roles ADD COLUMN extra integer").await;
    run(&scratch.db, "CREATE TABLE stranger (id integer)").await;
    run(&scratch.db, "CREATE VIEW seen AS SELECT 1 AS one").await;
    let before = introspect(&scratch.db).await.unwrap();
    let off = says(scratch, 2, &["check"]);

    assert!(off.out.contains("entities: nothing differs\n"), "{off:#?}");
    assert!(off.out.contains("  - drop column `roles.extra` (data can be lost)\n"), "{off:#?}");
    assert!(off.out.contains("unknown: table `stranger`"), "{off:#?}");
    assert!(off.out.contains("not compared: view `seen`"), "{off:#?}");
    assert!(off.err.ends_with("not clean\n"), "{off:#?}");
    assert_eq!(introspect(&scratch.db).await.unwrap(), before, "looking changes nothing");
    let document = says(scratch, 2, &["check", "--json"]).document();
    assert_eq!(document["clean"], false);
    assert_eq!(document["whole"], true);
    assert_eq!(document["missing"]["changes"], serde_json::json!([]));
    assert_eq!(document["drift"]["changes"][0]["sentence"], "drop column `roles.extra`");
    assert_eq!(document["drift"]["changes"][0]["destructive"], true);
    assert_eq!(document["unknown"][0], "stranger");
    assert_eq!(document["beyond"][0]["kind"], "view");
    says(scratch, 0, &["diff"]);
    says(scratch, 2, &["diff", "--exit-code"]);

    run(&scratch.db, "ALTER TABLE roles DROP COLUMN extra").await;
    says(scratch, 0, &["check"]);
    says(scratch, 2, &["check", "--strict"]);
}

async fn the_sql_of_a_difference_settles_it(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    // One session: others of a pool keep in mind what was there before.
    let db = &connect::session(&scratch.database).await.unwrap();
    run(db, "ALTER TABLE roles ADD COLUMN extra integer").await;
    run(db, "CREATE INDEX by_hand ON users (login_count)").await;
    run(db, "ALTER TABLE permissions RENAME COLUMN description TO about").await;
    if dialect(db) == Dialect::Postgres {
        run(db, "ALTER TABLE users ALTER COLUMN login_count DROP DEFAULT").await;
        run(db, "ALTER TABLE users ALTER COLUMN username TYPE text").await;
        run(db, "ALTER TABLE roles DROP CONSTRAINT \"uq-roles-name_key\"").await;
    }
    if dialect(db) == Dialect::Mysql {
        run(db, "ALTER TABLE users ALTER COLUMN login_count DROP DEFAULT").await;
        run(db, "ALTER TABLE users MODIFY username longtext NOT NULL").await;
        run(db, "ALTER TABLE roles DROP INDEX `uq-roles-name_key`").await;
    }

    let sql = says(scratch, 0, &["diff", "--sql"]).out;

    for statement in sql.split(";\n") {
        let lines: Vec<&str> = statement.lines().filter(|it| !it.starts_with("--")).collect();
        if !lines.is_empty() {
            run(db, &lines.join("\n")).await;
        }
    }
    says(scratch, 0, &["check"]);
}

async fn what_is_pending_is_said_and_is_no_drift(scratch: &Scratch) {
    says(scratch, 0, &["up", "+2"]);

    let said = says(scratch, 2, &["check"]);

    let pending = known().len() - 2;
    let begins = format!("history: {pending} pending\n  pending m2026");
    assert!(said.out.starts_with(&begins), "{said:#?}");
    assert!(said.out.contains("entities: nothing differs\ndatabase: nothing differs\n"));
    let document = says(scratch, 2, &["check", "--json"]).document();
    assert_eq!(document["history"].as_array().unwrap().len(), pending);
    assert_eq!(document["history"][0]["state"], "pending");
}

async fn the_sql_of_a_schema_makes_the_same_schema_elsewhere(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let wanted = introspect(&scratch.db).await.unwrap();
    let of_database = says(scratch, 0, &["schema"]);
    let of_migrations = says(scratch, 0, &["schema", "migrations"]);
    let of_entities = says(scratch, 0, &["schema", "entities"]);

    for said in [&of_database, &of_migrations, &of_entities] {
        assert!(said.out.contains("CREATE TABLE"), "{said:#?}");
        says(scratch, 0, &["reset", "--yes"]);
        let db = &connect::session(&scratch.database).await.unwrap();
        for statement in said.out.split(";\n").filter(|it| !it.trim().is_empty()) {
            run(db, statement).await;
        }
        let mut made = introspect(db).await.unwrap();
        let mut wanted = wanted.clone();
        for schema in [&mut made, &mut wanted] {
            schema
                .tables
                .retain(|name, _| !name.starts_with("plimsoll") && name != "seaql_migrations");
            for table in schema.tables.values_mut() {
                table.columns.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        assert_eq!(
            made.tables.keys().collect::<Vec<_>>(),
            wanted.tables.keys().collect::<Vec<_>>()
        );
        assert_eq!(plimsoll::diff(&made, &wanted, &[]).changes, []);
        for table in wanted.tables.keys() {
            let off =
                if dialect(db) == Dialect::Mysql { "SET foreign_key_checks = 0; " } else { "" };
            let cascade = if dialect(db) == Dialect::Postgres { " CASCADE" } else { "" };
            if dialect(db) == Dialect::Sqlite {
                run(db, "PRAGMA foreign_keys = OFF").await;
            }
            run(db, &format!("{off}DROP TABLE {table}{cascade}")).await;
        }
        db.close_by_ref().await.unwrap();
        says(scratch, 0, &["up"]);
    }
    let document = says(scratch, 0, &["schema", "--json"]).document();
    assert_eq!(document["tables"]["roles"]["primary_key"][0], "id");
}

async fn a_diagram_is_drawn_in_three_forms(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.svg");

    let mermaid = says(scratch, 0, &["diagram"]);
    let dot = says(scratch, 0, &["diagram", "database", "--format", "dot"]);
    let svg = says(scratch, 0, &["diagram", "-o", file.to_str().unwrap()]);
    let unknown = says(scratch, 1, &["diagram", "--format", "png"]);

    assert!(mermaid.out.starts_with("erDiagram"), "{mermaid:#?}");
    assert!(mermaid.out.contains("user_roles"));
    assert!(dot.out.starts_with("digraph"), "{dot:#?}");
    assert!(svg.out.is_empty() && svg.err.contains("wrote `"), "{svg:#?}");
    let drawn = std::fs::read_to_string(file).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("user_roles"), "{}", &drawn[..80]);
    assert!(unknown.err.contains("name one of: mermaid, dot, svg"), "{unknown:#?}");
    let nowhere = says(scratch, 1, &["diagram", "-o", "/nowhere/at/all.svg"]);
    assert!(nowhere.err.contains("cannot write `/nowhere/at/all.svg`"), "{nowhere:#?}");
    let document = says(scratch, 0, &["diagram", "--json"]).document();
    assert_eq!(document["of"], "entities");
    assert!(document["diagram"].as_str().unwrap().starts_with("erDiagram"));
}

async fn a_user_who_may_only_read_compares(scratch: &Scratch) {
    says(scratch, 0, &["up"]);
    let db = &scratch.db;
    let name = scratch.database.name();
    let mut url =
        url::Url::parse(secrecy::ExposeSecret::expose_secret(&scratch.database.url())).ok();
    let reader = format!("reader_{}", &name[name.len().saturating_sub(12)..]);
    match dialect(db) {
        // A file has no users: it is opened to read in any case.
        Dialect::Sqlite => url = None,
        Dialect::Postgres => {
            run(db, &format!("CREATE ROLE {reader} LOGIN PASSWORD 'x'")).await;
            run(db, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")).await;
        }
        Dialect::Mysql => {
            run(db, &format!("CREATE USER {reader}@'%' IDENTIFIED BY 'x'")).await;
            run(db, &format!("GRANT SELECT ON `{name}`.* TO {reader}@'%'")).await;
        }
    }
    let read = |arguments: &[&str]| {
        let mut command = migration(scratch, arguments);
        if let Some(url) = &mut url.clone() {
            url.set_username(&reader).unwrap();
            url.set_password(Some("x")).unwrap();
            command.env("DATABASE_URL", url.as_str());
        }
        Said::of(&mut command)
    };

    // MySQL has no place where this user could ask for the words of an expression.
    let is_told = dialect(db) != Dialect::Mysql;
    let clean = read(&["check"]).with(i32::from(!is_told));
    read(&["check", "--shallow"]).with(0);
    run(db, "ALTER TABLE roles ADD COLUMN extra integer").await;
    let off = read(&["check"]).with(2);

    assert!(clean.out.contains("database: nothing differs"), "{clean:#?}");
    let untold = "not compared: expressions of `users`: there was no place to ask the server in";
    assert_eq!(clean.out.contains(untold), !is_told, "{clean:#?}");
    assert!(off.out.contains("drop column `roles.extra`"), "{off:#?}");
    match dialect(db) {
        Dialect::Sqlite => {}
        Dialect::Postgres => {
            run(db, &format!("DROP OWNED BY {reader}")).await;
            db.execute_unprepared(&format!("DROP ROLE {reader}")).await.unwrap();
        }
        Dialect::Mysql => run(db, &format!("DROP USER {reader}@'%'")).await,
    }
}
