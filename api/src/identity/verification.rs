//! Verifying e-mail addresses.

use axum::{extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use service::identity::verification;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, auth::InPerson, extract::Json};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(again))
}

/// What came by mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Verification {
    /// The token in the mail.
    #[schema(value_type = String, write_only)]
    token: SecretString,
}

/// Verifies the address that the token was sent to, while it is still the person's.
#[utoipa::path(post, path = "/api/v1/email-verification", operation_id = "verifyEmail", tag = "sessions", responses((status = 204)))]
async fn verify(
    State(app): State<App>,
    Json(input): Json<Verification>,
) -> Result<StatusCode, Problem> {
    verification::complete(&app.db, &app.world, input.token.expose_secret()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets the mail that verifies the caller's address be sent once more: once a minute.
#[utoipa::path(post, path = "/api/v1/me/email-verification", operation_id = "sendMyVerification", tag = "me", responses((status = 202, description = "It will be sent.")))]
async fn again(State(app): State<App>, InPerson(caller): InPerson) -> Result<StatusCode, Problem> {
    verification::again(&app.db, &app.world, &caller).await?;
    app.bell.ring();
    Ok(StatusCode::ACCEPTED)
}
