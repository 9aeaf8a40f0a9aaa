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
    Error, Result, audit::Audited, cell, identity::secret::hash, rights::Granted, rule::Rule,
    tables, text::invalid,
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

/// What tells one state of those columns from another: 32 hexadecimal digits.
pub fn tag<E: Record>(model: &E::Model, columns: &Columns<E>) -> String {
    let mut digest = hash(&Json::from(shown::<E>(model, columns)).to_string());
    digest.truncate(32);
    digest
}

/// Adds the row that a document describes. `writable` are the columns that it may name.
///
/// # Errors
/// Those of [`create`](super::create()); [`Error::Invalid`] for a member that is none of those columns or
/// that its column does not take.
pub async fn create_from<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Create<E>>,
    writable: &Columns<E>,
    document: &Document,
) -> Result<E::Model> {
    let mut row = <E::ActiveModel as sea_orm::ActiveModelTrait>::default();
    set::<E>(&mut row, writable, document, None)?;
    create::<E>(unit, by, row).await
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

fn short(json: &Json) -> String {
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    text.chars().take(80).collect()
}

/// RFC 7396, section 2.
fn merged(there: Json, patch: &Json) -> Json {
    let Json::Object(patch) = patch else { return patch.clone() };
    let mut object = match there {
        Json::Object(object) => object,
        _ => Document::new(),
    };
    for (name, said) in patch {
        if said.is_null() {
            object.remove(name);
        } else {
            let there = object.remove(name).unwrap_or_default();
            object.insert(name.clone(), merged(there, said));
        }
    }
    Json::Object(object)
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
    use super::*;

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn a_patch_is_merged_as_the_rfc_has_it() {
        for (there, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merged(there.clone(), &patch), result, "{there} and {patch}");
        }
    }
}
