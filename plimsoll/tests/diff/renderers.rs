//! Changes by chance, sensible or not, become statements of each database or an error that says why
//! not.

use plimsoll::{
    Change, Dialect, Schema, Steps,
    diff::diff,
    plan::statements_of_changes,
    schema::{Column, Table, TableOption},
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::random::{COLUMNS, TABLES, cases, column, schema, table};

fn a_table() -> impl Strategy<Value = String> {
    select(&TABLES[..]).prop_map(str::to_owned)
}

fn a_column() -> impl Strategy<Value = Column> {
    (select(&COLUMNS[..]), column())
        .prop_map(|(name, column)| Column { name: name.to_owned(), ..column })
}

/// A change to a part of a table, which is that of `from` or becomes that of `to`.
fn of_a_part(name: &str, from: Table, to: Table, kind: u8) -> Option<Change> {
    let table = name.to_owned();
    Some(match kind {
        0 => Change::AddUnique { table, unique: to.uniques.into_iter().next()? },
        1 => Change::DropUnique { table, unique: from.uniques.into_iter().next()? },
        2 => Change::AlterUnique {
            table,
            from: from.uniques.into_iter().next()?,
            to: to.uniques.into_iter().next()?,
        },
        3 => Change::AddCheck { table, check: to.checks.into_iter().next()? },
        4 => Change::DropCheck { table, check: from.checks.into_iter().next()? },
        5 => Change::AlterCheck {
            table,
            from: from.checks.into_iter().next()?,
            to: to.checks.into_iter().next()?,
        },
        6 => Change::CreateIndex { table, index: to.indexes.into_iter().next()? },
        7 => Change::DropIndex { table, index: from.indexes.into_iter().next()? },
        8 => Change::AlterIndex {
            table,
            from: Box::new(from.indexes.into_iter().next()?),
            to: Box::new(to.indexes.into_iter().next()?),
        },
        9 => Change::AddForeignKey { table, key: to.foreign_keys.into_iter().next()? },
        10 => Change::DropForeignKey { table, key: from.foreign_keys.into_iter().next()? },
        11 => Change::AlterForeignKey {
            table,
            from: Box::new(from.foreign_keys.into_iter().next()?),
            to: Box::new(to.foreign_keys.into_iter().next()?),
        },
        12 => Change::AlterPrimaryKey { table, from: from.primary_key, to: to.primary_key },
        13 => Change::CreateTable(Table { name: table, ..to }),
        14 => Change::DropTable(Table { name: table, ..from }),
        _ => Change::CommentTable { table, from: from.comment, to: to.comment },
    })
}

/// Changes by chance; none where a table has not the part that would be changed.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let of_parts = (a_table(), table(), table(), 0_u8..16)
        .prop_map(|(name, from, to, kind)| of_a_part(&name, from, to, kind));
    let any = prop_oneof![1 => of_parts, 1 => change().prop_map(Some)];
    vec(any, 1..6).prop_map(|changes| changes.into_iter().flatten().collect())
}

fn change() -> impl Strategy<Value = Change> {
    let words = || vec(select(vec!["sad", "glad", "mad"]), 1..3);
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let options = || {
        vec(
            prop_oneof![
                Just(TableOption::Strict),
                Just(TableOption::WithoutRowid),
                Just(TableOption::Unlogged),
                Just(TableOption::Engine("MyISAM".to_owned())),
                Just(TableOption::Collation("utf8mb4_general_ci".to_owned())),
            ],
            0..2,
        )
    };
    prop_oneof![
        1 => (a_table(), a_column())
            .prop_map(|(table, column)| Change::AddColumn { table, column }),
        1 => (a_table(), a_column())
            .prop_map(|(table, column)| Change::DropColumn { table, column }),
        2 => (a_table(), a_column(), column()).prop_map(|(table, from, to)| {
            let to = Column { name: from.name.clone(), ..to };
            Change::AlterColumn { table, from: Box::new(from), to: Box::new(to) }
        }),
        1 => (a_table(), select(&COLUMNS[..]), select(&COLUMNS[..])).prop_map(|(table, from, to)| {
            Change::RenameColumn { table, from: from.to_owned(), to: to.to_owned() }
        }),
        1 => (a_table(), a_table()).prop_map(|(from, to)| Change::RenameTable { from, to }),
        1 => (words(), words()).prop_map(move |(from, to)| Change::AlterEnum {
            name: "mood".to_owned(),
            from: owned(from),
            to: owned(to),
        }),
        1 => words().prop_map(move |values| Change::CreateEnum {
            name: "mood".to_owned(),
            values: owned(values),
        }),
        1 => words().prop_map(move |values| Change::DropEnum {
            name: "mood".to_owned(),
            values: owned(values),
        }),
        1 => (a_table(), options(), options())
            .prop_map(|(table, from, to)| Change::AlterOptions { table, from, to }),
    ]
}

/// Renders, and looks at what came of it.
fn rendered(changes: &[Change], before: &Schema) -> Result<(), TestCaseError> {
    for dialect in Dialect::ALL {
        let rendered = statements_of_changes(dialect, changes, before);
        match &rendered {
            Ok(statements) => {
                for statement in statements {
                    prop_assert!(!statement.sql.trim().is_empty(), "{statement:?}");
                    prop_assert!(!statement.sql.contains('\0'), "{statement:?}");
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn whatever_changes_become_statements_or_an_error(
        changes in changes(),
        before in prop_oneof![Just(Schema::default()), schema()],
    ) {
        rendered(&changes, &before)?;
        let back: Vec<Change> = changes.iter().rev().map(Change::reverse).collect();
        rendered(&back, &before)?;
        let steps = changes.into_iter().fold(Steps::new(), Steps::change);
        let mut after = before;
        let _ = steps.apply(&mut after);
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_same_changes_are_the_same_statements_each_time(have in schema(), want in schema()) {
        let changes = diff(&have, &want, &[]).changes;
        rendered(&changes, &have)?;
        for dialect in Dialect::ALL {
            let render = || match statements_of_changes(dialect, &changes, &have) {
                Ok(statements) => format!("{statements:?}"),
                Err(error) => error.to_string(),
            };
            prop_assert_eq!(render(), render());
        }
    }
}
