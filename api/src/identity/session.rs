//! Logging in and out, and going on.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use service::identity::session::{self, Login, Session, Tokens};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::user::UserOut;
use crate::{
    App, Problem,
    auth::{From, InPerson},
    extract::Json,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(refresh)).routes(routes!(logout))
}

/// What somebody logs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginIn {
    /// The name or the e-mail address, in whatever case.
    name: String,
    /// The password.
    #[schema(value_type = String, write_only)]
    password: SecretString,
    /// The one-time password of the second factor, or a recovery code, for who has one.
    #[schema(value_type = Option<String>, write_only)]
    otp: Option<SecretString>,
}

/// A pair of tokens. Neither is shown again.
#[derive(Serialize, ToSchema)]
struct TokensOut {
    /// For the header `Authorization`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    access_expires_at: DateTime<Utc>,
    /// To be exchanged once for the next pair. A second use ends the session.
    refresh_token: String,
    refresh_expires_at: DateTime<Utc>,
    user: UserOut,
}

impl std::convert::From<Tokens> for TokensOut {
    fn from(tokens: Tokens) -> Self {
        let Tokens { access, access_expires_at, refresh, refresh_expires_at, user } = tokens;
        Self {
            access_token: access.expose_secret().to_owned(),
            token_type: "Bearer",
            access_expires_at,
            refresh_token: refresh.expose_secret().to_owned(),
            refresh_expires_at,
            user: user.into(),
        }
    }
}

/// A session that can be gone on with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionOut {
    id: String,
    started_at: DateTime<Utc>,
    renewed_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// Whether the request came in it.
    is_current: bool,
}

impl SessionOut {
    pub(super) fn of(session: Session, current: Option<&str>) -> Self {
        let Session { id, started_at, renewed_at, expires_at, ip, user_agent } = session;
        let is_current = current == Some(id.as_str());
        Self { id, started_at, renewed_at, expires_at, ip, user_agent, is_current }
    }
}

/// Begins a session.
#[utoipa::path(post, path = "/api/v1/login", operation_id = "login", tag = "sessions", responses((status = 200, body = TokensOut)))]
async fn login(
    State(app): State<App>,
    From(client): From,
    Json(input): Json<LoginIn>,
) -> Result<Json<TokensOut>, Problem> {
    let LoginIn { name, password, otp } = input;
    let login = Login { name, password, otp };
    let App { db, world, hasher, keys, .. } = &app;
    let tokens = session::login(db, world, hasher, keys, &login, &client).await;
    app.metrics.logged_in(&tokens);
    Ok(Json(tokens?.into()))
}

/// A refresh token to exchange.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    #[schema(value_type = String, write_only)]
    refresh_token: SecretString,
}

/// Exchanges a refresh token for the next pair of tokens.
#[utoipa::path(post, path = "/api/v1/refresh", operation_id = "refresh", tag = "sessions", responses((status = 200, body = TokensOut)))]
async fn refresh(
    State(app): State<App>,
    From(client): From,
    Json(input): Json<Refresh>,
) -> Result<Json<TokensOut>, Problem> {
    let token = input.refresh_token.expose_secret();
    Ok(Json(session::refresh(&app.db, &app.world, token, &client).await?.into()))
}

/// Ends the session that the request comes in.
#[utoipa::path(post, path = "/api/v1/logout", operation_id = "logout", tag = "sessions", responses((status = 204)))]
async fn logout(State(app): State<App>, InPerson(caller): InPerson) -> Result<StatusCode, Problem> {
    session::logout(&app.db, &app.world, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
