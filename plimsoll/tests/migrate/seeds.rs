//! Default rows: offered once, and never forced on whoever changed or withdrew them.

use crate::support::*;
use plimsoll::{
    App, Choice, Difference, DifferenceKind, Error, History, MigrationError, Mode, Seeded,
    prelude::*, testing::Scratch,
};

plimsoll::on_every_empty_database!(
    rows_are_offered_once,
    what_was_withdrawn_stays_withdrawn_and_what_is_new_arrives,
    what_was_changed_is_left_and_shown_by_column,
    a_reset_sets_back_one_seeder,
    a_rehearsal_shows_the_rows_and_changes_nothing,
    a_seeder_waits_for_its_tables,
    a_seeder_can_be_left_out,
    a_file_that_is_wrong_is_refused_before_anything_runs,
    a_reference_to_nothing_is_an_error_and_one_to_a_withdrawn_row_is_left,
    a_row_that_the_database_refuses_takes_back_its_seeder,
    every_kind_of_value_is_written_and_compared,
    keys_of_other_types_can_be_referred_to,
    two_projects_in_one_database_offer_each_its_own_rows,
    a_row_that_cannot_be_set_back_is_named,
    a_row_that_is_set_back_says_when_it_was_changed,
);

pub(crate) fn roles_table() -> Steps {
    Steps::new().create_table("roles", |t| {
        t.column(big_pk_auto("id"))
            .column(string_len("name", 40))
            .column(string_len_null("description", 200))
            .unique(["name"])
    })
}

pub(crate) fn rights_tables() -> Steps {
    Steps::new()
        .create_table("rights", |t| {
            t.column(big_pk_auto("id")).column(string_len("code", 40)).unique(["code"])
        })
        .create_table("grants", |t| {
            t.column(big_integer("role_id"))
                .column(big_integer("right_id"))
                .primary_key(["role_id", "right_id"])
                .index(["right_id"])
                .foreign_key(["role_id"], "roles", ["id"], OnDelete::Cascade)
                .foreign_key(["right_id"], "rights", ["id"], OnDelete::Cascade)
        })
}

pub(crate) fn history() -> History {
    History::new().declared("m01_roles", roles_table).declared("m02_rights", rights_tables)
}

pub(crate) const ROLES: &str = r#"
    table = "roles"
    key = ["name"]
    [[rows]]
    name = "admin"
    description = "may do it's \"all\" \\ 🚢"
    [[rows]]
    name = "viewer"
    description = "may look"
"#;

pub(crate) const RIGHTS: &str = r#"
    table = "rights"
    key = ["code"]
    [[rows]]
    code = "ship:read"
    [[rows]]
    code = "ship:sink"
"#;

pub(crate) const GRANTS: &str = r#"
    table = "grants"
    key = ["role_id", "right_id"]
    [lookup.role_id]
    table = "roles"
    by = "name"
    [lookup.right_id]
    table = "rights"
    by = "code"
    [[rows]]
    role_id = "admin"
    right_id = ["ship:read", "ship:sink"]
    [[rows]]
    role_id = "viewer"
    right_id = "ship:read"
"#;

pub(crate) fn app() -> App {
    App::new(history()).seeds(&[
        ("roles.toml", ROLES),
        ("rights.toml", RIGHTS),
        ("grants.toml", GRANTS),
    ])
}

/// The next release: a right more, which the administrator has.
pub(crate) fn next_release() -> App {
    let rights = format!("{RIGHTS}\n[[rows]]\ncode = \"ship:build\"\n");
    let grants = GRANTS.replace("\"ship:sink\"]", "\"ship:sink\", \"ship:build\"]");
    App::new(history()).seeds(&[
        ("roles.toml", ROLES),
        ("rights.toml", &*rights),
        ("grants.toml", &*grants),
    ])
}

pub(crate) async fn grants(scratch: &Scratch) -> Vec<String> {
    let sql = match dialect(&scratch.db) {
        plimsoll::Dialect::Mysql => "SELECT CONCAT(o.name, ' ', i.code)",
        _ => "SELECT o.name || ' ' || i.code",
    };
    let sql = format!(
        "{sql} FROM grants g JOIN roles o ON o.id = g.role_id JOIN rights i ON i.id = g.right_id ORDER BY 1"
    );
    all(&scratch.db, &sql).await
}

