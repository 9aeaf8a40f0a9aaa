//! What a handler reads from a request. Whatever cannot be read is a problem document.

mod doubled;

use std::{fmt, marker::PhantomData};

use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use self::doubled::doubled;
use crate::Problem;

/// A JSON body, in both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if is_encoded(request.headers()) {
            return Err(Problem::unsupported("the body must not be compressed"));
        }
        if has_charset(request.headers()) {
            return Err(Problem::unsupported("the body must be in UTF-8"));
        }
        let (parts, body) = request.into_parts();
        let body = Request::from_parts(parts.clone(), body);
        let body = Bytes::from_request(body, state).await.map_err(JsonRejection::from)?;
        if let Some(member) = doubled(&body) {
            return Err(Problem::invalid(&format!("the member `{member}` is there twice")));
        }
        let request = Request::from_parts(parts, Body::from(body));
        let axum::Json(Object(read)) = axum::Json::from_request(request, state).await?;
        Ok(Self(read))
    }
}

/// What is read from an object. serde also takes a list for a struct, the values in their order,
/// which nobody is told of.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// For a field that is an object: as for the whole body, no list in its place.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Object::deserialize(deserializer).map(|Object(read)| read)
}

/// The same for one that may be absent or `null`; it needs `default` beside it.
pub(crate) fn some_object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let read = Option::deserialize(deserializer)?;
    Ok(read.map(|Object(read)| read))
}

/// The same for a list of objects.
pub(crate) fn objects<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let read = Vec::deserialize(deserializer)?;
    Ok(read.into_iter().map(|Object(read)| read).collect())
}

/// The same for a list of objects that may be absent or `null`; it needs `default` beside it.
pub(crate) fn some_objects<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let read: Option<Vec<Object<T>>> = Option::deserialize(deserializer)?;
    Ok(read.map(|read| read.into_iter().map(|Object(read)| read).collect()))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.into_iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether the body is announced in another charset than that of JSON.
fn has_charset(headers: &HeaderMap) -> bool {
    let Some(Ok(media_type)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    media_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).any(
        |(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        },
    )
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The parts of the path.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

/// The parameters behind the `?`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| !is_utf8(query)) {
            let detail = "the query must be in UTF-8";
            return Err(Problem::unreadable(StatusCode::BAD_REQUEST, detail));
        }
        let axum::extract::Query(read) =
            axum::extract::Query::from_request_parts(parts, state).await?;
        Ok(Self(read))
    }
}

/// Whether a query is UTF-8 when it is decoded: axum reads another character where it is not. A `%`
/// without two digits behind it stands for itself.
fn is_utf8(query: &str) -> bool {
    let mut parts = query.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let encoded = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, rest) = encoded.map_or((b'%', part), |byte| (byte, &part[2..]));
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    str::from_utf8(&bytes).is_ok()
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::unreadable(rejection.status(), &rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    /// A key that can be none is one that nothing has.
    fn from(_rejection: PathRejection) -> Self {
        Self::not_found()
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::unreadable(rejection.status(), &rejection.body_text())
    }
}

/// For a field of a merge patch (RFC 7396) that cannot be emptied: absent is `None`, `null` is
/// refused.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    // Not by asking `T`: to serde_json, what is no text where a choice is meant is no JSON.
    let given = Option::deserialize(deserializer)?;
    given.map(Some).ok_or_else(|| D::Error::custom("null, where nothing can be empty"))
}

/// For a field of a merge patch that can be emptied: absent is `None`, `null` is `Some(None)`.
#[expect(clippy::option_option, reason = "a merge patch tells absent from null")]
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
