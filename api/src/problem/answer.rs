//! An answer that is an error: its kind, what is told of it, and the headers that go with it.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    document::{Document, MEDIA_TYPE, shortened},
    kind::Kind,
};

/// When to come again to a server that cannot serve now. Nobody knows; soon, and not at once.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(super) kind: Kind,
    pub(super) code: Option<&'static str>,
    pub(super) detail: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// `WWW-Authenticate`: RFC 9110 demands one with every 401; RFC 6750 says how it reads.
    pub(super) challenge: Option<&'static str>,
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

    /// What the request holds can be nothing of its kind.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::told(Kind::Invalid, detail)
    }

    pub(super) fn told(kind: Kind, detail: &str) -> Self {
        Self { detail: Some(detail.to_owned()), ..kind.into() }
    }

    /// The document, in an answer to the request with that id, which asked for that path.
    pub(super) fn document(&self, trace_id: Option<&str>, instance: Option<&str>) -> Response {
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.document(None, None);
        response.extensions_mut().insert(self);
        response
    }
}