pub(crate) async fn withdraw(scratch: &Scratch, role: &str, right: &str) {
    run(
        &scratch.db,
        &format!(
            "DELETE FROM grants WHERE role_id = (SELECT id FROM roles WHERE name = '{role}') \
             AND right_id = (SELECT id FROM rights WHERE code = '{right}')"
        ),
    )
    .await;
}

pub(crate) async fn verify(scratch: &Scratch, app: &App) -> Vec<Difference> {
    app.on(&scratch.db).verify_seeds(&Choice::default()).await.unwrap()
}

pub(crate) fn inserted(seeded: &[Seeded]) -> Vec<(&str, Vec<&str>)> {
    let rows = seeded.iter().filter(|it| !it.inserted.is_empty());
    rows.map(|it| (it.seeder.as_str(), it.inserted.iter().map(String::as_str).collect())).collect()
}

async fn rows_are_offered_once(scratch: &Scratch) {
    let report = up(scratch, &app()).await.unwrap();

    assert_eq!(
        inserted(&report.seeded),
        [
            ("roles", vec!["admin", "viewer"]),
            ("rights", vec!["ship:read", "ship:sink"]),
            ("grants", vec!["admin/ship:read", "admin/ship:sink", "viewer/ship:read"]),
        ]
    );
    assert_eq!(grants(scratch).await, ["admin ship:read", "admin ship:sink", "viewer ship:read"]);
    let description: String =
        one(&scratch.db, "SELECT description FROM roles WHERE name = 'admin'").await;
    assert_eq!(description, "may do it's \"all\" \\ 🚢");
    assert!(verify(scratch, &app()).await.is_empty());

    for _ in 0..2 {
        let seeded = seed(scratch, &app()).await.unwrap();
        assert!(inserted(&seeded).is_empty());
        assert_eq!(seeded.iter().map(|it| it.left).collect::<Vec<_>>(), [2, 2, 3]);
        assert!(up(scratch, &app()).await.unwrap().seeded.is_empty());
    }
    assert_eq!(count(&scratch.db, "grants").await, 3);
}

async fn what_was_withdrawn_stays_withdrawn_and_what_is_new_arrives(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    withdraw(scratch, "admin", "ship:sink").await;
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;

    up(scratch, &app()).await.unwrap();
    seed(scratch, &app()).await.unwrap();
    assert_eq!(grants(scratch).await, ["admin ship:read"]);
    let report = up(scratch, &next_release()).await.unwrap();

    assert_eq!(
        inserted(&report.seeded),
        [("rights", vec!["ship:build"]), ("grants", vec!["admin/ship:build"])]
    );
    assert_eq!(grants(scratch).await, ["admin ship:build", "admin ship:read"]);
    assert_eq!(all::<String>(&scratch.db, "SELECT name FROM roles").await, ["admin"]);
    let differences = verify(scratch, &next_release()).await;
    let told: Vec<_> = differences.iter().map(|it| (it.row.as_str(), it.kind.clone())).collect();
    assert_eq!(
        told,
        [
            ("viewer", DifferenceKind::Withdrawn),
            ("admin/ship:sink", DifferenceKind::Withdrawn),
            ("viewer/ship:read", DifferenceKind::Withdrawn),
        ]
    );
}

async fn what_was_changed_is_left_and_shown_by_column(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    run(&scratch.db, "UPDATE roles SET description = 'ours' WHERE name = 'admin'").await;
    run(&scratch.db, "UPDATE roles SET description = NULL WHERE name = 'viewer'").await;
    run(&scratch.db, "DELETE FROM plimsoll_seeds WHERE row_key = 'admin'").await;

    let differences = verify(scratch, &next_release()).await;
    seed(scratch, &app()).await.unwrap();

    let told: Vec<_> = differences.into_iter().map(|it| (it.seeder, it.row, it.kind)).collect();
    let differs = || DifferenceKind::Differs(vec!["description".to_owned()]);
    assert_eq!(
        told,
        [
            ("roles".to_owned(), "admin".to_owned(), differs()),
            ("roles".to_owned(), "viewer".to_owned(), differs()),
            ("rights".to_owned(), "ship:build".to_owned(), DifferenceKind::New),
            ("grants".to_owned(), "admin/ship:build".to_owned(), DifferenceKind::New),
        ]
    );
    let descriptions: Vec<Option<String>> =
        all(&scratch.db, "SELECT description FROM roles ORDER BY name").await;
    assert_eq!(descriptions, [Some("ours".to_owned()), None]);
}

