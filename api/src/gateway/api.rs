//! Definitions of APIs: a path, a method and a version, and what is offered there.

use axum::extract::State;
use serde::Deserialize;
use service::{
    entity::gateway::api_definition::Entity, gateway::api, records::Document, rights::CountUsage,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::method::Method;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Query},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/api-definitions";

const SHOWN: &[&str] = &[
    "id",
    "name",
    "version",
    "path",
    "method",
    "description",
    "openapi_spec",
    "enabled",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] =
    &["name", "version", "path", "method", "description", "openapi_spec", "enabled"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "What is offered at a path, by a method, in a version.";
    Plain::<Entity>::new(PATH, ("ApiDefinition", "ApiDefinitions"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "version",
            "path",
            "method",
            "enabled",
            "created_at",
            "updated_at",
        ])
        .sorts(&["id", "name", "version", "path", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(find))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Called {
    /// From the root; a slash at its end makes no difference.
    path: String,
    #[param(inline)]
    method: Method,
    version: String,
}

/// What a gateway asks before it lets a call through.
#[utoipa::path(get, path = "/api/v1/api-definitions/find", operation_id = "findApiDefinition", tag = "gateway", params(Called), responses((status = 200, body = ref("#/components/schemas/ApiDefinition"))))]
async fn find(
    State(app): State<App>,
    By(by): By<CountUsage>,
    Query(called): Query<Called>,
) -> Result<Json<Document>, Problem> {
    let Called { path, method, version } = called;
    let row = api::find(&app.db, &by, &path, method.into(), &version).await?;
    Ok(document::<Entity>(&row, SHOWN))
}
