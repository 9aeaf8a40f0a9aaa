//! Test users: whom tests log in as, and where their passwords are.

use axum::extract::State;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use service::{
    audit::audited,
    entity::webtest::environment_user::Entity,
    records::Document,
    rights::{ReadWebtest, RevealSecrets},
    webtest::environment_user,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Named;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path, Query},
    plain::{Plain, document},
};

const SHOWN: &[&str] = &[
    "id",
    "environment_id",
    "username",
    "email",
    "secret_id",
    "secret_provider",
    "secret_url",
    "secret_name",
    "created_at",
    "updated_at",
];

const CREATED: &[&str] = &[
    "environment_id",
    "username",
    "email",
    "secret_id",
    "secret_provider",
    "secret_url",
    "secret_name",
];

const UPDATED: &[&str] =
    &["username", "email", "secret_id", "secret_provider", "secret_url", "secret_name"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let about = "Whom tests log in as in an environment, and where the password is kept.";
    let names = ("TestUser", "TestUsers");
    Plain::<Entity>::new("/api/v1/environment-users", names, about, SHOWN)
        .filters(&["id", "environment_id", "username", "email", "secret_id", "secret_provider"])
        .sorts(&["id", "environment_id", "username", "email", "created_at", "updated_at"])
        .creates(CREATED)
        .updates(UPDATED)
        .deletes()
        .routes()
        .routes(routes!(by_name))
        .routes(routes!(reveal))
}

/// The user of a name in an environment.
#[utoipa::path(get, path = "/api/v1/environments/{id}/users/by-name", operation_id = "findTestUser", tag = "webtest", params(("id" = i64, Path), Named), responses((status = 200, body = ref("#/components/schemas/TestUser"))))]
async fn by_name(
    State(app): State<App>,
    By(by): By<ReadWebtest>,
    Path(environment_id): Path<i64>,
    Query(named): Query<Named>,
) -> Result<Json<Document>, Problem> {
    let row = environment_user::by_name(&app.db, &by, environment_id, &named.name).await?;
    Ok(document::<Entity>(&row, SHOWN))
}

/// What a test user logs in by, in clear.
#[derive(Serialize, ToSchema)]
struct TestUserRevealed {
    /// Null of one who has none.
    value: Option<String>,
}

/// Reads the password of a test user in clear, which is written to the audit log. One that a
/// provider keeps is not read; the refusal says where it is.
#[utoipa::path(post, path = "/api/v1/environment-users/{id}/password/reveal", operation_id = "revealTestUserPassword", tag = "webtest", params(("id" = i64, Path)), responses((status = 200, body = TestUserRevealed)))]
async fn reveal(
    State(app): State<App>,
    By(by): By<RevealSecrets>,
    Path(id): Path<i64>,
) -> Result<Json<TestUserRevealed>, Problem> {
    let (by, keys) = (&by, &app.keys);
    let password = audited(&app.db, &app.world, |unit, _| {
        Box::pin(environment_user::password(unit, by, keys, id))
    });
    let value = password.await?.map(|password| password.expose_secret().to_owned());
    Ok(Json(TestUserRevealed { value }))
}
