//! Writing down what became of records, so that nothing comes twice.

use std::collections::BTreeSet;

use entity::imports::import_record;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::Value as Json;

use super::{
    super::{
        known::Target,
        server::bytes,
        unit::{Unit, Weight},
    },
    Batch, INCOMPLETE,
};
use crate::{Result, text::invalid};

/// How many values a row of `import_records` has.
const COLUMNS: usize = 7;

impl Batch<'_> {
    /// Writes down what became of the records.
    pub(super) async fn write_down(&self, db: &impl ConnectionTrait, units: &[Unit]) -> Result<()> {
        let Some(import_id) = self.doing.import_id else { return Ok(()) };
        let mut new = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            let targets = &self.targets[at];
            let is_whole = unit.rows.iter().all(|row| !self.dropped.contains(&row.key))
                && unit.remarks.iter().all(|remark| remark.weight < Weight::Fault);
            // What was refused is looked at again the next time.
            let digest = if is_whole { unit.digest().to_owned() } else { INCOMPLETE.to_owned() };
            let list: Json = targets.iter().map(Target::json).collect();
            match self.known.get(&unit.key) {
                None if targets.is_empty() => {}
                None => {
                    let size = self.sized(unit, &list)?;
                    let row = import_record::ActiveModel {
                        import_id: Set(import_id),
                        scope: Set(self.doing.scope.to_owned()),
                        record_key: Set(unit.key.clone()),
                        digest: Set(digest),
                        targets: Set(list),
                        created_at: Set(self.doing.world.clock.now()),
                        ..Default::default()
                    };
                    new.push((size, row));
                }
                Some(known) if known.digest == digest && known.targets == *targets => {}
                Some(known) => {
                    // What the source has no more, and what was removed here, stays written down: an
                    // undo has to know of it.
                    let here: BTreeSet<&str> =
                        targets.iter().map(|target| &*target.source).collect();
                    let gone = known.targets.iter().filter(|old| !here.contains(&*old.source));
                    let list: Json = targets.iter().chain(gone).map(Target::json).collect();
                    self.sized(unit, &list)?;
                    let update = Query::update()
                        .table(import_record::Entity)
                        .value(import_record::Column::Digest, digest)
                        .value(import_record::Column::Targets, list)
                        .and_where(Expr::col(import_record::Column::Id).eq(known.id))
                        .take();
                    db.execute(&update).await?;
                }
            }
        }
        for some in self.server.lots(&new, COLUMNS, |(size, _)| *size) {
            let rows = some.iter().map(|(_, row)| row.clone());
            import_record::Entity::insert_many(rows).exec_without_returning(db).await?;
        }
        Ok(())
    }

    /// How many bytes there are to write down of a record.
    fn sized(&self, unit: &Unit, list: &Json) -> Result<usize> {
        let size = bytes(list) + unit.key.len();
        match self.server.refuses(|| size) {
            None => Ok(size),
            Some(why) => Err(invalid("list of the rows of a record", &unit.key, &why)),
        }
    }
}
