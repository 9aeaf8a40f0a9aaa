//! The first administrator.

use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use service::identity::setup::{self, NewAdministrator};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::user::UserOut;
use crate::{App, Problem, created::Created, extract::Json};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(complete))
}

/// The first administrator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Setup {
    /// The token that the server printed on standard output at its start.
    #[schema(value_type = String, write_only)]
    token: SecretString,
    /// The name to log in by.
    username: String,
    /// The e-mail address.
    email: Option<String>,
    /// The password: 8 to 256 characters.
    #[schema(value_type = String, write_only)]
    password: SecretString,
}

/// Makes the first administrator, with the token that the server prints while there is none.
#[utoipa::path(post, path = "/api/v1/setup", operation_id = "completeSetup", tag = "setup", responses((status = 201, body = UserOut, headers(("location" = String, description = "The path of what was made.")))))]
async fn complete(
    State(app): State<App>,
    Json(input): Json<Setup>,
) -> Result<Created<UserOut>, Problem> {
    use secrecy::ExposeSecret as _;

    let Setup { token, username, email, password } = input;
    let new = NewAdministrator { username, email, password };
    let App { db, rights, world, hasher, .. } = &app;
    let user = setup::complete(db, rights, world, hasher, token.expose_secret(), &new).await?;
    Ok(UserOut::from(user).created())
}
