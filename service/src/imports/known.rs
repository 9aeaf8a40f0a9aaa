//! What imports have brought in before.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::import_record::{Column, Entity, Model};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use serde_json::{Value as Json, json};

use super::unit::Unit;
use crate::{Error, Result};

/// What became of one row of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) table: String,
    /// What the source calls the row.
    pub(super) source: String,
    /// Its key here, the columns of the key in their order.
    pub(super) key: Vec<Json>,
    /// Of what the source said.
    pub(super) digest: String,
    /// Whether an import made it; else it was there before.
    pub(super) is_made: bool,
    pub(super) made: Made,
}

/// How a row was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    /// By which import; that of the record, where nothing says so.
    pub(super) import: Option<i64>,
    /// What tells the row from another one that got its key later.
    pub(super) mark: Option<String>,
}

impl Target {
    pub(super) fn json(&self) -> Json {
        let Self { table, source, key, digest, is_made, made } = self;
        json!([table, source, key, digest, is_made, made.import, made.mark])
    }

    fn read(json: &Json) -> Option<Self> {
        let text = |at: usize| Some(json.get(at)?.as_str()?.to_owned());
        let key = json.get(2)?.as_array()?.clone();
        let is_made = json.get(4)?.as_bool()?;
        let made = Made { import: json.get(5).and_then(Json::as_i64), mark: text(6) };
        Some(Self { table: text(0)?, source: text(1)?, key, digest: text(3)?, is_made, made })
    }
}

/// A record that was brought in before.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) digest: String,
    pub(super) targets: Vec<Target>,
}

/// What a row of `import_records` says of its rows.
pub(super) fn targets(record: &Model) -> Result<Vec<Target>> {
    let list = record.targets.as_array().map_or(&[][..], Vec::as_slice);
    let targets: Option<Vec<Target>> = list.iter().map(Target::read).collect();
    targets.ok_or_else(|| Error::Malformed {
        kind: "import record",
        key: record.record_key.clone(),
        problem: "its targets are not as an import writes them".to_owned(),
    })
}

/// What is known of these records, by their names.
pub(super) async fn of(
    db: &impl ConnectionTrait,
    scope: &str,
    records: BTreeSet<&str>,
) -> Result<BTreeMap<String, Known>> {
    let mut known = BTreeMap::new();
    let names: Vec<&str> = records.into_iter().filter(|name| !name.contains('\0')).collect();
    for some in names.chunks(500) {
        let found = Entity::find()
            .filter(Column::Scope.eq(scope))
            .filter(Column::RecordKey.is_in(some.iter().copied()))
            .all(db)
            .await?;
        for record in found {
            let targets = targets(&record)?;
            let Model { id, record_key, digest, .. } = record;
            known.insert(record_key, Known { id, digest, targets });
        }
    }
    Ok(known)
}

/// The names of the records whose rows these records refer to, and do not hold.
pub(super) fn referred(units: &[Unit]) -> BTreeSet<&str> {
    let own: BTreeSet<&str> =
        units.iter().flat_map(|unit| &unit.rows).map(|row| &*row.key).collect();
    let to = units.iter().flat_map(|unit| &unit.rows).flat_map(|row| row.cells.values());
    let keys = to.flat_map(super::Cell::refers_to).map(String::as_str);
    keys.filter(|key| !own.contains(key)).collect()
}
