//! The gateway over HTTP: the APIs that are offered, and how often each is called.

mod api;
mod method;
mod usage;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(api::routes()).merge(usage::routes())
}
