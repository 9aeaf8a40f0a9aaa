//! On which hosts an application runs.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::{
    inventory::placement::{self, Placement},
    rights::ReadInventory,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Query},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Placed {
    /// The name of the application, which may have no row.
    app_name: String,
}

/// The hosts that an application runs on, by who says so.
#[derive(Debug, Serialize, ToSchema)]
struct AppPlacement {
    /// Those that the application names, and that name the application.
    agreed: BTreeSet<String>,
    /// Those that only the application names.
    by_app: BTreeSet<String>,
    /// Those that only name the application themselves.
    by_host: BTreeSet<String>,
}

/// The hosts that an application runs on: those that it names, and those that name it.
#[utoipa::path(get, path = "/api/v1/elder-apps/placement", operation_id = "showAppPlacement", tag = "inventory", params(Placed), responses((status = 200, body = AppPlacement)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadInventory>,
    Query(which): Query<Placed>,
) -> Result<Json<AppPlacement>, Problem> {
    let placement = placement::app_on(&app.db, &by, &which.app_name).await?;
    let Placement { agreed, by_app, by_host } = placement;
    Ok(Json(AppPlacement { agreed, by_app, by_host }))
}
