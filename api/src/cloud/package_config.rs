//! Sets of packages, and the one that is taken where none is named.

use axum::extract::State;
use service::{
    audit::audited, cloud::package, entity::cloud::package_config::Entity, records::Document,
    rights::UpdateCloud,
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
    "description",
    "packages",
    "repositories",
    "pre_install_scripts",
    "post_install_scripts",
    "is_default",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &[
    "name",
    "description",
    "packages",
    "repositories",
    "pre_install_scripts",
    "post_install_scripts",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Packages that are installed on a machine together.";
    let names = ("PackageConfig", "PackageConfigs");
    Plain::<Entity>::new("/api/v1/package-configs", names, about, SHOWN)
        .filters(&["id", "name", "is_default", "created_at", "updated_at"])
        .sorts(&["name", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes a set of packages the one that is taken where none is named.
#[utoipa::path(post, path = "/api/v1/package-configs/{id}/default", operation_id = "makePackageConfigDefault", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/PackageConfig"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(package::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
