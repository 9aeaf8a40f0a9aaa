//! Rows that are read and written plainly: once, for every table that needs no more than that.
//!
//! A table takes part by [`Record`], and the tables of a domain share its rights by [`Domain`]. What a
//! domain has rules about is guarded: only its own functions write those columns.
//!
//! What a caller gives is looked at before the database is asked, so that the three databases refuse
//! the same things with the same words: texts that are too long or hold a NUL character, numbers out of
//! range, times that not every database keeps, and references to rows that are not there.

mod columns;
mod default;
mod document;
mod query;
mod sealed;
pub(crate) mod sound;

use std::future::Future;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait as _, ActiveValue, Condition, ConnectionTrait,
    DatabaseTransaction, EntityTrait, IdenStatic as _, IntoActiveModel, Iterable as _,
    ModelTrait as _, PrimaryKeyToColumn as _, PrimaryKeyTrait, QueryFilter as _, QuerySelect as _,
    Value,
};
use serde_json::json;

pub use self::{
    columns::Columns,
    document::{Document, Patch, create_from, described, patch, shown, tag},
    query::{Filter, Listed, Place, Query, Sort, Test, filter, listed},
    sealed::{LONGEST, create_with_secrets, reveal, seal},
};
pub(crate) use self::{
    default::{default_stays_in_use, make_default},
    sealed::put,
};
use crate::{
    Error, Result,
    audit::{Audited, Deed, changed},
    deletion::{self, Deletion},
    page::{self, Cursor, Order, Page},
    rights::{Actor, Granted, Grantee, Permission},
    seal::SEALED,
    text::invalid,
};

/// Tables that belong together, and the rights to read and write them.
pub trait Domain {
    /// Its name, as the modules of `entity` and `service` have it.
    const NAME: &'static str;
    /// The right to add rows.
    type Create: Permission;
    /// The right to see rows.
    type Read: Permission;
    /// The right to change rows.
    type Update: Permission;
    /// The right to remove rows.
    type Delete: Permission;
}

/// The right to add rows of a table.
pub type Create<E> = <<E as Record>::Domain as Domain>::Create;
/// The right to see rows of a table.
pub type Read<E> = <<E as Record>::Domain as Domain>::Read;
/// The right to change rows of a table.
pub type Update<E> = <<E as Record>::Domain as Domain>::Update;
/// The right to remove rows of a table.
pub type Delete<E> = <<E as Record>::Domain as Domain>::Delete;

/// A table whose rows are read and written plainly. Its key is a whole number that the database counts.
pub trait Record:
    EntityTrait<
        Model: IntoActiveModel<<Self as EntityTrait>::ActiveModel>,
        ActiveModel: ActiveModelBehavior + Send + Sync,
        PrimaryKey: PrimaryKeyTrait<ValueType = i64>,
    >
{
    /// The domain that the table belongs to.
    type Domain: Domain;

    /// What a row is called, in messages and in the audit log.
    const KIND: &'static str;

    /// The columns that only rules of the domain write. The key, who made the row, when, and when it
    /// was changed are written for everybody alike, and need not be named; nor need what is sealed
    /// ([`seal()`]) or hashed.
    const GUARDED: &'static [Self::Column] = &[];

    /// Puts a row in order before it is written, whatever wrote it: folds a text, works out a column from
    /// others. `row` holds what was there before, too, when it is being changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what can be no such row.
    fn settle(row: &mut Self::ActiveModel) -> Result<()> {
        let _ = row;
        Ok(())
    }

    /// Whether a row that has just been written agrees with other rows.
    ///
    /// # Errors
    /// What stands in the way; nothing is written then.
    fn agree(
        tx: &DatabaseTransaction,
        row: &Self::Model,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (tx, row);
        async { Ok(()) }
    }
}

/// The row with that key.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_id<E: Record>(
    db: &impl ConnectionTrait,
    _by: &Granted<Read<E>>,
    id: i64,
) -> Result<E::Model> {
    found::<E>(db, id).await
}

/// At most `limit` of the rows that meet the condition, in the order of their keys, from the beginning
/// or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list<E: Record>(
    db: &impl ConnectionTrait,
    _by: &Granted<Read<E>>,
    which: Condition,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<E::Model>> {
    let query = E::find().filter(which);
    page::of(db, query, (key::<E>(), id_of::<E>), Order::OldestFirst, from, limit).await
}

/// Adds a row.
///
/// # Errors
/// [`Error::Invalid`] for a value that will not do or a column that is not written so,
/// [`Error::AlreadyExists`] for one that must be unique and is there; those of [`Record::settle`] and
/// [`Record::agree`].
pub async fn create<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Create<E>>,
    mut row: E::ActiveModel,
) -> Result<E::Model> {
    unguarded::<E>(&row)?;
    made_by::<E>(&mut row, by.actor());
    let model = insert::<E>(unit.tx(), unit.now(), row).await?;
    unit.record(did::<E>(by.to(), "create", &model));
    Ok(model)
}

