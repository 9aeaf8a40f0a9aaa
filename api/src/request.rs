//! A request's id, span and log line.

use std::time::Instant;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use service::World;
use tracing::Instrument as _;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a client.
const LONGEST: usize = 64;

/// How much of a path is logged, in bytes; hyper lets through 64 KiB.
const LONGEST_PATH: usize = 1024;

/// What a request is called in the log, in problem documents and in the header `x-request-id`.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id that the client gave, if it is short and plain enough for a log.
    fn given(request: &Request) -> Option<Self> {
        let value = request.headers().get(HEADER)?;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let sound = (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(plain);
        sound.then(|| Self(value.clone()))
    }

    fn new(world: &World) -> Self {
        let mut bytes = [0; 16];
        world.random.fill(&mut bytes);
        let hex = format!("{:032x}", u128::from_be_bytes(bytes));
        Self(HeaderValue::try_from(hex).expect("hexadecimal digits are a header value"))
    }
}

/// Gives the request its id and its span, and writes a line when it is answered. The query is not
/// logged: people put secrets there.
pub(crate) async fn identify(
    State(world): State<World>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::given(&request).unwrap_or_else(|| RequestId::new(&world));
    let method = request.method();
    let path = request.uri().path();
    let path = &path[..path.floor_char_boundary(LONGEST_PATH)];
    let span = tracing::info_span!("request", id = id.as_str(), %method, path);
    let is_probe = matches!(path, "/livez" | "/readyz");
    request.extensions_mut().insert(id.clone());

    async move {
        let began = Instant::now();
        let mut response = next.run(request).await;
        let (status, elapsed) = (response.status().as_u16(), began.elapsed());
        if is_probe && response.status().is_success() {
            tracing::debug!(status, ?elapsed, "answered");
        } else {
            tracing::info!(status, ?elapsed, "answered");
        }
        response.headers_mut().insert(HEADER, id.0);
        response
    }
    .instrument(span)
    .await
}
