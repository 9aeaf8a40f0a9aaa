//! What two schemas differ in, without a database.
//!
//! `PLIMSOLL_CASES` multiplies the number of cases.

use plimsoll::{
    Change, Schema,
    diff::{Rename, diff},
    schema::{
        Check, Column, ForeignKey, Index, OnDelete, OnUpdate, Rule, Sql, Table, Type, Unique,
    },
};
use proptest::prelude::*;

#[path = "diff/random.rs"]
mod random;
#[path = "diff/renderers.rs"]
mod renderers;

use random::{cases, schema};

/// The schema without what has no order of its own.
fn sorted(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for table in schema.tables.values_mut() {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.uniques.sort_by_key(|it| format!("{it:?}"));
        table.checks.sort_by_key(|it| format!("{it:?}"));
        table.foreign_keys.sort_by_key(|it| format!("{it:?}"));
        table.indexes.sort_by_key(|it| format!("{it:?}"));
    }
    schema
}

fn apply(changes: impl IntoIterator<Item = Change>, schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for change in changes {
        if let Err(why) = change.apply(&mut schema) {
            panic!("cannot {}: {why}", change.describe());
        }
    }
    schema
}

proptest! {
    #![proptest_config(cases(5_000))]

    #[test]
    fn the_changes_make_the_one_into_the_other_and_reversed_back_again(
        have in schema(),
        want in schema(),
    ) {
        let changes = diff(&have, &want, &[]).changes;

        let made = apply(changes.clone(), &have);
        prop_assert_eq!(sorted(&made), sorted(&want));
        let back = apply(changes.iter().rev().map(Change::reverse), &made);
        prop_assert_eq!(sorted(&back), sorted(&have));
        for (at, change) in changes.iter().enumerate() {
            let text = serde_json::to_string(&change).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Change>(&text).unwrap(), change);
            prop_assert!(change.describe().contains('`'));
            prop_assert_eq!(&change.reverse().reverse(), change);
            for later in &changes[at + 1..] {
                prop_assert!(
                    !change.depends_on(later),
                    "{} stands before {}", change.describe(), later.describe()
                );
            }
        }
    }

    #[test]
    fn a_schema_differs_in_nothing_from_itself(have in schema()) {
        prop_assert!(diff(&have, &have, &[]).is_empty());
        let text = serde_json::to_string(&have).unwrap();
        prop_assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), have);
    }
}

fn table_of(name: &str, columns: &[&str]) -> Table {
    let mut table = Table::new(name);
    table.columns = columns.iter().map(|name| Column::new(*name, Type::Text)).collect();
    table
}

fn said(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|it| format!("{} {}", it.sign(), it.describe())).collect()
}

#[test]
fn a_former_name_makes_a_rename_and_nothing_else_does() {
    let have = Schema::of([table_of("pets", &["id", "name"]), table_of("old", &["a", "b"])]);
    let mut pets = table_of("pets", &["id", "label"]);
    let new = table_of("new", &["a", "b"]);

    let guessed = diff(&have, &Schema::of([pets.clone(), new.clone()]), &[]);

    assert_eq!(
        said(&guessed.changes),
        [
            "- drop table `old`",
            "+ create table `new`",
            "+ add column `pets.label`: text, not null",
            "- drop column `pets.name`",
        ]
    );
    let asked: Vec<String> = guessed.questions.iter().map(plimsoll::diff::Question::ask).collect();
    assert_eq!(
        asked,
        ["was column `pets.name` renamed to `label`?", "was table `old` renamed to `new`?"]
    );
    assert_eq!(guessed.questions[0].because, ["both are text, not null"]);

    let renames: Vec<Rename> = guessed.questions.into_iter().map(|it| it.rename).collect();
    let answered = diff(&have, &Schema::of([pets.clone(), new.clone()]), &renames);
    pets.columns[1].renamed_from = Some("name".to_owned());
    let declared = diff(
        &have,
        &Schema::of([pets, Table { renamed_from: Some("old".to_owned()), ..new }]),
        &[],
    );

    let said_once = ["~ rename table `old` to `new`", "~ rename column `pets.name` to `label`"];
    assert_eq!(said(&answered.changes), said_once);
    assert_eq!(said(&declared.changes), said_once);
    assert_eq!((answered.questions, declared.questions), (vec![], vec![]));
}

#[test]
fn a_former_name_that_nothing_has_any_more_says_nothing() {
    let have = Schema::of([table_of("pets", &["label"])]);
    let mut want = have.clone();
    let pets = want.tables.get_mut("pets").unwrap();
    pets.renamed_from = Some("dogs".to_owned());
    pets.columns[0].renamed_from = Some("name".to_owned());

    assert!(diff(&have, &want, &[]).is_empty());
}

#[test]
fn names_that_move_on_by_one_are_renamed_in_the_order_that_works() {
    let have = Schema::of([table_of("t", &["a", "b"])]);
    let mut t = table_of("t", &["b", "c"]);
    t.columns[0].renamed_from = Some("a".to_owned());
    t.columns[1].renamed_from = Some("b".to_owned());

    let changes = diff(&have, &Schema::of([t]), &[]).changes;

    assert_eq!(said(&changes), ["~ rename column `t.b` to `c`", "~ rename column `t.a` to `b`"]);
}

