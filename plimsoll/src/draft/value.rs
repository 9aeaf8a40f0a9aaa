//! What a column gets in rows that are there, read from what somebody typed.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use crate::schema::{Column, Default, Rule, Sql, Table, Type, Value};

/// What was typed, as a value of the column. `now` is the present time in a column of time.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn read(text: &str, column: &Column, table: Option<&Table>) -> Result<Default, String> {
    let ty = &column.ty;
    if matches!(ty, Type::Date | Type::Time | Type::DateTime | Type::Timestamp) && text == "now" {
        return Ok(Default::Now);
    }
    let value = match ty {
        Type::Uuid => uuid(text)?,
        ty => Default::Value(constant(text, ty)?),
    };
    let checks = table.into_iter().flat_map(|table| &table.checks);
    let mut refused = checks.filter_map(|check| match &check.rule {
        Rule::OneOf { column: of, values } if *of == column.name => {
            let is_one = values.iter().any(|it| it == text);
            (!is_one).then(|| format!("it is none of {}", values.join(", ")))
        }
        Rule::Range { column: of, min, max } if *of == column.name => {
            (!is_between(text, *min, *max)).then(|| said_range(*min, *max))
        }
        _ => None,
    });
    match refused.next() {
        Some(why) => Err(why),
        None => Ok(value),
    }
}

fn said_range(min: Option<i64>, max: Option<i64>) -> String {
    let range = match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("no less than {min}"),
        (None, Some(max)) => format!("no more than {max}"),
        (None, None) => "any number".to_owned(),
    };
    format!("a CHECK allows {range}")
}

/// Whether the number, which may have digits behind a point, is in the range; what is no number is
/// no matter of a range.
fn is_between(text: &str, min: Option<i64>, max: Option<i64>) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let Ok(number) = whole.parse::<i128>() else { return true };
    let has_more = rest.bytes().any(|digit| digit != b'0');
    let is_negative = whole.starts_with('-');
    let is_above = |max: i64| {
        let max = i128::from(max);
        number > max || (number == max && has_more && !is_negative)
    };
    let is_below = |min: i64| {
        let min = i128::from(min);
        number < min || (number == min && has_more && is_negative)
    };
    !max.is_some_and(is_above) && !min.is_some_and(is_below)
}

fn constant(text: &str, ty: &Type) -> Result<Value, String> {
    match ty {
        Type::Boolean => match text {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err("it is neither `true` nor `false`".to_owned()),
        },
        _ if ty.is_whole_number() || *ty == Type::Year => {
            let number: i128 = text.parse().map_err(|_| "it is no whole number".to_owned())?;
            if !ty.holds(number) {
                return Err(format!("it is beyond a {ty}"));
            }
            Ok(match i64::try_from(number) {
                Ok(number) => Value::Int(number),
                Err(_) => Value::Number(number.to_string()),
            })
        }
        Type::Float | Type::Double | Type::Decimal(_) => number(text, ty),
        Type::Char(length) | Type::String(Some(length)) => {
            let characters = text.chars().count();
            if characters > *length as usize {
                return Err(format!("it has {characters} characters, and {length} fit"));
            }
            Ok(Value::Text(text.to_owned()))
        }
        Type::Enum { values, .. } => {
            if values.iter().any(|it| it == text) {
                Ok(Value::Text(text.to_owned()))
            } else {
                Err(format!("it is none of {}", values.join(", ")))
            }
        }
        Type::Timestamp | Type::DateTime | Type::Date | Type::Time => time(text, ty),
        Type::Json | Type::JsonBinary => {
            match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Ok(Value::Text(text.to_owned())),
                Err(why) => Err(format!("it is no JSON: {why}")),
            }
        }
        Type::Binary(_) | Type::VarBinary(_) | Type::Blob => bytes(text, ty),
        _ => Ok(Value::Text(text.to_owned())),
    }
}

