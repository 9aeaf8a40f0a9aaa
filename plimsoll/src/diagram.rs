//! The entity-relationship diagram of a schema: text for Mermaid or Graphviz, or a picture.

mod dot;
mod facts;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::schema::Schema;

/// What a diagram is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Mermaid's `erDiagram`, which forges and editors draw where they show Markdown.
    Mermaid,
    /// Graphviz's language, for its `dot`.
    Dot,
    /// A picture that is complete in itself.
    Svg,
}

/// Draws the tables of a schema and what they refer to.
///
/// `groups` says of a table, by its name, which domain it belongs to. A table that it does not
/// name stands in no group. The same arguments always give the same text.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use plimsoll::{Schema, diagram::{Format, draw}, schema::Table};
///
/// let mut schema = Schema::default();
/// schema.tables.insert("users".to_owned(), Table::new("users"));
/// let groups = BTreeMap::from([("users".to_owned(), "identity".to_owned())]);
///
/// let text = draw(&schema, &groups, Format::Mermaid);
///
/// assert!(text.starts_with("erDiagram\n"));
/// ```
pub fn draw(schema: &Schema, groups: &BTreeMap<String, String>, format: Format) -> String {
    let entities = facts::entities(schema, groups);
    let relations = facts::relations(schema, &entities);
    match format {
        Format::Mermaid => mermaid::draw(&entities, &relations),
        Format::Dot => dot::draw(&entities, &relations),
        Format::Svg => svg::draw(&entities, &relations),
    }
}
