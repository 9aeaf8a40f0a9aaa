//! The values of any column as JSON: what sources give, what is compared, what is exported.

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveTime, SecondsFormat, SubsecRound as _, Timelike, Utc,
};
use plimsoll::schema::{Column, Type};
use sea_orm::{DbErr, QueryResult, TryGetable, Value};
use serde_json::{Value as Json, json};

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
        Type::Date => day(text()?)?.into(),
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
        Type::Char(_) | Type::String(_) | Type::Text => get::<String>(row, at)?.into(),
        Type::Json | Type::JsonBinary => get::<Json>(row, at)?.unwrap_or(Json::Null),
        Type::Date => json!(get::<NaiveDate>(row, at)?),
        Type::Time => get::<NaiveTime>(row, at)?.map(shown_time).into(),
        Type::Timestamp => get::<DateTime<Utc>>(row, at)?.map(shown).into(),
        other => return Err(DbErr::Custom(format!("no export reads a {other:?}"))),
    })
}

/// The JSON of a value as a database would give it back; `said` is what it was made of.
pub(crate) fn normal(value: &Value, said: Json) -> Json {
    match value {
        Value::ChronoDate(Some(date)) => json!(date),
        Value::ChronoTime(Some(time)) => shown_time(*time).into(),
        Value::ChronoDateTimeUtc(Some(moment)) => shown(*moment).into(),
        Value::Double(Some(number)) => json!(number),
        _ => said,
    }
}

/// What is said of a day that [`is_day`] refuses.
pub(crate) const DAYS: &str = "days of the years 1000 to 9999 are kept";

/// Whether all three databases keep that day. Of others the driver of MariaDB encodes some wrongly and
/// some not at all; then it sends no statement, and waits for ever for the answer to it.
pub(crate) fn is_day(day: NaiveDate) -> bool {
    (1_000..=9_999).contains(&day.year())
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let day = text.parse::<NaiveDate>().map_err(|_| "it is no date (YYYY-MM-DD)")?;
    if is_day(day) { Ok(day) } else { Err(DAYS.to_owned()) }
}

/// Whether it is a leap second, which SQLite alone keeps.
pub(crate) fn is_leap(time: &impl Timelike) -> bool {
    time.nanosecond() >= SECOND
}

const SECOND: u32 = 1_000_000_000;

/// The same, and of a leap second the one before it.
fn without_leap<T: Timelike>(time: T) -> T {
    time.with_nanosecond(time.nanosecond() % SECOND).unwrap_or(time)
}

/// A time of day in the forms that people write: `8:05`, `08:05:00`, `08:05:00.123`. The sixtieth
/// second is the one before it.
pub(crate) fn time(text: &str) -> Option<NaiveTime> {
    let whole = |time: NaiveTime| without_leap(time).trunc_subsecs(0);
    ["%H:%M", "%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok())
        .map(whole)
}

/// A moment to the microsecond; a leap second is the one before it.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(without_leap(moment).trunc_subsecs(6)).filter(|moment| is_day(moment.date_naive()))
}

/// How a moment is written.
pub(crate) fn shown(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: Type, json: &Json) -> Result<Json, String> {
        let value = value(&Column::new("of_some_type", ty), json)?;
        Ok(normal(&value, json.clone()))
    }

    #[test]
    fn days_that_not_every_database_keeps_are_none() {
        for (text, is_good) in [
            ("1000-01-01", true),
            ("9999-12-31", true),
            ("0999-12-31", false),
            ("0000-01-01", false),
            ("-0044-03-15", false),
            ("+10000-01-01", false),
            ("2025-02-30", false),
        ] {
            let day = of(Type::Date, &json!(text));

            assert_eq!(day.is_ok(), is_good, "{text}: {day:?}");
        }
        assert_eq!(of(Type::Date, &json!("-0044-03-15")), Err(DAYS.to_owned()));
        let before_all = json!("0000-01-01T00:00:00+01:00");
        assert!(of(Type::Timestamp, &before_all).is_err());
    }

    #[test]
    fn a_leap_second_is_the_one_before_it() {
        for (text, expected) in [
            ("12:00:60", "12:00:59"),
            ("23:59:60.5", "23:59:59"),
            ("23:59:59", "23:59:59"),
            ("7:05", "07:05:00"),
        ] {
            assert_eq!(of(Type::Time, &json!(text)), Ok(json!(expected)), "{text}");
        }
        for (text, expected) in [
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z"),
            ("2017-01-01T00:59:60.25+01:00", "2016-12-31T23:59:59.250000Z"),
            ("2016-12-31T23:59:59.5Z", "2016-12-31T23:59:59.500000Z"),
        ] {
            assert_eq!(of(Type::Timestamp, &json!(text)), Ok(json!(expected)), "{text}");
        }
    }
}
