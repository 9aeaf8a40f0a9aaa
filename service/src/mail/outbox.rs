//! Putting mail where it waits to be sent.

use chrono::{DateTime, Utc};
use entity::identity::{
    mail::{ActiveModel, Column, Entity, MailKind},
    user,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::Result;

/// What is kept of a mail that was not sent because it is needless.
pub(super) const NEEDLESS: &str = "nobody wants it any more";

/// Puts a mail to that person there, to be sent to that address as soon as the transaction is kept.
pub(crate) async fn put(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    kind: MailKind,
    user_id: i64,
    address: &str,
) -> Result<()> {
    let row = ActiveModel {
        user_id: Set(user_id),
        kind: Set(kind),
        address: Set(address.to_owned()),
        due_at: Set(Some(now)),
        created_at: Set(now),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Tells a person that something of theirs was changed, if their address is verified: another may be
/// somebody else's.
pub(crate) async fn notice(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    user_id: i64,
    kind: MailKind,
) -> Result<()> {
    match user::Entity::find_by_id(user_id).one(db).await? {
        Some(user) => notify_at(db, now, &user, kind).await,
        None => Ok(()),
    }
}

/// The same, at the address that is in this row of theirs.
pub(crate) async fn notify_at(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    user: &user::Model,
    kind: MailKind,
) -> Result<()> {
    match &user.email {
        Some(address) if user.is_verified => put(db, now, kind, user.id, address).await,
        _ => Ok(()),
    }
}

/// When a mail of that kind was last put there, to that person at that address. Whoever asks holds the
/// person's row when only one of two at once may go on.
pub(crate) async fn last(
    db: &impl ConnectionTrait,
    kind: MailKind,
    user_id: i64,
    address: &str,
) -> Result<Option<DateTime<Utc>>> {
    Ok(recent(db, kind, user_id, address, 1).await?.first().copied())
}

/// When that many mails of that kind were put there at last, the latest first.
pub(crate) async fn recent(
    db: &impl ConnectionTrait,
    kind: MailKind,
    user_id: i64,
    address: &str,
    most: u64,
) -> Result<Vec<DateTime<Utc>>> {
    let recent = Entity::find()
        .select_only()
        .column(Column::CreatedAt)
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Address.eq(address))
        .order_by_desc(Column::CreatedAt)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    Ok(recent)
}

/// Lets no mail of that kind that is not out yet go to that person any more. Whoever calls it holds
/// the person's row, as whoever writes a mail does.
pub(crate) async fn withdraw(
    db: &impl ConnectionTrait,
    kind: MailKind,
    user_id: i64,
) -> Result<()> {
    let over = ActiveModel {
        due_at: Set(None),
        last_error: Set(Some(NEEDLESS.to_owned())),
        ..Default::default()
    };
    Entity::update_many()
        .set(over)
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::DueAt.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}
