//! Which values of a type do not fit another, in the words of each database.

use crate::{
    dialect::Dialect,
    render::Render,
    schema::{Column, Type},
};

/// The condition of the rows whose value does not fit the column as it will be; nothing when all
/// do, or when only the conversion itself can tell, which takes nothing along when it fails.
pub(super) fn misfit(render: &dyn Render, from: &Column, to: &Column) -> Option<String> {
    let dialect = render.dialect();
    let value = render.quote(&from.name);
    let is_uuid = |ty: &Type| *ty == Type::Uuid;
    // Bytes, which neither becomes text nor comes from it.
    if is_uuid(&from.ty) != is_uuid(&to.ty) && dialect != Dialect::Postgres {
        let is_bytes = |ty: &Type| matches!(ty, Type::Binary(_) | Type::VarBinary(_) | Type::Blob);
        if !is_bytes(&from.ty) && !is_bytes(&to.ty) {
            return Some(format!("{value} IS NOT NULL"));
        }
    }
    if !from.ty.is_narrowed_by(&to.ty) {
        return None;
    }
    let is_text = matches!(from.ty, Type::Char(_) | Type::String(_) | Type::Text | Type::Custom(_));
    match (&from.ty, &to.ty) {
        (
            Type::Char(_) | Type::String(_) | Type::Text,
            Type::Char(most) | Type::String(Some(most)),
        ) => {
            let length = match dialect {
                Dialect::Sqlite => "length",
                Dialect::Postgres | Dialect::Mysql => "char_length",
            };
            Some(format!("{length}({value}) > {most}"))
        }
        (
            Type::Binary(_) | Type::VarBinary(_) | Type::Blob,
            Type::Binary(most) | Type::VarBinary(most),
        ) => {
            let length = match dialect {
                Dialect::Sqlite | Dialect::Mysql => "length",
                Dialect::Postgres => "octet_length",
            };
            Some(format!("{length}({value}) > {most}"))
        }
        (
            Type::Enum { .. } | Type::Char(_) | Type::String(_) | Type::Text,
            Type::Enum { values, .. },
        ) => Some(is_none_of(render, &from.name, values)),
        (number, Type::Decimal(Some((digits, scale)))) if number.is_number() => {
            let room = format!("1{}", "0".repeat((digits - scale.min(digits)) as usize));
            let rounded = match number {
                Type::Decimal(_) => format!(" OR {value} <> round({value}, {scale})"),
                Type::Float | Type::Double => {
                    format!(" OR {}", finer(dialect, number, &value, *scale))
                }
                _ => String::new(),
            };
            Some(format!("abs({value}) >= {room}{rounded}"))
        }
        (number, Type::Float | Type::Double) if number.is_number() => {
            Some(inexact(dialect, number, &to.ty, &value))
        }
        (number, whole) if number.is_number() => {
            let (least, most) = whole.whole()?;
            let fraction = match number {
                Type::Float | Type::Double | Type::Decimal(_) => {
                    format!(" OR {value} <> round({value})")
                }
                _ => String::new(),
            };
            Some(format!("{value} < {least} OR {value} > {most}{fraction}"))
        }
        (_, whole) if is_text && whole.is_whole_number() => Some(match dialect {
            Dialect::Sqlite => format!("CAST(CAST({value} AS INTEGER) AS TEXT) <> {value}"),
            Dialect::Postgres => format!("{value}::text !~ '^\\s*[-+]?[0-9]+\\s*$'"),
            Dialect::Mysql => format!("{value} NOT REGEXP '^[[:space:]]*[-+]?[0-9]+[[:space:]]*$'"),
        }),
        (Type::DateTime, Type::Date) => Some(midnight(dialect, &value)),
        (Type::Timestamp, Type::Date) => Some(match dialect {
            Dialect::Postgres => midnight(dialect, &format!("({value} AT TIME ZONE 'UTC')")),
            _ => midnight(dialect, &value),
        }),
        // The day is gone, and nothing would refuse that.
        (Type::DateTime | Type::Timestamp, Type::Time) => Some(format!("{value} IS NOT NULL")),
        _ if is_text => of_text(dialect, value, &to.ty),
        _ => None,
    }
}

