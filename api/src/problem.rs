//! Every answer that is an error: a problem document as RFC 9457 describes it.
//!
//! This is the one place that knows which status belongs to what. Documents say what the client can
//! act on; what only the operator can act on is in the log, under the request's id.

use std::{any::Any, borrow::Cow, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use plimsoll::retry;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::request::RequestId;

/// When to come again to a server that cannot serve now. Nobody knows; soon, and not at once.
const SOON: Duration = Duration::from_secs(5);

/// For whoever operates the server: the client cannot mend it.
const NO_KEY: &str = "the server has no key to seal or open this secret with: `ENCRYPTION_KEY` is not set there, or lacks the key that sealed it";

/// What problem documents are announced as.
const MEDIA_TYPE: &str = "application/problem+json";

/// How much of what was asked is repeated in a document, in bytes.
const LONGEST: usize = 1024;

/// What went wrong, in the vocabulary of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unauthenticated,
    WrongCredentials,
    SecondFactorRequired,
    Unverified,
    TooManyAttempts,
    TooManyRequests,
    Forbidden,
    Exceeds,
    LastAdministrator,
    AlreadySetUp,
    BelongsToSystem,
    Refused,
    AlreadyExists,
    Malformed,
    UnsupportedMediaType,
    NotFound,
    MethodNotAllowed,
    Immutable,
    Stale,
    Unconditional,
    KeyInUse,
    OutcomeUnknown,
    AnswerNotKept,
    KeyReused,
    BodyTooLarge,
    Invalid,
    Internal,
    NoKey,
    NotReady,
    TimedOut,
    /// Nothing more is known than the status.
    Bare(StatusCode),
}