/// Changes the columns of a row that are set.
///
/// # Errors
/// Those of [`create`]; [`Error::NotFound`] if there is no such row.
pub async fn update<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Update<E>>,
    id: i64,
    changes: E::ActiveModel,
) -> Result<E::Model> {
    unguarded::<E>(&changes)?;
    let before = locked::<E>(unit.tx(), id).await?;
    let mut row = before.clone().into_active_model();
    for column in E::Column::iter() {
        if let ActiveValue::Set(value) = changes.get(column) {
            row.try_set(column, value)?;
        }
    }
    let model = write::<E>(unit.tx(), unit.now(), row).await?;
    let details = json!({"changed": changed::<E>(&before, &model)});
    unit.record(did::<E>(by.to(), "update", &model).with(details));
    Ok(model)
}

/// Removes a row, and says what went with it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such row, [`Rule::InUse`](crate::rule::Rule::InUse) while
/// something needs it.
pub async fn delete<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Delete<E>>,
    id: i64,
) -> Result<Deletion> {
    let deletion = deletion::delete::<E>(unit.tx(), E::KIND, id).await?;
    unit.record(Deed::of(by.to(), E::Domain::NAME, "delete").on(E::KIND, &id));
    Ok(deletion)
}

/// The row with that key, for whoever has proved a right already.
pub(crate) async fn found<E: Record>(db: &impl ConnectionTrait, id: i64) -> Result<E::Model> {
    E::find_by_id(id).one(db).await?.ok_or_else(|| Error::not_found(E::KIND, id.to_string()))
}

/// The same, held until the transaction ends: nobody else changes it meanwhile.
pub(crate) async fn locked<E: Record>(tx: &DatabaseTransaction, id: i64) -> Result<E::Model> {
    let row = E::find_by_id(id).lock_exclusive().one(tx).await?;
    row.ok_or_else(|| Error::not_found(E::KIND, id.to_string()))
}

/// Adds a row whose columns a rule has set, looked at like any other.
pub(crate) async fn insert<E: Record>(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    mut row: E::ActiveModel,
) -> Result<E::Model> {
    for name in ["created_at", "updated_at"] {
        stamp::<E>(&mut row, name, now);
    }
    E::settle(&mut row)?;
    sound::is_full::<E>(E::KIND, &row)?;
    sound::look::<E>(tx, &row).await?;
    let said = row.clone();
    let model = row.insert(tx).await.map_err(|error| sound::read::<E>(E::KIND, error, &said))?;
    E::agree(tx, &model).await?;
    Ok(model)
}

/// Writes the columns of a row that a rule has set, looked at like any other.
pub(crate) async fn write<E: Record>(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    mut row: E::ActiveModel,
) -> Result<E::Model> {
    E::settle(&mut row)?;
    if row.is_changed() {
        stamp::<E>(&mut row, "updated_at", now);
    }
    sound::look::<E>(tx, &row).await?;
    let said = row.clone();
    let model = row.update(tx).await.map_err(|error| sound::read::<E>(E::KIND, error, &said))?;
    E::agree(tx, &model).await?;
    Ok(model)
}

/// The key of a row.
pub(crate) fn id_of<E: Record>(model: &E::Model) -> i64 {
    match model.get(key::<E>()) {
        Value::BigInt(Some(id)) => id,
        other => unreachable!("the key of `{}` is {other:?}", E::default().table_name()),
    }
}

/// What somebody did to a row.
pub(crate) fn did<E: Record>(by: &Grantee, action: &'static str, model: &E::Model) -> Deed {
    Deed::of(by, E::Domain::NAME, action).on(E::KIND, &id_of::<E>(model))
}

/// The column of the key.
fn key<E: Record>() -> E::Column {
    E::PrimaryKey::iter().next().expect("a table has a key").into_column()
}

/// Columns that are written for every row, and by nobody.
const OWN: [&str; 4] = ["id", "created_at", "updated_at", "created_by_id"];

/// Whether the caller sets nothing but what callers may set.
fn unguarded<E: Record>(row: &E::ActiveModel) -> Result<()> {
    for column in E::Column::iter() {
        let name = column.as_str();
        let guarded = OWN.contains(&name)
            || is_secret(E::default().table_name(), name)
            || E::GUARDED.iter().any(|of| of.as_str() == name);
        if guarded && let ActiveValue::Set(_) = row.get(column) {
            return Err(invalid(E::KIND, name, "this column is not written so"));
        }
    }
    Ok(())
}

/// Whether the column holds what proves or unlocks something, sealed or as a hash.
pub(crate) fn is_secret(table: &str, column: &str) -> bool {
    SEALED.contains(&(table, column)) || column.ends_with("_hash") && column != "result_hash"
}

/// The column of that name, if the table has one.
fn named<E: Record>(name: &str) -> Option<E::Column> {
    E::Column::iter().find(|column| column.as_str() == name)
}

fn stamp<E: Record>(row: &mut E::ActiveModel, name: &str, now: DateTime<Utc>) {
    if let Some(column) = named::<E>(name) {
        row.set(column, now.into());
    }
}

fn made_by<E: Record>(row: &mut E::ActiveModel, actor: Option<&Actor>) {
    if let (Some(column), Some(actor)) = (named::<E>("created_by_id"), actor) {
        row.set(column, Some(actor.user_id()).into());
    }
}
