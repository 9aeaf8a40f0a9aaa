//! The row of an import: how it begins, or is gone on with, and how it ends.

use entity::imports::import::{ActiveModel, Column, Entity, ImportStatus, Model};
use plimsoll::retry;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseConnection,
    EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use serde_json::json;

use super::{
    super::{Source, report::Report},
    Options,
};
use crate::{Error, Result, World, rule::Rule};

/// What stands in the place of an import's counts until it ends: whether it keeps all or nothing.
const WHOLE: &str = "all_or_nothing";

fn is_whole(import: &Model) -> bool {
    import.counts[WHOLE] == true
}

/// The import that this one is, or goes on with.
pub(super) async fn begin<S: Source>(
    db: &DatabaseConnection,
    world: &World,
    source: &S,
    scope: &str,
    options: &Options,
) -> Result<Model> {
    let open = Entity::find()
        .filter(Column::Scope.eq(scope))
        .filter(Column::Status.is_in([ImportStatus::Running, ImportStatus::Undoing]))
        .order_by_desc(Column::Id)
        .one(db)
        .await?;
    match (open, options.resume) {
        (Some(import), true) if import.status == ImportStatus::Running && !is_whole(&import) => {
            Ok(import)
        }
        (Some(import), _) => {
            let id = import.id;
            let next = match import.status {
                ImportStatus::Undoing => "`import undo` goes on with taking it out",
                _ if is_whole(&import) => {
                    "it was to keep all or nothing, and is not gone on with; `import undo` takes it \
                     out, then it is run again with `--all-or-nothing`"
                }
                _ => "`--resume` goes on with it, `import undo` takes it out",
            };
            Err(Rule::Interrupted.refuses(format!("import {id} did not come to its end: {next}")))
        }
        (None, true) => {
            Err(Rule::Interrupted.refuses("no import was interrupted: there is none to go on with"))
        }
        (None, false) => {
            let row = ActiveModel {
                scope: Set(scope.to_owned()),
                kind: Set(source.kind().to_owned()),
                origin: Set(source.origin().chars().take(2_048).collect()),
                counts: Set(json!({WHOLE: options.all_or_nothing})),
                started_at: Set(world.clock.now()),
                ..Default::default()
            };
            // By itself it would not be told that SQLite has no room for it: who has read the row that the
            // statement gives does not hear whether it was kept.
            retry::transaction(db, |tx, _| Box::pin(row.clone().insert(tx)))
                .await
                .map_err(Error::from)
        }
    }
}

pub(super) async fn end(
    db: &DatabaseConnection,
    world: &World,
    import: &Model,
    report: &Report,
) -> Result<()> {
    let tables: serde_json::Map<_, _> =
        report.tables.iter().map(|(table, tally)| (table.clone(), tally.json())).collect();
    let counts = json!({
        "records": report.records,
        "faults": report.faults,
        "warnings": report.warnings,
        "tables": tables,
    });
    let ended = Entity::update_many()
        .set(ActiveModel {
            status: Set(ImportStatus::Finished),
            counts: Set(counts),
            ended_at: Set(Some(world.clock.now())),
            ..Default::default()
        })
        .filter(Column::Id.eq(import.id))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(db)
        .await?;
    if ended.rows_affected == 0 {
        let id = import.id;
        return Err(
            Rule::Interrupted.refuses(format!("import {id} was taken out or ended meanwhile"))
        );
    }
    Ok(())
}