fn number(text: &str, ty: &Type) -> Result<Value, String> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = plain.split_once('.').unwrap_or((plain, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if !are_digits(whole) || !are_digits(rest) {
        return Err("it is no number with digits and a point".to_owned());
    }
    if let Type::Decimal(Some((digits, scale))) = ty {
        let before = whole.trim_start_matches('0').len();
        let behind = rest.trim_end_matches('0').len();
        let room = digits.saturating_sub(*scale);
        if before > room as usize {
            return Err(format!("it has {before} digits before the point, and {room} fit"));
        }
        if behind > *scale as usize {
            return Err(format!("it has {behind} digits behind the point, and {scale} fit"));
        }
    }
    Ok(text.parse().map_or_else(|_| Value::Number(text.to_owned()), Value::Int))
}

/// A time in the form in which all three databases write it.
fn time(text: &str, ty: &Type) -> Result<Value, String> {
    let is_kept =
        |nanoseconds: u32| nanoseconds < 1_000_000_000 && nanoseconds.is_multiple_of(1000);
    let too_fine = || Err("it is finer than a microsecond, or a leap second".to_owned());
    let is_year = |year: i32| (1..=9999).contains(&year);
    match ty {
        Type::Timestamp => match DateTime::parse_from_rfc3339(text) {
            Ok(moment) if is_kept(moment.nanosecond()) => Ok(Value::Time(moment.to_utc())),
            Ok(_) => too_fine(),
            Err(_) => Err("it is neither `now` nor like `2026-11-20T13:04:50Z`".to_owned()),
        },
        Type::DateTime => {
            let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
            let mut read =
                forms.iter().filter_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            match read.next() {
                Some(it) if is_year(it.year()) && !is_kept(it.nanosecond()) => too_fine(),
                Some(it) if is_year(it.year()) => {
                    Ok(Value::Text(it.format("%Y-%m-%d %H:%M:%S%.f").to_string()))
                }
                _ => Err("it is neither `now` nor like `2026-11-20 13:04:50`".to_owned()),
            }
        }
        Type::Date => match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(day) if is_year(day.year()) => Ok(Value::Text(day.format("%Y-%m-%d").to_string())),
            _ => Err("it is neither `now` nor like `2026-11-20`".to_owned()),
        },
        _ => match NaiveTime::parse_from_str(text, "%H:%M:%S%.f") {
            Ok(it) if is_kept(it.nanosecond()) => {
                Ok(Value::Text(it.format("%H:%M:%S%.f").to_string()))
            }
            Ok(_) => too_fine(),
            Err(_) => Err("it is neither `now` nor like `13:04:50`".to_owned()),
        },
    }
}

/// The bytes that hexadecimal digits say.
fn hex(digits: &str) -> Option<Vec<u8>> {
    if digits.len() % 2 == 1 || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn bytes(text: &str, ty: &Type) -> Result<Value, String> {
    let Some(bytes) = text.strip_prefix("0x").and_then(hex) else {
        return Err("it is not like `0x00ff`".to_owned());
    };
    match ty {
        Type::Binary(length) | Type::VarBinary(length) if bytes.len() > *length as usize => {
            Err(format!("it has {} bytes, and {length} fit", bytes.len()))
        }
        _ => Ok(Value::Bytes(bytes)),
    }
}

/// A UUID, which two of the three databases keep as its bytes.
fn uuid(text: &str) -> Result<Default, String> {
    let lengths = text.split('-').map(str::len);
    let digits = text.replace('-', "").to_lowercase();
    if !lengths.eq([8, 4, 4, 4, 12]) || hex(&digits).is_none() {
        return Err("it is not like `0198c0de-0000-7000-8000-000000000000`".to_owned());
    }
    let bytes = format!("x'{digits}'");
    Ok(Default::Sql(Sql::each(&bytes, format!("'{}'", text.to_lowercase()), &bytes)))
}

/// What a column that comes back is filled with, when nobody said: nothing that anybody could take
/// for a value of before. `None` when rows could not all have the same.
pub(super) fn blank(column: &Column, table: &Table) -> Option<Default> {
    let is_it = |name: &String| *name == column.name;
    let is_key = table.primary_key.iter().any(is_it)
        || table.uniques.iter().flat_map(|it| &it.columns).any(is_it)
        || table.foreign_keys.iter().flat_map(|it| &it.columns).any(is_it);
    let is_unique = table.indexes.iter().any(|index| {
        index.unique && index.columns.iter().filter_map(|part| part.column()).any(is_it)
    });
    let is_demanded = table.checks.iter().any(|check| match &check.rule {
        Rule::OneOf { column: of, .. } | Rule::Range { column: of, .. } => is_it(of),
        Rule::Sql(_) => true,
    });
    if is_key || is_unique || is_demanded {
        return None;
    }
    Some(match &column.ty {
        Type::Boolean => Default::Value(Value::Bool(false)),
        ty if ty.is_number() && *ty != Type::Year => Default::Value(Value::Int(0)),
        Type::Char(_) | Type::String(_) | Type::Text => Default::Value(Value::Text(String::new())),
        Type::Date | Type::Time | Type::DateTime | Type::Timestamp => Default::Now,
        Type::Json | Type::JsonBinary => Default::Value(Value::Text("null".to_owned())),
        Type::Enum { values, .. } => Default::Value(Value::Text(values.first()?.clone())),
        _ => return None,
    })
}
