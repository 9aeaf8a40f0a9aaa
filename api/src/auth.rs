//! Who asks: nobody is let in without a token, except where the list says so.

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use secrecy::SecretString;
use service::{
    identity::{
        caller::{self, Caller},
        session::Client,
    },
    rights::{Granted, Permission},
};

use crate::{App, Problem, address};

/// Every route that answers without a token. Whatever is not on the list answers 401, a path that
/// nobody knows included.
pub const PUBLIC: &[&str] = &[
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/docs/",
    "/docs/{*rest}",
    "/api/v1/setup",
    "/api/v1/login",
    "/api/v1/refresh",
    "/api/v1/password-reset-request",
    "/api/v1/password-reset",
    "/api/v1/email-verification",
    "/api/v1/registration",
];

/// Every route that takes the key of a machine in place of the token of a person: its handler reads it
/// by `Key`, and looks whose it is.
pub const KEYED: &[&str] = &[
    "/metrics",
    "/api/v1/access-agents/enroll",
    "/api/v1/access-agents/self/heartbeat",
    "/api/v1/access-agents/self/shell-sessions",
    "/api/v1/access-agents/self/shell-sessions/{session_id}/end",
    "/api/v1/access-agents/self/shell-sessions/{session_id}/recording",
    "/api/v1/display",
    "/api/v1/display/next",
    "/api/v1/display/due",
    "/api/v1/display/seen",
    "/api/v1/display/info",
    "/api/v1/display/apps/{iname}",
    "/api/v1/display/apps/{iname}/push",
    "/api/v1/display/apps/{iname}/rendering",
    "/api/v1/proxy/registration",
    "/api/v1/proxy/metrics",
    "/api/v1/proxy/config",
    "/api/v1/proxy/status",
    "/api/v1/proxy/route-tables/{id}/probes",
    "/api/v1/proxy/route-tables/{id}/endpoint",
    "/api/v1/proxy/tracing-configs/{id}/stats",
];

/// Lets a request through with a good token, or to a route of [`PUBLIC`] or [`KEYED`].
pub(crate) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = client(&parts, &app);
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    if !route.is_some_and(|route| PUBLIC.contains(&route) || KEYED.contains(&route)) {
        match prove(&parts, &app, client.clone()).await {
            Ok(caller) => {
                parts.extensions.insert(caller);
            }
            Err(problem) => return problem.into_response(),
        }
    }
    parts.extensions.insert(client);
    next.run(Request::from_parts(parts, body)).await
}

async fn prove(parts: &Parts, app: &App, client: Client) -> Result<Caller, Problem> {
    let token = bearer(parts).ok_or_else(Problem::unauthenticated)?;
    caller::authenticate(&app.db, &app.world, token, client).await.map_err(Problem::of_token)
}

/// The token in `Authorization: Bearer …` (RFC 6750); the scheme has no case.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two of them: whoever is in between could have read the other one.
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn client(parts: &Parts, app: &App) -> Client {
    let user_agent = parts.headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Client { ip: address::of(parts, &app.proxies), user_agent }
}

/// The caller of a route that is not public.
#[derive(Debug)]
pub(crate) struct Who(pub(crate) Caller);

impl FromRequestParts<App> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(Problem::unauthenticated)
    }
}

/// A caller who has logged in. A program with an API key has not, and does not manage the account
/// of its owner.
#[derive(Debug)]
pub(crate) struct InPerson(pub(crate) Caller);

impl FromRequestParts<App> for InPerson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Who(caller) = Who::from_request_parts(parts, app).await?;
        match caller.session {
            Some(_) => Ok(Self(caller)),
            None => Err(Problem::forbidden("an API key cannot do this: log in")),
        }
    }
}

/// A right that the caller has: it is named in the signature of the handler.
#[derive(Debug)]
pub(crate) struct By<P: Permission>(pub(crate) Granted<P>);

impl<P: Permission> FromRequestParts<App> for By<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Who(caller) = Who::from_request_parts(parts, app).await?;
        Ok(Self(app.rights.check::<P>(&app.db, &caller.actor).await?))
    }
}

/// The key of a machine, as it was sent: `Authorization: Bearer …`, on the routes of [`KEYED`].
#[derive(Debug)]
pub(crate) struct Key(pub(crate) SecretString);

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        bearer(parts).map(|key| Self(key.into())).ok_or_else(Problem::unauthenticated)
    }
}

/// What is known about the program that asks, on every route.
#[derive(Debug)]
pub(crate) struct From(pub(crate) Client);

impl FromRequestParts<App> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        Ok(Self(parts.extensions.get::<Client>().cloned().unwrap_or_default()))
    }
}