async fn a_reset_sets_back_one_seeder(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    run(&scratch.db, "UPDATE roles SET description = 'ours'").await;
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;
    withdraw(scratch, "admin", "ship:sink").await;
    let db = session(scratch).await;

    let seeded = app().on(&db).seed(&only("roles"), Mode::Restore).await.unwrap();

    assert_eq!(
        (&seeded[0].restored[..], &seeded[0].inserted[..]),
        (&["admin".to_owned()][..], &["viewer".to_owned()][..])
    );
    assert_eq!(grants(scratch).await, ["admin ship:read"], "nobody asked for these");
    app().on(&db).seed(&only("grants"), Mode::Restore).await.unwrap();
    assert_eq!(grants(scratch).await.len(), 3);
    assert!(verify(scratch, &app()).await.is_empty());
    db.close().await.unwrap();
}

async fn a_rehearsal_shows_the_rows_and_changes_nothing(scratch: &Scratch) {
    let without = App::new(history());
    up(scratch, &without).await.unwrap();
    let before = fingerprint(&scratch.db).await;

    let seeded = app().on(&scratch.db).seed(&Choice::default(), Mode::Rehearse).await.unwrap();

    let rows: Vec<usize> = seeded.iter().map(|it| it.inserted.len()).collect();
    assert_eq!(rows, [2, 2, 3], "those that refer to rows that would come, too");
    assert_eq!(fingerprint(&scratch.db).await, before, "not even a journal");
    assert_eq!(count(&scratch.db, "roles").await, 0);
}

async fn a_seeder_waits_for_its_tables(scratch: &Scratch) {
    let (report, heard) = heard_up(scratch, &app(), "m01").await;

    let report = report.unwrap();
    assert_eq!(inserted(&report.seeded), [("roles", vec!["admin", "viewer"])]);
    assert_eq!(report.seeded[1].skipped.as_deref(), Some("table `rights` is not there"));
    assert!(heard.has("skipped rights: table `rights` is not there"), "{heard:?}");
    assert!(heard.has("skipped grants: table `rights` is not there"), "{heard:?}");
    let differences = verify(scratch, &app()).await;
    assert!(differences.iter().all(|it| matches!(it.kind, DifferenceKind::NoTable(_))));

    let report = up(scratch, &app()).await.unwrap();
    assert_eq!(inserted(&report.seeded).len(), 2);
    assert_eq!(grants(scratch).await.len(), 3);
}

async fn a_seeder_can_be_left_out(scratch: &Scratch) {
    let db = session(scratch).await;
    let app = app();
    let run = app.on(&db);
    let choice = |only: &[&str], skip: &[&str]| Choice {
        only: only.iter().map(|it| (*it).to_owned()).collect(),
        skip: skip.iter().map(|it| (*it).to_owned()).collect(),
    };

    let unknown = run.up(&to("head"), &choice(&[], &["ports"])).await.unwrap_err();
    let Error::Migration(MigrationError::UnknownSeeder { name, known }) = &unknown else {
        panic!("{unknown:?}")
    };
    assert_eq!((name.as_str(), unknown.code()), ("ports", "PLM0051"));
    assert_eq!(known, &["roles", "rights", "grants"]);
    assert!(tables(&db).await.is_empty(), "it is said before anything runs");

    run.up(&to("head"), &choice(&[], &["roles", "grants"])).await.unwrap();
    assert_eq!((count(&db, "roles").await, count(&db, "rights").await), (0, 2));
    let left = run.seed(&choice(&["grants"], &[]), Mode::Offer).await.unwrap();
    assert_eq!((left[0].left, left[0].inserted.len()), (3, 0), "the roles were left out");
    run.seed(&choice(&["roles"], &[]), Mode::Offer).await.unwrap();
    assert_eq!((count(&db, "roles").await, count(&db, "grants").await), (2, 0));
    run.seed(&choice(&[], &[]), Mode::Offer).await.unwrap();
    assert_eq!(grants(scratch).await.len(), 3);
    db.close().await.unwrap();
}

