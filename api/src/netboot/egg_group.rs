//! Groups of eggs, and the one that is taken where a boot configuration names none.

use axum::extract::State;
use service::{
    audit::audited, entity::netboot::egg_group::Entity, netboot::egg_group, records::Document,
    rights::UpdateNetboot,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "name",
    "display_name",
    "description",
    "eggs",
    "is_default",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &["name", "display_name", "description", "eggs"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Eggs that are put on a machine together, in order.";
    Plain::<Entity>::new("/api/v1/egg-groups", ("EggGroup", "EggGroups"), about, SHOWN)
        .filters(&["id", "name", "display_name", "is_default", "created_at", "updated_at"])
        .sorts(&["name", "display_name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes a group the one that is taken where a boot configuration names none.
#[utoipa::path(post, path = "/api/v1/egg-groups/{id}/default", operation_id = "makeEggGroupDefault", tag = "netboot", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/EggGroup"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateNetboot>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(egg_group::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
