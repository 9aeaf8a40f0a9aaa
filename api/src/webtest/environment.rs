//! Environments that tests run on.

use axum::extract::State;
use serde::Serialize;
use service::{
    entity::webtest::environment::Entity, records::Document, rights::ReadWebtest,
    webtest::environment,
};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Named, designation::Designated, list_of};
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Query},
    plain::{Plain, document},
};

const SHOWN: &[&str] =
    &["id", "name", "designation", "url", "api_url", "is_active", "created_at", "updated_at"];

const WRITTEN: &[&str] = &["name", "designation", "url", "api_url", "is_active"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Where an application runs that is tested.";
    let names = ("TestEnvironment", "TestEnvironments");
    Plain::<Entity>::new("/api/v1/environments", names, about, SHOWN)
        .filters(&["id", "name", "designation", "is_active", "created_at", "updated_at"])
        .sorts(&["id", "name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(by_name))
        .routes(routes!(offered))
}

/// The environment of a name, active or not.
#[utoipa::path(get, path = "/api/v1/environments/by-name", operation_id = "findTestEnvironment", tag = "webtest", params(Named), responses((status = 200, body = ref("#/components/schemas/TestEnvironment"))))]
async fn by_name(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Query(named): Query<Named>,
) -> Result<Json<Document>, Problem> {
    let row = environment::by_name(&app.db, &by, &named.name).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// What is offered to tests.
#[derive(Debug, Serialize, ToSchema)]
struct TestEnvironmentsOffered {
    #[schema(schema_with = list)]
    environments: Vec<Document>,
}

fn list() -> RefOr<Schema> {
    list_of("TestEnvironment")
}

/// The active environments of a designation, in the order in which they were added.
#[utoipa::path(get, path = "/api/v1/environments/offered", operation_id = "listOfferedTestEnvironments", tag = "webtest", params(Designated), responses((status = 200, body = TestEnvironmentsOffered)))]
async fn offered(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Query(asked): Query<Designated>,
) -> Result<Json<TestEnvironmentsOffered>, Problem> {
    let rows = environment::offered(&app.db, &by, asked.designation.into()).await?;
    let environments = rows.iter().map(|row| document::<Entity>(row, SHOWN).0).collect();
    Ok(Json(TestEnvironmentsOffered { environments }))
}