impl Kind {
    /// The `type`: a reference relative to the server, which clients may compare and which never changes.
    fn uri(self) -> &'static str {
        match self {
            Self::Unauthenticated => "/problems/unauthenticated",
            Self::WrongCredentials => "/problems/wrong-credentials",
            Self::SecondFactorRequired => "/problems/second-factor-required",
            Self::Unverified => "/problems/unverified",
            Self::TooManyAttempts => "/problems/too-many-attempts",
            Self::TooManyRequests => "/problems/too-many-requests",
            Self::Forbidden => "/problems/forbidden",
            Self::Exceeds => "/problems/exceeds",
            Self::LastAdministrator => "/problems/last-administrator",
            Self::AlreadySetUp => "/problems/already-set-up",
            Self::BelongsToSystem => "/problems/belongs-to-system",
            Self::Refused => "/problems/refused",
            Self::AlreadyExists => "/problems/already-exists",
            Self::Malformed => "/problems/malformed",
            Self::UnsupportedMediaType => "/problems/unsupported-media-type",
            Self::NotFound => "/problems/not-found",
            Self::MethodNotAllowed => "/problems/method-not-allowed",
            Self::Immutable => "/problems/immutable",
            Self::Stale => "/problems/stale",
            Self::Unconditional => "/problems/unconditional",
            Self::KeyInUse => "/problems/idempotency-key-in-use",
            Self::OutcomeUnknown => "/problems/outcome-unknown",
            Self::AnswerNotKept => "/problems/answer-not-kept",
            Self::KeyReused => "/problems/idempotency-key-reused",
            Self::BodyTooLarge => "/problems/body-too-large",
            Self::Invalid => "/problems/invalid",
            Self::Internal => "/problems/internal",
            Self::NoKey => "/problems/no-key",
            Self::NotReady => "/problems/not-ready",
            Self::TimedOut => "/problems/timed-out",
            Self::Bare(_) => "about:blank",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::WrongCredentials | Self::SecondFactorRequired => {
                StatusCode::UNAUTHORIZED
            }
            Self::TooManyAttempts | Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden | Self::Exceeds | Self::Unverified => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Immutable
            | Self::LastAdministrator
            | Self::AlreadySetUp
            | Self::BelongsToSystem
            | Self::Refused
            | Self::KeyInUse
            | Self::OutcomeUnknown
            | Self::AnswerNotKept
            | Self::AlreadyExists => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::Unconditional => StatusCode::PRECONDITION_REQUIRED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoKey | Self::NotReady | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bare(status) => status,
        }
    }

    /// The code of what the server itself refuses; `service` gives its own with its errors.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("SRV0001"),
            Self::Malformed => Some("API0001"),
            Self::UnsupportedMediaType => Some("API0002"),
            Self::BodyTooLarge => Some("API0003"),
            Self::NotFound => Some("API0004"),
            Self::MethodNotAllowed => Some("API0005"),
            Self::Invalid => Some("API0006"),
            Self::Forbidden => Some("API0007"),
            Self::NotReady => Some("API0008"),
            Self::TimedOut => Some("API0009"),
            Self::Internal => Some("API0010"),
            Self::Unconditional => Some("API0011"),
            Self::NoKey => Some("API0012"),
            Self::TooManyRequests => Some("API0013"),
            Self::KeyInUse => Some("API0014"),
            Self::OutcomeUnknown => Some("API0015"),
            Self::AnswerNotKept => Some("API0016"),
            Self::KeyReused => Some("API0017"),
            _ => None,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Authentication required",
            Self::WrongCredentials => "Wrong name or password",
            Self::SecondFactorRequired => "One-time password needed",
            Self::Unverified => "E-mail address not verified",
            Self::TooManyAttempts => "Too many attempts",
            Self::TooManyRequests => "Too many requests",
            Self::Forbidden => "Not permitted",
            Self::Exceeds => "Above your own rights",
            Self::LastAdministrator => "The last administrator must stay",
            Self::AlreadySetUp => "Set up already",
            Self::BelongsToSystem => "Belongs to the system",
            Self::Refused => "Refused by a rule",
            Self::AlreadyExists => "Exists already",
            Self::Malformed => "Not readable",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Immutable => "Cannot be changed",
            Self::Stale => "Changed meanwhile",
            Self::Unconditional => "Say which state is meant",
            Self::KeyInUse => "Being done",
            Self::OutcomeUnknown => "Outcome not known",
            Self::AnswerNotKept => "Done, and the answer is not kept",
            Self::KeyReused => "Key of another request",
            Self::BodyTooLarge => "Body too large",
            Self::Invalid => "Not valid",
            Self::Internal => "Internal error",
            Self::NoKey => "No key for secrets",
            Self::NotReady => "Not ready",
            Self::TimedOut => "Took too long",
            Self::Bare(status) => status.canonical_reason().unwrap_or("Error"),
        }
    }

    /// The kind of an answer that a layer or an extractor gave without one. Only the time limit
    /// answers with a bare 503.
    fn of_bare(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::Malformed,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Invalid,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::INTERNAL_SERVER_ERROR => Self::Internal,
            StatusCode::SERVICE_UNAVAILABLE => Self::TimedOut,
            other => Self::Bare(other),
        }
    }
}

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    code: Option<&'static str>,
    detail: Option<String>,
    retry_after: Option<Duration>,
    /// `WWW-Authenticate`: RFC 9110 demands one with every 401; RFC 6750 says how it reads.
    challenge: Option<&'static str>,
}

impl Problem {
    /// Nothing is at that address.
    pub fn not_found() -> Self {
        Kind::NotFound.into()
    }

    /// Something is at that address, and does not do that.
    pub fn method_not_allowed() -> Self {
        Kind::MethodNotAllowed.into()
    }

    /// The server cannot serve now; `detail` is for whoever operates it, and public.
    pub fn not_ready(detail: &str) -> Self {
        Self::told(Kind::NotReady, detail)
    }

