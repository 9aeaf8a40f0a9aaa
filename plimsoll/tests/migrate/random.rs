//! Schemas by chance, of what all three databases keep as it is said.

use plimsoll::{
    Dialect,
    prelude::*,
    schema::{IndexPart, Rule, Table, Type},
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::{Strategy, ValueTree as _},
    test_runner::{Config, RngSeed, TestRunner},
};

use crate::support::measured;

pub(crate) fn random_seed() -> u64 {
    use plimsoll::random::{OsRandom, Random as _};

    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Calls `round` with another value each time until it wants no more. The seed and the round are
/// printed before each: they give the same value again.
pub(crate) fn rounds<S: Strategy>(what: &str, values: &S, mut round: impl FnMut(S::Value) -> bool) {
    let seed = random_seed();
    let mut runner =
        TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    for number in 0.. {
        measured(format!("{what}: seed {seed}, round {number}"));
        let value = values.new_tree(&mut runner).unwrap().current();
        if !round(value) {
            return;
        }
    }
}

fn any_name() -> impl Strategy<Value = String> {
    "[a-zA-Z_éß\"`'.%$ (,-]{0,12}"
}

/// A text that every catalog keeps: MariaDB's has no characters beyond the first plane.
fn any_text() -> impl Strategy<Value = String> {
    "[a-z0-9'\"\\\\ %_é☃)(,]{0,12}"
}

/// A type and a default of it.
fn any_column(is: Dialect) -> impl Strategy<Value = (Type, Option<Value>)> {
    let text = |ty: Type| (Just(ty), prop::option::of(any_text().prop_map(Value::from)));
    let whole =
        |ty: Type, most: i64| (Just(ty), prop::option::of((-most..most).prop_map(Value::from)));
    let none = |ty: Type| (Just(ty), Just(None));
    let text_default = is != Dialect::Mysql;
    prop_oneof![
        (Just(Type::Boolean), prop::option::of(any::<bool>().prop_map(Value::from))),
        whole(Type::TinyInteger, 127),
        whole(Type::SmallInteger, 30_000),
        whole(Type::Integer, 2_000_000_000),
        whole(Type::BigInteger, i64::MAX),
        (13_u32..200).prop_flat_map(move |length| text(Type::String(Some(length)))),
        (13_u32..40).prop_flat_map(move |length| text(Type::Char(length))),
        text(Type::Text).prop_map(move |(ty, it)| (ty, it.filter(|_| text_default))),
        (1_u32..38).prop_flat_map(move |digits| none(Type::Decimal(Some((digits, digits / 2))))),
        none(Type::Float),
        none(Type::Double),
        none(Type::Blob),
        (1_u32..60).prop_flat_map(move |length| none(Type::VarBinary(length))),
        none(Type::Date),
        none(Type::Time),
        none(Type::DateTime),
        none(Type::Timestamp),
        none(Type::Json),
        none(Type::JsonBinary),
        none(Type::Uuid),
    ]
}

prop_compose! {
    fn any_table(is: Dialect, number: usize)(
        name in any_name(),
        columns in vec((any_name(), any_column(is), any::<bool>()), 1..7),
        key in 0_u8..3,
        descending in vec(any::<bool>(), 3),
        values in vec(any_text(), 1..4),
        bounds in (prop::option::of(-50_i64..0), prop::option::of(0_i64..50)),
        parent in prop::option::of(0..number.max(1)),
        uniqueness in 0_u8..3,
        comment in prop::option::of("[a-z'\"\\\\ ]{1,20}"),
    ) -> Table {
        use plimsoll::schema::{Check, Column, Default, ForeignKey, OnUpdate, Unique};

        let name = format!("{name}{number}");
        let mut table = Table::new(&name);
        let plain = |name: String, ty: Type| Column {
            name, ty, nullable: false, default: None, auto_increment: false, generated: None,
            collation: None, comment: None, renamed_from: None,
        };
        table.columns.push(Column { auto_increment: key == 0, ..plain("id".to_owned(), Type::BigInteger) });
        table.columns.push(plain("state".to_owned(), Type::String(Some(20))));
        table.columns.push(plain("size".to_owned(), Type::Integer));
        for (at, (name, (ty, default), nullable)) in columns.into_iter().enumerate() {
            let default = default.map(Default::Value);
            let comment = comment.clone().filter(|_| at == 0);
            let name = format!("{name}{at}");
            table.columns.push(Column { nullable, default, comment, ..plain(name, ty) });
        }
        table.primary_key = match key {
            0 | 1 => vec!["id".to_owned()],
            _ => vec!["size".to_owned(), "id".to_owned()],
        };
        let mut values = values;
        values.sort();
        values.dedup();
        let check = |rule| Check { name: None, rule };
        let mut checks = vec![check(Rule::OneOf { column: "state".to_owned(), values })];
        if bounds != (None, None) {
            let (min, max) = bounds;
            checks.push(check(Rule::Range { column: "size".to_owned(), min, max }));
        }
        for (at, mut check) in checks.into_iter().enumerate() {
            check.name = Some(format!("ck {at} of {name}"));
            table.checks.push(check);
        }
        let names = ["state", "size", "id"];
        let parts = names.iter().zip(&descending).map(|(column, descending)| {
            let part = IndexPart::from(*column);
            if *descending { part.descending() } else { part }
        });
        table.indexes.push(Index::over("", parts).named(format!("idx {name}")));
        match uniqueness {
            0 => table.uniques.push(Unique {
                name: Some(format!("uq {name}")),
                columns: vec!["size".to_owned(), "state".to_owned()],
            }),
            1 => table.indexes.push(Index::over("", ["state"]).unique().named(format!("u {name}"))),
            _ => {}
        }
        // To itself, until there is another to choose.
        if let Some(parent) = parent && key < 2 {
            let column = "parent".to_owned();
            table.columns.push(Column { nullable: true, ..plain(column.clone(), Type::BigInteger) });
            table.foreign_keys.push(ForeignKey {
                name: Some(format!("fk {name}")),
                columns: vec![column],
                references: parent.to_string(),
                referenced_columns: vec!["id".to_owned()],
                on_delete: [OnDelete::Cascade, OnDelete::SetNull, OnDelete::Restrict, OnDelete::NoAction]
                    [usize::from(key) + usize::from(uniqueness == 0)],
                on_update: if uniqueness == 1 { OnUpdate::Cascade } else { OnUpdate::NoAction },
            });
        }
        table.comment = comment;
        table
    }
}

pub(crate) fn any_tables(is: Dialect) -> impl Strategy<Value = Vec<Table>> {
    (any_table(is, 0), any_table(is, 1), any_table(is, 2), 1_usize..4).prop_map(
        |(first, second, third, count)| {
            let mut tables = vec![first, second, third];
            tables.truncate(count);
            let keys: Vec<(String, bool)> =
                tables.iter().map(|it| (it.name.clone(), it.primary_key.len() == 1)).collect();
            for (at, table) in tables.iter_mut().enumerate() {
                let own = keys[at].clone();
                for key in &mut table.foreign_keys {
                    let wanted: usize = key.references.parse().unwrap();
                    let there = keys[..at].get(wanted).filter(|(_, single)| *single);
                    key.references.clone_from(&there.unwrap_or(&own).0);
                }
            }
            tables
        },
    )
}
