//! What Elder has yet to be told, and what it was told.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use service::{
    entity::inventory::{elder_app, elder_host},
    inventory::sync::{self, Told},
    records::Document,
    rights::{Granted, ReadInventory, UpdateInventory},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{app, host};
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    paged::Paged,
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pending_hosts))
        .routes(routes!(pending_apps))
        .routes(routes!(registered_host))
        .routes(routes!(registered_app))
}

/// Hosts or applications that wait, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
struct ElderPending {
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Document>,
    /// Null behind the last.
    next: Option<String>,
}

async fn pending<E: Told>(
    app: &App,
    by: &Granted<ReadInventory>,
    asked: &Paged,
    shown: &[&str],
) -> Result<Json<ElderPending>, Problem> {
    let (from, limit) = asked.place()?;
    let page = sync::pending::<E>(&app.db, by, from, limit).await?;
    Ok(Json(ElderPending {
        rows: page.rows.iter().map(|row| document::<E>(row, shown).0).collect(),
        next: page.next.map(|next| next.to_string()),
    }))
}

/// Hosts that Elder does not have, or not as they are since they were changed.
#[utoipa::path(get, path = "/api/v1/elder-hosts/pending", operation_id = "listPendingElderHosts", tag = "inventory", params(Paged), responses((status = 200, body = ElderPending)))]
async fn pending_hosts(
    State(app): State<App>,
    By(by): By<ReadInventory>,
    Query(asked): Query<Paged>,
) -> Result<Json<ElderPending>, Problem> {
    pending::<elder_host::Entity>(&app, &by, &asked, host::SHOWN).await
}

/// Applications that Elder does not have, or not as they are since they were changed.
#[utoipa::path(get, path = "/api/v1/elder-apps/pending", operation_id = "listPendingElderApps", tag = "inventory", params(Paged), responses((status = 200, body = ElderPending)))]
async fn pending_apps(
    State(app): State<App>,
    By(by): By<ReadInventory>,
    Query(asked): Query<Paged>,
) -> Result<Json<ElderPending>, Problem> {
    pending::<elder_app::Entity>(&app, &by, &asked, app::SHOWN).await
}

/// Which state of a host, or of an application, Elder was told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ElderTold {
    /// `updated_at` of what Elder was told.
    as_of: DateTime<Utc>,
}

/// Whether Elder has a host, or an application, as it is.
#[derive(Debug, Serialize, ToSchema)]
struct ElderHas {
    /// False where somebody has changed it since: it waits still.
    is_current: bool,
}

async fn registered<E: Told>(
    app: &App,
    by: &Granted<UpdateInventory>,
    id: i64,
    told: &ElderTold,
) -> Result<Json<ElderHas>, Problem> {
    let is_current = sync::registered::<E>(&app.db, &app.world, by, id, told.as_of).await?;
    Ok(Json(ElderHas { is_current }))
}

/// Notes that Elder has a host as it was at a moment.
#[utoipa::path(post, path = "/api/v1/elder-hosts/{id}/registered", operation_id = "reportElderHostRegistered", tag = "inventory", params(("id" = i64, Path)), responses((status = 200, body = ElderHas)))]
async fn registered_host(
    State(app): State<App>,
    By(by): By<UpdateInventory>,
    Path(id): Path<i64>,
    Json(input): Json<ElderTold>,
) -> Result<Json<ElderHas>, Problem> {
    registered::<elder_host::Entity>(&app, &by, id, &input).await
}

/// Notes that Elder has an application as it was at a moment.
#[utoipa::path(post, path = "/api/v1/elder-apps/{id}/registered", operation_id = "reportElderAppRegistered", tag = "inventory", params(("id" = i64, Path)), responses((status = 200, body = ElderHas)))]
async fn registered_app(
    State(app): State<App>,
    By(by): By<UpdateInventory>,
    Path(id): Path<i64>,
    Json(input): Json<ElderTold>,
) -> Result<Json<ElderHas>, Problem> {
    registered::<elder_app::Entity>(&app, &by, id, &input).await
}
