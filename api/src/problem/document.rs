//! The document: what its members are, and how much of what was asked is repeated in it.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// What problem documents are announced as.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// How much of what was asked is repeated in a document, in bytes.
pub(super) const LONGEST: usize = 1024;

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

/// A problem document, as it is written.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "type")]
    pub(super) uri: &'a str,
    pub(super) title: &'a str,
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace_id: Option<&'a str>,
}

/// What came in is not sent back at whatever length.
pub(super) fn shortened(detail: &str) -> Cow<'_, str> {
    if detail.len() <= LONGEST {
        return detail.into();
    }
    format!("{}…", &detail[..detail.floor_char_boundary(LONGEST)]).into()
}
