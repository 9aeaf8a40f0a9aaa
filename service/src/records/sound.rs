//! Whether the values of a row will do, before the database is asked and when it refuses.

use chrono::{DateTime, SubsecRound as _, Utc};
use plimsoll::schema::{Check, Column, Rule, Table, Type};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue, ConnectionTrait, DbErr, EntityTrait, IdenStatic as _,
    Iterable as _, SqlErr, Value,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::Value as Json;

use crate::{Error, Result, cell, tables, text::invalid, world::is_kept};

/// Looks at each value that the row sets.
///
/// # Errors
/// [`Error::Invalid`] for the first that will not do.
pub(crate) async fn look<E: EntityTrait>(
    db: &impl ConnectionTrait,
    row: &E::ActiveModel,
) -> Result<()> {
    let table = tables::of::<E>();
    for (name, value) in set::<E>(row) {
        if let Some(problem) = problem(table, name, &value) {
            return Err(invalid(name, &shown(table, name, &value), &problem));
        }
        if value.as_null() != value {
            refers(db, table, name, value).await?;
        }
    }
    Ok(())
}

/// Whether a row that is to be added has all that it needs.
///
/// # Errors
/// [`Error::Invalid`] for a column that is not set and has to be.
pub(crate) fn is_full<E: EntityTrait>(kind: &'static str, row: &E::ActiveModel) -> Result<()> {
    let table = tables::of::<E>();
    let is_missing = |column: &E::Column| {
        let of = table.columns.iter().find(|of| of.name == column.as_str());
        of.is_some_and(tables::is_needed) && row.get(*column).is_not_set()
    };
    match E::Column::iter().find(is_missing) {
        Some(column) => Err(invalid(kind, column.as_str(), "it is missing")),
        None => Ok(()),
    }
}

/// The columns that are set, and to what.
fn set<E: EntityTrait>(row: &E::ActiveModel) -> Vec<(&'static str, Value)> {
    let value = |column: E::Column| match row.get(column) {
        ActiveValue::Set(value) => Some((column.as_str(), value)),
        ActiveValue::Unchanged(_) | ActiveValue::NotSet => None,
    };
    E::Column::iter().filter_map(value).collect()
}

/// What the database meant by refusing the row; `kind` is what a row is called.
pub(crate) fn read<E: EntityTrait>(
    kind: &'static str,
    error: DbErr,
    row: &E::ActiveModel,
) -> Error {
    let table = tables::of::<E>();
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(said)) => {
            Error::AlreadyExists { kind, key: taken::<E>(table, &said, row) }
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
            invalid(kind, "***", "what it refers to is there no more")
        }
        _ => match broken(table, &error.to_string()) {
            Some(check) => invalid(kind, check, "its columns do not fit together"),
            None => Error::Database(error),
        },
    }
}

/// What is wrong with a value, if anything is.
pub(crate) fn problem(table: &Table, name: &str, value: &Value) -> Option<String> {
    problem_of(table, tables::column(table, name)?, value)
}

/// What is wrong with a value of that column, if anything is.
pub(crate) fn problem_of(table: &Table, column: &Column, value: &Value) -> Option<String> {
    let own = match (value, &column.ty) {
        (Value::String(Some(text)), _) if text.contains('\0') => {
            Some("it has a NUL character in it".to_owned())
        }
        (Value::String(Some(text)), Type::String(Some(longest)))
            if text.chars().count() > *longest as usize =>
        {
            Some(format!("{longest} characters are the most"))
        }
        (Value::Json(Some(document)), _) if has_nul(document) => {
            Some("it has a NUL character in it".to_owned())
        }
        (Value::Json(Some(document)), _) if depth(document) > DEEPEST => {
            Some(format!("{DEEPEST} levels are the most"))
        }
        (Value::Double(Some(number)), _) if !number.is_finite() => {
            Some("it is no number".to_owned())
        }
        (Value::ChronoDateTimeUtc(Some(moment)), _) => unkept(*moment).map(str::to_owned),
        (Value::ChronoDate(Some(day)), _) if !cell::is_day(*day) => Some(cell::DAYS.to_owned()),
        (Value::ChronoTime(Some(time)), _) if cell::is_leap(time) => Some(LEAP.to_owned()),
        _ => None,
    };
    own.or_else(|| table.checks.iter().find_map(|check| beyond(&check.rule, &column.name, value)))
}

