//! Two schemas compared as a database has them.

use std::collections::BTreeSet;

use sea_orm::DatabaseConnection;
use serde::Serialize;

use crate::{
    change::Change,
    config::Database,
    dialect::Dialect,
    diff::{Diff, Rename, diff},
    meet::{Wanted, counterpart, give_up, meet, open_texts, take_case},
    normal::normal,
    schema::Schema,
    words::{self, Unread},
};

/// What two schemas differ in, and of which expressions nobody could tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The changes that make the one into the other.
    #[serde(flatten)]
    pub diff: Diff,
    /// The tables of which expressions could not be compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// The schema that the changes begin with, in the form in which it was compared, without the
    /// tables that are the same.
    #[serde(skip)]
    pub from: Schema,
}

/// How two schemas are compared.
#[derive(Clone, Copy, Debug)]
pub struct How<'h> {
    /// The session whose server is asked for its own words where text alone does not tell, and the
    /// database that it is in; nobody is asked when only what can be read is compared.
    pub asking: Option<(&'h DatabaseConnection, &'h Database)>,
    /// The database in whose normal form they meet.
    pub dialect: Dialect,
    /// How much the wanted schema says.
    pub wanted: Wanted,
    /// The renames that were answered, beside those that the wanted schema declares.
    pub renames: &'h [Rename],
}

/// What makes `have` into `want` on a `dialect` database, as far as text tells.
pub(crate) fn as_it_stands(have: &Schema, want: &Schema, dialect: Dialect) -> Vec<Change> {
    let (have, mut want) = (normal(have, dialect), normal(want, dialect));
    take_case(&have, &mut want, dialect);
    meet(&have, &mut want, dialect, Wanted::Exactly);
    diff(&have, &want, &[]).changes
}

/// What makes `have` into `want`. Each is either what introspection gave or what was declared.
pub async fn compare(have: &Schema, want: &Schema, how: &How<'_>) -> Comparison {
    let dialect = how.dialect;
    let mut want = normal(want, dialect);
    answer(&mut want, how.renames);
    take_case(have, &mut want, dialect);
    let mut have = normal(&apart(have, &mut want), dialect);
    meet(&have, &mut want, dialect, how.wanted);
    let mut unread = match how.asking {
        Some((db, database)) => {
            // Boxed, as all that goes deep: the compiler follows the futures of a caller only so far.
            let unread = Box::pin(words::agree(db, database, &mut have, &mut want)).await;
            meet(&have, &mut want, dialect, how.wanted);
            unread
        }
        None => Vec::new(),
    };
    for table in want.tables.values_mut() {
        let Some(found) = counterpart(&have, table) else { continue };
        let is_unread = unread.iter().any(|it| it.table == table.name || it.table == found.name);
        // Only the tables of which the server could say nothing: elsewhere other words mean another
        // thing.
        let is_shallow = how.asking.is_none() && dialect != Dialect::Sqlite;
        if open_texts(found, table) && (is_unread || is_shallow) {
            if !is_unread {
                let because = "the server was not asked for its words".to_owned();
                unread.push(Unread { table: table.name.clone(), because });
            }
            give_up(found, table);
        }
    }
    unread.dedup();
    Comparison { diff: diff(&have, &want, how.renames), unread, from: have }
}

/// Takes the tables that are equal as they are out of `want`, and gives `have` without them: most of
/// them are, and need no second look.
fn apart(have: &Schema, want: &mut Schema) -> Schema {
    let former: BTreeSet<String> =
        want.tables.values().filter_map(|table| table.renamed_from.clone()).collect();
    let mut rest = Schema { enums: have.enums.clone(), ..Schema::default() };
    for (name, table) in &have.tables {
        if !former.contains(name) && want.tables.get(name) == Some(table) {
            want.tables.remove(name);
        } else {
            rest.tables.insert(name.clone(), table.clone());
        }
    }
    rest
}

/// Writes answered renames to what they are about, so that both are compared.
fn answer(want: &mut Schema, renames: &[Rename]) {
    for rename in renames {
        match rename {
            Rename::Table { from, to } => {
                if let Some(table) = want.tables.get_mut(to) {
                    table.renamed_from = Some(from.clone());
                }
            }
            Rename::Column { table, from, to } => {
                let table = want.tables.get_mut(table);
                let columns = table.into_iter().flat_map(|table| &mut table.columns);
                for column in columns.filter(|column| column.name == *to) {
                    column.renamed_from = Some(from.clone());
                }
            }
        }
    }
}
