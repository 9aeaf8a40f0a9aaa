//! What goes where, for people and for programs.

use std::fmt;

use serde_json::{Value, json};
use service::imports::source::alembic::{Going, Left, Plan};

/// The plan as a document.
pub(super) fn json(plan: &Plan) -> Value {
    let Plan { system, revision, tables, left } = plan;
    let going = |Going { from, to, rows }: &Going| json!({"from": from, "to": to, "rows": rows});
    let left_behind = |Left { what, why }: &Left| json!({"what": what, "why": why});
    json!({
        "system": system,
        "revision": revision,
        "tables": tables.iter().map(going).collect::<Vec<_>>(),
        "left": left.iter().map(left_behind).collect::<Vec<_>>(),
    })
}

/// The plan as lines.
pub(super) fn show(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let Plan { system, revision, tables, left } = plan;
    match revision {
        Some(revision) => writeln!(f, "a database of {system}, revision `{revision}`:")?,
        None => writeln!(f, "a database of {system}:")?,
    }
    for Going { from, to, rows } in tables {
        writeln!(f, "  {from} -> {to}: {rows} rows")?;
    }
    for Left { what, why } in left {
        writeln!(f, "  {what} stays behind: {why}")?;
    }
    Ok(())
}
