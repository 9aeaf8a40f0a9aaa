//! Settings: typed values that an administrator can change without a new release.
//!
//! People need [`ReadSettings`] and [`UpdateSettings`]. The services of this crate read their own
//! settings without: what limits a person is decided with settings that the person may not see.

mod bounds;
mod value;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::settings::application_setting::{Column, DataType, Entity, Model};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, ConnectionTrait, DatabaseConnection, EntityTrait as _,
    QueryFilter as _, QuerySelect as _, sea_query::Expr,
};

use serde_json::json;

pub(crate) use bounds::LONGEST_NAME;
pub use value::{FromValue, Value};

use crate::{
    Error, Result, World,
    audit::{Deed, audited},
    lookup::by_text,
    rights::{Granted, ReadSettings, UpdateSettings, default_role},
    seen::Seen,
};

const KIND: &str = "setting";

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What it is known by: `area.name`.
    pub key: String,
    /// What it is set to.
    pub value: Value,
    /// What it does, for people.
    pub description: Option<String>,
    /// Whether it may be changed while the system runs.
    pub is_mutable: bool,
    /// What it is listed under.
    pub category: Option<String>,
    /// When it was last set.
    pub updated_at: DateTime<Utc>,
}

/// The value of a setting, as the type that is asked for; [`Value`] takes any.
///
/// ```
/// # use sea_orm::ConnectionTrait;
/// # use service::{Result, rights::{Granted, ReadSettings}, settings};
/// # async fn example(db: &impl ConnectionTrait, by: &Granted<ReadSettings>) -> Result<()> {
/// let limit: i64 = settings::get(db, by, "users.max_count").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NotFound`] for an unknown key, [`Error::WrongType`] if it holds another type,
/// [`Error::Malformed`] if what is stored is nothing of its type, or a number that the setting cannot
/// have.
pub async fn get<T: FromValue>(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSettings>,
    key: &str,
) -> Result<T> {
    read(db, key).await
}

/// A setting with everything that is known about it.
///
/// # Errors
/// [`Error::NotFound`] for an unknown key, [`Error::Malformed`] if what is stored is nothing of its
/// type.
pub async fn by_key(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSettings>,
    key: &str,
) -> Result<Setting> {
    setting(find(db, key).await?)
}

/// All settings by category, then by key; those without a category come last.
///
/// # Errors
/// [`Error::Malformed`] if what is stored for one is nothing of its type.
pub async fn list(db: &impl ConnectionTrait, _by: &Granted<ReadSettings>) -> Result<Vec<Setting>> {
    sorted(Entity::find().all(db).await?)
}

/// The settings of a category, or those without one, by key.
///
/// # Errors
/// [`Error::Malformed`] if what is stored for one is nothing of its type.
pub async fn by_category(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSettings>,
    category: Option<&str>,
) -> Result<Vec<Setting>> {
    // Chosen here and not by the databases, of which some ignore spaces at the end.
    let mut rows = Entity::find().all(db).await?;
    rows.retain(|row| row.category.as_deref() == category);
    sorted(rows)
}

