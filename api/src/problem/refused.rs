//! What `service` refuses or fails at: which kind it is, and how much of it is told.

use plimsoll::retry;
use service::Error;

use super::{answer::Problem, kind::Kind};

/// For whoever operates the server: the client cannot mend it.
const NO_KEY: &str = "the server has no key to seal or open this secret with: `ENCRYPTION_KEY` is not set there, or lacks the key that sealed it";

impl Problem {
    /// Nobody can tell who asks.
    pub fn unauthenticated() -> Self {
        Error::Unauthenticated.into()
    }

    /// A token was shown, and was not good.
    pub(crate) fn of_token(error: Error) -> Self {
        let mut problem = Self::from(error);
        if problem.kind == Kind::Unauthenticated {
            problem.challenge = Some(r#"Bearer error="invalid_token""#);
        }
        problem
    }

    /// The state that the caller has seen is not the one that is there.
    pub(crate) fn stale(error: Error) -> Self {
        let Self { code, detail, .. } = error.into();
        Self { code, detail, ..Kind::Stale.into() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Unauthenticated => Kind::Unauthenticated,
            Error::WrongCredentials => Kind::WrongCredentials,
            Error::SecondFactorRequired => Kind::SecondFactorRequired,
            Error::Unverified => Kind::Unverified,
            Error::TooManyAttempts { .. } => Kind::TooManyAttempts,
            Error::Forbidden { .. } | Error::TeamRole { .. } | Error::NoAccess { .. } => {
                Kind::Forbidden
            }
            Error::Exceeds { .. } => Kind::Exceeds,
            Error::LastAdministrator => Kind::LastAdministrator,
            Error::AlreadySetUp => Kind::AlreadySetUp,
            Error::BelongsToSystem { .. } => Kind::BelongsToSystem,
            Error::Refused { .. } => Kind::Refused,
            Error::NotFound { .. } | Error::RegistrationClosed => Kind::NotFound,
            Error::AlreadyExists { .. } => Kind::AlreadyExists,
            Error::Immutable { .. } => Kind::Immutable,
            Error::WrongType { .. } | Error::Invalid { .. } | Error::WeakPassword { .. } => {
                Kind::Invalid
            }
            Error::Database(error)
                if retry::is_unavailable(error) || retry::is_transient(error) =>
            {
                Kind::NotReady
            }
            Error::Sealed { lacks_key: true, .. } => Kind::NoKey,
            _ => Kind::Internal,
        };
        if kind.status().is_server_error() {
            tracing::error!(error = &error as &dyn std::error::Error, "the service failed");
            if kind == Kind::NoKey {
                return Self::told(kind, NO_KEY);
            }
            return kind.into();
        }
        let retry_after = match &error {
            Error::TooManyAttempts { retry_after } => Some(*retry_after),
            _ => None,
        };
        let (code, detail) = (Some(error.code()), Some(error.to_string()));
        Self { code, detail, retry_after, ..kind.into() }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbErr;

    use super::*;

    fn status_and_detail(error: Error) -> (u16, Option<String>) {
        let problem = Problem::from(error);
        (problem.kind.status().as_u16(), problem.detail)
    }

    #[test]
    fn what_the_client_can_mend_is_told_to_it() {
        let missing = Error::NotFound { kind: "user", key: "7".to_owned() };
        assert_eq!(status_and_detail(missing), (404, Some("user `7` does not exist".to_owned())));

        let forbidden = Error::Forbidden { permission: "user:read" };
        assert_eq!(
            status_and_detail(forbidden),
            (403, Some("missing permission `user:read`".to_owned()))
        );

        let fixed = Error::Immutable { key: "site.name".to_owned() };
        assert_eq!(
            status_and_detail(fixed),
            (409, Some("setting `site.name` cannot be changed".to_owned()))
        );
    }

    #[test]
    fn what_the_database_said_stays_in_the_log() {
        let refused = Error::Database(DbErr::Custom("SELECT secret FROM vault".to_owned()));
        assert_eq!(status_and_detail(refused), (500, None));

        let gone = Error::Database(DbErr::Conn(sea_orm::RuntimeErr::Internal(
            "postgres://user:password@host".to_owned(),
        )));
        assert_eq!(status_and_detail(gone), (503, None));
    }

    #[test]
    fn a_key_that_is_missing_is_told_and_what_was_altered_is_not() {
        let sealed = |doing: &'static str, lacks_key: bool| {
            Problem::from(Error::Sealed { doing, lacks_key, problem: "it is secret".to_owned() })
        };

        for missing in [sealed("seal", true), sealed("open", true)] {
            assert_eq!((missing.kind, missing.retry_after), (Kind::NoKey, None));
            assert_eq!(missing.detail.as_deref(), Some(NO_KEY));
        }
        let altered = sealed("open", false);
        assert_eq!((altered.kind, altered.detail), (Kind::Internal, None));
    }
}
