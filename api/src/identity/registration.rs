//! Registering by oneself.

use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use service::identity::registration::{self, Registration};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::user::UserOut;
use crate::{App, Problem, auth::From, created::Created, extract::Json};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register))
}

/// Who registers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegistrationIn {
    /// The name to log in by.
    username: String,
    /// The e-mail address, to which a mail is sent that verifies it.
    email: String,
    full_name: Option<String>,
    /// 8 to 256 characters.
    #[schema(value_type = String, write_only)]
    password: SecretString,
}

/// Registers, while the setting `users.registration_enabled` lets people in: 404 else. While
/// `users.registration_needs_verification` is set, nobody who has registered logs in before the
/// address is verified.
#[utoipa::path(post, path = "/api/v1/registration", operation_id = "register", tag = "sessions", responses((status = 201, body = UserOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn register(
    State(app): State<App>,
    From(client): From,
    Json(input): Json<RegistrationIn>,
) -> Result<Created<UserOut>, Problem> {
    let RegistrationIn { username, email, full_name, password } = input;
    let new = Registration { username, email, full_name, password };
    let App { db, rights, world, hasher, bell, .. } = &app;
    let user = registration::register(db, rights, world, hasher, &new, &client).await?;
    bell.ring();
    let user: UserOut = user.into();
    Ok(user.created())
}
