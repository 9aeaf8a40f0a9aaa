//! Items of mail: workers take those that require processing, the oldest first, and each is taken
//! by one.
//!
//! What workers do is not written to the audit log.

use chrono::{DateTime, TimeDelta, Utc};
use entity::webtest::email_item::{ActiveModel, Column, Entity};
pub use entity::webtest::email_item::{EmailSystem, Model};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;

use super::Webtest;
use crate::{
    Error, Result, World,
    audit::Audited,
    claim,
    page::{self, Cursor, Order, Page},
    records::{self, Record},
    rights::{CreateWebtest, Granted, ReadWebtest, UpdateWebtest, WorkEmails},
    rule::Rule,
    text::{self, invalid},
    transaction,
};

/// For how long an item is a worker's who says nothing more. Then it is anybody's again.
pub const CLAIM: TimeDelta = TimeDelta::minutes(15);

impl Record for Entity {
    type Domain = Webtest;

    const KIND: &'static str = "e-mail item";
    const GUARDED: &'static [Column] = &[
        Column::ClaimedBy,
        Column::ClaimedAt,
        Column::RequiresProcessing,
        Column::LastProcessedAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(ids) = &row.multi_item_email_ids
            && !ids.as_array().is_some_and(|ids| ids.iter().all(serde_json::Value::is_i64))
        {
            let problem = "it is not a list of whole numbers";
            return Err(invalid("multi_item_email_ids", &ids.to_string(), problem));
        }
        Ok(())
    }
}

/// An item of mail to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewItem {
    /// What the tracker that it comes from calls it.
    pub email_item_id: i64,
    /// The items that came in the same mail, by what the tracker calls them.
    pub multi_item_email_ids: Vec<i64>,
    /// Which system under test is to read the mail.
    pub email_system: Option<EmailSystem>,
    /// The test that sent it.
    pub test_name: Option<String>,
    /// Whether it came in several mails.
    pub multi_email_flag: bool,
    /// Whether the mail has several attachments.
    pub multi_attachment_flag: bool,
    /// Whether a worker is to take it.
    pub requires_processing: bool,
}

/// Adds an item; one that the tracker calls so already is given back as it is.
///
/// # Errors
/// [`Error::Invalid`] for the name of a test that is longer than 255 characters.
pub async fn add(unit: &Audited<'_>, by: &Granted<CreateWebtest>, new: NewItem) -> Result<Model> {
    let test_name = text::optional("name of a test", new.test_name, 255)?;
    let item_id = new.email_item_id;
    let of_tracker = || Entity::find().filter(Column::EmailItemId.eq(item_id));
    if let Some(item) = of_tracker().one(unit.tx()).await? {
        return Ok(item);
    }
    let row = ActiveModel {
        email_item_id: Set(item_id),
        multi_item_email_ids: Set(json!(new.multi_item_email_ids)),
        email_system: Set(new.email_system),
        test_name: Set(test_name),
        multi_email_flag: Set(new.multi_email_flag),
        multi_attachment_flag: Set(new.multi_attachment_flag),
        requires_processing: Set(new.requires_processing),
        created_at: Set(unit.now()),
        updated_at: Set(unit.now()),
        ..Default::default()
    };
    let if_absent = OnConflict::column(Column::EmailItemId).do_nothing_on([Column::Id]).to_owned();
    Entity::insert(row).on_conflict(if_absent).exec_without_returning(unit.tx()).await?;
    // Held, and so as it is now: the transaction may see the table as it was before somebody else
    // added it.
    let item = of_tracker().lock_exclusive().one(unit.tx()).await?;
    let item = item.ok_or_else(|| missing(item_id))?;
    if item.created_at == unit.now() {
        unit.record(records::did::<Entity>(by.to(), "create", &item));
    }
    Ok(item)
}

/// The item that the tracker calls so.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_item_id(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    email_item_id: i64,
) -> Result<Model> {
    let found = Entity::find().filter(Column::EmailItemId.eq(email_item_id)).one(db).await?;
    found.ok_or_else(|| missing(email_item_id))
}

/// What the tracker calls the items, `limit` of them at most, in the order in which they were
/// added, from the beginning or from where a list before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn item_ids(
    db: &impl ConnectionTrait,
    by: &Granted<ReadWebtest>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<i64>> {
    let Page { rows, next } =
        records::list::<Entity>(db, by, Condition::all(), from, limit).await?;
    Ok(Page { rows: rows.into_iter().map(|item| item.email_item_id).collect(), next })
}

