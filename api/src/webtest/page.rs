//! Pages of the applications that are tested.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::{
    entity::webtest::page::Entity, records::Document, rights::ReadWebtest, webtest::page,
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{RefOr, Schema},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Named, designation::Designation, list_of};
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Query},
    paged::place,
    plain::{Plain, document},
};

const SHOWN: &[&str] = &["id", "name", "url", "environments", "created_at", "updated_at"];

const WRITTEN: &[&str] = &["name", "url", "environments"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A page of an application that is tested, and which environments have it.";
    Plain::<Entity>::new("/api/v1/pages", ("WebPage", "WebPages"), about, SHOWN)
        .filters(&["id", "name", "created_at", "updated_at"])
        .sorts(&["id", "name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(by_name))
        .routes(routes!(in_environments))
}

/// The page of a name.
#[utoipa::path(get, path = "/api/v1/pages/by-name", operation_id = "findWebPage", tag = "webtest", params(Named), responses((status = 200, body = ref("#/components/schemas/WebPage"))))]
async fn by_name(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Query(named): Query<Named>,
) -> Result<Json<Document>, Problem> {
    let row = page::by_name(&app.db, &by, &named.name).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PagesQuery {
    /// What the environments are for.
    #[param(inline)]
    designation: Designation,
    /// The `next` of the list before.
    cursor: Option<String>,
    /// How many pages are looked at, at most: 1 to 100; 50 without.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// Pages that some environments have.
#[derive(Debug, Serialize, ToSchema)]
struct WebPagesFound {
    #[schema(schema_with = list)]
    pages: Vec<Document>,
    /// Where the list goes on; null behind its end.
    next: Option<String>,
}

fn list() -> RefOr<Schema> {
    list_of("WebPage")
}

/// Of some pages those that the environments of a designation have. There may be few or none of
/// them, and more where the list goes on.
#[utoipa::path(get, path = "/api/v1/pages/in-environments", operation_id = "findWebPagesInEnvironments", tag = "webtest", params(PagesQuery), responses((status = 200, body = WebPagesFound)))]
async fn in_environments(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Query(asked): Query<PagesQuery>,
) -> Result<Json<WebPagesFound>, Problem> {
    let (from, limit) = place(asked.cursor.as_deref(), asked.limit)?;
    let designation = asked.designation.into();
    let found = page::in_environments(&app.db, &by, designation, from, limit).await?;
    Ok(Json(WebPagesFound {
        pages: found.rows.iter().map(|row| document::<Entity>(row, SHOWN).0).collect(),
        next: found.next.map(|next| next.to_string()),
    }))
}
