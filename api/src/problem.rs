//! Every answer that is an error: a problem document as RFC 9457 describes it.
//!
//! This is the one place that knows which status belongs to what. Documents say what the client can
//! act on; what only the operator can act on is in the log, under the request's id.

mod answer;
mod document;
mod keyed;
mod kind;
mod refused;
mod told;

use std::any::Any;

use axum::{
    body::Body,
    extract::Request,
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};

use self::{document::LONGEST, kind::Kind};
use crate::request::RequestId;

pub use self::answer::Problem;
pub(crate) use self::{document::Described, told::Told};

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