    /// The address of the client has sent more than it may, and may send again after that time.
    pub(crate) fn too_many_requests(retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Kind::TooManyRequests.into() }
    }

    /// The server is at fault. Nothing is said about how.
    pub fn internal() -> Self {
        Kind::Internal.into()
    }

    /// Nobody can tell who asks.
    pub fn unauthenticated() -> Self {
        service::Error::Unauthenticated.into()
    }

    /// A token was shown, and was not good.
    pub(crate) fn of_token(error: service::Error) -> Self {
        let mut problem = Self::from(error);
        if problem.kind == Kind::Unauthenticated {
            problem.challenge = Some(r#"Bearer error="invalid_token""#);
        }
        problem
    }

    /// The caller may not, whatever rights they have.
    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::told(Kind::Forbidden, detail)
    }

    /// The extractor could not read what the request holds.
    pub(crate) fn unreadable(status: StatusCode, detail: &str) -> Self {
        Self::told(Kind::of_bare(status), detail)
    }

    /// The request holds what this server does not read.
    pub(crate) fn unsupported(detail: &str) -> Self {
        Self::told(Kind::UnsupportedMediaType, detail)
    }

    /// Whoever changes this says in `If-Match` which state of it they have seen.
    pub(crate) fn unconditional() -> Self {
        Self::told(Kind::Unconditional, "`If-Match` must have the `ETag` that it was shown with")
    }

    /// The state that the caller has seen is not the one that is there.
    pub(crate) fn stale(error: service::Error) -> Self {
        let Self { code, detail, .. } = error.into();
        Self { code, detail, ..Kind::Stale.into() }
    }

    /// The header `Idempotency-Key` holds none.
    pub(crate) fn no_idempotency_key() -> Self {
        Self::told(
            Kind::Malformed,
            "`Idempotency-Key` must be one text of 16 to 255 visible ASCII characters",
        )
    }

    /// The same request is being done.
    pub(crate) fn key_in_use() -> Self {
        let problem = Self::told(Kind::KeyInUse, "the request with this key is being done");
        Self { retry_after: Some(SOON), ..problem }
    }

    /// The same request was begun, and whoever did it is gone.
    pub(crate) fn outcome_unknown() -> Self {
        Self::told(
            Kind::OutcomeUnknown,
            "nobody knows whether the request with this key was done: look, and use a new key for what is still to be done",
        )
    }

    /// The same request was done.
    pub(crate) fn answer_not_kept(status: u16) -> Self {
        let detail = format!(
            "the request with this key was answered by {status}, with more than is kept: look, and do not repeat it"
        );
        Self::told(Kind::AnswerNotKept, &detail)
    }

    /// The key belongs to another request.
    pub(crate) fn key_reused() -> Self {
        Self::told(
            Kind::KeyReused,
            "the key came with another request before: use a new key for each request",
        )
    }

    /// Whether nothing can have been done of what was asked. A database that went away, or a limit
    /// of time, may have cut off no more than the word that it was.
    pub(crate) fn left_nothing(&self) -> bool {
        !matches!(self.kind, Kind::NotReady | Kind::TimedOut)
    }

    /// What the request holds can be nothing of its kind.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::told(Kind::Invalid, detail)
    }

    fn told(kind: Kind, detail: &str) -> Self {
        Self { detail: Some(detail.to_owned()), ..kind.into() }
    }

    fn document(&self, trace_id: Option<&str>, instance: Option<&str>) -> Response {
        let document = Document {
            uri: self.kind.uri(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            code: self.code.or(self.kind.code()),
            detail: self.detail.as_deref().map(shortened),
            instance,
            trace_id,
        };
        let body =
            serde_json::to_vec(&document).expect("a document of strings and numbers is JSON");
        let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
        let mut response = (self.kind.status(), content_type, body).into_response();
        if let Some(challenge) = self.challenge {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.as_secs().into());
        }
        response
    }
}

