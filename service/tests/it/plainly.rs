//! Rows written plainly, by an administrator.

use plimsoll::retry::BoxFuture;
use sea_orm::DatabaseConnection;
use service::{
    Result, World,
    audit::audited,
    deletion::Deletion,
    records::{self, Create, Delete, Record, Update},
};

use crate::people::admin;

pub(crate) async fn create<E: Record>(
    db: &DatabaseConnection,
    row: E::ActiveModel,
) -> Result<E::Model> {
    let (by, row) = (&admin::<Create<E>>(db).await, &row);
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::create::<E>(unit, by, row.clone())) as BoxFuture<'_, _>
    })
    .await
}

pub(crate) async fn update<E: Record>(
    db: &DatabaseConnection,
    id: i64,
    row: E::ActiveModel,
) -> Result<E::Model> {
    let (by, row) = (&admin::<Update<E>>(db).await, &row);
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::update::<E>(unit, by, id, row.clone())) as BoxFuture<'_, _>
    })
    .await
}

pub(crate) async fn delete<E: Record>(db: &DatabaseConnection, id: i64) -> Result<Deletion> {
    let by = &admin::<Delete<E>>(db).await;
    audited(db, &World::system(), |unit, _| {
        Box::pin(records::delete::<E>(unit, by, id)) as BoxFuture<'_, _>
    })
    .await
}
