//! Reading the log.

use chrono::{DateTime, Utc};
use entity::audit::system_log::{Column, Entity};
pub use entity::audit::system_log::{LogLevel, Model as Entry};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use crate::{
    Result,
    page::{self, Cursor, Order, Page},
    records::sound::kept,
    rights::{Granted, ReadAudit},
};

/// Which rows of the log are asked for: those that all of these hold for. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those of that part of the system.
    pub component: Option<String>,
    /// Those about what that person did.
    pub actor_id: Option<i64>,
    /// Those about what was done to that: its kind and its key.
    pub subject: Option<(String, String)>,
    /// Those from that moment on.
    pub since: Option<DateTime<Utc>>,
    /// Those before that moment.
    pub until: Option<DateTime<Utc>>,
}

/// At most `limit` rows, the newest first, from the end or from where a page before ended.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a moment that not every database keeps.
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadAudit>,
    filter: &Filter,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Entry>> {
    let since = filter.since.map(|since| kept("since", since)).transpose()?;
    let until = filter.until.map(|until| kept("until", until)).transpose()?;
    // PostgreSQL keeps no NUL character and refuses even a question with one.
    let texts = [filter.component.as_ref()].into_iter().chain(
        filter.subject.as_ref().map(|(kind, key)| [Some(kind), Some(key)]).into_iter().flatten(),
    );
    if texts.flatten().any(|text| text.contains('\0')) {
        return Ok(Page { rows: Vec::new(), next: None });
    }
    let mut query = Entity::find();
    if let Some(component) = &filter.component {
        query = query.filter(Column::Component.eq(component));
    }
    if let Some(actor) = filter.actor_id {
        query = query.filter(Column::ActorId.eq(actor));
    }
    if let Some((kind, key)) = &filter.subject {
        query = query.filter(Column::SubjectKind.eq(kind)).filter(Column::SubjectId.eq(key));
    }
    if let Some(since) = since {
        query = query.filter(Column::CreatedAt.gte(since));
    }
    if let Some(until) = until {
        query = query.filter(Column::CreatedAt.lt(until));
    }
    let key = (Column::Id, |row: &Entry| row.id);
    page::of(db, query, key, Order::NewestFirst, from, limit).await
}
