//! What is told of requests under idempotency keys.

use super::{
    answer::{Problem, SOON},
    kind::Kind,
};

impl Problem {
    /// The header `Idempotency-Key` holds none.
    pub(crate) fn no_idempotency_key() -> Self {
        Self::told(
            Kind::Malformed,
            "`Idempotency-Key` must be one text of 16 to 255 visible ASCII characters without a quote",
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
}
