//! Machines that boot from the network over HTTP: what they boot, and what is put on them.

mod boot_event;
mod boot_plan;
mod egg;
mod egg_group;
mod ipxe_boot_config;
mod ipxe_config;
mod ipxe_image;
mod ipxe_machine;

use utoipa_axum::router::OpenApiRouter;

use crate::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(ipxe_config::routes())
        .merge(ipxe_image::routes())
        .merge(egg::routes())
        .merge(egg_group::routes())
        .merge(ipxe_boot_config::routes())
        .merge(ipxe_machine::routes())
        .merge(boot_event::routes())
        .merge(boot_plan::routes())
}
