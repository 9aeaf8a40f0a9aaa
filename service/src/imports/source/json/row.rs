//! What a line of an export becomes.

use plimsoll::schema::Table;
use serde_json::{Map, Value as Json};

use super::{line, worked_out};
use crate::{
    exports::{is_exported, name_of},
    imports::{Cell, Row, Unit, Weight},
    records,
    seal::SEALED,
    tables,
};

/// The record of a row.
pub(super) fn unit(row: line::Row) -> Unit {
    let line::Row { table: name, key, columns } = row;
    let mut unit = Unit { key, ..Unit::default() };
    let Some(table) = tables::named(&name).ok().filter(|table| is_exported(&table.name)) else {
        let why = "rows of that table are not brought in; it is left out";
        unit.remark(Weight::Fault, "", &Json::from(name), why);
        return unit;
    };
    let (key, path) = (unit.key.clone(), String::new());
    let mut of = Row { table: (&*table.name).into(), key, path, ..Row::default() };
    for (column, json) in columns {
        let is_secret = records::is_secret(&table.name, &column);
        let shown = if is_secret { Json::Null } else { json.clone() };
        match cell(table, &column, json) {
            Ok(cell) => {
                of.cells.insert(column.into(), cell);
            }
            Err(why) => {
                unit.remark(Weight::Fault, column, &shown, format!("{why}; it is left out"));
                return unit;
            }
        }
    }
    if worked_out::settle(&mut unit, &mut of) {
        unit.rows.push(of);
    }
    unit
}

/// What a column gets. The form says it, and no column by its type.
fn cell(table: &Table, column: &str, json: Json) -> Result<Cell, String> {
    if tables::column(table, column).is_some_and(|column| column.auto_increment) {
        return Err("the database counts this key itself".to_owned());
    }
    let is_sealed = SEALED.contains(&(&*table.name, column));
    let cell = match json {
        Json::Object(form) => formed(form)?,
        other => Cell::Is(other),
    };
    match (matches!(cell, Cell::Sealed { .. }), is_sealed) {
        (true, false) => Err("nothing sealed is kept here".to_owned()),
        (false, true) if !matches!(cell, Cell::Is(Json::Null)) => {
            Err("it is kept sealed, and this is not".to_owned())
        }
        _ => Ok(cell),
    }
}

fn formed(mut form: Map<String, Json>) -> Result<Cell, String> {
    let unknown = || "it has a form that is not known".to_owned();
    let first = ["is", "sealed", "row", "named", "rows", "text"];
    let Some((what, json)) = first.iter().find_map(|name| Some((*name, form.remove(*name)?)))
    else {
        return Err(unknown());
    };
    match (what, json, form.remove("row")) {
        ("sealed", Json::String(text), Some(row)) if form.is_empty() => {
            Ok(Cell::Sealed { text, row: row.as_i64().ok_or_else(unknown)? })
        }
        (_, _, Some(_)) => Err(unknown()),
        _ if !form.is_empty() => Err(unknown()),
        ("is", json, None) => Ok(Cell::Is(json)),
        ("row", Json::String(key), None) => Ok(Cell::Row(key)),
        ("named", Json::Array(parts), None) => named(&parts),
        ("rows", Json::Array(keys), None) => texts(keys).map(Cell::Rows).ok_or_else(unknown),
        ("text", Json::Array(parts), None) => {
            match <[String; 2]>::try_from(texts(parts).unwrap_or_default()) {
                Ok([before, key]) => Ok(Cell::Text(before, key)),
                Err(_) => Err(unknown()),
            }
        }
        _ => Err(unknown()),
    }
}

/// A row that is there whatever the export says, by its name.
fn named(parts: &[Json]) -> Result<Cell, String> {
    let [Json::String(table), Json::String(column), Json::String(text)] = parts else {
        return Err("a name has a table, a column and a text".to_owned());
    };
    let of = tables::named(table).map_err(|_| format!("there is no table `{table}`"))?;
    match name_of(of) {
        Some(name) if name == column => Ok(Cell::Named(&of.name, name, text.clone())),
        _ => Err(format!("rows of `{table}` have no such name")),
    }
}

fn texts(parts: Vec<Json>) -> Option<Vec<String>> {
    let text = |part| match part {
        Json::String(text) => Some(text),
        _ => None,
    };
    parts.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(table: &str, columns: Json) -> Unit {
        let Json::Object(columns) = columns else { panic!("{columns}") };
        unit(line::Row { table: table.to_owned(), key: format!("{table}/1"), columns })
    }

    fn shown(table: &str, column: &str, json: &Json) -> String {
        let unit = of(table, json!({column: json}));
        match unit.rows.first() {
            Some(row) => format!("{:?}", row.cells.get(column).unwrap()),
            None => format!("refused: {}", unit.remarks[0].reason),
        }
    }

    #[test]
    fn a_form_says_what_a_column_gets() {
        let is = |json: Json| format!("{:?}", Cell::Is(json));

        assert_eq!(shown("users", "bio", &json!("text")), is(json!("text")));
        assert_eq!(shown("api_keys", "scopes", &json!({"is": {"row": 1}})), is(json!({"row": 1})));
        assert_eq!(shown("devices", "user_id", &json!({"row": "users/5"})), "Row(\"users/5\")");
        let ana = json!({"named": ["users", "username_key", "ana"]});
        assert_eq!(
            shown("devices", "user_id", &ana),
            "Named(\"users\", \"username_key\", \"ana\")"
        );
        let sealed = json!({"sealed": "v1.a.b", "row": 5});
        assert!(shown("users", "totp_secret", &sealed).starts_with("Sealed"));
        assert_eq!(shown("users", "totp_secret", &Json::Null), is(Json::Null));
    }

    #[test]
    fn what_has_no_form_or_the_wrong_one_is_refused() {
        for (table, column, json) in [
            ("users", "totp_secret", json!("in clear")),
            ("users", "totp_secret", json!({"is": "in clear"})),
            ("users", "bio", json!({"sealed": "v1.a.b", "row": 5})),
            ("users", "totp_secret", json!({"sealed": "v1.a.b"})),
            ("users", "id", json!(5)),
            ("users", "bio", json!({})),
            ("users", "bio", json!({"is": 1, "row": "users/1"})),
            ("users", "bio", json!({"is": 1, "more": 1})),
            ("devices", "user_id", json!({"row": 5})),
            ("devices", "user_id", json!({"named": ["users", "password_hash", "x"]})),
            ("devices", "user_id", json!({"named": ["users", "username_key"]})),
            ("access_tokens", "user_id", json!(5)),
            ("weather", "wind", json!(5)),
        ] {
            let refused = shown(table, column, &json);
            assert!(refused.starts_with("refused"), "{table}.{column} = {json}: {refused}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_when_it_is_refused() {
        let unit = of("users", json!({"totp_secret": "in clear"}));

        assert_eq!(unit.remarks[0].value, "");
    }
}
