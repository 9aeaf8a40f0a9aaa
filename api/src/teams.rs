//! Teams over HTTP: who belongs to one, and what it gives them on which resource.

mod resource_access;
mod resource_assignment;
mod resource_team;
mod team_member;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(resource_team::routes())
        .merge(team_member::routes())
        .merge(resource_assignment::routes())
        .merge(resource_access::routes())
}
