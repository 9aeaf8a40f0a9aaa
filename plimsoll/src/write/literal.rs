//! Data as Rust writes it.

use crate::{
    dialect::Dialect,
    schema::{Sql, Value},
};

/// A text between quotes.
pub(super) fn text(text: &str) -> String {
    format!("{text:?}")
}

/// `["a", "b"]`.
pub(super) fn texts(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|it| text(it)).collect();
    format!("[{}]", quoted.join(", "))
}

/// `vec!["a".to_owned()]`.
pub(super) fn owned(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|it| format!("{}.to_owned()", text(it))).collect();
    format!("vec![{}]", quoted.join(", "))
}

/// An expression in what becomes one by itself.
pub(super) fn sql(sql: &Sql) -> String {
    let [sqlite, postgres, mysql] = Dialect::ALL.map(|dialect| text(sql.text(dialect)));
    if sqlite == postgres && sqlite == mysql {
        sqlite
    } else {
        format!("Sql::each({sqlite}, {postgres}, {mysql})")
    }
}

/// A constant in the literal that becomes it, where there is one.
pub(super) fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(is_true) => is_true.to_string(),
        Value::Int(number) if i32::try_from(*number).is_ok() => grouped(&number.to_string()),
        Value::Int(number) => format!("{}_i64", grouped(&number.to_string())),
        Value::Text(it) => text(it),
        // As much of it as a floating point number keeps.
        Value::Number(digits)
            if digits.contains('.')
                && digits.parse::<f64>().is_ok_and(|it| it.to_string() == *digits) =>
        {
            digits.clone()
        }
        _ => return None,
    })
}

/// A constant in full.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "Value::Null".to_owned(),
        Value::Number(digits) => format!("Value::Number({}.to_owned())", text(digits)),
        Value::Bytes(bytes) => format!("Value::Bytes(vec!{bytes:?})"),
        Value::Time(time) => {
            format!("Value::moment({}, {})", time.timestamp(), time.timestamp_subsec_nanos())
        }
        other => plain(other).unwrap_or_default(),
    }
}

/// Digits in groups, as clippy wants them.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    if digits.len() < 5 {
        return number.to_owned();
    }
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    format!("{sign}{}", groups.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_written_as_the_literals_that_become_them() {
        let said = |value: Value| plain(&value);
        let some = |text: &str| Some(text.to_owned());

        assert_eq!(said(Value::Int(-5)), some("-5"));
        assert_eq!(said(Value::Int(1_234_567)), some("1_234_567"));
        assert_eq!(said(Value::Int(5_000_000_000)), some("5_000_000_000_i64"));
        assert_eq!(said(Value::Text("it's \"so\"\n".to_owned())), some("\"it's \\\"so\\\"\\n\""));
        assert_eq!(said(Value::Number("1.5".to_owned())), some("1.5"));
        assert_eq!(said(Value::Number("1.50".to_owned())), None);
        assert_eq!(value(&Value::Number("1.50".to_owned())), "Value::Number(\"1.50\".to_owned())");
        assert_eq!(value(&Value::Bytes(vec![1, 2])), "Value::Bytes(vec![1, 2])");
    }
}