async fn a_file_that_is_wrong_is_refused_before_anything_runs(scratch: &Scratch) {
    let long = format!("{}.toml", "n".repeat(65));
    let wrong: &[(&[(&str, &str)], &str)] = &[
        (&[("roles.toml", "table = 'roles'")], "missing field `key`"),
        (&[("roles.toml", "table = 'roles'\nkey = []")], "names no column"),
        (&[("roles.toml", "table = 'roles'\nkey = ['name']\nrow = []")], "unknown field"),
        (
            &[("roles.toml", "table = 'roles'\nkey = ['name']\n[[rows]]\ndescription = 'x'")],
            "row 1: has no `name`",
        ),
        (&[("roles.toml", "table = ")], "TOML parse error"),
        (&[("a/roles.toml", ROLES), ("a/roles.toml", ROLES)], "another seeder is named"),
        (&[(&long, ROLES)], "its name has not from 1 to 64 characters"),
    ];
    for (files, problem) in wrong {
        let app = App::new(history()).seeds(*files);

        let error = up(scratch, &app).await.unwrap_err();

        assert_eq!(error.code(), "PLM0050");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(tables(&scratch.db).await.is_empty());
    }
}

async fn a_reference_to_nothing_is_an_error_and_one_to_a_withdrawn_row_is_left(scratch: &Scratch) {
    let nobody = GRANTS.replace("\"viewer\"", "\"nobody\"");
    let wrong = App::new(history()).seeds(&[
        ("roles.toml", ROLES),
        ("rights.toml", RIGHTS),
        ("grants.toml", &*nobody),
    ]);
    let too_early = App::new(history()).seeds(&[
        ("grants.toml", GRANTS),
        ("roles.toml", ROLES),
        ("rights.toml", RIGHTS),
    ]);

    for (app, value) in [(wrong, "'nobody'"), (too_early, "'ship:read'")] {
        let error = up(scratch, &app).await.unwrap_err();

        let Error::Migration(MigrationError::SeedReference { seeder, value: missing, .. }) = &error
        else {
            panic!("{}", chain(&error))
        };
        assert_eq!((seeder.as_str(), error.code()), ("grants", "PLM0052"));
        assert!(missing == value || missing == "'admin'", "{missing}");
        assert_eq!(count(&scratch.db, "grants").await, 0, "nothing of this seeder was kept");
        down(scratch, &app, "base").await.unwrap();
    }

    up(scratch, &app()).await.unwrap();
    run(&scratch.db, "DELETE FROM rights WHERE code = 'ship:sink'").await;
    let more =
        GRANTS.replace("right_id = \"ship:read\"", "right_id = [\"ship:read\", \"ship:sink\"]");
    let app = App::new(history()).seeds(&[
        ("roles.toml", ROLES),
        ("rights.toml", RIGHTS),
        ("grants.toml", &*more),
    ]);
    let report = up(scratch, &app).await.unwrap();
    assert!(inserted(&report.seeded).is_empty());
    assert_eq!(grants(scratch).await, ["admin ship:read", "viewer ship:read"]);
}

async fn a_row_that_the_database_refuses_takes_back_its_seeder(scratch: &Scratch) {
    let long = format!("{ROLES}\n[[rows]]\nname = \"twice\"\ndescripton = \"no such column\"\n");
    let broken = App::new(history()).seeds(&[("roles.toml", &*long), ("rights.toml", RIGHTS)]);

    let error = up(scratch, &broken).await.unwrap_err();

    let Error::Migration(MigrationError::SeedFailed { seeder, row, .. }) = &error else {
        panic!("{}", chain(&error))
    };
    assert_eq!((seeder.as_str(), row.as_str(), error.code()), ("roles", "twice", "PLM0053"));
    assert_eq!(count(&scratch.db, "roles").await, 0);
    assert_eq!(count(&scratch.db, "plimsoll_seeds").await, 0);
    assert!(inserted(&up(scratch, &app()).await.unwrap().seeded).len() == 3);
}