/// Whether a number has more digits than a binary fraction of this type holds: 6 digits for certain
/// where it has 24 bits, 15 where it has 53.
fn inexact(dialect: Dialect, from: &Type, ty: &Type, value: &str) -> String {
    let is_short = *ty == Type::Float;
    match dialect {
        // A column has the numbers as they come: whole ones become binary fractions of 53 bits.
        Dialect::Sqlite => format!(
            "typeof({value}) = 'integer' AND CAST(CAST({value} AS REAL) AS INTEGER) <> {value}"
        ),
        Dialect::Postgres => {
            // As text it has the fewest digits that tell it apart.
            let name = if is_short { "real" } else { "double precision" };
            let differs = format!("{value}::{name}::text::numeric <> {value}::text::numeric");
            if !matches!(from, Type::Float | Type::Double) {
                return differs;
            }
            let no_numbers = "('NaN', 'Infinity', '-Infinity')";
            format!("CASE WHEN {value}::text IN {no_numbers} THEN false ELSE {differs} END")
        }
        Dialect::Mysql => {
            let (name, behind_first) = if is_short { ("FLOAT", 5) } else { ("DOUBLE", 14) };
            let rounded = format!("round({value}, {behind_first} - floor(log10(abs({value}))))");
            match from {
                Type::Float | Type::Double => format!(
                    "(CAST({value} AS {name}) + 0e0 <> {value} \
                     AND abs({value} - {rounded}) > abs({value}) * 1e-12)"
                ),
                _ => format!(
                    "(CAST(CAST({value} AS {name}) + 0e0 AS DECIMAL(65, 30)) <> {value} \
                     AND {value} <> {rounded})"
                ),
            }
        }
    }
}

/// The end of a text that is a day, when it names a time.
const MIDNIGHT: &str = "[ T]00:00(:00([.]0+)?)?[[:space:]]*$";
/// A day in a text.
const DAY: &str = "[0-9]+[-/.][0-9]+[-/.][0-9]+";

/// The condition of the texts that are no value of another type; nothing when only the conversion
/// itself can tell.
fn of_text(dialect: Dialect, value: String, ty: &Type) -> Option<String> {
    match ty {
        Type::Boolean => Some(match dialect {
            Dialect::Sqlite | Dialect::Mysql => format!("{value} NOT IN ('0', '1')"),
            Dialect::Postgres => format!(
                "lower({value}::text) !~ '^\\s*(t(r(u(e)?)?)?|f(a(l(s(e)?)?)?)?|y(e(s)?)?|no?|on|off?|0|1)\\s*$'"
            ),
        }),
        Type::Json | Type::JsonBinary if dialect != Dialect::Postgres => {
            Some(format!("NOT json_valid({value})"))
        }
        Type::Uuid => Some(format!(
            "regexp_replace(lower({value}::text), '[{{}}-]', '', 'g') !~ '^[0-9a-f]{{32}}$'"
        )),
        // The time of a day would go without a word.
        Type::Date if dialect == Dialect::Postgres => {
            Some(format!("{value}::text ~ ':' AND {value}::text !~ '{MIDNIGHT}'"))
        }
        // It would refuse them when the statements before it have been kept.
        Type::Date if dialect == Dialect::Mysql => Some(format!(
            "(CAST({value} AS DATE) IS NULL AND {value} IS NOT NULL) \
             OR ({value} LIKE '%:%' AND {value} NOT REGEXP '{MIDNIGHT}')"
        )),
        // The day before it would.
        Type::Time if dialect != Dialect::Sqlite => Some(match dialect {
            Dialect::Postgres => format!("{value}::text ~ '{DAY}'"),
            _ => format!("{value} REGEXP '{DAY}'"),
        }),
        Type::DateTime | Type::Timestamp if dialect == Dialect::Mysql => {
            Some(format!("CAST({value} AS DATETIME) IS NULL AND {value} IS NOT NULL"))
        }
        Type::Float | Type::Double | Type::Decimal(_) if dialect != Dialect::Sqlite => {
            let is_match = match dialect {
                Dialect::Mysql => "NOT REGEXP",
                _ => "!~",
            };
            let value = if dialect == Dialect::Postgres { format!("{value}::text") } else { value };
            // PostgreSQL knows words, too.
            let words = if dialect == Dialect::Postgres {
                " AND lower(btrim({value})) NOT IN ('nan', 'infinity', '-infinity', 'inf', '-inf')"
                    .replace("{value}", &value)
            } else {
                String::new()
            };
            let room = match ty {
                Type::Decimal(Some((digits, scale))) if dialect == Dialect::Mysql => {
                    let room = "0".repeat((digits - scale.min(digits)) as usize);
                    let number = format!("CAST({value} AS DECIMAL(65, 30))");
                    format!(" OR abs({number}) >= 1{room} OR {number} <> round({number}, {scale})")
                }
                // It rounds without a word.
                Type::Decimal(Some((_, scale))) => {
                    format!(" OR {value} ~ '[.][0-9]{{{scale}}}[0-9]*[1-9]'")
                }
                _ => String::new(),
            };
            Some(format!(
                "{value} {is_match} \
                 '^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'{words}{room}"
            ))
        }
        // It would keep the text as it is.
        Type::Date if dialect == Dialect::Sqlite => {
            Some(format!("date({value}) IS NULL AND {value} IS NOT NULL"))
        }
        Type::DateTime | Type::Timestamp if dialect == Dialect::Sqlite => {
            Some(format!("datetime({value}) IS NULL AND {value} IS NOT NULL"))
        }
        Type::Float | Type::Double | Type::Decimal(_) if dialect == Dialect::Sqlite => Some(
            format!("typeof({value} + 0) = 'text' OR CAST({value} AS NUMERIC) || '' <> {value}"),
        ),
        _ => None,
    }
}