/// A problem document, as the description of the routes shows it.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it is described, and `Document` is what is written")]
pub(crate) struct Described {
    /// What went wrong, for programs to compare: a reference relative to the server.
    #[schema(rename = "type")]
    kind: String,
    /// The same for people.
    title: String,
    /// The status of the answer.
    status: u16,
    /// The code of the error: `docs/errors.md`.
    code: Option<String>,
    /// What went wrong here.
    detail: Option<String>,
    /// The path that was asked for.
    instance: Option<String>,
    /// The id of the request, as in the header `x-request-id`.
    trace_id: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    uri: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        let status = kind.status();
        // A key does not come by waiting.
        let is_passing = status == StatusCode::SERVICE_UNAVAILABLE && kind != Kind::NoKey;
        let retry_after = is_passing.then_some(SOON);
        let challenge = match status {
            StatusCode::UNAUTHORIZED => Some("Bearer"),
            StatusCode::FORBIDDEN => Some(r#"Bearer error="insufficient_scope""#),
            _ => None,
        };
        Self { kind, code: None, detail: None, retry_after, challenge }
    }
}

impl From<service::Error> for Problem {
    fn from(error: service::Error) -> Self {
        use service::Error;

        let kind = match &error {
            Error::Unauthenticated => Kind::Unauthenticated,
            Error::WrongCredentials => Kind::WrongCredentials,
            Error::SecondFactorRequired => Kind::SecondFactorRequired,
            Error::Unverified => Kind::Unverified,
            Error::TooManyAttempts { .. } => Kind::TooManyAttempts,
            Error::Forbidden { .. } | Error::TeamRole { .. } | Error::NoAccess { .. } => {
                Kind::Forbidden
            }
            Error::Exceeds { .. } => Kind::Exceeds,
            Error::LastAdministrator => Kind::LastAdministrator,
            Error::AlreadySetUp => Kind::AlreadySetUp,
            Error::BelongsToSystem { .. } => Kind::BelongsToSystem,
            Error::Refused { .. } => Kind::Refused,
            Error::NotFound { .. } | Error::RegistrationClosed => Kind::NotFound,
            Error::AlreadyExists { .. } => Kind::AlreadyExists,
            Error::Immutable { .. } => Kind::Immutable,
            Error::WrongType { .. } | Error::Invalid { .. } | Error::WeakPassword { .. } => {
                Kind::Invalid
            }
            Error::Database(error)
                if retry::is_unavailable(error) || retry::is_transient(error) =>
            {
                Kind::NotReady
            }
            Error::Sealed { lacks_key: true, .. } => Kind::NoKey,
            _ => Kind::Internal,
        };
        if kind.status().is_server_error() {
            tracing::error!(error = &error as &dyn std::error::Error, "the service failed");
            if kind == Kind::NoKey {
                return Self::told(kind, NO_KEY);
            }
            return kind.into();
        }
        let retry_after = match &error {
            Error::TooManyAttempts { retry_after } => Some(*retry_after),
            _ => None,
        };
        let (code, detail) = (Some(error.code()), Some(error.to_string()));
        Self { code, detail, retry_after, ..kind.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.document(None, None);
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer in place of a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "tower-http hands it over by value")]
pub(crate) fn of_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "something that is not a text",
    };
    tracing::error!(message, "a handler panicked");
    Problem::internal().into_response()
}

/// What came in is not sent back at whatever length.
fn shortened(detail: &str) -> Cow<'_, str> {
    if detail.len() <= LONGEST {
        return detail.into();
    }
    format!("{}…", &detail[..detail.floor_char_boundary(LONGEST)]).into()
}

/// A problem document that was told before, and is told again as it was.
#[derive(Clone, Debug)]
pub(crate) struct Told(Map<String, Value>);

impl Told {
    /// The document in an answer; none in one that is no problem document.
    pub(crate) fn read(headers: &[(String, String)], body: &[u8]) -> Option<Self> {
        let mut types = headers.iter().filter(|(name, _)| *name == header::CONTENT_TYPE.as_str());
        let is_problem = types.any(|(_, value)| value == MEDIA_TYPE);
        is_problem.then(|| serde_json::from_slice(body).ok()).flatten().map(Self)
    }

