//! Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a `POST` that comes twice under
//! one is done once.

use std::{ops::RangeInclusive, panic::resume_unwind};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest as _, MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request, response,
        uri::PathAndQuery,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use service::{
    Result,
    identity::{
        caller::Caller,
        idempotency::{self, Answer, Asked, Doing, Turn},
    },
};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::{
    App, Limits, Problem,
    auth::{KEYED, PUBLIC},
    problem::Told,
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long a key is, without quotes.
pub(crate) const LENGTH: RangeInclusive<usize> = 16..=255;

/// The headers of an answer that say something about what was asked.
const KEPT: [HeaderName; 6] = [
    header::ALLOW,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
];

/// What changes nothing, and what is asked with a password: a repeat does no harm, and nothing of
/// it is to be kept.
const SPARED: [&str; 7] = [
    "/api/v1/authz/check",
    "/api/v1/authz/explain",
    "/api/v1/me/password",
    "/api/v1/me/second-factor",
    "/api/v1/me/second-factor/confirmation",
    "/api/v1/me/second-factor/recovery-codes",
    "/api/v1/me/second-factor/removal",
];

/// Whether a `POST` to that route takes a key; elsewhere the header says nothing. Secrets are told
/// (`/reveal`) as often as they are asked for: each time by right, and in the audit log.
pub(crate) fn takes(route: &str) -> bool {
    route.starts_with("/api/v1/")
        && !route.ends_with("/reveal")
        && ![PUBLIC, KEYED, &SPARED].iter().any(|list| list.contains(&route))
}

/// Does what is asked under a key once, and tells its answer to whoever asks again. It sits behind
/// [`authenticate`](crate::auth::authenticate), because a key is somebody's.
///
/// What has begun goes on when the client does not wait for it: whoever lost the answer asks for it
/// by the key.
pub(crate) async fn once(
    State((app, limits)): State<(App, Limits)>,
    request: Request,
    next: Next,
) -> Response {
    let wanted = wanted(&request);
    let key = match wanted {
        Ok(Some(key)) => key,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let (parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::new(body), &()).await {
        Ok(body) => body,
        Err(rejection) => {
            return Problem::unreadable(rejection.status(), &rejection.body_text()).into_response();
        }
    };
    let work = app.work.clone();
    let answered = answered(app, limits, key, parts, body, next).in_current_span();
    match work.spawn(answered).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_cancelled) => Problem::internal().into_response(),
        },
    }
}

/// The key of a request that can have one.
fn wanted(request: &Request) -> Result<Option<String>, Problem> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if request.method() != Method::POST || !route.is_some_and(takes) {
        return Ok(None);
    }
    key(request.headers())
}

/// The key in the header: a text of the draft's structured fields, or the same without the quotes.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_sound = values.next().is_none()
        && LENGTH.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if !is_sound {
        return Err(Problem::no_idempotency_key());
    }
    Ok(Some(text.to_owned()))
}

async fn answered(
    app: App,
    limits: Limits,
    key: String,
    parts: request::Parts,
    body: Bytes,
    next: Next,
) -> Response {
    let turn = begin(&app, limits, &key, &parts, &body).await;
    let problem = match turn {
        Ok(Turn::First(doing)) => {
            let request = Request::from_parts(parts, Body::from(body));
            return perform(&app, limits, doing, request, next).await;
        }
        Ok(Turn::Again(answer)) => return again(answer),
        Ok(Turn::NotKept { status }) => Problem::answer_not_kept(status),
        Ok(Turn::Running) => Problem::key_in_use(),
        Ok(Turn::Lost) => Problem::outcome_unknown(),
        Ok(Turn::Other) => Problem::key_reused(),
        Err(problem) => problem,
    };
    problem.into_response()
}

async fn begin(
    app: &App,
    limits: Limits,
    key: &str,
    parts: &request::Parts,
    body: &[u8],
) -> Result<Turn, Problem> {
    let asked = Asked {
        caller: parts.extensions.get::<Caller>().ok_or_else(Problem::unauthenticated)?,
        proof: proof(&parts.headers),
        key,
        method: parts.method.as_str(),
        target: parts.uri.path_and_query().map_or("/", PathAndQuery::as_str),
        body,
    };
    // Once for what is asked, once for keeping its answer, and once for the row, which is as old as the
    // request and can have waited for a connection.
    let patience = 3 * limits.time;
    Ok(idempotency::begin(&app.db, &app.world, &asked, patience).await?)
}

/// What stands behind `Bearer`, which has been found good.
fn proof(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split_once(' ')).map_or("", |(_, proof)| proof.trim())
}

