//! Work that waits in a table and is taken by one worker only, however many ask at once.

use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, Order, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany,
};

use crate::{
    Result,
    records::{self, Record},
};

/// How many rows are looked at before the table is asked again.
const AT_ONCE: u64 = 16;

/// Takes the first row that meets `free`, in that order, by writing into it what `take` says; none when
/// none is free. `key` is the column of the table's key.
///
/// A row is taken by an update that demands that it is free still: of two who ask at once the second
/// changes nothing, and goes on to the next. No database needs `SKIP LOCKED` for that.
pub(crate) async fn first<E: Record>(
    tx: &DatabaseTransaction,
    free: Condition,
    key: E::Column,
    order: &[E::Column],
    take: impl Fn(UpdateMany<E>) -> UpdateMany<E>,
) -> Result<Option<E::Model>> {
    // A transaction that sees one state of the table throughout would be shown the same rows again.
    let mut lost: Vec<i64> = Vec::new();
    loop {
        let mut query = E::find().select_only().column(key).filter(free.clone());
        if !lost.is_empty() {
            query = query.filter(key.is_not_in(lost.iter().copied()));
        }
        for column in order {
            query = query.order_by(*column, Order::Asc);
        }
        let ids: Vec<i64> = query.limit(AT_ONCE).into_tuple().all(tx).await?;
        if ids.is_empty() {
            return Ok(None);
        }
        for id in ids {
            let still = Condition::all().add(key.eq(id)).add(free.clone());
            let taken = take(E::update_many().filter(still)).exec(tx).await?;
            if taken.rows_affected > 0 {
                return records::found::<E>(tx, id).await.map(Some);
            }
            lost.push(id);
        }
    }
}

/// The name that a worker takes work by: 1 to 255 characters.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for any other.
pub(crate) fn worker(name: &str) -> Result<String> {
    crate::text::key("worker", name, 255)
}
