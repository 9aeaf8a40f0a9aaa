//! Finding a row by a text, alike on the three databases, and that there is none.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter as _};

use crate::{Error, Result};

/// The row that has exactly `text` in `column`, which is unique; `of` reads that column.
///
/// `PostgreSQL` keeps no NUL character and refuses even a question with one; `MySQL` takes a text for
/// equal to itself with spaces behind it.
pub(crate) async fn by_text<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    text: &str,
    of: impl Fn(&E::Model) -> Option<&str>,
) -> Result<Option<E::Model>> {
    if text.contains('\0') {
        return Ok(None);
    }
    let found = E::find().filter(column.eq(text)).one(db).await?;
    Ok(found.filter(|row| of(row) == Some(text)))
}

/// Makes sure that nothing has `text` in `column` yet.
///
/// # Errors
/// [`Error::AlreadyExists`] with that kind and key if something has.
pub(crate) async fn free<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    text: &str,
    kind: &'static str,
    key: &str,
) -> Result<()> {
    match E::find().filter(column.eq(text)).one(db).await? {
        None => Ok(()),
        Some(_) => Err(Error::AlreadyExists { kind, key: key.to_owned() }),
    }
}
