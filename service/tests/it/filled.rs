//! A database in which every table has a row, each column of it filled, and each text with an emoji.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use plimsoll::schema::{Column, Rule, Table, Type};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, TryGetable, Value,
    sea_query::{Expr, ExprTrait, Query},
};

pub(crate) const SHIP: &str = "🚢";

/// A text that begins with the emoji.
pub(crate) fn ship(what: &str) -> String {
    format!("{SHIP}{what}")
}

/// The keys of the rows, by table.
pub(crate) type Keys = BTreeMap<String, Value>;

/// Fills every table with a row that refers to those of the others.
pub(crate) async fn filled(db: &DatabaseConnection) -> Keys {
    let mut keys = Keys::new();
    for table in entity::schema() {
        let row: Vec<(String, Value)> = table
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| {
                Some((column.name.clone(), value(&table, at, column, &keys)?))
            })
            .collect();
        let (columns, values): (Vec<_>, Vec<_>) = row.iter().cloned().unzip();
        let insert = Query::insert()
            .into_table(table.name.clone())
            .columns(columns)
            .values_panic(values.into_iter().map(Expr::value))
            .take();
        if let Err(error) = db.execute(&insert).await {
            panic!("`{}`: {error}", table.name);
        }
        let [key] = &table.primary_key[..] else { continue };
        let value = match row.iter().find(|(column, _)| column == key) {
            Some((_, value)) => value.clone(),
            None => last(db, &table.name).await.into(),
        };
        keys.insert(table.name.clone(), value);
    }
    keys
}

/// The highest key: that of the row which came last.
async fn last(db: &DatabaseConnection, table: &str) -> i64 {
    let query = Query::select().expr(Expr::col("id").max()).from(table.to_owned()).take();
    let row = db.query_one(&query).await.unwrap().unwrap();
    i64::try_get_by(&row, 0_usize).unwrap()
}

/// What the column gets; nothing where the database counts up, and where the row would refer to
/// itself.
fn value(table: &Table, at: usize, column: &Column, keys: &Keys) -> Option<Value> {
    let refers = table.foreign_keys.iter().find(|key| key.columns == [column.name.clone()]);
    if let Some(key) = refers {
        return (key.references != table.name).then(|| keys[&key.references].clone());
    }
    if column.auto_increment {
        return None;
    }
    let rule = table.checks.iter().find_map(|check| match &check.rule {
        Rule::OneOf { column: of, values } if *of == column.name => Some(values[0].clone().into()),
        Rule::Range { column: of, min: Some(min), .. } if *of == column.name => {
            Some(Value::from(*min))
        }
        _ => None,
    });
    // A name without case is that of the column beside it.
    let plain = column.name.strip_suffix("_key");
    let plain = plain.filter(|name| table.columns.iter().any(|of| of.name == *name));
    let named = plain.unwrap_or(&column.name);
    let text = |longest: usize| ship(named).chars().take(longest).collect::<String>();
    let moment = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    let moment: DateTime<Utc> = moment + TimeDelta::seconds(i64::try_from(at).unwrap());
    Some(match (&column.ty, rule) {
        (Type::Double | Type::Float, Some(Value::BigInt(Some(min)))) => {
            f64::from(i32::try_from(min).unwrap()).into()
        }
        (Type::Integer | Type::SmallInteger, Some(Value::BigInt(Some(min)))) => {
            i32::try_from(min).unwrap().into()
        }
        (_, Some(value)) => value,
        (Type::String(length), None) => text(length.unwrap_or(255) as usize).into(),
        (Type::Text, None) => text(usize::MAX).into(),
        (Type::Json | Type::JsonBinary, None) => serde_json::json!([ship("document")]).into(),
        (Type::Boolean, None) => true.into(),
        (Type::Integer | Type::SmallInteger, None) => 1_i32.into(),
        (Type::BigInteger, None) => 1_i64.into(),
        (Type::Double | Type::Float, None) => 0.5.into(),
        (Type::Date, None) => NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().into(),
        (Type::Time, None) => NaiveTime::from_hms_opt(8, 30, 0).unwrap().into(),
        (Type::Timestamp, None) => moment.into(),
        (other, None) => panic!("`{}`.`{}` is of {other:?}", table.name, column.name),
    })
}