/// The categories that settings are in, in order.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn categories(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSettings>,
) -> Result<Vec<String>> {
    let categories: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Category)
        .filter(Column::Category.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(categories.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
}

/// Sets a setting to a value of the type that it holds, and returns it as it then stands.
///
/// One statement changes it only while it is mutable and of that type, so that nothing that
/// happens between a look and the change can slip a value in.
///
/// # Errors
/// [`Error::NotFound`] for an unknown key, [`Error::Immutable`] if it is fixed,
/// [`Error::WrongType`] if it holds another type, [`Error::Invalid`] for a value that cannot be
/// stored in all databases, and for one beyond what the setting can have; for `users.default_role` also when there is no such role, and
/// [`Error::Exceeds`] when it has rights that `by` has not.
pub async fn set(
    db: &DatabaseConnection,
    by: &Granted<UpdateSettings>,
    world: &World,
    key: &str,
    value: impl Into<Value>,
) -> Result<Setting> {
    write(db, by, world, key, value.into(), None).await
}

async fn write(
    db: &DatabaseConnection,
    by: &Granted<UpdateSettings>,
    world: &World,
    key: &str,
    value: Value,
    seen: Option<&Seen<'_, Setting>>,
) -> Result<Setting> {
    let invalid = |problem: String| Error::Invalid {
        kind: "value of setting",
        input: key.to_owned(),
        problem,
    };
    let text = value.to_text().map_err(|problem| invalid(problem.to_owned()))?;
    if let Some(problem) = bounds::problem(key, &value) {
        return Err(invalid(problem));
    }

    if let (default_role::SETTING, Value::String(name)) = (key, &value) {
        default_role::choose(db, by.to(), name).await?;
    }
    let (text, data_type) = (&text, value.data_type());
    let row = audited(db, world, |unit, _| {
        Box::pin(async move {
            let before = find(unit.tx(), key).await?;
            if let Some(seen) = seen {
                let now = Entity::find_by_id(before.id).lock_exclusive().one(unit.tx()).await?;
                let now = now.ok_or_else(|| Error::not_found(KIND, key))?;
                seen.confirm(KIND, key, &setting(now)?)?;
            }
            let updated = Entity::update_many()
                .col_expr(Column::Value, Expr::value(text))
                .col_expr(Column::UpdatedAt, Expr::value(unit.now()))
                .filter(Column::Id.eq(before.id))
                .filter(Column::IsMutable.eq(true))
                .filter(Column::DataType.eq(data_type))
                .exec(unit.tx())
                .await?;

            let row = find(unit.tx(), key).await?;
            if updated.rows_affected == 0 {
                return Err(refusal(row, data_type));
            }
            let change = json!({"from": before.value, "to": row.value});
            unit.record(Deed::of(by.to(), "settings", "setting.set").on(KIND, key).with(change));
            Ok(row)
        })
    })
    .await?;
    setting(row)
}

/// Sets a setting to a JSON document, read as the type that the setting holds; only while it is as
/// the caller has seen it, if they say how that is.
///
/// # Errors
/// As for [`set`]; [`Rule::Stale`](crate::rule::Rule::Stale) when it is not as it was seen.
pub async fn set_json(
    db: &DatabaseConnection,
    by: &Granted<UpdateSettings>,
    world: &World,
    key: &str,
    json: serde_json::Value,
    seen: Option<&Seen<'_, Setting>>,
) -> Result<Setting> {
    let row = find(db, key).await?;
    match Value::from_json(row.data_type, json) {
        Ok(value) => write(db, by, world, key, value, seen).await,
        Err(wanted) => Err(Error::WrongType { key: row.key, holds: row.data_type, wanted }),
    }
}

/// The value of a setting for the services of this crate, which need no right to it. A number that
/// the setting cannot have is an error: it could be taken for no limit.
pub(crate) async fn read<T: FromValue>(db: &impl ConnectionTrait, key: &str) -> Result<T> {
    let value = parsed(&find(db, key).await?)?;
    if let (Value::Integer(_), Some(problem)) = (&value, bounds::problem(key, &value)) {
        return Err(Error::Malformed { kind: KIND, key: key.to_owned(), problem });
    }
    let holds = value.data_type();
    T::from_value(value).map_err(|wanted| Error::WrongType { key: key.to_owned(), holds, wanted })
}

/// The same, or what every deployment begins with when nobody has that setting: an administrator may
/// have withdrawn it.
pub(crate) async fn read_or<T: FromValue>(
    db: &impl ConnectionTrait,
    key: &str,
    absent: T,
) -> Result<T> {
    match read(db, key).await {
        Err(Error::NotFound { .. }) => Ok(absent),
        read => read,
    }
}

async fn find(db: &impl ConnectionTrait, key: &str) -> Result<Model> {
    by_text::<Entity>(db, Column::Key, key, |setting| Some(&setting.key))
        .await?
        .ok_or_else(|| Error::not_found(KIND, key))
}

/// Why a setting was not changed. Of the right type, it was fixed when the change was tried, even
/// if it is not any more.
fn refusal(row: Model, wanted: DataType) -> Error {
    if row.data_type == wanted {
        Error::Immutable { key: row.key }
    } else {
        Error::WrongType { key: row.key, holds: row.data_type, wanted }
    }
}

fn parsed(row: &Model) -> Result<Value> {
    Value::parse(row.data_type, &row.value).map_err(|problem| Error::Malformed {
        kind: KIND,
        key: row.key.clone(),
        problem: format!("not of type `{}`: {problem}", row.data_type.to_value()),
    })
}

fn setting(row: Model) -> Result<Setting> {
    let value = parsed(&row)?;
    let Model { key, description, is_mutable, category, updated_at, .. } = row;
    Ok(Setting { key, value, description, is_mutable, category, updated_at })
}

/// Sorted here and not by the databases, which do not agree on the order of text.
fn sorted(rows: Vec<Model>) -> Result<Vec<Setting>> {
    let mut settings: Vec<Setting> = rows.into_iter().map(setting).collect::<Result<_>>()?;
    settings.sort_by(|a, b| {
        let place = |setting: &Setting| (setting.category.is_none(), setting.category.clone());
        place(a).cmp(&place(b)).then_with(|| a.key.cmp(&b.key))
    });
    Ok(settings)
}
