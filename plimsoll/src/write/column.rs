//! Columns in the words of SeaORM's helpers.

use super::{chain::Chain, literal};
use crate::schema::{Column, Default, Type, Value};

/// The helper for a type: its name, and what stands behind the column's name.
fn helper(ty: &Type) -> Option<(&'static str, Vec<String>)> {
    let plain = |name| Some((name, Vec::new()));
    let sized = |name, length: u32| Some((name, vec![length.to_string()]));
    match ty {
        Type::Boolean => plain("boolean"),
        Type::TinyInteger => plain("tiny_integer"),
        Type::SmallInteger => plain("small_integer"),
        Type::Integer => plain("integer"),
        Type::BigInteger => plain("big_integer"),
        Type::TinyUnsigned => plain("tiny_unsigned"),
        Type::SmallUnsigned => plain("small_unsigned"),
        Type::Unsigned => plain("unsigned"),
        Type::BigUnsigned => plain("big_unsigned"),
        Type::Float => plain("float"),
        Type::Double => plain("double"),
        Type::Decimal(None) => plain("decimal"),
        Type::Decimal(Some((digits, scale))) => {
            Some(("decimal_len", vec![digits.to_string(), scale.to_string()]))
        }
        Type::Char(length) => sized("char_len", *length),
        Type::String(Some(length)) => sized("string_len", *length),
        Type::String(None) => plain("string"),
        Type::Text => plain("text"),
        Type::Binary(length) => sized("binary_len", *length),
        Type::VarBinary(length) => sized("var_binary", *length),
        Type::Blob => plain("blob"),
        Type::Date => plain("date"),
        Type::Time => plain("time"),
        Type::DateTime => plain("date_time"),
        Type::Timestamp => plain("timestamp_with_time_zone"),
        Type::Year => plain("year"),
        Type::Json => plain("json"),
        Type::JsonBinary => plain("json_binary"),
        Type::Uuid => plain("uuid"),
        Type::Enum { name, values } => {
            Some(("enumeration", vec![literal::text(name), literal::texts(values)]))
        }
        Type::Custom(text) => Some(("custom", vec![literal::text(text)])),
        Type::Array(of) => Some(("array", vec![element(of)?])),
        Type::Unsupported(_) => None,
    }
}

/// What a list is of, in sea-query's words.
fn element(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Boolean => "ColumnType::Boolean".to_owned(),
        Type::SmallInteger => "ColumnType::SmallInteger".to_owned(),
        Type::Integer => "ColumnType::Integer".to_owned(),
        Type::BigInteger => "ColumnType::BigInteger".to_owned(),
        Type::Float => "ColumnType::Float".to_owned(),
        Type::Double => "ColumnType::Double".to_owned(),
        Type::Text => "ColumnType::Text".to_owned(),
        Type::String(Some(length)) => format!("ColumnType::string(Some({length}))"),
        Type::String(None) => "ColumnType::string(None)".to_owned(),
        Type::Date => "ColumnType::Date".to_owned(),
        Type::Time => "ColumnType::Time".to_owned(),
        Type::DateTime => "ColumnType::DateTime".to_owned(),
        Type::Timestamp => "ColumnType::TimestampWithTimeZone".to_owned(),
        Type::Json => "ColumnType::Json".to_owned(),
        Type::JsonBinary => "ColumnType::JsonBinary".to_owned(),
        Type::Uuid => "ColumnType::Uuid".to_owned(),
        Type::Custom(text) => format!("ColumnType::custom({})", literal::text(text)),
        _ => return None,
    })
}

/// The names of the helpers, which nothing else in a file may have.
pub(super) fn is_helper(name: &str) -> bool {
    let stem = ["_null", "_uniq", "_len", "_auto", "_default_now"]
        .into_iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    matches!(
        stem,
        "boolean"
            | "tiny_integer"
            | "small_integer"
            | "integer"
            | "big_integer"
            | "tiny_unsigned"
            | "small_unsigned"
            | "unsigned"
            | "big_unsigned"
            | "float"
            | "double"
            | "decimal"
            | "char"
            | "string"
            | "text"
            | "binary"
            | "var_binary"
            | "varbit"
            | "bit"
            | "blob"
            | "date"
            | "time"
            | "date_time"
            | "timestamp"
            | "timestamp_with_time_zone"
            | "timestamps"
            | "interval"
            | "year"
            | "json"
            | "json_binary"
            | "uuid"
            | "enumeration"
            | "custom"
            | "array"
            | "money"
            | "name"
            | "row"
            | "pk"
            | "pk_uuid"
            | "big_pk"
            | "table"
    )
}

/// Whether SeaORM's helper for a counted key says all of the column.
pub(super) fn is_counted_key(column: &Column) -> bool {
    matches!(column.ty, Type::Integer | Type::BigInteger)
        && column.auto_increment
        && !column.nullable
        && column.default.is_none()
        && column.generated.is_none()
}

/// The helper for a counted key.
pub(super) fn counted_key(column: &Column) -> String {
    let name = if column.ty == Type::BigInteger { "big_pk_auto" } else { "pk_auto" };
    format!("{name}({})", literal::text(&column.name))
}

/// The column as an expression, but for what only its table says.
///
/// # Errors
/// What of it has no words.
pub(super) fn expression(column: &Column) -> Result<String, String> {
    let name = literal::text(&column.name);
    let Some((helper, behind)) = helper(&column.ty) else {
        return Err(format!("the type {} of column `{}`", column.ty, column.name));
    };
    let null = if column.nullable { "_null" } else { "" };
    let arguments: Vec<String> = std::iter::once(name).chain(behind).collect();
    let mut text = format!("{helper}{null}({})", arguments.join(", "));
    if column.auto_increment {
        text.push_str(".auto_increment()");
    }
    match &column.default {
        Some(Default::Now) => text.push_str(".default(Expr::current_timestamp())"),
        Some(Default::Value(value)) => {
            if let Some(plain) = literal::plain(value) {
                text.push_str(&format!(".default({plain})"));
            }
        }
        Some(Default::Sql(_)) | None => {}
    }
    Ok(text)
}

/// What a column gets where a literal is expected.
pub(super) fn fill(default: &Default) -> Option<String> {
    match default {
        Default::Now => Some("Expr::current_timestamp()".to_owned()),
        Default::Value(value) => literal::plain(value),
        Default::Sql(_) => None,
    }
}

/// What only the table says of a column.
pub(super) fn say_beside(column: &Column, table: &mut Chain) {
    let name = || literal::text(&column.name);
    match &column.default {
        Some(Default::Value(value)) if literal::plain(value).is_none() => {
            table.say("default_value", &[name(), literal::value(value)]);
        }
        Some(Default::Sql(sql)) => table.say("default_to", &[name(), literal::sql(sql)]),
        _ => {}
    }
    if let Some(generated) = &column.generated {
        let (expr, stored) = (literal::sql(&generated.expr), generated.stored.to_string());
        table.say("generated", &[name(), expr, stored]);
    }
    if let Some(collation) = &column.collation {
        table.say("collated", &[name(), literal::text(collation)]);
    }
    if let Some(comment) = &column.comment {
        table.say("comment_on", &[name(), literal::text(comment)]);
    }
}

/// Whether a literal says the default, or there is none.
pub(super) fn is_said_alone(column: &Column) -> bool {
    let default = match &column.default {
        None | Some(Default::Now) => true,
        Some(Default::Value(Value::Null) | Default::Sql(_)) => false,
        Some(Default::Value(value)) => literal::plain(value).is_some(),
    };
    default && column.generated.is_none() && column.collation.is_none() && column.comment.is_none()
}
