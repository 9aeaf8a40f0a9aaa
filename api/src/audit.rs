//! The log, and whether the chain of the audited rows is whole.

use axum::extract::State;
use chrono::{DateTime, Utc};
use sea_orm::ActiveEnum as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::{
    audit::{self, Entry, Filter, LogLevel, Verified},
    rights::ReadAudit,
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Query},
    paged::place,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(verify))
}

/// Which rows of the log are asked for: those that all of this holds for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct LogQuery {
    /// The part of the system that speaks.
    component: Option<String>,
    /// The person who did it.
    actor_id: Option<i64>,
    /// The kind of what it was done to; goes with `subject_id`.
    subject_kind: Option<String>,
    /// The key of what it was done to; goes with `subject_kind`.
    subject_id: Option<String>,
    /// From that moment on: 1970 to 2037.
    since: Option<DateTime<Utc>>,
    /// Before that moment: 1970 to 2037.
    until: Option<DateTime<Utc>>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// A row of the log.
#[derive(Debug, Serialize, ToSchema)]
struct LogEntry {
    id: i64,
    #[schema(schema_with = levels)]
    level: String,
    /// The part of the system that speaks.
    component: String,
    /// What was done, of an audited row: `role.assign`.
    action: Option<String>,
    message: String,
    #[schema(value_type = serde_json::Value)]
    details: Option<Value>,
    /// The person who did it; nobody, when the system did.
    actor_id: Option<i64>,
    /// What the person was called at that time, or why the system did it.
    actor_name: Option<String>,
    subject_kind: Option<String>,
    subject_id: Option<String>,
    /// The place in the chain; a row without one is no part of it.
    position: Option<i64>,
    /// SHA-256 of the digest before and of this row, in hexadecimal.
    digest: Option<String>,
    created_at: DateTime<Utc>,
}

fn levels() -> RefOr<Schema> {
    let words = Some(LogLevel::values());
    let levels = ObjectBuilder::new().schema_type(Type::String).enum_values(words).build();
    RefOr::T(Schema::Object(levels))
}

impl From<Entry> for LogEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            level: entry.level.to_value(),
            component: entry.component,
            action: entry.action,
            message: entry.message,
            details: entry.details,
            actor_id: entry.actor_id,
            actor_name: entry.actor_name,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            position: entry.position,
            digest: entry.hash,
            created_at: entry.created_at,
        }
    }
}

/// Some rows of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct LogEntries {
    entries: Vec<LogEntry>,
    /// Where the next page begins; null behind the last.
    next: Option<String>,
}

/// The log, the newest rows first, in pages.
#[utoipa::path(get, path = "/api/v1/system-logs", operation_id = "listLog", tag = "audit", params(LogQuery), responses((status = 200, body = LogEntries)))]
async fn list(
    State(app): State<App>,
    By(by): By<ReadAudit>,
    Query(asked): Query<LogQuery>,
) -> Result<Json<LogEntries>, Problem> {
    let LogQuery { component, actor_id, subject_kind, subject_id, since, until, .. } = asked;
    let subject = match (subject_kind, subject_id) {
        (Some(kind), Some(id)) => Some((kind, id)),
        (None, None) => None,
        _ => return Err(Problem::invalid("`subject_kind` and `subject_id` go together")),
    };
    let (from, limit) = place(asked.cursor.as_deref(), asked.limit)?;
    let filter = Filter { component, actor_id, subject, since, until };
    let page = audit::list(&app.db, &by, &filter, from, limit).await?;
    Ok(Json(LogEntries {
        entries: page.rows.into_iter().map(Into::into).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// What the chain of the audited rows was found to be.
#[derive(Debug, Serialize, ToSchema)]
struct ChainVerified {
    is_whole: bool,
    /// The first position that is kept.
    from: i64,
    /// The last position; one less than `from` when nothing is kept.
    to: i64,
    /// The first thing that is wrong; what comes after it proves nothing.
    fault: Option<String>,
}

impl From<Verified> for ChainVerified {
    fn from(verified: Verified) -> Self {
        let Verified { from, to, fault } = verified;
        Self { is_whole: fault.is_none(), from, to, fault: fault.map(|fault| fault.to_string()) }
    }
}

/// Looks at every row of the chain, and says whether each is what was written.
#[utoipa::path(get, path = "/api/v1/audit-chain", operation_id = "verifyAuditChain", tag = "audit", responses((status = 200, body = ChainVerified)))]
async fn verify(
    State(app): State<App>,
    By(by): By<ReadAudit>,
) -> Result<Json<ChainVerified>, Problem> {
    Ok(Json(audit::verify(&app.db, &by).await?.into()))
}