#[test]
fn a_renamed_column_keeps_its_place_in_constraints_indexes_and_conditions() {
    let mut t = table_of("t", &["a"]);
    t.primary_key = vec!["a".to_owned()];
    t.uniques.push(Unique { name: Some("u".to_owned()), columns: vec!["a".to_owned()] });
    t.checks.push(Check { name: None, rule: Rule::Sql(Sql::new("a <> 'a'")) });
    t.indexes.push(Index::over("t", ["a"]).named("i").filtered("a > 'b'"));
    let mut child = table_of("child", &["t_a"]);
    child.foreign_keys.push(ForeignKey {
        name: None,
        columns: vec!["t_a".to_owned()],
        references: "t".to_owned(),
        referenced_columns: vec!["a".to_owned()],
        on_delete: OnDelete::Cascade,
        on_update: OnUpdate::NoAction,
    });
    let have = Schema::of([t, child]);
    let renames = [
        Rename::Table { from: "t".to_owned(), to: "s".to_owned() },
        Rename::Column { table: "s".to_owned(), from: "a".to_owned(), to: "z".to_owned() },
    ];
    let mut want = apply(
        [
            Change::RenameTable { from: "t".to_owned(), to: "s".to_owned() },
            Change::RenameColumn {
                table: "s".to_owned(),
                from: "a".to_owned(),
                to: "z".to_owned(),
            },
        ],
        &have,
    );

    let changes = diff(&have, &want, &renames).changes;

    assert_eq!(changes.len(), 2, "{changes:?}");
    let s = want.tables.get_mut("s").unwrap();
    assert_eq!(s.checks[0].rule, Rule::Sql(Sql::new("z <> 'a'")));
    assert_eq!(s.indexes[0].predicate, Some(Sql::new("z > 'b'")));
    assert_eq!(want.tables["child"].foreign_keys[0].referenced_columns, ["z"]);
}

#[test]
fn tables_that_refer_to_each_other_in_a_circle_are_created_and_dropped() {
    let refer = |from: &str, to: &str| {
        let mut table = table_of(from, &["id", "other"]);
        table.foreign_keys.push(ForeignKey {
            name: Some(format!("fk-{from}")),
            columns: vec!["other".to_owned()],
            references: to.to_owned(),
            referenced_columns: vec!["id".to_owned()],
            on_delete: OnDelete::SetNull,
            on_update: OnUpdate::NoAction,
        });
        table
    };
    let circle = Schema::of([refer("a", "b"), refer("b", "c"), refer("c", "a"), refer("d", "d")]);

    let created = diff(&Schema::default(), &circle, &[]).changes;
    let dropped = diff(&circle, &Schema::default(), &[]).changes;

    assert_eq!(created.len(), 5);
    assert!(matches!(&created[4], Change::AddForeignKey { .. }), "{:?}", said(&created));
    assert!(matches!(&dropped[0], Change::DropForeignKey { .. }), "{:?}", said(&dropped));
    assert_eq!(apply(created, &Schema::default()), circle);
    assert_eq!(apply(dropped, &circle), Schema::default());
}

#[test]
fn what_can_lose_something_is_destructive() {
    let alter = |from: Type, to: Type| {
        let column = |ty| Box::new(Column::new("c", ty));
        Change::AlterColumn { table: "t".to_owned(), from: column(from), to: column(to) }
            .is_destructive()
    };

    for (from, to, loses) in [
        (Type::String(Some(80)), Type::String(Some(40)), true),
        (Type::String(Some(40)), Type::String(Some(80)), false),
        (Type::String(Some(40)), Type::Text, false),
        (Type::Text, Type::String(Some(40)), true),
        (Type::BigInteger, Type::Integer, true),
        (Type::Integer, Type::BigInteger, false),
        (Type::Integer, Type::Unsigned, true),
        (Type::SmallUnsigned, Type::Integer, false),
        (Type::Integer, Type::Text, false),
        (Type::Text, Type::Integer, true),
        (Type::Decimal(Some((10, 2))), Type::Decimal(Some((12, 2))), false),
        (Type::Decimal(Some((10, 2))), Type::Decimal(Some((10, 4))), true),
        (Type::Decimal(Some((10, 2))), Type::Decimal(Some((9, 1))), true),
        (Type::Double, Type::Float, true),
        (Type::Integer, Type::Double, false),
        (Type::BigInteger, Type::Double, true),
    ] {
        assert_eq!(alter(from.clone(), to.clone()), loses, "{from} -> {to}");
    }
    let values = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let enumeration = |from: &[&str], to: &[&str]| {
        Change::AlterEnum { name: "e".to_owned(), from: values(from), to: values(to) }
            .is_destructive()
    };
    assert!(!enumeration(&["a"], &["b", "a"]));
    assert!(enumeration(&["a", "b"], &["a"]));
}
