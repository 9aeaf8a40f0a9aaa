//! Assignments of people to whatever it is: one row for a person and a thing, in use or withdrawn.

use entity::{
    identity::user,
    proxy::{cluster, service, user_cluster_assignment, user_service_assignment},
};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait,
    DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter as _, QuerySelect as _, Value,
};
use serde_json::{Value as Json, json};

use crate::{
    Error, Result,
    audit::Audited,
    page::{self, Cursor, Order, Page},
    records::{self, Record},
    rights::{Actor, AssignProxies, Granted, ReadProxies},
};

/// A table of who is assigned to what.
pub(super) trait Assigned:
    EntityTrait<
        Model: IntoActiveModel<<Self as EntityTrait>::ActiveModel>,
        ActiveModel: ActiveModelBehavior + Send + Sync,
    >
{
    /// What people are assigned to.
    type To: Record;

    /// The key of the row.
    const ID: Self::Column;
    /// Who is assigned.
    const USER: Self::Column;
    /// What to.
    const TO: Self::Column;
    /// Who did it last.
    const BY: Self::Column;
    /// When that was.
    const AT: Self::Column;
    /// Whether it was not withdrawn since.
    const IS_ACTIVE: Self::Column;

    fn id(row: &Self::Model) -> i64;

    fn is_active(row: &Self::Model) -> bool;
}

impl Assigned for user_cluster_assignment::Entity {
    type To = cluster::Entity;

    const ID: Self::Column = user_cluster_assignment::Column::Id;
    const USER: Self::Column = user_cluster_assignment::Column::UserId;
    const TO: Self::Column = user_cluster_assignment::Column::ClusterId;
    const BY: Self::Column = user_cluster_assignment::Column::AssignedById;
    const AT: Self::Column = user_cluster_assignment::Column::AssignedAt;
    const IS_ACTIVE: Self::Column = user_cluster_assignment::Column::IsActive;

    fn id(row: &Self::Model) -> i64 {
        row.id
    }

    fn is_active(row: &Self::Model) -> bool {
        row.is_active
    }
}

impl Assigned for user_service_assignment::Entity {
    type To = service::Entity;

    const ID: Self::Column = user_service_assignment::Column::Id;
    const USER: Self::Column = user_service_assignment::Column::UserId;
    const TO: Self::Column = user_service_assignment::Column::ServiceId;
    const BY: Self::Column = user_service_assignment::Column::AssignedById;
    const AT: Self::Column = user_service_assignment::Column::AssignedAt;
    const IS_ACTIVE: Self::Column = user_service_assignment::Column::IsActive;

    fn id(row: &Self::Model) -> i64 {
        row.id
    }

    fn is_active(row: &Self::Model) -> bool {
        row.is_active
    }
}

/// Assigns a person to a thing. `said` is what else the row says, `details` what the audit log does.
///
/// # Errors
/// [`Error::NotFound`] if there is no such thing or person.
pub(super) async fn assign<A: Assigned>(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    (to, user_id): (i64, i64),
    said: Option<(A::Column, Value)>,
    details: Json,
) -> Result<A::Model> {
    let thing = records::locked::<A::To>(unit.tx(), to).await?;
    is_person(unit.tx(), user_id).await?;
    let before = held::<A>(unit.tx(), to, user_id).await?;
    let is_new = before.is_none();
    let mut row = if let Some(before) = before {
        before.into_active_model()
    } else {
        let mut row = <A::ActiveModel as sea_orm::ActiveModelTrait>::default();
        row.set(A::USER, user_id.into());
        row.set(A::TO, to.into());
        row
    };
    row.set(A::BY, by.actor().map(Actor::user_id).into());
    row.set(A::AT, unit.now().into());
    row.set(A::IS_ACTIVE, true.into());
    if let Some((column, value)) = said {
        row.set(column, value);
    }
    let assigned =
        if is_new { row.insert(unit.tx()).await? } else { row.update(unit.tx()).await? };
    unit.record(records::did::<A::To>(by.to(), "assign", &thing).with(details));
    Ok(assigned)
}

/// Takes a thing from a person. One that they have not stays so.
///
/// # Errors
/// [`Error::NotFound`] if there is no such thing.
pub(super) async fn withdraw<A: Assigned>(
    unit: &Audited<'_>,
    by: &Granted<AssignProxies>,
    (to, user_id): (i64, i64),
) -> Result<()> {
    let thing = records::locked::<A::To>(unit.tx(), to).await?;
    let assigned = held::<A>(unit.tx(), to, user_id).await?;
    if let Some(assigned) = assigned.filter(A::is_active) {
        let mut row = assigned.into_active_model();
        row.set(A::IS_ACTIVE, false.into());
        row.update(unit.tx()).await?;
        let deed = records::did::<A::To>(by.to(), "withdraw", &thing);
        unit.record(deed.with(json!({"user_id": user_id})));
    }
    Ok(())
}

/// Who is assigned to a thing now: at most `limit` of them, in the order in which they came, from the
/// beginning or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub(super) async fn list<A: Assigned>(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    to: i64,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<A::Model>> {
    let rows = A::find().filter(A::TO.eq(to)).filter(A::IS_ACTIVE.eq(true));
    page::of(db, rows, (A::ID, A::id), Order::OldestFirst, from, limit).await
}

async fn is_person(tx: &DatabaseTransaction, user_id: i64) -> Result<()> {
    match user::Entity::find_by_id(user_id).one(tx).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("user", user_id.to_string())),
    }
}

/// The row of a person and a thing that is held, in use or withdrawn.
async fn held<A: Assigned>(
    tx: &DatabaseTransaction,
    to: i64,
    user_id: i64,
) -> Result<Option<A::Model>> {
    let row = A::find().filter(A::USER.eq(user_id)).filter(A::TO.eq(to));
    Ok(row.lock_exclusive().one(tx).await?)
}
