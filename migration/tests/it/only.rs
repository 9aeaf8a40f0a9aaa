//! `generate --only`: some tables of many that have changed.

use std::collections::BTreeSet;

use plimsoll::{Answers, App, Error, History, MigrationError};

/// What a history that has these domains already would be given next.
fn steps(has: &[&str], only: &[&str]) -> Result<BTreeSet<String>, String> {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let beginning = |history: History, only: &[&str]| {
        let app = App::new(history).entities(entity::schema());
        app.beginning(None).unwrap().unwrap().only(&named(only))
    };
    let history = if has.is_empty() {
        History::new()
    } else {
        let draft = beginning(History::new(), has).unwrap().draft(&Answers::default()).unwrap();
        History::new().declared("m01", move || draft.steps.clone())
    };
    match beginning(history, only) {
        Ok(beginning) => {
            let draft = beginning.draft(&Answers::default()).unwrap();
            Ok(draft.steps.steps().iter().map(plimsoll::steps::Step::describe).collect())
        }
        Err(Error::Migration(MigrationError::BadAnswer { problem })) => Err(problem),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_domain_is_made_with_all_its_tables_and_nothing_else() {
    let made = steps(&["identity"], &["teams"]).unwrap();

    let tables = ["resource_assignments", "resource_teams", "team_members"];
    assert_eq!(made, tables.iter().map(|table| format!("create table `{table}`")).collect());
}

#[test]
fn a_table_is_named_as_well_as_a_domain() {
    let made = steps(&[], &["settings", "users"]).unwrap();

    assert_eq!(made.len(), 2, "{made:?}");
    assert!(made.contains("create table `users`"), "{made:?}");
}

#[test]
fn without_a_name_it_is_for_everything() {
    assert_eq!(steps(&[], &[]).unwrap().len(), entity::schema().into_iter().count());
    assert!(steps(&["identity"], &["identity"]).unwrap().is_empty());
}

#[test]
fn what_refers_to_a_table_that_does_not_come_is_refused() {
    let refused = steps(&["identity"], &["fleet"]).unwrap_err();

    assert!(refused.contains("refers to `cloud_machines`, which neither is there"), "{refused}");
    assert!(steps(&["identity"], &["fleet", "cloud", "netboot"]).is_ok());
}

#[test]
fn what_is_neither_a_table_nor_a_domain_is_refused_with_the_domains() {
    let refused = steps(&[], &["teem"]).unwrap_err();

    assert!(refused.starts_with("`teem` is no table and no domain"), "{refused}");
    assert!(refused.contains("`proxy`") && refused.contains("`webtest`"), "{refused}");
}
