//! What is found out about migrations before anybody trusts them.

use plimsoll::{
    App, Dialect, History, Schema, Steps, Verified, diff,
    prelude::*,
    testing::{Scratch, cases},
};

use crate::{
    cases::{CASES, gathered, is_named, kinds_of, schema},
    filled::steps_of,
    guests::guest,
    support::*,
};

plimsoll::on_every_empty_database!(
    a_history_that_goes_and_comes_back_is_clean,
    code_without_a_way_back_is_a_fault_and_what_comes_later_is_still_looked_at,
    a_way_back_that_forgets_something_is_told,
    rows_that_code_loses_are_told,
    rows_that_a_migration_says_it_loses_are_no_fault,
    a_migration_that_cannot_run_ends_it,
    rows_that_do_not_fit_are_taken_away_and_named,
    a_change_of_any_kind_comes_back_with_its_rows,
);

async fn verified(scratch: &Scratch, app: &App) -> Verified {
    let mut heard = Vec::new();
    let mut told = |it: &plimsoll::VerifiedMigration| heard.push(it.name.clone());
    let verified = app.verify(&scratch.database, true, &mut told).await;
    let verified = verified.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let names: Vec<String> = verified.migrations.iter().map(|it| it.name.clone()).collect();
    assert_eq!(heard, names);
    assert!(tables(&scratch.db).await.is_empty(), "it is somewhere else");
    verified
}

fn faults(verified: &Verified) -> Vec<String> {
    verified.faults().collect()
}

async fn a_history_that_goes_and_comes_back_is_clean(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports").insert("ports", ["name"], [row!["Hull"]]))
            .imperative(
                guest("m02", &["CREATE TABLE guests (id int PRIMARY KEY, port int)"])
                    .down(&["DROP TABLE guests"]),
            )
            .declared("m03", || Steps::new().alter("ports", |t| t.rename_column("name", "label"))),
    );

    let verified = verified(scratch, &app).await;

    assert!(verified.is_clean(), "{verified:?}");
    let rows: Vec<usize> = verified.migrations.iter().map(|it| it.rows).collect();
    assert_eq!(rows, [0, 1, 4], "those that are there, and those that are made");
    assert!(verified.migrations.iter().all(|it| it.remarks.is_empty()), "{verified:?}");
}

async fn code_without_a_way_back_is_a_fault_and_what_comes_later_is_still_looked_at(
    scratch: &Scratch,
) {
    let app = App::new(
        History::new()
            .imperative(
                guest("m01", &["CREATE TABLE guests (id int PRIMARY KEY)"]).down(&["NO SQL"]),
            )
            .declared("m02", || table("ports")),
    );

    let verified = verified(scratch, &app).await;

    let faults = faults(&verified);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("`m01` cannot be taken back: "), "{faults:?}");
    assert_eq!(verified.migrations.len(), 2);
    assert!(verified.migrations[1].faults.is_empty());
}

async fn a_way_back_that_forgets_something_is_told(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(
                guest(
                    "m02",
                    &["CREATE TABLE a (id int PRIMARY KEY)", "CREATE TABLE b (id int PRIMARY KEY)"],
                )
                .down(&["DROP TABLE a"]),
            )
            .declared("m03", || table("ships")),
    );

    let verified = verified(scratch, &app).await;

    let faults = faults(&verified);
    assert!(faults[0].contains("leaves something else when it is taken back"), "{faults:?}");
    assert!(faults[0].contains("drop table `b`"), "{faults:?}");
    // And so it cannot go again.
    assert!(faults[1].contains("cannot be applied again"), "{faults:?}");
    assert!(faults.iter().all(|fault| fault.starts_with("`m02`")), "{faults:?}");
    assert_eq!(verified.migrations.len(), 3);
}

async fn rows_that_code_loses_are_told(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(guest("m02", &["DELETE FROM ports WHERE name = '2'"]))
            .imperative(guest("m03", &["UPDATE ports SET name = 'x'"])),
    );

    let faults = faults(&verified(scratch, &app).await);

    assert_eq!(
        faults,
        [
            "`m02` does not bring rows back: `ports` had 3 and has 2",
            "`m03` does not bring rows back: the values of `name` in `ports` are others",
        ]
    );
}

async fn rows_that_a_migration_says_it_loses_are_no_fault(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || {
                table("ports").create_table("ships", |t| {
                    t.column(big_pk_auto("id")).column(string_len_null("flag", 2))
                })
            })
            .declared("m02", || {
                Steps::new()
                    .alter("ships", |t| t.drop(|t| t.column(string_len_null("flag", 2))))
                    .allow_loss("ships have no flags")
            })
            .declared("m03", || Steps::new().update("ports", |u| u.set("name", "x")))
            .declared("m04", || Steps::new().sql("ports", "UPDATE ports SET name = 'y'")),
    );

    let verified = verified(scratch, &app).await;

    assert_eq!(faults(&verified), [""; 0]);
    assert_eq!(verified.migrations[1].rows, 6);
}

async fn a_migration_that_cannot_run_ends_it(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || table("ports"))
            .imperative(guest("m02", &["NO SQL"]))
            .declared("m03", || table("ships")),
    );

    let verified = verified(scratch, &app).await;

    let faults = faults(&verified);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("`m02` cannot be applied: "), "{faults:?}");
    assert_eq!(verified.migrations[1].remarks, ["stands before 1 that could not be looked at"]);
}

async fn rows_that_do_not_fit_are_taken_away_and_named(scratch: &Scratch) {
    let app = App::new(
        History::new()
            .declared("m01", || {
                let sized = |t: TableBuilder| t.column(big_pk_auto("id")).column(integer("size"));
                Steps::new().create_table("ports", sized)
            })
            .declared("m02", || {
                Steps::new().alter("ports", |t| t.add(|t| t.at_least("size", 1000)))
            }),
    );

    let verified = verified(scratch, &app).await;

    assert_eq!(faults(&verified), [""; 0]);
    let it = &verified.migrations[1];
    assert_eq!(it.rows, 0);
    assert!(it.remarks[0].contains("do not fit"), "{it:?}");
    assert!(it.remarks[0].contains("ports"), "{it:?}");
}

async fn a_change_of_any_kind_comes_back_with_its_rows(scratch: &Scratch) {
    let dialect: Dialect = dialect(&scratch.db);
    let number = usize::try_from(cases(8)).unwrap().min(CASES.len());
    let (mut looked, mut without) = (0, Vec::new());

    for name in CASES.iter().rev().take(number) {
        let (have, want) = (schema(name, "have", dialect), schema(name, "want", dialect));
        // What the database has no notion of, and what no migration can declare.
        if kinds_of(name, dialect).is_err() || !is_named(&have) || !is_named(&want) {
            continue;
        }
        let (have, want) = (gathered(&have), gathered(&want));
        let first = diff(&Schema::default(), &have, &[]).changes;
        let second = diff(&have, &want, &[]).changes;
        let app = App::new(
            History::new()
                .declared("m01", move || steps_of(first.clone()))
                .declared("m02", move || steps_of(second.clone())),
        );

        let verified = verified(scratch, &app).await;

        assert_eq!(faults(&verified), [""; 0], "{name}");
        looked += 1;
        let remarks = verified.migrations.iter().flat_map(|it| &it.remarks);
        without.extend(remarks.map(|remark| format!("{name}: {remark}")));
    }

    measured(format!("{dialect}: {looked} kinds; {without:#?}"));
    assert!(looked > 0);
}
