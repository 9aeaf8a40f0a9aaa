//! States of what is shown: told in `ETag`, and demanded back in `If-Match` (RFC 9110, section 13).

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use service::{
    Error,
    records::{self, Columns, Record},
    rule::Rule,
    seen,
};

use crate::{Problem, extract::Json};

/// What is shown, and which state of it that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        with(&tag(&self.0), self.0)
    }
}

/// A row, and which state of it that is.
pub(crate) fn answer<E: Record>(row: &E::Model, shown: &Columns<E>) -> Response {
    with(&records::tag::<E>(row, shown), records::shown::<E>(row, shown))
}

/// The state of a row that is shown as `T`.
pub(crate) fn of<M: Clone, T: From<M> + Serialize>(row: &M) -> String {
    tag(&T::from(row.clone()))
}

/// The states that the caller would change; nothing where any will do.
///
/// # Errors
/// [`Problem::unconditional`] where the caller has to say one and does not.
pub(crate) fn wanted(headers: &HeaderMap, is_needed: bool) -> Result<Option<Vec<String>>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return if is_needed { Err(Problem::unconditional()) } else { Ok(None) };
    }
    let mut tags = Vec::new();
    for value in values {
        let text = value.to_str().unwrap_or_default();
        if text.trim() == "*" {
            return Ok(None);
        }
        // A weak one matches nothing here, and is none of ours.
        let strong = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
        tags.extend(text.split(',').filter_map(strong));
    }
    Ok(Some(tags))
}

/// What the refusal of a change is to a caller who had said which state it is of.
pub(crate) fn refused(error: Error, is_conditional: bool) -> Problem {
    match &error {
        Error::Refused { rule: Rule::Stale, .. } if is_conditional => Problem::stale(error),
        _ => error.into(),
    }
}

fn tag<T: Serialize>(shown: &T) -> String {
    seen::tag(&serde_json::to_value(shown).expect("what is shown is JSON"))
}

fn with<T: Serialize>(tag: &str, body: T) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
