//! The values of any column as JSON: what sources give, what is compared, what is exported.

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound as _, Utc};
use plimsoll::schema::{Column, Type};
use sea_orm::{DbErr, QueryResult, TryGetable, Value};
use serde_json::{Value as Json, json};

/// How a moment is written.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";
/// How a time of day is written.
const TIME: &str = "%H:%M:%S";

/// The value of a column that the JSON stands for.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(crate) fn value(column: &Column, json: &Json) -> Result<Value, String> {
    if json.is_null() && column.nullable {
        return Ok(nothing(&column.ty));
    }
    if json.is_null() && !matches!(column.ty, Type::Json | Type::JsonBinary) {
        return Err("it is needed".to_owned());
    }
    let text = || json.as_str().ok_or_else(|| "it is no text".to_owned());
    let number = || json.as_i64().ok_or_else(|| "it is no whole number".to_owned());
    Ok(match &column.ty {
        Type::Boolean => json.as_bool().ok_or("it is neither true nor false")?.into(),
        Type::SmallInteger | Type::Integer => {
            i32::try_from(number()?).map_err(|_| "it is too large")?.into()
        }
        Type::BigInteger => number()?.into(),
        Type::Float | Type::Double => json.as_f64().ok_or("it is no number")?.into(),
        Type::Char(_) | Type::String(_) | Type::Text => text()?.to_owned().into(),
        Type::Json | Type::JsonBinary => json.clone().into(),
        Type::Date => {
            text()?.parse::<NaiveDate>().map_err(|_| "it is no date (YYYY-MM-DD)")?.into()
        }
        Type::Time => time(text()?).ok_or("it is no time of day (HH:MM:SS)")?.into(),
        Type::Timestamp => moment(text()?).ok_or("it is no moment (RFC 3339)")?.into(),
        other => return Err(format!("no import writes a {other:?}")),
    })
}

/// A column of a row that a database gave.
pub(crate) fn read(row: &QueryResult, at: usize, column: &Column) -> Result<Json, DbErr> {
    fn get<T: TryGetable>(row: &QueryResult, at: usize) -> Result<Option<T>, DbErr> {
        Option::<T>::try_get_by(row, at).map_err(DbErr::from)
    }
    Ok(match &column.ty {
        Type::Boolean => json!(get::<bool>(row, at)?),
        Type::SmallInteger | Type::Integer => json!(get::<i32>(row, at)?),
        Type::BigInteger => json!(get::<i64>(row, at)?),
        Type::Float | Type::Double => json!(get::<f64>(row, at)?),
        Type::Char(_) | Type::String(_) | Type::Text => json!(get::<String>(row, at)?),
        Type::Json | Type::JsonBinary => get::<Json>(row, at)?.unwrap_or(Json::Null),
        Type::Date => json!(get::<NaiveDate>(row, at)?),
        Type::Time => json!(get::<NaiveTime>(row, at)?.map(shown_time)),
        Type::Timestamp => json!(get::<DateTime<Utc>>(row, at)?.map(shown)),
        other => return Err(DbErr::Custom(format!("no export reads a {other:?}"))),
    })
}

/// The JSON of a value as a database would give it back.
///
/// # Errors
/// Those of [`value`].
pub(crate) fn normal(column: &Column, json: &Json) -> Result<Json, String> {
    Ok(match value(column, json)? {
        Value::ChronoDate(Some(date)) => json!(date),
        Value::ChronoTime(Some(time)) => json!(shown_time(time)),
        Value::ChronoDateTimeUtc(Some(moment)) => json!(shown(moment)),
        Value::Double(Some(number)) => json!(number),
        _ => json.clone(),
    })
}

/// A time of day in the forms that people write: `8:05`, `08:05:00`, `08:05:00.123`.
pub(crate) fn time(text: &str) -> Option<NaiveTime> {
    let whole = |time: NaiveTime| time.trunc_subsecs(0);
    ["%H:%M", "%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok())
        .map(whole)
}

/// A moment to the microsecond.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc().trunc_subsecs(6))
}

/// How a moment is written.
pub(crate) fn shown(moment: DateTime<Utc>) -> String {
    moment.format(MOMENT).to_string()
}

/// How a time of day is written.
pub(crate) fn shown_time(time: NaiveTime) -> String {
    time.format(TIME).to_string()
}

/// The value that a text stands for, as people write it in an address.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(crate) fn parsed(column: &Column, text: &str) -> Result<Value, String> {
    let json = match &column.ty {
        Type::Boolean => match text {
            "true" => json!(true),
            "false" => json!(false),
            _ => return Err("it is true or false".to_owned()),
        },
        Type::SmallInteger | Type::Integer | Type::BigInteger => {
            json!(text.parse::<i64>().map_err(|_| "it is no whole number")?)
        }
        Type::Float | Type::Double => json!(text.parse::<f64>().map_err(|_| "it is no number")?),
        Type::Json | Type::JsonBinary => return Err("documents are not compared".to_owned()),
        _ => json!(text),
    };
    value(column, &json)
}

fn nothing(ty: &Type) -> Value {
    match ty {
        Type::Boolean => Value::Bool(None),
        Type::SmallInteger | Type::Integer => Value::Int(None),
        Type::BigInteger => Value::BigInt(None),
        Type::Float | Type::Double => Value::Double(None),
        Type::Json | Type::JsonBinary => Value::Json(None),
        Type::Date => Value::ChronoDate(None),
        Type::Time => Value::ChronoTime(None),
        Type::Timestamp => Value::ChronoDateTimeUtc(None),
        _ => Value::String(None),
    }
}