async fn perform(
    app: &App,
    limits: Limits,
    doing: Doing,
    request: Request,
    next: Next,
) -> Response {
    let Ok(response) = timeout(limits.time, next.run(request)).await else {
        // As the limit of all requests answers, which the client has met before.
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::internal().into_response();
    };
    match timeout(limits.time, settle(app, doing, &parts, &body)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an answer under an idempotency key was not written down"
        ),
        Err(_elapsed) => {
            tracing::warn!("an answer under an idempotency key was not written down in time");
        }
    }
    Response::from_parts(parts, Body::from(body))
}

/// What an answer leaves of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is the answer from now on.
    Kept,
    /// Nothing was done: the key is as good as before.
    Free,
    /// It may have been done.
    Open,
}

fn fate(status: StatusCode, problem: Option<&Problem>) -> Fate {
    let is_free = if status.is_server_error() {
        problem.is_some_and(Problem::left_nothing)
    } else {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
    };
    match (is_free, status.is_server_error()) {
        (true, _) => Fate::Free,
        (false, true) => Fate::Open,
        (false, false) => Fate::Kept,
    }
}

async fn settle(app: &App, doing: Doing, parts: &response::Parts, body: &[u8]) -> Result<()> {
    match fate(parts.status, parts.extensions.get::<Problem>()) {
        Fate::Kept => doing.end(&app.db, &app.world, &kept(parts, body)).await,
        Fate::Free => doing.undo(&app.db).await,
        Fate::Open => Ok(()),
    }
}

fn kept(parts: &response::Parts, body: &[u8]) -> Answer {
    let headers = KEPT.into_iter().filter_map(|name| {
        let value = parts.headers.get(&name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    Answer { status: parts.status.as_u16(), headers: headers.collect(), body: body.to_vec() }
}

/// The answer of the first time.
fn again(answer: Answer) -> Response {
    let Answer { status, headers, body } = answer;
    let told = Told::read(&headers, &body);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(told) = told {
        response.extensions_mut().insert(told);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        key(&headers)
    }

    #[test]
    fn a_key_is_read_with_quotes_and_without() {
        let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";

        assert_eq!(of(&[]), Ok(None));
        for sound in [uuid, &format!("\"{uuid}\"")] {
            assert_eq!(of(&[sound]), Ok(Some(uuid.to_owned())));
        }
        for length in [16, 255] {
            let longest = "k".repeat(length);
            assert_eq!(of(&[&longest]), Ok(Some(longest.clone())));
            assert_eq!(of(&[&format!("\"{longest}\"")]), Ok(Some(longest.clone())));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(256);
        for wrong in [
            "",
            "fifteen-letters",
            "sixteen letters!",
            "größer-als-sechzehn",
            "\"in-quotes-14\"",
            "\"quoted-at-one-end",
            "a-quote\"-in-the-middle",
            &long,
        ] {
            assert_eq!(of(&[wrong]), Err(Problem::no_idempotency_key()), "{wrong}");
        }
        let twice = of(&["8e03978e-40d5-43e8", "8e03978e-40d5-43e8"]);
        assert_eq!(twice, Err(Problem::no_idempotency_key()));
    }

    #[test]
    fn what_is_public_a_machines_or_asked_with_a_password_takes_no_key() {
        for route in ["/api/v1/clusters", "/api/v1/logout", "/api/v1/users/{id}/password-reset"] {
            assert!(takes(route), "{route}");
        }
        let spared = PUBLIC.iter().chain(KEYED).chain(&SPARED);
        for route in spared.copied().chain(["/api/v1/secrets/{path}/reveal", "/elsewhere"]) {
            assert!(!takes(route), "{route}");
        }
    }

    #[test]
    fn an_answer_keeps_its_key_frees_it_or_leaves_it_open() {
        for kept in [200, 201, 204, 400, 403, 404, 409, 412, 422, 428] {
            let status = StatusCode::from_u16(kept).unwrap();
            assert_eq!(fate(status, None), Fate::Kept, "{kept}");
        }
        let internal = Problem::internal();
        let gone = Problem::not_ready("the database does not answer");
        for (status, problem, expected) in [
            (StatusCode::UNAUTHORIZED, None, Fate::Free),
            (StatusCode::TOO_MANY_REQUESTS, None, Fate::Free),
            (StatusCode::INTERNAL_SERVER_ERROR, Some(&internal), Fate::Free),
            (StatusCode::SERVICE_UNAVAILABLE, Some(&gone), Fate::Open),
            (StatusCode::SERVICE_UNAVAILABLE, None, Fate::Open),
        ] {
            assert_eq!(fate(status, problem), expected, "{status}");
        }
    }
}
