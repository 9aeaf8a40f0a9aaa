//! What a column gets in rows that are there, read from what somebody typed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use crate::schema::{Column, Default, Rule, Table, Type, Value};

/// What was typed, as a value of the column. `now` is the present time in a column of time.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn read(text: &str, column: &Column, table: Option<&Table>) -> Result<Default, String> {
    let ty = &column.ty;
    if matches!(ty, Type::Date | Type::Time | Type::DateTime | Type::Timestamp) && text == "now" {
        return Ok(Default::Now);
    }
    let value = constant(text, ty)?;
    if let Some(table) = table {
        let of_column = table.checks.iter().filter_map(|check| match &check.rule {
            Rule::OneOf { column: of, values } if *of == column.name => {
                let is_one = values.iter().any(|it| it == text);
                (!is_one).then(|| format!("it is none of {}", values.join(", ")))
            }
            Rule::Range { column: of, min, max } if *of == column.name => {
                let number = text.parse::<i64>().ok();
                let is_in = number.is_none_or(|number| {
                    min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
                });
                (!is_in).then(|| "it is out of the range that a CHECK allows".to_owned())
            }
            _ => None,
        });
        if let Some(why) = of_column.into_iter().next() {
            return Err(why);
        }
    }
    Ok(Default::Value(value))
}

fn constant(text: &str, ty: &Type) -> Result<Value, String> {
    let as_text = || Value::Text(text.to_owned());
    let is = |is_one: bool| {
        if is_one { Ok(as_text()) } else { Err(format!("it is no {ty}")) }
    };
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
        Type::Float | Type::Double | Type::Decimal(_) => {
            let (digits, rest) = text
                .strip_prefix('-')
                .unwrap_or(text)
                .split_once('.')
                .unwrap_or((text.strip_prefix('-').unwrap_or(text), "0"));
            let are_digits =
                |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
            if !are_digits(digits) || !are_digits(rest) {
                return Err("it is no number with digits and a point".to_owned());
            }
            Ok(text.parse().map_or_else(|_| Value::Number(text.to_owned()), Value::Int))
        }
        Type::Char(length) | Type::String(Some(length)) => {
            let characters = text.chars().count();
            if characters > *length as usize {
                return Err(format!("it has {characters} characters, and {length} fit"));
            }
            Ok(as_text())
        }
        Type::Enum { values, .. } => {
            if values.iter().any(|it| it == text) {
                Ok(as_text())
            } else {
                Err(format!("it is none of {}", values.join(", ")))
            }
        }
        Type::Timestamp => match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => Ok(Value::Time(moment.to_utc())),
            Err(_) => Err("it is neither `now` nor like `2026-11-20T13:04:50Z`".to_owned()),
        },
        Type::DateTime => {
            let is_one = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
                .iter()
                .any(|form| NaiveDateTime::parse_from_str(text, form).is_ok());
            is(is_one)
        }
        Type::Date => is(NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()),
        Type::Time => is(NaiveTime::parse_from_str(text, "%H:%M:%S%.f").is_ok()),
        Type::Uuid => {
            let plain = text.replace('-', "");
            is(plain.len() == 32
                && text.len() == 36
                && plain.bytes().all(|it| it.is_ascii_hexdigit()))
        }
        Type::Json | Type::JsonBinary => {
            is(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        }
        Type::Binary(_) | Type::VarBinary(_) | Type::Blob => {
            let digits = text.strip_prefix("0x").filter(|it| it.is_ascii() && it.len() % 2 == 0);
            let bytes = digits.map(|digits| {
                let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
                pairs.map(|pair| u8::from_str_radix(pair, 16)).collect::<Result<Vec<u8>, _>>()
            });
            match bytes {
                Some(Ok(bytes)) => Ok(Value::Bytes(bytes)),
                _ => Err("it is not like `0x00ff`".to_owned()),
            }
        }
        _ => Ok(as_text()),
    }
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
