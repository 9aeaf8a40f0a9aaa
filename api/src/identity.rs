//! People over HTTP: setup, sessions, the own account, people, roles, permissions, and who may what.

mod api_key;
mod authz;
mod me;
mod permission;
mod registration;
mod reset;
mod role;
mod second_factor;
mod session;
mod setup;
mod user;
mod verification;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(registration::routes())
        .merge(session::routes())
        .merge(reset::routes())
        .merge(verification::routes())
        .merge(me::routes())
        .merge(second_factor::routes())
        .merge(api_key::routes())
        .merge(user::routes())
        .merge(role::routes())
        .merge(permission::routes())
        .merge(authz::routes())
}
