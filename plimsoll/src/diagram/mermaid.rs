//! A diagram as Mermaid's `erDiagram`.

use std::fmt::Write;

use super::facts::{Entity, Relation, Row, visible};

pub(super) fn draw(entities: &[Entity], relations: &[Relation]) -> String {
    let mut text = "erDiagram\n".to_owned();
    let mut group = None;
    for entity in entities {
        if entity.group != group {
            let title = entity.group.map_or_else(|| "in no group".to_owned(), visible);
            _ = writeln!(text, "  %% {title}");
            group = entity.group;
        }
        if entity.rows.is_empty() {
            _ = writeln!(text, "  {}", quoted(entity.name));
            continue;
        }
        _ = writeln!(text, "  {} {{", quoted(entity.name));
        for row in &entity.rows {
            _ = writeln!(text, "    {}", attribute(row));
        }
        text.push_str("  }\n");
    }
    for relation in relations {
        let parent = if relation.optional { "|o" } else { "||" };
        let child = if relation.single { "o|" } else { "o{" };
        _ = writeln!(
            text,
            "  {} {parent}--{child} {} : {}",
            quoted(relation.references),
            quoted(entities[relation.child].name),
            quoted(&relation.columns.join(", ")),
        );
    }
    text
}

/// A column: type, name, keys, and its whole name where the grammar has no place for it.
fn attribute(row: &Row) -> String {
    let name = word(row.name);
    let mut line = format!("{} {name}", word(&row.ty));
    if !row.keys.is_empty() {
        _ = write!(line, " {}", row.keys.join(", "));
    }
    if name != row.name {
        _ = write!(line, " {}", quoted(row.name));
    }
    line
}

/// Text between quotation marks. What the grammar or its forerunners make something of stands in
/// the form that Mermaid has for characters: also a blank, because a line that says `direction
/// TB` anywhere is read as nothing else.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in visible(text).chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ',') {
            quoted.push(c);
        } else {
            _ = write!(quoted, "#{};", u32::from(c));
        }
    }
    quoted.push('"');
    quoted
}

/// A type or a name as one word of the grammar, which knows no commas either before its eleventh
/// version, and reads what begins like a key as one.
fn word(text: &str) -> String {
    let text = visible(text);
    let allowed = |c: char| match c {
        ',' => '-',
        '_' | '-' | '(' | ')' | '[' | ']' => c,
        '\u{c0}'..='\u{ffff}' if c.is_alphanumeric() => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    let mut word: String = text.chars().map(allowed).collect();
    let first = word.chars().next().unwrap_or('_');
    let begin = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    let is_key = ["pk", "fk", "uk"].iter().any(|key| begin.unwrap_or("").eq_ignore_ascii_case(key));
    if is_key || !(first.is_alphabetic() || first == '_') {
        word.insert(0, '_');
    }
    word
}
