//! Environments that tests run on.

use entity::webtest::environment::{ActiveModel, Column, Entity};
pub use entity::webtest::environment::{EnvironmentDesignation, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};

use super::Webtest;
use crate::{
    Error, Result,
    lookup::by_text,
    records::Record,
    rights::{Granted, ReadWebtest},
    text,
};

impl Record for Entity {
    type Domain = Webtest;

    const KIND: &'static str = "environment";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of an environment", name, 96)?;
        }
        if let Set(url) = &row.url {
            text::address("url", url)?;
        }
        if let Set(Some(url)) = &row.api_url {
            text::address("api_url", url)?;
        }
        Ok(())
    }
}

/// The environment of that name, active or not.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    name: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::Name, name, |environment| Some(&environment.name))
        .await?
        .ok_or_else(|| Error::not_found(Entity::KIND, name))
}

/// The active environments of that designation, in the order in which they were added: what is
/// offered to tests.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn offered(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    designation: EnvironmentDesignation,
) -> Result<Vec<Model>> {
    let rows = Entity::find()
        .filter(Column::Designation.eq(designation))
        .filter(Column::IsActive.eq(true))
        .order_by_asc(Column::Id);
    Ok(rows.all(db).await?)
}
