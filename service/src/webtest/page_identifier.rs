//! Elements of pages, and how each is found.

use entity::webtest::page_identifier::{ActiveModel, Column, Entity};
pub use entity::webtest::{
    environment::EnvironmentDesignation,
    page_identifier::{LocatorStrategy, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};

use super::{Webtest, settle};
use crate::{
    Error, Result,
    records::Record,
    rights::{Granted, ReadWebtest},
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Webtest;

    const KIND: &'static str = "element of a page";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.element_name {
            text::key("name of an element", name, 96)?;
        }
        if let Set(query) = &row.locator_query
            && query.trim().is_empty()
        {
            return Err(invalid("locator_query", query, "it finds nothing"));
        }
        if let Set(environments) = &row.environments {
            settle::designations("environments", environments)?;
        }
        Ok(())
    }
}

/// The elements of a page that are found so in environments of that designation, in the order in
/// which they were added. There are none of a page that is not there.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn in_environments(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    page_id: i64,
    designation: EnvironmentDesignation,
) -> Result<Vec<Model>> {
    let mut rows = of_page(db, page_id).await?;
    rows.retain(|row| settle::is_in(&row.environments, designation));
    Ok(rows)
}

/// The element of a page that tests call so.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn by_element_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    page_id: i64,
    name: &str,
) -> Result<Model> {
    let rows = of_page(db, page_id).await?;
    let found = rows.into_iter().find(|row| row.element_name == name);
    found.ok_or_else(|| Error::not_found(Entity::KIND, name))
}

/// The elements of a page that are found by that query, by whatever strategy, in the order in which
/// they were added.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn by_locator_query(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadWebtest>,
    page_id: i64,
    query: &str,
) -> Result<Vec<Model>> {
    let mut rows = of_page(db, page_id).await?;
    rows.retain(|row| row.locator_query == query);
    Ok(rows)
}

/// All elements of a page. What is looked for in them is compared here and not by the databases,
/// some of which do not tell a text from itself with spaces behind it.
async fn of_page(db: &impl ConnectionTrait, page_id: i64) -> Result<Vec<Model>> {
    let rows = Entity::find().filter(Column::PageId.eq(page_id)).order_by_asc(Column::Id);
    Ok(rows.all(db).await?)
}
