//! Displays over HTTP: those of people, and each for itself.

mod app;
mod body;
mod device;
mod due;
mod installed;
mod itself;
mod location;
mod out;
mod recurrence_pattern;
mod words;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(device::routes())
        .merge(app::routes())
        .merge(due::routes())
        .merge(itself::routes())
        .merge(location::routes())
        .merge(recurrence_pattern::routes())
}
