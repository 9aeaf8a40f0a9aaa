//! What a domain works out and demands of a row that is written plainly, for one that is brought
//! in.

use litemap::LiteMap;
use sea_orm::{ActiveModelTrait, ActiveValue, IdenStatic as _, Iterable as _, Value};
use serde_json::{Value as Json, json};

use crate::{
    Result, cell,
    imports::{Cell, Label},
    records::Record,
    tables,
};

/// Puts the columns of a row in order.
pub(super) type Settle = fn(&mut LiteMap<Label, Cell>) -> Result<()>;

/// Puts the columns of a row in order as [`Record::settle`] does, with what is not known yet (the
/// keys of other rows, sealed texts) held by something in its place. A value that is none of its
/// column is left for the engine to refuse.
///
/// # Errors
/// Those of [`Record::settle`].
pub(super) fn settle<E: Record>(cells: &mut LiteMap<Label, Cell>) -> Result<()> {
    let table = tables::of::<E>();
    let mut row = <E::ActiveModel as ActiveModelTrait>::default();
    for column in E::Column::iter() {
        let name = column.as_str();
        let Some(of) = tables::column(table, name) else { continue };
        let value = match cells.get(name) {
            None | Some(Cell::Rows(_) | Cell::Text(..)) => continue,
            Some(Cell::Is(json)) => cell::value(of, json),
            Some(Cell::Row(_) | Cell::Named(..)) => Ok(Value::BigInt(Some(1))),
            Some(Cell::Secret(_) | Cell::Sealed { .. }) => {
                Ok(Value::String(Some("sealed".to_owned())))
            }
        };
        let Ok(value) = value else { return Ok(()) };
        if row.try_set(column, value).is_err() {
            return Ok(());
        }
    }
    let before = row.clone();
    E::settle(&mut row)?;
    for column in E::Column::iter() {
        let ActiveValue::Set(now) = row.get(column) else { continue };
        if before.get(column).into_value().as_ref() != Some(&now) {
            cells.insert(column.as_str().into(), Cell::Is(written(&now)));
        }
    }
    Ok(())
}

/// A value in the form that a cell has it in.
fn written(value: &Value) -> Json {
    match value {
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::BigInt(value) => json!(value),
        Value::Double(value) => json!(value),
        Value::String(value) => json!(value),
        Value::Json(value) => value.as_deref().cloned().unwrap_or(Json::Null),
        Value::ChronoDate(value) => json!(value.map(|date| date.to_string())),
        Value::ChronoTime(value) => json!(value.map(cell::shown_time)),
        Value::ChronoDateTimeUtc(value) => json!(value.map(cell::shown)),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use entity::{proxy::certificate, webtest::environment_user};

    use super::*;

    const WEB: &str = include_str!("../../../../tests/it/certificates/web.pem");

    fn is(value: Json) -> Cell {
        Cell::Is(value)
    }

    #[test]
    fn what_a_domain_works_out_is_worked_out() {
        let mut cells = LiteMap::from_iter(
            [
                ("name", is(json!("web"))),
                ("cert_data", is(json!(WEB))),
                ("source_type", is(json!("vault"))),
                ("vault_path", is(json!("pki/web"))),
                ("auto_renew", is(json!(true))),
                ("created_by_id", Cell::Row("auth_user/1".to_owned())),
            ]
            .map(|(name, cell)| (Label::from(name), cell)),
        );

        settle::<certificate::Entity>(&mut cells).unwrap();

        let text = |name: &str| match cells.get(name).unwrap() {
            Cell::Is(Json::String(text)) => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text("renew_at"), "2026-03-02T00:00:00.000000Z");
        assert_eq!(text("valid_until"), "2026-04-01T00:00:00.000000Z");
        assert_eq!(text("common_name"), "web.example.org");
        assert!(matches!(cells.get("created_by_id"), Some(Cell::Row(_))));
    }

    #[test]
    fn what_a_domain_demands_is_demanded_and_a_wrong_value_left_to_the_engine() {
        let user = |name: &str| {
            LiteMap::from_iter([
                (Label::from("username"), is(json!(name))),
                ("secret_id".into(), Cell::Row("user/1/secret".to_owned())),
            ])
        };
        assert!(settle::<environment_user::Entity>(&mut user("ana")).is_ok());
        assert!(settle::<environment_user::Entity>(&mut user(" ana")).is_err());
        let mut wrong = user(" ana");
        wrong.insert("secret_provider".into(), is(json!("nobody")));
        assert!(settle::<environment_user::Entity>(&mut wrong).is_ok());
    }
}
