//! What holds for any steps, with names and values that nobody would choose.
//!
//! `PLIMSOLL_CASES` multiplies the number of cases.

use plimsoll::{
    Dialect, Schema, Steps,
    plan::statements,
    schema::{Index, OnDelete, Value},
};
use proptest::prelude::*;
use sea_orm::sea_query::ColumnDef;

fn cases(base: u32) -> ProptestConfig {
    let cases = plimsoll::testing::cases(base);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
    ]
}

/// Creates `names` one after the other, each referring to the one before, then rows and an index.
fn steps() -> impl Strategy<Value = Steps> {
    let names = proptest::collection::btree_set("\\PC{1,20}", 1..5);
    (names, proptest::collection::vec(value(), 1..8), any::<bool>()).prop_map(
        |(names, values, unique)| {
            let names: Vec<String> = names.into_iter().collect();
            let mut steps = Steps::new();
            for (at, name) in names.iter().enumerate() {
                steps = steps.create_table(name, |mut t| {
                    t = t
                        .column(ColumnDef::new("id").big_integer().primary_key().auto_increment())
                        .column(ColumnDef::new(name.clone()).text().default(name.clone()))
                        .one_of(name.clone(), [name.clone(), "it's".to_owned()]);
                    if let Some(before) = at.checked_sub(1).map(|at| &names[at]) {
                        t = t
                            .column(ColumnDef::new("before").big_integer())
                            .foreign_key(["before"], before, ["id"], OnDelete::Cascade)
                            .index(["before"]);
                    }
                    t
                });
            }
            let last = names.last().expect("the set has at least one name");
            let index = Index::over(last, [last.as_str()]);
            let index = if unique { index.unique() } else { index };
            steps.add_index(last, index).insert(
                last,
                [last.as_str()],
                values.into_iter().map(|value| vec![value]),
            )
        },
    )
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn reversed_steps_take_back_what_the_steps_did(steps in steps()) {
        let mut schema = Schema::default();

        steps.apply(&mut schema).unwrap();
        steps.reverse().apply(&mut schema).unwrap();

        prop_assert_eq!(schema, Schema::default());
        prop_assert_eq!(steps.reverse().reverse(), steps);
    }

    #[test]
    fn steps_come_back_from_json_with_the_same_checksum(steps in steps()) {
        let text = serde_json::to_string(&steps).unwrap();

        let back: Steps = serde_json::from_str(&text).unwrap();

        prop_assert_eq!(back.checksum(), steps.checksum());
        prop_assert_eq!(back, steps);
    }
}

proptest! {
    #![proptest_config(cases(6_000))]

    #[test]
    fn every_database_has_statements_for_any_names_and_values(steps in steps()) {
        for dialect in Dialect::ALL {
            let up = statements(dialect, &steps, &Schema::default()).unwrap();
            let down = statements(dialect, &steps.reverse(), &Schema::default()).unwrap();

            prop_assert!(up.iter().chain(&down).all(|statement| !statement.sql.is_empty()));
        }
    }
}
