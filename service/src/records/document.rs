//! Rows as JSON documents: the columns that a caller may see, and those that a caller may write.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue, IdenStatic as _, IntoActiveModel as _, ModelTrait as _,
    Value,
};
use serde_json::{Map, Value as Json, json};

use super::{
    Columns, Create, Record, Update, changed, create, did, locked, sound, unguarded, write,
};
use crate::{
    Error, Result, audit::Audited, cell, merge::merged, rights::Granted, rule::Rule, seen, tables,
    text::invalid,
};

/// A document: its members by name.
pub type Document = Map<String, Json>;

/// A change of a row, as RFC 7396 has it: what is absent stays, null empties.
#[derive(Debug)]
pub struct Patch<'p, E: Record> {
    /// The columns that may be written.
    pub writable: &'p Columns<E>,
    /// What is to be written.
    pub document: &'p Document,
    /// What the caller has seen, if the row is to be changed only while it is so: the columns, and a
    /// [`tag`] over them, or several of which one is good.
    pub seen: Option<(&'p Columns<E>, &'p [String])>,
}

/// Those columns of a row, each in the form that `docs/json.md` gives for its type.
pub fn shown<E: Record>(model: &E::Model, columns: &Columns<E>) -> Document {
    columns.iter().map(|column| (column.as_str().to_owned(), json_of(&model.get(column)))).collect()
}

/// What tells one state of those columns from another, as [`seen::tag`] does.
pub fn tag<E: Record>(model: &E::Model, columns: &Columns<E>) -> String {
    seen::tag(&Json::from(shown::<E>(model, columns)))
}

/// The row that a document describes, to be added. `writable` are the columns that it may name.
///
/// # Errors
/// [`Error::Invalid`] for a member that is none of those columns or that its column does not take.
pub fn described<E: Record>(writable: &Columns<E>, document: &Document) -> Result<E::ActiveModel> {
    let mut row = <E::ActiveModel as sea_orm::ActiveModelTrait>::default();
    set::<E>(&mut row, writable, document, None)?;
    Ok(row)
}

/// Adds the row that a document describes.
///
/// # Errors
/// Those of [`described`] and of [`create`](super::create()).
pub async fn create_from<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Create<E>>,
    writable: &Columns<E>,
    document: &Document,
) -> Result<E::Model> {
    create::<E>(unit, by, described::<E>(writable, document)?).await
}

/// Changes a row as a document says.
///
/// # Errors
/// Those of [`update`](super::update()); [`Error::Invalid`] for a member that is none of the writable
/// columns or that its column does not take; [`Rule::Stale`] when the row is not as the caller has seen it.
pub async fn patch<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Update<E>>,
    id: i64,
    patch: &Patch<'_, E>,
) -> Result<E::Model> {
    let before = locked::<E>(unit.tx(), id).await?;
    if let Some((columns, seen)) = patch.seen
        && !seen.contains(&tag::<E>(&before, columns))
    {
        return Err(Rule::Stale.refuses(format!("{} `{id}` was changed meanwhile", E::KIND)));
    }
    let mut row = before.clone().into_active_model();
    set::<E>(&mut row, patch.writable, patch.document, Some(&before))?;
    unguarded::<E>(&row)?;
    let model = write::<E>(unit.tx(), unit.now(), row).await?;
    let details = json!({"changed": changed::<E>(&before, &model)});
    unit.record(did::<E>(by.to(), "update", &model).with(details));
    Ok(model)
}

/// Sets what the document says; documents within it are merged into what is there.
fn set<E: Record>(
    row: &mut E::ActiveModel,
    writable: &Columns<E>,
    document: &Document,
    before: Option<&E::Model>,
) -> Result<()> {
    for (name, said) in document {
        let column = writable.get(name).ok_or_else(|| unknown::<E>(name))?;
        let said = match before.map(|before| before.get(column)) {
            Some(Value::Json(Some(there))) => merged((*there).clone(), said),
            _ => said.clone(),
        };
        let value = value::<E>(column, &said)?;
        if row.get(column) != ActiveValue::Unchanged(value.clone()) {
            row.try_set(column, value)?;
        }
    }
    Ok(())
}

fn unknown<E: Record>(name: &str) -> Error {
    let name: String = name.chars().take(80).collect();
    invalid(E::KIND, &name, "it has no such field, or it is not written so")
}

/// The value of a column that the JSON stands for.
pub(super) fn value<E: Record>(column: E::Column, json: &Json) -> Result<Value> {
    let (table, name) = (tables::of::<E>(), column.as_str());
    let of = tables::column(table, name)
        .ok_or_else(|| Error::not_found("column", format!("{}.{name}", table.name)))?;
    if json.is_null() && !of.nullable {
        return Err(invalid(name, "null", "it is needed"));
    }
    let value = cell::value(of, json).map_err(|problem| invalid(name, &short(json), &problem))?;
    // The row does not take a word that is none of its column's, and does not say which are.
    match sound::problem(table, name, &value) {
        Some(problem) => Err(invalid(name, &short(json), &problem)),
        None => Ok(value),
    }
}

/// What is told of a value that is refused: nothing of an address that may have a password in it.
fn short(json: &Json) -> String {
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    if text.contains("://") && text.contains('@') {
        return "***".to_owned();
    }
    text.chars().take(80).collect()
}

/// The JSON of a value of any column.
pub(super) fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(Some(it)) => json!(it),
        Value::Int(Some(it)) => json!(it),
        Value::BigInt(Some(it)) => json!(it),
        Value::Double(Some(it)) => json!(it),
        Value::String(Some(it)) => json!(it),
        Value::Json(Some(it)) => (**it).clone(),
        Value::ChronoDate(Some(it)) => json!(it),
        Value::ChronoTime(Some(it)) => json!(cell::shown_time(*it)),
        Value::ChronoDateTimeUtc(Some(it)) => json!(cell::shown(*it)),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use entity::cloud::maas_config::{Column, Entity};

    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_told_of_a_value_that_is_refused() {
        for (address, told) in [
            ("http://ana:geheim@maas\0", "***"),
            (&*format!("http://ana:geheim@{}", "m".repeat(2048)), "***"),
            ("http://maas\0", "http://maas\0"),
        ] {
            let refused = value::<Entity>(Column::MaasUrl, &json!(address));

            let Err(Error::Invalid { kind: "maas_url", input, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(input, told);
        }
    }
}
