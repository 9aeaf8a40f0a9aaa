//! Why an operation was refused.

use std::time::Duration;

use entity::settings::application_setting::DataType;
use plimsoll::retry::Retryable;
use sea_orm::{ActiveEnum as _, DbErr, SqlErr};

use crate::rule::Rule;

/// The result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused.
///
/// A variant exists only where some caller acts on the difference; the HTTP
/// layer maps each to one status and one problem type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No token, or none that is good now: unknown, expired, ended, or its person is not active.
    #[error("authentication required")]
    Unauthenticated,
    /// The name and the password do not belong together; nothing is said about which is wrong.
    #[error("wrong name or password")]
    WrongCredentials,
    /// The password was right and the person has a second factor, which is missing or wrong.
    #[error("a one-time password is needed")]
    SecondFactorRequired,
    /// The password was right, and the person registered with an address that is not verified yet.
    #[error("the e-mail address is not verified: a mail says how")]
    Unverified,
    /// Too many attempts before this one, which was not looked at.
    #[error("too many attempts: try again in {} s", .retry_after.as_secs())]
    TooManyAttempts {
        /// After how long an attempt will be looked at; whole seconds, at least one.
        retry_after: Duration,
    },
    /// Nothing gives the actor this permission, or the actor is not active.
    #[error("missing permission `{permission}`")]
    Forbidden {
        /// The code of the permission.
        permission: &'static str,
    },
    /// The other person, or the role to hand out, has a right that the actor has not: nobody lifts
    /// themselves, or acts on somebody, above what they may do.
    #[error("needs permission `{permission}` as well, because {object} carries it")]
    Exceeds {
        /// The code of a permission that the actor has not.
        permission: String,
        /// What carries it: `role ...`, `user ...`.
        object: String,
    },
    /// Nobody who administers would be left.
    #[error("the last active administrator must stay")]
    LastAdministrator,
    /// There is an administrator: the first one cannot be made again.
    #[error("there is an administrator already")]
    AlreadySetUp,
    /// Nobody is let in who was not added by somebody.
    #[error("nobody can register here")]
    RegistrationClosed,
    /// The program relies on it: it can be neither deleted nor renamed.
    #[error("{kind} `{key}` belongs to the system: it can be neither deleted nor renamed")]
    BelongsToSystem {
        /// `role` or `permission`.
        kind: &'static str,
        /// The name of the role, the code of the permission.
        key: String,
    },
    /// A rule of a domain refuses it, as things stand.
    #[error("{because}, by the rule `{rule}`")]
    Refused {
        /// Which rule.
        rule: Rule,
        /// What stands in the way.
        because: String,
    },
    /// What was asked for needs another role in the team, or a right to all teams.
    #[error("needs to be `{needed}` of team `{team}`")]
    TeamRole {
        /// The least role that may.
        needed: &'static str,
        /// The name of the team.
        team: String,
    },
    /// No team of the actor may do that with the resource.
    #[error("no team gives `{permission}` on {resource}")]
    NoAccess {
        /// What was to be done.
        permission: &'static str,
        /// The kind and the key of the resource.
        resource: String,
    },
    /// Something else has that key.
    #[error("{kind} `{key}` exists already")]
    AlreadyExists {
        /// What was to be made.
        kind: &'static str,
        /// What there is of it already.
        key: String,
    },
    /// The password will not do as a new one. It is not repeated here.
    #[error("the password is not acceptable: {problem}")]
    WeakPassword {
        /// What is wrong with it.
        problem: String,
    },
    /// A secret cannot be sealed or opened: the key is missing, or is another one.
    #[error("cannot {doing} a secret: {problem}")]
    Sealed {
        /// `seal` or `open`.
        doing: &'static str,
        /// Whether `ENCRYPTION_KEY` has not the key that it takes; else the secret, or what stands
        /// in its place, is at fault.
        lacks_key: bool,
        /// What is wrong, without the secret.
        problem: String,
    },
    /// Nothing has that key.
    #[error("{kind} `{key}` does not exist")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// By what.
        key: String,
    },
    /// The setting is fixed while the system runs.
    #[error("setting `{key}` cannot be changed")]
    Immutable {
        /// The key of the setting.
        key: String,
    },
    /// The setting holds another type than was given or asked for.
    #[error("setting `{key}` holds type `{}`, not `{}`", .holds.to_value(), .wanted.to_value())]
    WrongType {
        /// The key of the setting.
        key: String,
        /// What it holds.
        holds: DataType,
        /// What was given or asked for.
        wanted: DataType,
    },
    /// The input can be nothing of this kind.
    #[error("{kind} `{input}` is not valid: {problem}")]
    Invalid {
        /// What the input was meant to be.
        kind: &'static str,
        /// The input.
        input: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What is stored cannot be read back: somebody changed it behind the program.
    #[error("stored {kind} `{key}` cannot be read: {problem}")]
    Malformed {
        /// What is stored.
        kind: &'static str,
        /// Under what.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A variable is set to what it cannot be.
    #[error(transparent)]
    Config(#[from] plimsoll::Error),
    /// The database refused or did not answer.
    #[error("database error")]
    Database(#[from] DbErr),
}

impl Error {
    /// The error's code: `SRV` and four digits. It never changes its meaning; `docs/errors.md`
    /// lists them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "SRV0001",
            Self::WrongCredentials => "SRV0002",
            Self::SecondFactorRequired => "SRV0003",
            Self::TooManyAttempts { .. } => "SRV0004",
            Self::Unverified => "SRV0005",
            Self::Forbidden { .. } => "SRV0010",
            Self::Exceeds { .. } => "SRV0011",
            Self::LastAdministrator => "SRV0012",
            Self::AlreadySetUp => "SRV0013",
            Self::BelongsToSystem { .. } => "SRV0014",
            Self::Refused { .. } => "SRV0015",
            Self::TeamRole { .. } => "SRV0016",
            Self::NoAccess { .. } => "SRV0017",
            Self::RegistrationClosed => "SRV0018",
            Self::NotFound { .. } => "SRV0020",
            Self::AlreadyExists { .. } => "SRV0021",
            Self::Invalid { .. } => "SRV0022",
            Self::WeakPassword { .. } => "SRV0023",
            Self::Immutable { .. } => "SRV0030",
            Self::WrongType { .. } => "SRV0031",
            Self::Malformed { .. } => "SRV0040",
            Self::Sealed { .. } => "SRV0041",
            Self::Config(error) => error.code(),
            Self::Database(_) => "SRV0050",
        }
    }

    /// Reads a violation of a unique constraint as [`Error::AlreadyExists`], and passes every
    /// other error of the database through.
    pub(crate) fn on_duplicate(kind: &'static str, key: &str) -> impl FnOnce(DbErr) -> Self {
        move |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Self::AlreadyExists { kind, key: key.to_owned() }
            }
            _ => Self::Database(error),
        }
    }

    /// An [`Error::NotFound`] for what was looked for by `key`.
    pub(crate) fn not_found(kind: &'static str, key: impl Into<String>) -> Self {
        Self::NotFound { kind, key: key.into() }
    }
}

impl Retryable for Error {
    fn database_error(&self) -> Option<&DbErr> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}
