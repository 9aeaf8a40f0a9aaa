//! What automatic tests of web applications look up, and mail that waits to be processed.

mod designation;
mod email_item;
mod environment;
mod environment_user;
mod page;
mod page_identifier;

use serde::Deserialize;
use utoipa::{
    IntoParams,
    openapi::{Ref, RefOr, Schema, schema::ArrayBuilder},
};
use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(page::routes())
        .merge(page_identifier::routes())
        .merge(environment::routes())
        .merge(environment_user::routes())
        .merge(email_item::routes())
}

/// What is looked for by its name.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Exactly so.
    name: String,
}

/// A list of rows of a declared resource.
fn list_of(resource: &str) -> RefOr<Schema> {
    let rows = ArrayBuilder::new().items(Ref::from_schema_name(resource)).build();
    RefOr::T(Schema::Array(rows))
}
