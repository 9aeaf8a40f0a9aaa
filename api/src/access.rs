//! Access over HTTP: agents that open shells, the keys that they enrol with, the authorities that
//! sign for people, and who had which shell.

mod access_agent;
mod enrolled;
mod enrollment_key;
mod shell_session;
mod ssh_ca_config;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(enrollment_key::routes())
        .merge(access_agent::routes())
        .merge(enrolled::routes())
        .merge(ssh_ca_config::routes())
        .merge(shell_session::routes())
}