/// Whether a number with a binary fraction has more digits behind the point than `scale`, beside
/// those that come of such fractions: no sum of tenths is one of tenths to the last bit.
fn finer(dialect: Dialect, from: &Type, value: &str, scale: u32) -> String {
    let noise = if *from == Type::Float { "0.000001" } else { "0.000000000001" };
    let value = match dialect {
        Dialect::Postgres => format!("CAST({value} AS numeric)"),
        Dialect::Sqlite | Dialect::Mysql => value.to_owned(),
    };
    format!("abs({value} - round({value}, {scale})) > abs({value}) * {noise}")
}

fn midnight(dialect: Dialect, value: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("{value}::time <> '00:00:00'"),
        Dialect::Sqlite | Dialect::Mysql => format!("time({value}) <> '00:00:00'"),
    }
}

/// The condition of the rows that have none of the values in the column.
pub(super) fn is_none_of(render: &dyn Render, column: &str, values: &[String]) -> String {
    let column = match render.dialect() {
        // A value that the enumeration has not is no constant of it.
        Dialect::Postgres => format!("{}::text", render.quote(column)),
        Dialect::Sqlite | Dialect::Mysql => render.quote(column),
    };
    let values: Vec<String> = values.iter().map(|value| render.text(value)).collect();
    format!("{column} NOT IN ({})", values.join(", "))
}

/// The columns with their values as one text.
pub(super) fn joined(render: &dyn Render, names: &[&str]) -> String {
    let parts: Vec<String> = names
        .iter()
        .map(|name| {
            let label = render.text(&format!("{name} "));
            concatenated(render, &[label, text(render, &render.quote(name))])
        })
        .collect();
    separated(render, &parts)
}

/// The expressions with their values as one text.
pub(super) fn texts_joined(render: &dyn Render, exprs: &[String]) -> String {
    let parts: Vec<String> = exprs.iter().map(|expr| text(render, expr)).collect();
    separated(render, &parts)
}

/// The beginning of a value, as a text that is never NULL.
fn text(render: &dyn Render, expr: &str) -> String {
    match render.dialect() {
        Dialect::Sqlite => format!("substr(quote({expr}), 1, 60)"),
        Dialect::Postgres => format!("coalesce(left({expr}::text, 60), 'NULL')"),
        Dialect::Mysql => format!("coalesce(left(CAST({expr} AS CHAR), 60), 'NULL')"),
    }
}

fn concatenated(render: &dyn Render, parts: &[String]) -> String {
    match render.dialect() {
        Dialect::Mysql => format!("concat({})", parts.join(", ")),
        Dialect::Sqlite | Dialect::Postgres => parts.join(" || "),
    }
}

fn separated(render: &dyn Render, parts: &[String]) -> String {
    let mut all = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            all.push("': '".to_owned());
        }
        all.push(part.clone());
    }
    concatenated(render, &all)
}
