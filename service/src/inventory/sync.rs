//! What Elder has yet to be told, and what it was told.

use chrono::{DateTime, Utc};
use entity::inventory::{elder_app, elder_config, elder_host};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::Inventory;
use crate::{
    Result, World,
    page::{Cursor, Page},
    records::{self, Record, sound::kept},
    rights::{Granted, ReadInventory, UpdateInventory},
    rule::Rule,
    text,
};

/// How many characters an error has at most.
const LONGEST: usize = 10_000;

/// A table whose rows are told to Elder.
pub trait Told: Record<Domain = Inventory> {
    /// The key.
    const ID: <Self as EntityTrait>::Column;
    /// Whether Elder has the row.
    const REGISTERED: <Self as EntityTrait>::Column;
    /// When Elder was told.
    const TOLD_AT: <Self as EntityTrait>::Column;
    /// When the row was changed.
    const CHANGED_AT: <Self as EntityTrait>::Column;
}

impl Told for elder_host::Entity {
    const ID: elder_host::Column = elder_host::Column::Id;
    const REGISTERED: elder_host::Column = elder_host::Column::ElderRegistered;
    const TOLD_AT: elder_host::Column = elder_host::Column::LastSyncAt;
    const CHANGED_AT: elder_host::Column = elder_host::Column::UpdatedAt;
}

impl Told for elder_app::Entity {
    const ID: elder_app::Column = elder_app::Column::Id;
    const REGISTERED: elder_app::Column = elder_app::Column::ElderRegistered;
    const TOLD_AT: elder_app::Column = elder_app::Column::LastSyncAt;
    const CHANGED_AT: elder_app::Column = elder_app::Column::UpdatedAt;
}

/// How a synchronisation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Elder was told everything.
    Done,
    /// It was not.
    Failed {
        /// Why, in up to 10 000 characters.
        why: String,
    },
}

/// At most `limit` hosts, or applications, that Elder does not have, or not as they are since they were
/// changed, by whoever began before Elder was told, too: in the order of their keys, from the beginning
/// or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn pending<E: Told>(
    db: &impl ConnectionTrait,
    by: &Granted<ReadInventory>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<E::Model>> {
    let column = |column: E::Column| Expr::col(column.as_column_ref());
    let waits = Condition::any()
        .add(E::REGISTERED.eq(false))
        .add(E::TOLD_AT.is_null())
        .add(column(E::CHANGED_AT).gt(column(E::TOLD_AT)));
    records::list::<E>(db, by, waits, from, limit).await
}

/// Notes that Elder has a host, or an application, as it was when it was changed last at `as_of`, and
/// whether that is how it still is. If somebody has changed it since, nothing is noted: it waits still.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such row,
/// [`Error::Invalid`](crate::Error::Invalid) for a moment that not every database keeps.
pub async fn registered<E: Told>(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<UpdateInventory>,
    id: i64,
    as_of: DateTime<Utc>,
) -> Result<bool> {
    let as_of = match kept("time of a change", as_of) {
        Ok(as_of) => as_of,
        Err(unkept) => {
            records::found::<E>(db, id).await?;
            return Err(unkept);
        }
    };
    // The clock of whoever changed it may be ahead: told before it was changed, it would wait for ever.
    let told_at = Ord::max(world.clock.now(), as_of);
    let noted = E::update_many()
        .col_expr(E::REGISTERED, Expr::value(true))
        .col_expr(E::TOLD_AT, Expr::value(told_at))
        .filter(E::ID.eq(id))
        .filter(E::CHANGED_AT.eq(as_of))
        .exec(db)
        .await?;
    if noted.rows_affected == 0 {
        records::found::<E>(db, id).await?;
    }
    Ok(noted.rows_affected > 0)
}

/// Notes how a synchronisation with an Elder server ended: `done` or `failed`, and why.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such server, [`Rule::Inactive`] if it is
/// out of use, [`Error::Invalid`](crate::Error::Invalid) for a text that will not do.
pub async fn synchronised(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<UpdateInventory>,
    config_id: i64,
    outcome: &Outcome,
) -> Result<()> {
    use elder_config::{Column, Entity};

    let (status, error) = match outcome {
        Outcome::Done => ("done", None),
        Outcome::Failed { why } => ("failed", text::optional("error", Some(why.clone()), LONGEST)?),
    };
    let noted = Entity::update_many()
        .col_expr(Column::LastSyncStatus, Expr::value(status))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::LastSyncAt, Expr::value(world.clock.now()))
        .filter(Column::Id.eq(config_id))
        .filter(Column::IsActive.eq(true))
        .exec(db)
        .await?;
    if noted.rows_affected == 0 {
        let server = records::found::<Entity>(db, config_id).await?;
        return Err(Rule::Inactive.refuses(format!("server `{}` is out of use", server.name)));
    }
    Ok(())
}
