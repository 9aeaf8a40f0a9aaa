//! What imports have brought in before.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::import_record::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{ExprTrait as _, SimpleExpr},
};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::unit::Label;
use crate::{Error, Result};

/// What became of one row of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) table: Label,
    /// What the source calls the row.
    pub(super) source: String,
    /// Its key here, the columns of the key in their order.
    pub(super) key: Vec<Json>,
    /// Of what the source said.
    pub(super) digest: String,
    /// Whether an import made it; else it was there before.
    pub(super) is_made: bool,
    pub(super) made: Made,
    /// Which imports changed it since.
    pub(super) changed: BTreeSet<i64>,
}

/// How a row was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    /// By which import; that of the record, where nothing says so.
    pub(super) import: Option<i64>,
    /// What tells the row from another one that got its key later.
    pub(super) mark: Option<String>,
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self { table, source, key, digest, is_made, made, changed } = self;
        let row = (table, source, key, digest, is_made, made.import, &made.mark);
        if changed.is_empty() {
            return row.serialize(serializer);
        }
        let (table, source, key, digest, is_made, import, mark) = row;
        let changed: Vec<String> = changed.iter().map(|import| by(*import)).collect();
        (table, source, key, digest, is_made, import, mark, changed).serialize(serializer)
    }
}

impl Target {
    fn read(json: &Json) -> Option<Self> {
        let text = |at: usize| Some(json.get(at)?.as_str()?.to_owned());
        let key = json.get(2)?.as_array()?.clone();
        let is_made = json.get(4)?.as_bool()?;
        let made = Made { import: json.get(5).and_then(Json::as_i64), mark: text(6) };
        let changed = json.get(7).and_then(Json::as_array).into_iter().flatten();
        let import = |by: &Json| by.as_str()?.strip_prefix(BY)?.parse().ok();
        let changed = changed.filter_map(import).collect();
        let (table, source, digest) = (text(0)?.into(), text(1)?, text(3)?);
        Some(Self { table, source, key, digest, is_made, made, changed })
    }
}

const BY: &str = "import ";

/// How it is written down which import changed a row: nothing else there looks so.
pub(super) fn by(import: i64) -> String {
    format!("{BY}{import}")
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

/// The targets of records as text. A database that writes documents itself puts a blank behind each
/// comma.
pub(super) fn as_text(backend: DbBackend) -> SimpleExpr {
    Column::Targets.into_expr().cast_as(if backend == DbBackend::MySql { "char" } else { "text" })
}

/// Some of the records that became people, behind that one: the people, and how far that is.
pub(super) async fn people(
    db: &impl ConnectionTrait,
    scope: &str,
    behind: i64,
) -> Result<Option<(Vec<(i64, String)>, i64)>> {
    let records = Entity::find()
        .filter(Column::Scope.eq(scope))
        .filter(Column::Id.gt(behind))
        .filter(as_text(db.get_database_backend()).like("%\"users\"%"))
        .order_by_asc(Column::Id)
        .limit(100)
        .all(db)
        .await?;
    let Some(last) = records.last().map(|record| record.id) else { return Ok(None) };
    let mut people = Vec::new();
    for record in records {
        let of = targets(&record)?.into_iter().filter(|target| target.table == "users");
        let ids = of.filter_map(|target| target.key.first().and_then(Json::as_i64));
        people.extend(ids.map(|id| (id, record.record_key.clone())));
    }
    Ok(Some((people, last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_of_a_row_is_read_again() {
        let mut target = Target {
            table: "devices".into(),
            source: "devices/ana/0000000a".to_owned(),
            key: vec!["0000000a".into()],
            digest: "5e".to_owned(),
            is_made: true,
            made: Made { import: Some(3), mark: Some("2025-01-01T00:00:00.000000Z".to_owned()) },
            changed: BTreeSet::new(),
        };
        let json = |target: &Target| serde_json::to_value(target).unwrap();
        assert_eq!(json(&target).as_array().map(Vec::len), Some(7));
        assert_eq!(Target::read(&json(&target)), Some(target.clone()));

        target.changed.extend([5, 7]);

        let json = json(&target);
        assert!(json.to_string().contains("\"import 5\""), "{json}");
        assert_eq!(Target::read(&json), Some(target));
    }
}
