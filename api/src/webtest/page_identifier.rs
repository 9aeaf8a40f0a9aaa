//! Elements of pages, and how each is found.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use service::{
    entity::webtest::page_identifier::Entity,
    records::Document,
    rights::ReadWebtest,
    webtest::page_identifier::{self, Model},
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{RefOr, Schema},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Named, designation::Designated, list_of};
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "page_id",
    "element_name",
    "locator_strategy",
    "locator_query",
    "environments",
    "created_at",
    "updated_at",
];

const CREATED: &[&str] =
    &["page_id", "element_name", "locator_strategy", "locator_query", "environments"];

const UPDATED: &[&str] = &["element_name", "locator_strategy", "locator_query", "environments"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "An element of a page, and how it is found there.";
    let names = ("PageIdentifier", "PageIdentifiers");
    Plain::<Entity>::new("/api/v1/page-identifiers", names, about, SHOWN)
        .filters(&["id", "page_id", "element_name", "locator_strategy", "created_at", "updated_at"])
        .sorts(&["id", "page_id", "element_name", "created_at", "updated_at"])
        .creates(CREATED)
        .updates(UPDATED)
        .deletes()
        .routes()
        .routes(routes!(in_environments))
        .routes(routes!(by_name))
        .routes(routes!(by_query))
}

/// Elements of a page.
#[derive(Debug, Serialize, ToSchema)]
struct PageIdentifiersFound {
    #[schema(schema_with = list)]
    elements: Vec<Document>,
}

fn list() -> RefOr<Schema> {
    list_of("PageIdentifier")
}

fn found(rows: &[Model]) -> Json<PageIdentifiersFound> {
    let elements = rows.iter().map(|row| document::<Entity>(row, SHOWN).0).collect();
    Json(PageIdentifiersFound { elements })
}

/// The elements of a page that are found so in the environments of a designation, in the order in
/// which they were added.
#[utoipa::path(get, path = "/api/v1/pages/{id}/identifiers", operation_id = "findPageIdentifiersInEnvironments", tag = "webtest", params(("id" = i64, Path), Designated), responses((status = 200, body = PageIdentifiersFound)))]
async fn in_environments(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Path(page_id): Path<i64>,
    Query(asked): Query<Designated>,
) -> Result<Json<PageIdentifiersFound>, Problem> {
    let designation = asked.designation.into();
    let rows = page_identifier::in_environments(&app.db, &by, page_id, designation).await?;
    Ok(found(&rows))
}

/// The element of a page that tests call so.
#[utoipa::path(get, path = "/api/v1/pages/{id}/identifiers/by-name", operation_id = "findPageIdentifier", tag = "webtest", params(("id" = i64, Path), Named), responses((status = 200, body = ref("#/components/schemas/PageIdentifier"))))]
async fn by_name(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Path(page_id): Path<i64>,
    Query(named): Query<Named>,
) -> Result<Json<Document>, Problem> {
    let row = page_identifier::by_element_name(&app.db, &by, page_id, &named.name).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Located {
    /// Exactly so.
    query: String,
}

/// The elements of a page that are found by a query, by whatever strategy.
#[utoipa::path(get, path = "/api/v1/pages/{id}/identifiers/by-query", operation_id = "findPageIdentifiersByQuery", tag = "webtest", params(("id" = i64, Path), Located), responses((status = 200, body = PageIdentifiersFound)))]
async fn by_query(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Path(page_id): Path<i64>,
    Query(located): Query<Located>,
) -> Result<Json<PageIdentifiersFound>, Problem> {
    let rows = page_identifier::by_locator_query(&app.db, &by, page_id, &located.query).await?;
    Ok(found(&rows))
}
