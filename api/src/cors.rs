//! Which pages of other origins may use this server from a browser.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::CorsLayer;

use crate::limit;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long a browser need not ask again whether it may.
const LASTS: Duration = Duration::from_mins(10);

/// Reads an origin as browsers write it: a scheme, a host, and a port that is not the scheme's own.
/// `None` for anything else; browsers would never send it.
pub(crate) fn origin(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let is_own_port = matches!((scheme, uri.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    let is_plain = format!("{scheme}://{authority}") == text
        && matches!(scheme, "http" | "https")
        && !is_own_port
        && !authority.host().is_empty()
        && !authority.as_str().contains(|c: char| c.is_ascii_uppercase() || "@*".contains(c));
    HeaderValue::from_str(text).ok().filter(|_| is_plain)
}

/// Answers what browsers ask before they send something, and tells them whose pages may read the
/// answers. Cookies are never let along: a token is sent by whoever has it.
pub(crate) fn layer(origins: &[HeaderValue]) -> CorsLayer {
    let [limit, remaining, reset] = limit::HEADERS;
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            IDEMPOTENCY_KEY,
            REQUEST_ID,
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            limit,
            remaining,
            reset,
            IDEMPOTENCY_REPLAYED,
            REQUEST_ID,
        ])
        .max_age(LASTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for sound in
            ["https://app.example.org", "http://localhost:5173", "https://[2001:db8::1]:8443"]
        {
            assert_eq!(origin(sound).unwrap(), sound);
        }
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for wrong in [
            "",
            "*",
            "null",
            "app.example.org",
            "https://",
            "https://:5173",
            "https://*.example.org",
            "https://app.example.org/",
            "https://app.example.org/path",
            "https://app.example.org?query",
            "https://App.example.org",
            "https://app.example.org:443",
            "http://app.example.org:80",
            "https://user@app.example.org",
            "ftp://app.example.org",
            "HTTPS://app.example.org",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }
}
