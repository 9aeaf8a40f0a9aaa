//! What a diagram shows of a schema, whatever it is written in.

use std::collections::{BTreeMap, HashMap};

use unicode_width::UnicodeWidthChar;

use crate::schema::{ForeignKey, Schema, Table, Type};

/// A table.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub(super) name: &'a str,
    pub(super) group: Option<&'a str>,
    pub(super) comment: Option<&'a str>,
    pub(super) rows: Vec<Row<'a>>,
}

/// A column.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) ty: String,
    pub(super) nullable: bool,
    /// The kinds of keys that the column belongs to: `PK`, `FK`, and `UK` when it alone tells one
    /// row from another without being the primary key.
    pub(super) keys: Vec<&'static str>,
    pub(super) comment: Option<&'a str>,
}

/// A foreign key.
#[derive(Debug)]
pub(super) struct Relation<'a> {
    /// The index of the table that refers.
    pub(super) child: usize,
    /// The name of the table that is referred to.
    pub(super) references: &'a str,
    /// Its index; `None` when the schema does not have it.
    pub(super) parent: Option<usize>,
    /// The row that refers, the first one of several; `None` when the table does not have it.
    pub(super) from: Option<usize>,
    /// The row that is referred to, likewise.
    pub(super) to: Option<usize>,
    /// The columns that refer.
    pub(super) columns: &'a [String],
    /// Whether a row may be without a parent.
    pub(super) optional: bool,
    /// Whether a parent has at most one row.
    pub(super) single: bool,
}

/// The tables: those of a group together, those of none last, by name.
pub(super) fn entities<'a>(
    schema: &'a Schema,
    groups: &'a BTreeMap<String, String>,
) -> Vec<Entity<'a>> {
    let tables = schema.tables.iter();
    let mut entities: Vec<_> =
        tables.map(|(name, table)| entity(name, table, groups.get(name))).collect();
    entities.sort_by_key(|entity| (entity.group.is_none(), entity.group, entity.name));
    entities
}

fn entity<'a>(name: &'a str, table: &'a Table, group: Option<&'a String>) -> Entity<'a> {
    let rows = table.columns.iter().map(|column| {
        let primary = table.primary_key.contains(&column.name);
        let foreign = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
        let unique = !primary && is_unique(table, std::slice::from_ref(&column.name));
        let keys = [(primary, "PK"), (foreign, "FK"), (unique, "UK")];
        Row {
            name: &column.name,
            ty: type_name(&column.ty),
            nullable: column.nullable,
            keys: keys.into_iter().filter(|(is, _)| *is).map(|(_, key)| key).collect(),
            comment: column.comment.as_deref(),
        }
    });
    Entity {
        name,
        group: group.map(String::as_str),
        comment: table.comment.as_deref(),
        rows: rows.collect(),
    }
}

/// The foreign keys of the tables in their order.
pub(super) fn relations<'a>(schema: &'a Schema, entities: &[Entity<'a>]) -> Vec<Relation<'a>> {
    let indices: HashMap<_, _> =
        entities.iter().enumerate().map(|(index, entity)| (entity.name, index)).collect();
    let mut relations = Vec::new();
    for (child, entity) in entities.iter().enumerate() {
        let table = &schema.tables[entity.name];
        for key in &table.foreign_keys {
            let parent = indices.get(key.references.as_str()).copied();
            let there = parent.map(|parent| &entities[parent]);
            relations.push(Relation {
                child,
                references: &key.references,
                parent,
                from: key.columns.first().and_then(|column| row_of(entity, column)),
                to: there.and_then(|there| {
                    let first = key.referenced_columns.first();
                    first.map_or_else(
                        || there.rows.iter().position(|row| row.keys.contains(&"PK")),
                        |column| row_of(there, column),
                    )
                }),
                columns: &key.columns,
                optional: is_optional(table, key),
                single: is_unique(table, &key.columns),
            });
        }
    }
    relations
}

fn row_of(entity: &Entity, column: &str) -> Option<usize> {
    entity.rows.iter().position(|row| row.name == column)
}

/// A key with a NULL in it refers to nothing, whatever its other columns say.
fn is_optional(table: &Table, key: &ForeignKey) -> bool {
    key.columns.iter().filter_map(|name| table.column(name)).any(|column| column.nullable)
}

/// Whether no two rows agree in the columns: they contain a whole key, or an index that is unique
/// for all rows and all of their values.
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let holds = |key: &[&String]| !key.is_empty() && key.iter().all(|name| columns.contains(name));
    let primary: Vec<_> = table.primary_key.iter().collect();
    let uniques = table.uniques.iter().map(|unique| unique.columns.iter().collect());
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let indexes = indexes.filter_map(|index| {
        let whole = index.columns.iter().filter(|part| part.prefix.is_none());
        let names: Vec<_> = whole.filter_map(|part| part.column()).collect();
        (names.len() == index.columns.len()).then_some(names)
    });
    holds(&primary) || uniques.chain(indexes).any(|key: Vec<_>| holds(&key))
}

/// The name of a type, as short as SQL has it.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Boolean => "boolean".to_owned(),
        Type::TinyInteger => "tinyint".to_owned(),
        Type::SmallInteger => "smallint".to_owned(),
        Type::Integer => "integer".to_owned(),
        Type::BigInteger => "bigint".to_owned(),
        Type::TinyUnsigned => "tinyint unsigned".to_owned(),
        Type::SmallUnsigned => "smallint unsigned".to_owned(),
        Type::Unsigned => "integer unsigned".to_owned(),
        Type::BigUnsigned => "bigint unsigned".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Double => "double".to_owned(),
        Type::Decimal(None) => "decimal".to_owned(),
        Type::Decimal(Some((precision, scale))) => format!("decimal({precision},{scale})"),
        Type::Char(length) => format!("char({length})"),
        Type::String(None) => "varchar".to_owned(),
        Type::String(Some(length)) => format!("varchar({length})"),
        Type::Text => "text".to_owned(),
        Type::Binary(length) => format!("binary({length})"),
        Type::VarBinary(length) => format!("varbinary({length})"),
        Type::Blob => "blob".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time".to_owned(),
        Type::DateTime => "datetime".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Year => "year".to_owned(),
        Type::Json => "json".to_owned(),
        Type::JsonBinary => "jsonb".to_owned(),
        Type::Uuid => "uuid".to_owned(),
        Type::Enum { name, .. } if name.is_empty() => "enum".to_owned(),
        Type::Enum { name, .. } => name.clone(),
        Type::Array(of) => format!("{}[]", type_name(of)),
        Type::Custom(text) | Type::Unsupported(text) => text.clone(),
    }
}

/// The text without what is not to be seen and, in XML, not to be written: control characters,
/// what turns the direction of writing, and what is no character. An empty one is a line.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{fdd0}'..='\u{fdef}')
            || u32::from(c) & 0xfffe == 0xfffe
    };
    let text: String = text.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
    let text: String = text.chars().filter(|c| !hidden(*c)).collect();
    if text.chars().all(|c| c.is_whitespace() || c.width() == Some(0)) {
        "_".to_owned()
    } else {
        text
    }
}

/// The text as XML and Graphviz's labels have it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
