//! What can go wrong, as clients are told it: by which type, status, code and title.

use axum::http::StatusCode;

/// What went wrong, in the vocabulary of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unauthenticated,
    WrongCredentials,
    SecondFactorRequired,
    Unverified,
    TooManyAttempts,
    TooManyRequests,
    Forbidden,
    Exceeds,
    LastAdministrator,
    AlreadySetUp,
    BelongsToSystem,
    Refused,
    AlreadyExists,
    Malformed,
    UnsupportedMediaType,
    NotFound,
    MethodNotAllowed,
    Immutable,
    Stale,
    Unconditional,
    KeyInUse,
    OutcomeUnknown,
    AnswerNotKept,
    KeyReused,
    BodyTooLarge,
    Invalid,
    Internal,
    NoKey,
    NotReady,
    TimedOut,
    /// Nothing more is known than the status.
    Bare(StatusCode),
}

impl Kind {
    /// The `type`: a reference relative to the server, which clients may compare and which never changes.
    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::Unauthenticated => "/problems/unauthenticated",
            Self::WrongCredentials => "/problems/wrong-credentials",
            Self::SecondFactorRequired => "/problems/second-factor-required",
            Self::Unverified => "/problems/unverified",
            Self::TooManyAttempts => "/problems/too-many-attempts",
            Self::TooManyRequests => "/problems/too-many-requests",
            Self::Forbidden => "/problems/forbidden",
            Self::Exceeds => "/problems/exceeds",
            Self::LastAdministrator => "/problems/last-administrator",
            Self::AlreadySetUp => "/problems/already-set-up",
            Self::BelongsToSystem => "/problems/belongs-to-system",
            Self::Refused => "/problems/refused",
            Self::AlreadyExists => "/problems/already-exists",
            Self::Malformed => "/problems/malformed",
            Self::UnsupportedMediaType => "/problems/unsupported-media-type",
            Self::NotFound => "/problems/not-found",
            Self::MethodNotAllowed => "/problems/method-not-allowed",
            Self::Immutable => "/problems/immutable",
            Self::Stale => "/problems/stale",
            Self::Unconditional => "/problems/unconditional",
            Self::KeyInUse => "/problems/idempotency-key-in-use",
            Self::OutcomeUnknown => "/problems/outcome-unknown",
            Self::AnswerNotKept => "/problems/answer-not-kept",
            Self::KeyReused => "/problems/idempotency-key-reused",
            Self::BodyTooLarge => "/problems/body-too-large",
            Self::Invalid => "/problems/invalid",
            Self::Internal => "/problems/internal",
            Self::NoKey => "/problems/no-key",
            Self::NotReady => "/problems/not-ready",
            Self::TimedOut => "/problems/timed-out",
            Self::Bare(_) => "about:blank",
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::WrongCredentials | Self::SecondFactorRequired => {
                StatusCode::UNAUTHORIZED
            }
            Self::TooManyAttempts | Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden | Self::Exceeds | Self::Unverified => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Immutable
            | Self::LastAdministrator
            | Self::AlreadySetUp
            | Self::BelongsToSystem
            | Self::Refused
            | Self::KeyInUse
            | Self::OutcomeUnknown
            | Self::AnswerNotKept
            | Self::AlreadyExists => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::Unconditional => StatusCode::PRECONDITION_REQUIRED,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoKey | Self::NotReady | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bare(status) => status,
        }
    }

    /// The code of what the server itself refuses; `service` gives its own with its errors.
    pub(super) fn code(self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("SRV0001"),
            Self::Malformed => Some("API0001"),
            Self::UnsupportedMediaType => Some("API0002"),
            Self::BodyTooLarge => Some("API0003"),
            Self::NotFound => Some("API0004"),
            Self::MethodNotAllowed => Some("API0005"),
            Self::Invalid => Some("API0006"),
            Self::Forbidden => Some("API0007"),
            Self::NotReady => Some("API0008"),
            Self::TimedOut => Some("API0009"),
            Self::Internal => Some("API0010"),
            Self::Unconditional => Some("API0011"),
            Self::NoKey => Some("API0012"),
            Self::TooManyRequests => Some("API0013"),
            Self::KeyInUse => Some("API0014"),
            Self::OutcomeUnknown => Some("API0015"),
            Self::AnswerNotKept => Some("API0016"),
            Self::KeyReused => Some("API0017"),
            _ => None,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Authentication required",
            Self::WrongCredentials => "Wrong name or password",
            Self::SecondFactorRequired => "One-time password needed",
            Self::Unverified => "E-mail address not verified",
            Self::TooManyAttempts => "Too many attempts",
            Self::TooManyRequests => "Too many requests",
            Self::Forbidden => "Not permitted",
            Self::Exceeds => "Above your own rights",
            Self::LastAdministrator => "The last administrator must stay",
            Self::AlreadySetUp => "Set up already",
            Self::BelongsToSystem => "Belongs to the system",
            Self::Refused => "Refused by a rule",
            Self::AlreadyExists => "Exists already",
            Self::Malformed => "Not readable",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Immutable => "Cannot be changed",
            Self::Stale => "Changed meanwhile",
            Self::Unconditional => "Say which state is meant",
            Self::KeyInUse => "Being done",
            Self::OutcomeUnknown => "Outcome not known",
            Self::AnswerNotKept => "Done, and the answer is not kept",
            Self::KeyReused => "Key of another request",
            Self::BodyTooLarge => "Body too large",
            Self::Invalid => "Not valid",
            Self::Internal => "Internal error",
            Self::NoKey => "No key for secrets",
            Self::NotReady => "Not ready",
            Self::TimedOut => "Took too long",
            Self::Bare(status) => status.canonical_reason().unwrap_or("Error"),
        }
    }

    /// The kind of an answer that a layer or an extractor gave without one. Only the time limit
    /// answers with a bare 503.
    pub(super) fn of_bare(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::Malformed,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Invalid,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::INTERNAL_SERVER_ERROR => Self::Internal,
            StatusCode::SERVICE_UNAVAILABLE => Self::TimedOut,
            other => Self::Bare(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_server_is_explained_once() {
        let page = include_str!("../../../docs/errors.md");
        let source = include_str!("kind.rs");

        for number in 1..=17 {
            let code = format!("API{number:04}");
            assert_eq!(page.matches(&format!("| {code} |")).count(), 1, "{code}");
            assert_eq!(source.matches(&format!("Some(\"{code}\")")).count(), 1, "{code}");
        }
        assert_eq!(page.matches("| API0").count(), 17);
    }

    #[test]
    fn a_refusal_that_has_no_type_of_its_own_is_named_by_its_status() {
        let kind = Kind::of_bare(StatusCode::EXPECTATION_FAILED);

        assert_eq!((kind.uri(), kind.title()), ("about:blank", "Expectation Failed"));
    }
}