    /// The document in an answer to this request.
    fn body(&self, trace_id: Option<&str>, instance: Option<&str>) -> Body {
        let mut document = self.0.clone();
        for (name, value) in [("instance", instance), ("trace_id", trace_id)] {
            if let Some(value) = value {
                document.insert(name.to_owned(), value.into());
            }
        }
        Body::from(Value::Object(document).to_string())
    }
}

/// Makes a problem document of every answer that is an error and is none yet, as axum's own
/// refusals and the limits are, and writes the request's id and path into all of them. The query is
/// not repeated: people put secrets there.
pub(crate) async fn complete(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let uri = request.uri().clone();
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }

    let (mut bare, _) = response.into_parts();
    let trace_id = id.as_ref().map(RequestId::as_str);
    let path = Some(uri.path()).filter(|path| path.len() <= LONGEST);
    if let Some(told) = bare.extensions.remove::<Told>() {
        bare.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(bare, told.body(trace_id, path));
    }
    let problem = bare
        .extensions
        .get::<Problem>()
        .cloned()
        .unwrap_or_else(|| Kind::of_bare(bare.status).into());
    let mut response: Response<Body> = problem.document(trace_id, path);
    for (name, value) in &bare.headers {
        let is_ours = [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::WWW_AUTHENTICATE,
            header::RETRY_AFTER,
        ];
        if !is_ours.contains(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use sea_orm::DbErr;
    use service::Error;

    use super::*;

    fn status_and_detail(error: Error) -> (u16, Option<String>) {
        let problem = Problem::from(error);
        (problem.kind.status().as_u16(), problem.detail)
    }

    #[test]
    fn what_the_client_can_mend_is_told_to_it() {
        let missing = Error::NotFound { kind: "user", key: "7".to_owned() };
        assert_eq!(status_and_detail(missing), (404, Some("user `7` does not exist".to_owned())));

        let forbidden = Error::Forbidden { permission: "user:read" };
        assert_eq!(
            status_and_detail(forbidden),
            (403, Some("missing permission `user:read`".to_owned()))
        );

        let fixed = Error::Immutable { key: "site.name".to_owned() };
        assert_eq!(
            status_and_detail(fixed),
            (409, Some("setting `site.name` cannot be changed".to_owned()))
        );
    }

    #[test]
    fn what_the_database_said_stays_in_the_log() {
        let refused = Error::Database(DbErr::Custom("SELECT secret FROM vault".to_owned()));
        assert_eq!(status_and_detail(refused), (500, None));

        let gone = Error::Database(DbErr::Conn(sea_orm::RuntimeErr::Internal(
            "postgres://user:password@host".to_owned(),
        )));
        assert_eq!(status_and_detail(gone), (503, None));
    }

    #[test]
    fn a_key_that_is_missing_is_told_and_what_was_altered_is_not() {
        let sealed = |doing: &'static str, lacks_key: bool| {
            Problem::from(Error::Sealed { doing, lacks_key, problem: "it is secret".to_owned() })
        };

        for missing in [sealed("seal", true), sealed("open", true)] {
            assert_eq!((missing.kind, missing.retry_after), (Kind::NoKey, None));
            assert_eq!(missing.detail.as_deref(), Some(NO_KEY));
        }
        let altered = sealed("open", false);
        assert_eq!((altered.kind, altered.detail), (Kind::Internal, None));
    }

    #[test]
    fn every_code_of_the_server_is_explained_once() {
        let page = include_str!("../../docs/errors.md");
        let source = include_str!("problem.rs");

        for number in 1..=17 {
            let code = format!("API{number:04}");
            assert_eq!(page.matches(&format!("| {code} |")).count(), 1, "{code}");
            assert_eq!(source.matches(&format!("Some(\"{code}\")")).count(), 1, "{code}");
        }
        assert_eq!(page.matches("| API0").count(), 17);
    }

    #[test]
    fn a_refusal_that_has_no_type_of_its_own_is_named_by_its_status() {
        let kind = Kind::of_bare(StatusCode::EXPECTATION_FAILED);

        assert_eq!((kind.uri(), kind.title()), ("about:blank", "Expectation Failed"));
    }
}
