//! Documents that are told a second time.

use axum::{body::Body, http::header};
use serde_json::{Map, Value};

use super::document::MEDIA_TYPE;

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
    pub(super) fn body(&self, trace_id: Option<&str>, instance: Option<&str>) -> Body {
        let mut document = self.0.clone();
        for (name, value) in [("instance", instance), ("trace_id", trace_id)] {
            if let Some(value) = value {
                document.insert(name.to_owned(), value.into());
            }
        }
        Body::from(Value::Object(document).to_string())
    }
}
