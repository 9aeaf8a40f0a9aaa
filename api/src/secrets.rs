//! Secrets over HTTP, and the places that secrets are read from.

mod encrypted_secret;
mod secret_backend;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(secret_backend::routes()).merge(encrypted_secret::routes())
}