/// What is wrong with a value that nothing in the column is compared with: a moment that not every
/// database keeps, a word of which the column has none.
pub(crate) fn incomparable(table: &Table, name: &str, value: &Value) -> Option<String> {
    if let Value::ChronoDateTimeUtc(Some(moment)) = value {
        return unkept(*moment).map(str::to_owned);
    }
    let rules = table.checks.iter().map(|check| &check.rule);
    let mut words = rules.filter(|rule| matches!(rule, Rule::OneOf { .. }));
    words.find_map(|rule| beyond(rule, name, value))
}

/// What is wrong with a moment that not every database keeps.
pub(crate) fn unkept(moment: DateTime<Utc>) -> Option<&'static str> {
    if !is_kept(moment) {
        Some("times from 1970 to 2037 are kept")
    } else if cell::is_leap(&moment) {
        Some(LEAP)
    } else {
        None
    }
}

/// The moment to the microsecond, as every database keeps it.
///
/// # Errors
/// [`Error::Invalid`] for one that not every database keeps.
pub(crate) fn kept(kind: &'static str, moment: DateTime<Utc>) -> Result<DateTime<Utc>> {
    match unkept(moment) {
        Some(problem) => Err(invalid(kind, &moment.to_rfc3339(), problem)),
        None => Ok(moment.trunc_subsecs(6)),
    }
}

/// What is said of the sixtieth second of a minute.
const LEAP: &str = "leap seconds are not kept";

