//! Schemas by chance, of few names, so that much of the one is in the other.

use plimsoll::{
    Schema,
    schema::{
        Check, Column, Default, ForeignKey, Index, IndexPart, OnDelete, OnUpdate, Rule, Sql, Table,
        Type, Unique, Value,
    },
};
use proptest::{collection::vec, option, prelude::*, sample::subsequence};

pub(crate) const COLUMNS: [&str; 5] = ["id", "a", "b", "c", "d"];
pub(crate) const TABLES: [&str; 4] = ["one", "two", "three", "four"];

pub(crate) fn column() -> impl Strategy<Value = Column> {
    let ty = prop_oneof![
        Just(Type::Integer),
        Just(Type::BigInteger),
        (1_u32..4).prop_map(|length| Type::String(Some(length))),
        Just(Type::Enum { name: "mood".to_owned(), values: vec!["sad".to_owned()] }),
        Just(Type::Array(Box::new(Type::Text))),
    ];
    let default = option::of(prop_oneof![
        (0_i64..2).prop_map(|number| Default::Value(Value::from(number))),
        Just(Default::Now),
        Just(Default::Sql(Sql::new("lower('X')"))),
    ]);
    let text = || option::of(prop_oneof![Just("x".to_owned()), Just("y".to_owned())]);
    (ty, any::<bool>(), default, text(), text()).prop_map(
        |(ty, nullable, default, collation, comment)| Column {
            nullable,
            default,
            collation,
            comment,
            ..Column::new("", ty)
        },
    )
}

fn some(of: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    let most = of.len();
    subsequence(of, 1..=most).prop_shuffle()
}

fn name(kind: &'static str) -> impl Strategy<Value = Option<String>> {
    option::of((0_u8..3).prop_map(move |number| format!("{kind}{number}")))
}

/// The parts without those that have a name twice.
fn once<P>(parts: Vec<P>, name: fn(&P) -> Option<String>) -> Vec<P> {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for part in parts {
        let name = name(&part);
        if name.is_some() && seen.contains(&name) {
            continue;
        }
        seen.push(name);
        kept.push(part);
    }
    kept
}

prop_compose! {
    fn parts(columns: Vec<String>)(
        key in option::of(some(columns.clone())),
        uniques in vec((name("u"), some(columns.clone())), 0..3),
        checks in vec((name("c"), some(columns.clone()), 0_i64..3), 0..3),
        indexes in vec((0_u8..3, some(columns.clone()), any::<bool>(), any::<bool>()), 0..3),
        keys in vec((name("f"), some(columns.clone()), 0..TABLES.len(), any::<bool>()), 0..3),
        comment in option::of(Just("said".to_owned())),
    ) -> Table {
        let mut table = Table::new("");
        table.primary_key = key.unwrap_or_default();
        table.uniques = uniques.into_iter().map(|(name, columns)| Unique { name, columns }).collect();
        table.checks = checks.into_iter().map(|(name, columns, bound)| {
            let column = columns[0].clone();
            let rule = match bound {
                0 => Rule::Sql(Sql::new(format!("{column} <> 5"))),
                1 => Rule::OneOf { column, values: vec!["x".to_owned()] },
                _ => Rule::Range { column, min: Some(bound), max: None },
            };
            Check { name, rule }
        }).collect();
        table.indexes = indexes.into_iter().map(|(number, columns, unique, filtered)| {
            let mut index = Index::over("", columns.iter().map(|it| IndexPart::from(it.as_str())));
            index.name = format!("i{number}");
            index.unique = unique;
            index.predicate = filtered.then(|| Sql::new("1 = 1"));
            index
        }).collect();
        table.foreign_keys = keys.into_iter().map(|(name, columns, to, cascades)| ForeignKey {
            name,
            referenced_columns: vec!["id".to_owned(); columns.len()],
            columns,
            references: TABLES[to].to_owned(),
            on_delete: if cascades { OnDelete::Cascade } else { OnDelete::SetNull },
            on_update: OnUpdate::NoAction,
        }).collect();
        table.comment = comment;
        table.uniques = once(table.uniques, |it| it.name.clone());
        table.checks = once(table.checks, |it| it.name.clone());
        table.indexes = once(table.indexes, |it| Some(it.name.clone()));
        table.foreign_keys = once(table.foreign_keys, |it| it.name.clone());
        table
    }
}

pub(crate) fn table() -> impl Strategy<Value = Table> {
    let columns = COLUMNS.map(str::to_owned).to_vec();
    (some(columns), vec(column(), COLUMNS.len())).prop_flat_map(|(names, columns)| {
        parts(names.clone()).prop_map(move |mut table| {
            table.columns = names
                .iter()
                .zip(&columns)
                .map(|(name, column)| Column { name: name.clone(), ..column.clone() })
                .collect();
            table
        })
    })
}

pub(crate) fn schema() -> impl Strategy<Value = Schema> {
    let names = subsequence(TABLES.map(str::to_owned).to_vec(), 0..=TABLES.len());
    let values = subsequence(vec!["sad", "glad", "mad"], 1..=3).prop_shuffle();
    (names, vec(table(), TABLES.len()), values).prop_map(|(names, tables, values)| {
        let there = names.clone();
        let tables = names.into_iter().zip(tables).map(|(name, mut table)| {
            table.name = name;
            table.foreign_keys.retain(|key| there.contains(&key.references));
            // What an enumeration has, it has in every column.
            for column in &mut table.columns {
                if let Type::Enum { values: of, .. } = &mut column.ty {
                    *of = values.iter().map(|it| (*it).to_owned()).collect();
                }
            }
            table
        });
        Schema::of(tables)
    })
}

pub(crate) fn cases(base: u32) -> ProptestConfig {
    let cases = plimsoll::testing::cases(base);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}
