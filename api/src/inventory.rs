//! Hosts and applications as they are told to Elder, over HTTP.

mod app;
mod host;
mod placement;
mod server;
mod sync;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(server::routes())
        .merge(host::routes())
        .merge(app::routes())
        .merge(placement::routes())
        .merge(sync::routes())
}