/// What a rule about one column says against the value.
fn beyond(rule: &Rule, name: &str, value: &Value) -> Option<String> {
    match (rule, value) {
        (Rule::Range { column, min, max }, _) if column == name => {
            let number = number(value)?;
            let fits = |bound: &Option<i64>, good: fn(f64, f64) -> bool| {
                bound.is_none_or(|bound| good(number, float(bound)))
            };
            let fits =
                fits(min, |number, min| number >= min) && fits(max, |number, max| number <= max);
            (!fits).then(|| match (min, max) {
                (Some(min), Some(max)) => format!("it goes from {min} to {max}"),
                (Some(min), None) => format!("{min} is the least"),
                (None, Some(max)) => format!("{max} is the most"),
                (None, None) => "it is out of range".to_owned(),
            })
        }
        (Rule::OneOf { column, values }, Value::String(Some(text)))
            if column == name && !values.contains(text) =>
        {
            Some(format!("it is one of {}", values.join(", ")))
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(Some(number)) => Some((*number).into()),
        Value::BigInt(Some(number)) => Some(float(*number)),
        Value::Double(Some(number)) => Some(*number),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are small, and a large number is beyond them"
)]
fn float(number: i64) -> f64 {
    number as f64
}

/// `PostgreSQL` keeps no NUL character in a document either, nor in the names of its parts.
fn has_nul(document: &Json) -> bool {
    match document {
        Json::String(text) => text.contains('\0'),
        Json::Array(parts) => parts.iter().any(has_nul),
        Json::Object(parts) => {
            parts.iter().any(|(name, part)| name.contains('\0') || has_nul(part))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The most levels of a document: MariaDB takes one with more for no JSON.
const DEEPEST: usize = 31;

fn depth(document: &Json) -> usize {
    match document {
        Json::Array(parts) => 1 + parts.iter().map(depth).max().unwrap_or_default(),
        Json::Object(parts) => 1 + parts.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Whether the row that a value refers to is there.
async fn refers(
    db: &impl ConnectionTrait,
    table: &Table,
    name: &'static str,
    value: Value,
) -> Result<()> {
    let Some(key) = table.foreign_keys.iter().find(|key| key.columns == [name]) else {
        return Ok(());
    };
    let query = Query::select()
        .expr(Expr::val(1))
        .from(key.references.clone())
        .and_where(Expr::col(key.referenced_columns[0].clone()).eq(value.clone()))
        .take();
    if db.query_one(&query).await?.is_some() {
        return Ok(());
    }
    let problem = format!("`{}` has no row with that key", key.references);
    Err(invalid(name, &plain(&value), &problem))
}

/// What of the row is there already, by what the database said about it.
fn taken<E: EntityTrait>(table: &Table, said: &str, row: &E::ActiveModel) -> String {
    let columns = table.uniques.iter().map(|unique| &unique.columns).find(|columns| {
        let by_name = columns.join("-");
        let by_list: Vec<_> =
            columns.iter().map(|column| format!("{}.{column}", table.name)).collect();
        said.contains(&format!("{}-{by_name}", table.name)) || said.ends_with(&by_list.join(", "))
    });
    let value = |name: &String| {
        let column = E::Column::iter().find(|column| column.as_str() == name)?;
        row.get(column).into_value().map(|value| plain(&value))
    };
    match columns.map(|columns| columns.iter().filter_map(value).collect::<Vec<_>>()) {
        Some(values) if !values.is_empty() => values.join(", "),
        _ => said.chars().take(80).collect(),
    }
}

/// The CHECK that the message of a database names.
fn broken<'t>(table: &'t Table, said: &str) -> Option<&'t str> {
    let of = |check: &'t Check| check.name.as_deref().filter(|name| said.contains(name));
    table.checks.iter().filter_map(of).max_by_key(|name| name.len())
}

/// The value, unless it is a secret or may hold some.
fn shown(table: &Table, name: &str, value: &Value) -> String {
    match value {
        Value::Json(_) => "***".to_owned(),
        _ if super::is_secret(&table.name, name) => "***".to_owned(),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(Some(text)) => text.clone(),
        Value::Json(Some(document)) => document.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, NaiveTime};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_is_found_wherever_it_is_in_a_document() {
        for document in [json!("\0"), json!([1, ["a\0"]]), json!({"a": {"\0b": 1}})] {
            assert!(has_nul(&document), "{document}");
        }
        assert!(!has_nul(&json!({"a": ["0", 0, null, true]})));
    }

    #[test]
    fn a_value_is_held_against_its_column_and_the_rules_about_it() {
        let table = tables::named("services").unwrap();
        for (column, value, is_good) in [
            ("port", Value::from(1_i32), true),
            ("port", 0_i32.into(), false),
            ("port", 65_536_i32.into(), false),
            ("protocol", "udp".into(), true),
            ("protocol", "UDP".into(), false),
            ("name", "n".repeat(100).into(), true),
            ("name", "ñ".repeat(101).into(), false),
            ("name", "a\0b".into(), false),
            ("collection", Value::String(None), true),
        ] {
            let problem = problem(table, column, &value);

            assert_eq!(problem.is_none(), is_good, "{column} {value:?}: {problem:?}");
        }
        let apps = tables::named("apps").unwrap();
        let day = |year| Value::from(NaiveDate::from_ymd_opt(year, 3, 15).unwrap());
        let at = |nano| Value::from(NaiveTime::from_hms_nano_opt(12, 0, 59, nano).unwrap());
        for (column, value, is_good) in [
            ("recurrence_start_date", day(1_000), true),
            ("recurrence_start_date", day(-44), false),
            ("recurrence_end_date", day(12_345), false),
            ("start_time", at(0), true),
            ("start_time", at(1_000_000_000), false),
        ] {
            assert_eq!(problem(apps, column, &value).is_none(), is_good, "{column} {value:?}");
        }
        let tracing = tables::named("tracing_configs").unwrap();
        for (rate, is_good) in
            [(0.5, true), (1.5, false), (f64::NAN, false), (f64::INFINITY, false)]
        {
            assert_eq!(
                problem(tracing, "sampling_rate", &rate.into()).is_none(),
                is_good,
                "{rate}"
            );
        }
    }

    #[test]
    fn every_check_about_several_columns_has_a_name_that_is_found_in_what_a_database_says() {
        for table in tables::TABLES.iter() {
            for check in table.checks.iter().filter(|check| matches!(check.rule, Rule::Sql(_))) {
                let name = check.name.as_deref().expect("a name");
                let said = format!("new row violates check constraint \"{name}\"");

                assert_eq!(broken(table, &said), Some(name), "{}", table.name);
            }
        }
    }
}
