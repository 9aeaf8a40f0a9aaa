//! What goes where, and what stays behind.

use super::{
    map::{Goes, System},
    reads::Tables,
    shape::REVISIONS,
};

/// What becomes of a database of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whose it is: `MarchProxy`.
    pub system: &'static str,
    /// Its revision, as Alembic has noted it down.
    pub revision: Option<String>,
    /// Its tables, in the order in which they come.
    pub tables: Vec<Going>,
    /// What does not come.
    pub left: Vec<Left>,
}

/// Where the rows of a table go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Going {
    /// The table there.
    pub from: &'static str,
    /// The table here.
    pub to: String,
    /// How many rows it has.
    pub rows: u64,
}

/// Something that stays behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// A table, or a column of one: `clusters.api_key_hash`.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Plan {
    /// The plan for a database that has these tables, with so many rows in those of the system.
    pub(super) fn of(
        system: &System,
        there: &Tables,
        counts: &[u64],
        revision: Option<String>,
    ) -> Self {
        let mut left = Vec::new();
        for map in &system.maps {
            for (name, goes) in &map.columns {
                if let Goes::Nowhere(why) | Goes::Told(why) = goes {
                    let what = format!("{}.{name}", map.from);
                    left.push(Left { what, why: (*why).to_owned() });
                }
            }
            let known = |name: &&String| {
                map.key.contains(&name.as_str())
                    || map.columns.iter().any(|(column, _)| *column == name.as_str())
            };
            let columns = there.get(map.from).map_or(&[][..], Vec::as_slice);
            for name in columns.iter().filter(|name| !known(name)) {
                let why = format!("{} has no such column", system.name);
                left.push(Left { what: format!("{}.{name}", map.from), why });
            }
        }
        let is_known =
            |name: &str| name == REVISIONS || system.maps.iter().any(|map| map.from == name);
        for name in there.keys().filter(|name| !is_known(name)) {
            let reason = system.left.iter().find(|(table, _)| table == name);
            let why = reason.map_or_else(
                || format!("{} has no such table", system.name),
                |(_, why)| (*why).to_owned(),
            );
            left.push(Left { what: name.clone(), why });
        }
        let going = system.maps.iter().zip(counts);
        let tables = going
            .map(|(map, rows)| Going { from: map.from, to: map.to.name.clone(), rows: *rows })
            .collect();
        Self { system: system.name, revision, tables, left }
    }
}