async fn every_kind_of_value_is_written_and_compared(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new().create_table("values", |t| {
            t.column(big_pk_auto("id"))
                .column(big_integer("key"))
                .column(boolean("yes"))
                .column(double("fraction"))
                .column(decimal_len("exact", 10, 2))
                .column(text("words"))
                .column(timestamp_with_time_zone("at"))
                .column(date("day"))
                .column(json_binary("document"))
                .unique(["key"])
        })
    }
    let file = r#"
        table = "values"
        key = ["key"]
        [[rows]]
        key = -7
        yes = true
        fraction = 0.1
        exact = 1.5
        words = "it's\n\"so\" \\ 🚢"
        at = 2026-11-20T13:04:50.123Z
        day = 2026-11-20
        document = { list = [1, "two"], nested = { yes = true } }
    "#;
    let app = App::new(History::new().declared("m01", steps)).seeds(&[("values.toml", file)]);

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(verify(scratch, &app).await, []);
    let table = quote(&scratch.db, "values");
    let at: chrono::DateTime<chrono::Utc> =
        one(&scratch.db, &format!("SELECT at FROM {table}")).await;
    assert_eq!(at.to_rfc3339(), "2026-11-20T13:04:50.123+00:00");
    let document: serde_json::Value =
        one(&scratch.db, &format!("SELECT document FROM {table}")).await;
    assert_eq!(document, serde_json::json!({"list": [1, "two"], "nested": {"yes": true}}));
    run(&scratch.db, &format!("UPDATE {table} SET fraction = 0.2, words = 'other'")).await;
    let [Difference { kind: DifferenceKind::Differs(columns), .. }] =
        &verify(scratch, &app).await[..]
    else {
        panic!("one row differs")
    };
    assert_eq!(columns, &["fraction", "words"]);
}

async fn keys_of_other_types_can_be_referred_to(scratch: &Scratch) {
    fn steps() -> Steps {
        Steps::new()
            .create_table("kinds", |t| {
                t.column(ColumnDef::new("id").integer().not_null().auto_increment().primary_key())
                    .column(string_len("name", 20))
            })
            .create_table("things", |t| {
                t.column(string_len("name", 20)).column(integer("kind_id")).primary_key(["name"])
            })
    }
    let kinds = "table = 'kinds'\nkey = ['name']\n[[rows]]\nname = 'boat'\n";
    let things = "table = 'things'\nkey = ['name']\n[lookup.kind_id]\ntable = 'kinds'\nby = 'name'\n\
                  [[rows]]\nname = 'dinghy'\nkind_id = 'boat'\n";
    let app = App::new(History::new().declared("m01", steps))
        .seeds(&[("kinds.toml", kinds), ("things.toml", things)]);

    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));

    assert_eq!(one::<i32>(&scratch.db, "SELECT kind_id FROM things").await, 1);
    assert_eq!(verify(scratch, &app).await, []);
}

async fn two_projects_in_one_database_offer_each_its_own_rows(scratch: &Scratch) {
    const FILE: &str = "table = \"other_roles\"\nkey = [\"name\"]\n[[rows]]\nname = \"admin\"\n";
    let other =
        App::new(History::new().recorded_in("other_migrations").declared("m01_other", || {
            Steps::new().create_table("other_roles", |t| {
                t.column(big_pk_auto("id")).column(string_len("name", 40))
            })
        }))
        .seeds(&[("roles.toml", FILE)]);
    up(scratch, &app()).await.unwrap();

    let report = up(scratch, &other).await.unwrap();

    assert_eq!(report.seeded[0].inserted, ["admin"]);
    assert_eq!(count(&scratch.db, "other_roles").await, 1);
    down(scratch, &other, "base").await.unwrap();
    let again = up(scratch, &app()).await.unwrap();
    assert!(again.applied.is_empty() && again.seeded.is_empty(), "{again:?}");
}

