//! People over HTTP: setup, sessions, the own account, people, roles, permissions.

mod me;
mod permission;
mod role;
mod session;
mod setup;
mod user;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(session::routes())
        .merge(me::routes())
        .merge(user::routes())
        .merge(role::routes())
        .merge(permission::routes())
}
