//! Rows asked whether they fit what a migration demands.

use sea_orm::{ConnectionTrait, DbErr, Statement as Query};

use crate::{guard::Guard, misfit::Misfit};

/// The rows that do not fit, by what they are to be asked.
pub(crate) async fn misfits(
    db: &impl ConnectionTrait,
    guards: impl Iterator<Item = &Guard>,
) -> Result<Vec<Misfit>, DbErr> {
    let mut misfits = Vec::new();
    for guard in guards {
        let query = Query::from_string(db.get_database_backend(), &guard.sql);
        let mut rows: Vec<(Option<String>, i64)> = Vec::new();
        for row in db.query_all_raw(query).await? {
            rows.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        misfits.extend(guard.misfit(&rows));
    }
    Ok(misfits)
}
