//! The answer to what was made.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::extract::Json;

/// `201` with what was made, and in `Location` where it is from now on.
#[derive(Clone, Debug)]
pub(crate) struct Created<T> {
    /// Full from the root of the server.
    pub(crate) path: String,
    pub(crate) body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, self.path)], Json(self.body)).into_response()
    }
}
