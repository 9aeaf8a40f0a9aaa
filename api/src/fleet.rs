//! The fleet over HTTP: hosts, what they are asked, what they answer, and what that raises.

mod alarm;
mod alert;
mod answer;
mod execution;
mod host;
mod query;
mod server;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(server::routes())
        .merge(host::routes())
        .merge(query::routes())
        .merge(execution::routes())
        .merge(answer::routes())
        .merge(alert::routes())
        .merge(alarm::routes())
}
