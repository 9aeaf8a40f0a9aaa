//! Writing down what became of records, so that nothing comes twice.

use std::collections::BTreeSet;

use entity::imports::import_record;
use sea_orm::{
    ConnectionTrait, DbBackend, EntityName as _, Value,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    super::{
        known::Target,
        server::bytes,
        unit::{Unit, Weight},
    },
    Batch, INCOMPLETE,
};
use crate::{Result, text::invalid};

/// What a row of `import_records` gets.
const COLUMNS: [&str; 6] = ["import_id", "scope", "record_key", "digest", "targets", "created_at"];

impl Batch<'_> {
    /// Writes down what became of the records.
    pub(super) async fn write_down(&self, db: &impl ConnectionTrait, units: &[Unit]) -> Result<()> {
        let Some(import_id) = self.doing.import_id else { return Ok(()) };
        let (mut new, backend) = (Vec::new(), db.get_database_backend());
        for (at, unit) in units.iter().enumerate() {
            let targets = &self.targets[at];
            let is_whole = unit.rows.iter().all(|row| !self.dropped.contains(&row.key))
                && unit.remarks.iter().all(|remark| remark.weight < Weight::Fault);
            // What was refused is looked at again the next time.
            let digest = if is_whole { unit.digest().to_owned() } else { INCOMPLETE.to_owned() };
            match self.known.get(&unit.key) {
                None if targets.is_empty() => {}
                None => {
                    let (size, list) = self.listed(backend, unit, targets.iter())?;
                    let row: [Value; COLUMNS.len()] = [
                        import_id.into(),
                        self.doing.scope.into(),
                        (&*unit.key).into(),
                        digest.into(),
                        list,
                        self.doing.world.clock.now().into(),
                    ];
                    new.push((size, row));
                }
                Some(known) if known.digest == digest && known.targets == *targets => {}
                Some(known) => {
                    // What the source has no more, and what was removed here, stays written down: an
                    // undo has to know of it.
                    let here: BTreeSet<&str> =
                        targets.iter().map(|target| &*target.source).collect();
                    let gone = known.targets.iter().filter(|old| !here.contains(&*old.source));
                    let (_, list) = self.listed(backend, unit, targets.iter().chain(gone))?;
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
        let sizes: Vec<usize> = new.iter().map(|(size, _)| *size).collect();
        let mut new = new.into_iter().map(|(_, row)| row);
        for some in self.server.lots(&sizes, COLUMNS.len(), |size| *size) {
            let values = new.by_ref().take(some.len()).flatten().collect();
            let (inserts, table) = (self.doing.inserts, import_record::Entity.table_name());
            db.execute_raw(inserts.statement(backend, table, &COLUMNS, None, values)).await?;
        }
        Ok(())
    }

    /// What is written down of a record, and how many bytes that is.
    fn listed<'t>(
        &self,
        backend: DbBackend,
        unit: &Unit,
        targets: impl Iterator<Item = &'t Target>,
    ) -> Result<(usize, Value)> {
        let targets: Vec<&Target> = targets.collect();
        let (size, list) = if backend == DbBackend::Postgres {
            // It takes no text for a document.
            let list = serde_json::to_value(&targets).expect("targets are JSON");
            (bytes(&list), list.into())
        } else {
            let list = serde_json::to_string(&targets).expect("targets are JSON");
            (list.len(), list.into())
        };
        let size = size + unit.key.len();
        match self.server.refuses(|| size) {
            None => Ok((size, list)),
            Some(why) => Err(invalid("list of the rows of a record", &unit.key, &why)),
        }
    }
}
