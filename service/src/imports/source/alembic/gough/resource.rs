//! Resources that teams share and people have shells on, named by their kind and their key.

use serde_json::json;

use super::super::{
    passage::{Passage, named},
    person,
};
use crate::{imports::Cell, tables, teams::access::Resource};

/// The resource in `resource_type` and `resource_id`. Where the kind is one of ours, a number is
/// the key of a row, which has another key here.
pub(super) fn resource(passage: &mut Passage<'_>) {
    let kind = passage.text("resource_type").unwrap_or_default();
    let kind = kind.trim().to_lowercase().replace([' ', '/'], "_");
    let id = passage.text("resource_id").unwrap_or_default().trim().to_owned();
    if let Err(error) = Resource::new(&kind, &id) {
        return person::refuse(passage, "resource_type", error);
    }
    let table = tables::named(&format!("{kind}s"));
    passage.set("resource_type", kind);
    let (Ok(table), Ok(key)) = (table, id.parse::<i64>()) else {
        return passage.set("resource_id", id);
    };
    match passage.source_of(&table.name) {
        Some(from) => {
            passage.cell("resource_id", Cell::Text(String::new(), named(from, &[key])));
        }
        None => passage.refuse("resource_id", &json!(id), "what it names does not come"),
    }
}
