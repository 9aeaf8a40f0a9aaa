//! Columns that are worked out from another one of the same row, whatever a file says they are.

use serde_json::Value as Json;

use crate::{
    identity::fold::{LONGEST, fold},
    imports::{Cell, Row, Unit, Weight},
};

/// Names without case: the table, the column, and the name as it was typed.
///
/// Hashes of tokens and keys are no such columns: what they are made from is stored nowhere.
const FOLDED: [(&str, &str, &str); 4] = [
    ("users", "username_key", "username"),
    ("users", "email_key", "email"),
    ("roles", "name_key", "name"),
    ("resource_teams", "name_key", "name"),
];

/// Works out what is worked out, and tells where the file says something else. Gives whether the
/// row can come in.
pub(super) fn settle(unit: &mut Unit, row: &mut Row) -> bool {
    for (_, column, from) in FOLDED.into_iter().filter(|(table, ..)| *table == row.table) {
        let key = match row.cells.get(from) {
            Some(Cell::Is(Json::String(text))) => {
                // Such a text is refused for its length, and to fold it can take long.
                if text.chars().nth(LONGEST).is_some() {
                    continue;
                }
                let key = fold(text);
                if key.is_empty() {
                    let why = "there is nothing to be seen in it; it is left out";
                    unit.remark(Weight::Fault, from, &Json::from(text.as_str()), why);
                    return false;
                }
                Json::from(key)
            }
            Some(Cell::Is(Json::Null)) | None => Json::Null,
            // What is no text is refused as that.
            Some(_) => continue,
        };
        match row.cells.get(column) {
            None if key.is_null() => continue,
            None => {}
            Some(Cell::Is(said)) if *said == key => continue,
            Some(said) => {
                let said = if let Cell::Is(said) = said { said } else { &Json::Null };
                let why = format!("it is worked out from `{from}`, and is {key}");
                unit.remark(Weight::Warning, column, said, why);
            }
        }
        row.cells.insert(column.into(), Cell::Is(key));
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settled(table: &str, columns: &Json) -> (Row, Unit, bool) {
        let cell = |(name, json): (&String, &Json)| (name.clone().into(), Cell::Is(json.clone()));
        let cells = columns.as_object().unwrap().iter().map(cell).collect();
        let mut row = Row { table: table.to_owned().into(), cells, ..Row::default() };
        let mut unit = Unit::default();
        let comes = settle(&mut unit, &mut row);
        (row, unit, comes)
    }

    fn is(row: &Row, column: &str) -> Option<Json> {
        match row.cells.get(column) {
            Some(Cell::Is(json)) => Some(json.clone()),
            _ => None,
        }
    }

    #[test]
    fn a_key_that_is_right_or_missing_is_worked_out_without_a_word() {
        for columns in [
            json!({"username": "Ana", "username_key": "ana", "email": null, "email_key": null}),
            json!({"username": "Ana"}),
        ] {
            let (row, unit, comes) = settled("users", &columns);

            assert!(comes && unit.remarks.is_empty(), "{:?}", unit.remarks);
            assert_eq!(is(&row, "username_key"), Some(json!("ana")), "{columns}");
        }
    }

    #[test]
    fn a_key_that_is_another_one_is_told_and_not_taken() {
        for (table, column, from) in FOLDED {
            let (row, unit, comes) = settled(table, &json!({from: "Straße", column: "root"}));

            assert!(comes);
            assert_eq!(is(&row, column), Some(json!("strasse")), "{table}.{column}");
            let [told] = &unit.remarks[..] else { panic!("{:?}", unit.remarks) };
            assert_eq!((told.path.as_str(), told.weight), (column, Weight::Warning));
            assert_eq!(told.value, "\"root\"");
        }
        let (row, unit, _) = settled("users", &json!({"username": "ana", "email_key": "a@b.c"}));
        assert_eq!(is(&row, "email_key"), Some(Json::Null));
        assert_eq!(unit.remarks.len(), 1, "{:?}", unit.remarks);
    }

    #[test]
    fn a_name_that_nobody_sees_is_refused() {
        let (_, unit, comes) = settled("users", &json!({"username": "\u{200b}"}));

        assert!(!comes);
        assert_eq!(unit.remarks[0].weight, Weight::Fault);
    }

    #[test]
    fn other_tables_stay_as_they_are() {
        let (row, unit, comes) = settled("devices", &json!({"name": "Hall", "name_key": "x"}));

        assert!(comes && unit.remarks.is_empty());
        assert_eq!(is(&row, "name_key"), Some(json!("x")));
    }
}
