//! Pages of the applications that are tested.

use entity::webtest::page::{ActiveModel, Column, Entity};
pub use entity::webtest::{environment::EnvironmentDesignation, page::Model};
use sea_orm::{ActiveValue::Set, Condition, ConnectionTrait};

use super::{Webtest, settle};
use crate::{
    Error, Result,
    lookup::by_text,
    page::{Cursor, Page},
    records::{self, Record},
    rights::{Granted, ReadWebtest},
    text,
};

impl Record for Entity {
    type Domain = Webtest;

    const KIND: &'static str = "page";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a page", name, 96)?;
        }
        if let Set(url) = &row.url {
            settle::url_or_path("url", url)?;
        }
        if let Set(environments) = &row.environments {
            settle::designations("environments", environments)?;
        }
        Ok(())
    }
}

/// The page of that name.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    name: &str,
) -> Result<Model> {
    by_text::<Entity>(db, Column::Name, name, |page| Some(&page.name))
        .await?
        .ok_or_else(|| Error::not_found(Entity::KIND, name))
}

/// Of `limit` pages at most those that environments of that designation have, from the beginning or
/// from where a list before ended. There may be few or none of them, and more where the list goes
/// on.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn in_environments(
    db: &impl ConnectionTrait,
    by: &Granted<ReadWebtest>,
    designation: EnvironmentDesignation,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let mut page = records::list::<Entity>(db, by, Condition::all(), from, limit).await?;
    page.rows.retain(|row| settle::is_in(&row.environments, designation));
    Ok(page)
}
