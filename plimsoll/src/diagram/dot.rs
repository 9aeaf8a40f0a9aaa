//! A diagram as Graphviz's language has it.

use std::{collections::BTreeSet, fmt::Write};

use super::facts::{Entity, Relation, escaped};

const HEAD: &str = r##"digraph {
  graph [rankdir=LR, ranksep=1.2, nodesep=0.4, fontname="Helvetica", pad=0.3]
  node [shape=plain, fontname="Helvetica", fontsize=11]
  edge [dir=both, color="#64748b", arrowsize=0.8]
"##;

pub(super) fn draw(entities: &[Entity], relations: &[Relation]) -> String {
    let mut text = HEAD.to_owned();
    let groups = entities.chunk_by(|one, other| one.group == other.group);
    for (index, tables) in groups.enumerate() {
        if let Some(title) = tables[0].group {
            _ = writeln!(text, "  subgraph cluster_{index} {{");
            _ = writeln!(text, "    graph [label=<{}>, labeljust=l, fontsize=16,", escaped(title));
            text.push_str(
                "      style=\"rounded,filled\", color=\"#cbd5e1\", fillcolor=\"#f8fafc\"]\n",
            );
            for table in tables {
                node(&mut text, "    ", table);
            }
            text.push_str("  }\n");
        } else {
            for table in tables {
                node(&mut text, "  ", table);
            }
        }
    }
    for relation in relations {
        let tail = port(entities[relation.child].name, relation.from, 'l');
        let head = if relation.parent.is_some() {
            port(relation.references, relation.to, 'r')
        } else {
            id(relation.references)
        };
        // The parent stands left, as the tail that `dot` ranks by, and the marks are exchanged.
        let parent = if relation.optional { "teeodot" } else { "teetee" };
        let child = if relation.single { "teeodot" } else { "crowodot" };
        _ = writeln!(text, "  {head} -> {tail} [arrowtail={parent}, arrowhead={child}]");
    }
    absent(&mut text, relations);
    text.push_str("}\n");
    text
}

fn node(text: &mut String, margin: &str, entity: &Entity) {
    _ = writeln!(
        text,
        "{margin}{} [label=<<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"4\" \
         COLOR=\"#94a3b8\" BGCOLOR=\"white\">",
        id(entity.name)
    );
    _ = writeln!(
        text,
        "{margin}  <TR><TD PORT=\"t\" COLSPAN=\"3\" BGCOLOR=\"#e2e8f0\"><B>{}</B></TD></TR>",
        escaped(entity.name)
    );
    for (index, row) in entity.rows.iter().enumerate() {
        let need = if row.nullable { "" } else { " *" };
        _ = writeln!(
            text,
            "{margin}  <TR><TD PORT=\"l{index}\" ALIGN=\"LEFT\">{}</TD><TD ALIGN=\"LEFT\">{}{need}</TD>\
             <TD PORT=\"r{index}\" ALIGN=\"LEFT\">{}</TD></TR>",
            row.keys.join(" "),
            escaped(row.name),
            escaped(&row.ty)
        );
    }
    _ = writeln!(text, "{margin}</TABLE>>]");
}

/// What is referred to and not there has a dashed line around its name.
fn absent(text: &mut String, relations: &[Relation]) {
    let names = relations.iter().filter(|relation| relation.parent.is_none());
    let names: BTreeSet<_> = names.map(|relation| relation.references).collect();
    for name in names {
        _ = writeln!(
            text,
            "  {} [shape=box, style=dashed, color=\"#94a3b8\", label=<{}>]",
            id(name),
            escaped(name)
        );
    }
}

/// Where an edge meets a row: at its left end for who refers, at its right for what is referred to.
fn port(table: &str, row: Option<usize>, side: char) -> String {
    match (row, side) {
        (None, _) => format!("{}:t", id(table)),
        (Some(row), 'l') => format!("{}:l{row}:w", id(table)),
        (Some(row), _) => format!("{}:{side}{row}:e", id(table)),
    }
}

fn id(name: &str) -> String {
    let name: String = name.chars().filter(|c| *c != '\0').collect();
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
