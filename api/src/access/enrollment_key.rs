//! Enrolment keys: each lets so many agents in.

use axum::extract::State;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use service::{
    access::key::{self, NewKey},
    audit::audited,
    entity::access::enrollment_key::Entity,
    records::Document,
    rights::{CreateAccess, UpdateAccess},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path},
    plain::{Plain, document},
};

const PATH: &str = "/api/v1/enrollment-keys";

const SHOWN: &[&str] = &[
    "id",
    "name",
    "max_uses",
    "use_count",
    "attributes",
    "created_by_id",
    "created_at",
    "expires_at",
    "revoked_at",
];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Keys that agents enrol with, each good for so many and until some moment.";
    Plain::<Entity>::new(PATH, ("EnrollmentKey", "EnrollmentKeys"), about, SHOWN)
        .filters(&[
            "id",
            "name",
            "max_uses",
            "use_count",
            "created_by_id",
            "created_at",
            "expires_at",
            "revoked_at",
        ])
        .sorts(&["name", "use_count", "created_at", "expires_at", "revoked_at"])
        .updates(&["name", "attributes"])
        .deletes()
        .routes()
        .routes(routes!(create))
        .routes(routes!(revoke))
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrollmentKeyIn {
    /// What it is made for, up to 100 characters.
    name: Option<String>,
    /// How many agents it lets in; one, unless said otherwise.
    #[schema(minimum = 1, maximum = 10_000)]
    max_uses: Option<i32>,
    /// Until when it lets them in, within 30 days from now.
    expires_at: DateTime<Utc>,
    #[schema(value_type = Option<Object>)]
    attributes: Option<Document>,
}

/// A key that was made, which is shown this once, and its row.
#[derive(Serialize, ToSchema)]
struct MadeEnrollmentKey {
    #[schema(value_type = Object)]
    enrollment_key: Document,
    key: String,
}

/// Makes a key for agents to enrol with.
#[utoipa::path(post, path = "/api/v1/enrollment-keys", operation_id = "createEnrollmentKey", tag = "access", responses((status = 201, body = MadeEnrollmentKey, headers(("location" = String, description = "The path of what was made.")))))]
async fn create(
    State(app): State<App>,
    By(by): By<CreateAccess>,
    Json(input): Json<EnrollmentKeyIn>,
) -> Result<Created<MadeEnrollmentKey>, Problem> {
    let EnrollmentKeyIn { name, max_uses, expires_at, attributes } = input;
    let new = &NewKey {
        name,
        max_uses: max_uses.unwrap_or(1),
        expires_at,
        attributes: attributes.unwrap_or_default().into(),
    };
    let (by, world) = (&by, &app.world);
    let made = audited(&app.db, world, |unit, _| Box::pin(key::make(unit, by, world, new.clone())));
    let made = made.await?;
    let path = format!("{PATH}/{}", made.row.id);
    let Json(enrollment_key) = document::<Entity>(&made.row, SHOWN);
    let key = made.key.expose_secret().to_owned();
    Ok(Created { path, body: MadeEnrollmentKey { enrollment_key, key } })
}

/// Lets nobody in by a key any more. The agents that came by it stay.
#[utoipa::path(post, path = "/api/v1/enrollment-keys/{id}/revoke", operation_id = "revokeEnrollmentKey", tag = "access", params(("id" = i64, Path)), responses((status = 200, body = ref("#/components/schemas/EnrollmentKey"))))]
async fn revoke(
    State(app): State<App>,
    By(by): By<UpdateAccess>,
    Path(id): Path<i64>,
) -> Result<Json<Document>, Problem> {
    let by = &by;
    let row = audited(&app.db, &app.world, |unit, _| Box::pin(key::revoke(unit, by, id)));
    Ok(document::<Entity>(&row.await?, SHOWN))
}