/// The items that require processing, whether a worker is at them or not, in the order in which
/// they were added.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn unprocessed(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let query = Entity::find().filter(Column::RequiresProcessing.eq(true));
    let key = (Column::Id, |item: &Model| item.id);
    page::of(db, query, key, Order::OldestFirst, from, limit).await
}

/// Takes the oldest item that requires processing and that nobody has, if there is one. It is the
/// worker's until they say that it is processed or give it back, or another takes it after
/// [`CLAIM`]. Of workers who ask at once each takes another.
///
/// # Errors
/// [`Error::Invalid`] for a worker whose name is not of 1 to 255 characters.
pub async fn take(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<WorkEmails>,
    worker: &str,
) -> Result<Option<Model>> {
    let worker = &claim::worker(worker)?;
    let now = world.clock.now();
    transaction::committed().transaction(db, |tx, _| Box::pin(first(tx, now, worker))).await
}

async fn first(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    worker: &str,
) -> Result<Option<Model>> {
    let late = Column::ClaimedAt.lt(now - CLAIM);
    let nobodys = Condition::any().add(Column::ClaimedAt.is_null()).add(late);
    let free = Condition::all().add(Column::RequiresProcessing.eq(true)).add(nobodys);
    let order = [Column::CreatedAt, Column::Id];
    claim::first::<Entity>(tx, free, Column::Id, &order, |update| {
        update
            .col_expr(Column::ClaimedBy, Expr::value(worker))
            .col_expr(Column::ClaimedAt, Expr::value(now))
    })
    .await
}

/// Says that a worker has processed the item that they have.
///
/// # Errors
/// [`Error::NotFound`] if there is no such item, [`Rule::Claimed`] if it is not theirs, or not any
/// more; [`Error::Invalid`] for what can be no worker's name.
pub async fn processed(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<WorkEmails>,
    worker: &str,
    id: i64,
) -> Result<()> {
    let now = world.clock.now();
    let row = ActiveModel {
        requires_processing: Set(false),
        last_processed_at: Set(Some(now)),
        updated_at: Set(now),
        ..unclaimed()
    };
    end(db, row, worker, id).await
}

/// Gives the item back that a worker has, for whoever asks next.
///
/// # Errors
/// As for [`processed`].
pub async fn give_back(
    db: &impl ConnectionTrait,
    _by: &Granted<WorkEmails>,
    worker: &str,
    id: i64,
) -> Result<()> {
    end(db, unclaimed(), worker, id).await
}

/// Lets an item be processed again. One that waits, or that a worker is at, stays as it is.
///
/// # Errors
/// [`Error::NotFound`] if there is no such item.
pub async fn reopen(unit: &Audited<'_>, by: &Granted<UpdateWebtest>, id: i64) -> Result<Model> {
    let item = records::locked::<Entity>(unit.tx(), id).await?;
    if item.requires_processing {
        return Ok(item);
    }
    let mut row = item.into_active_model();
    row.requires_processing = Set(true);
    row.updated_at = Set(unit.now());
    let item = row.update(unit.tx()).await?;
    unit.record(records::did::<Entity>(by.to(), "reopen", &item));
    Ok(item)
}

/// Ends a worker's claim of an item in one statement, which demands that it is theirs.
async fn end(db: &impl ConnectionTrait, row: ActiveModel, worker: &str, id: i64) -> Result<()> {
    let worker = claim::worker(worker)?;
    let ended = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .filter(Column::RequiresProcessing.eq(true))
        .filter(Column::ClaimedBy.eq(worker.as_str()))
        .exec(db)
        .await?;
    if ended.rows_affected > 0 {
        return Ok(());
    }
    records::found::<Entity>(db, id).await?;
    Err(Rule::Claimed.refuses(format!("{} `{id}` is not with `{worker}`", Entity::KIND)))
}

fn unclaimed() -> ActiveModel {
    ActiveModel { claimed_by: Set(None), claimed_at: Set(None), ..Default::default() }
}

fn missing(email_item_id: i64) -> Error {
    Error::not_found(Entity::KIND, email_item_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_mail_are_whole_numbers() {
        for (ids, is_good) in [
            (json!([]), true),
            (json!([1, i64::MAX]), true),
            (json!(["1"]), false),
            (json!([1.5]), false),
            (json!([u64::MAX]), false),
            (json!(1), false),
            (json!(null), false),
        ] {
            let mut row = ActiveModel { multi_item_email_ids: Set(ids.clone()), ..unclaimed() };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{ids}");
        }
    }
}
