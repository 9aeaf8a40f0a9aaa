//! Where displays stand, of all of them. A place is written with its display.

use service::entity::displays::location::Entity;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, plain::Plain};

const SHOWN: &[&str] =
    &["id", "device_id", "name", "locality", "description", "place_id", "timezone", "lat", "lng"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Where a display stands. It is written with its display.";
    let names = ("DisplayLocation", "DisplayLocations");
    Plain::<Entity>::new("/api/v1/locations", names, about, SHOWN)
        .filters(&["id", "device_id", "name", "locality", "timezone"])
        .sorts(&["id", "device_id", "name", "locality", "timezone"])
        .routes()
}
