//! Templates of what cloud-init is told, and the one of each type that is taken where none is
//! named.

use axum::extract::State;
use service::{
    audit::audited, cloud::template, entity::cloud::cloud_init_template::Entity, records::Document,
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
    "template_content",
    "template_type",
    "version",
    "is_default",
    "created_at",
    "updated_at",
];

const WRITTEN: &[&str] = &["name", "description", "template_content", "template_type", "version"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "A template of what cloud-init is told on a machine's first start.";
    let names = ("CloudInitTemplate", "CloudInitTemplates");
    Plain::<Entity>::new("/api/v1/cloud-init-templates", names, about, SHOWN)
        .filters(&[
            "id",
            "name",
            "template_type",
            "version",
            "is_default",
            "created_at",
            "updated_at",
        ])
        .sorts(&["name", "template_type", "version", "created_at", "updated_at"])
        .creates(WRITTEN)
        .updates(WRITTEN)
        .deletes()
        .routes()
        .routes(routes!(make_default))
}

/// Makes a template the one that is taken where none of its type is named.
#[utoipa::path(post, path = "/api/v1/cloud-init-templates/{id}/default", operation_id = "makeCloudInitTemplateDefault", tag = "cloud", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/CloudInitTemplate"))))]
async fn make_default(
    State(app): State<App>,
    By(by): By<UpdateCloud>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row =
        audited(&app.db, &app.world, |unit, _| Box::pin(template::make_default(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