fn only(name: &str) -> Choice {
    Choice { only: vec![name.to_owned()], skip: Vec::new() }
}

/// Sets the rows of a seeder back, on a connection of its own.
async fn reset(scratch: &Scratch, app: &App, name: &str) -> Seeded {
    let db = session(scratch).await;
    let mut seeded = app.on(&db).seed(&only(name), Mode::Restore).await.unwrap();
    db.close().await.unwrap();
    seeded.remove(0)
}

async fn a_row_that_cannot_be_set_back_is_named(scratch: &Scratch) {
    up(scratch, &app()).await.unwrap();
    run(&scratch.db, "DELETE FROM roles WHERE name = 'viewer'").await;
    withdraw(scratch, "admin", "ship:sink").await;

    let seeded = reset(scratch, &app(), "grants").await;

    assert_eq!((seeded.left, &*seeded.inserted), (1, &["admin/ship:sink".to_owned()][..]));
    let [lost] = &seeded.unrestored[..] else { panic!("{seeded:?}") };
    assert_eq!((lost.row.as_str(), lost.needs.as_str()), ("viewer/ship:read", "roles"));
    assert_eq!(lost.because, "`roles` has no row whose `name` is 'viewer'");
    reset(scratch, &app(), "roles").await;
    assert!(reset(scratch, &app(), "grants").await.unrestored.is_empty());
    assert_eq!(grants(scratch).await.len(), 3);
}

async fn a_row_that_is_set_back_says_when_it_was_changed(scratch: &Scratch) {
    fn steps() -> Steps {
        let named = |name: &str, steps: Steps, changed: ColumnDef| {
            steps.create_table(name, |t| {
                t.column(string_len("name", 20))
                    .column(integer("size"))
                    .column(changed)
                    .primary_key(["name"])
            })
        };
        let steps = named("moments", Steps::new(), timestamp_with_time_zone("updated_at"));
        let steps = named("plain", steps, ColumnDef::new("updated_at").date_time().null().take());
        let steps = named("given", steps, timestamp_with_time_zone("updated_at"));
        named("numbers", steps, integer_null("updated_at"))
    }
    let file = |table: &str, more: &str| {
        format!("table = '{table}'\nkey = ['name']\n[[rows]]\nname = 'x'\nsize = 1\n{more}")
    };
    let long_ago = "updated_at = 2001-01-01T00:00:00Z";
    let app = App::new(History::new().declared("m01", steps)).seeds(&[
        ("given.toml", &*file("given", long_ago)),
        ("numbers.toml", &*file("numbers", "")),
        ("plain.toml", &*file("plain", "")),
    ]);
    up(scratch, &app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let db = &scratch.db;
    run(db, "UPDATE given SET updated_at = '2002-02-02 00:00:00', size = 2").await;
    run(db, "UPDATE numbers SET updated_at = 7, size = 2").await;
    run(db, "UPDATE plain SET updated_at = '2002-02-02 00:00:00', size = 2").await;

    for name in ["given", "numbers", "plain"] {
        assert_eq!(reset(scratch, &app, name).await.restored, ["x"]);
    }

    let given: chrono::DateTime<chrono::Utc> = one(db, "SELECT updated_at FROM given").await;
    assert_eq!(given.to_rfc3339(), "2001-01-01T00:00:00+00:00");
    assert_eq!(one::<Option<i32>>(db, "SELECT updated_at FROM numbers").await, Some(7));
    let plain: chrono::NaiveDateTime = one(db, "SELECT updated_at FROM plain").await;
    assert!((chrono::Utc::now().naive_utc() - plain).num_minutes() < 5, "{plain}");

    let with_moments = App::new(History::new().declared("m01", steps))
        .seeds(&[("moments.toml", &*file("moments", ""))]);
    run(db, "INSERT INTO moments (name, size, updated_at) VALUES ('x', 2, '2002-02-02 00:00:00')")
        .await;
    assert_eq!(reset(scratch, &with_moments, "moments").await.restored, ["x"]);
    let moment: chrono::DateTime<chrono::Utc> = one(db, "SELECT updated_at FROM moments").await;
    assert!((chrono::Utc::now() - moment).num_minutes() < 5, "{moment}");
}
