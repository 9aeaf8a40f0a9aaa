//! How transactions begin whose rules look at what others do meanwhile.

use plimsoll::retry::Retry;
use sea_orm::IsolationLevel;

/// A transaction in which each statement sees what others have committed until then: what a rule looks at
/// behind a lock is what is there, also where the server's own level would show the state of the first
/// statement (`REPEATABLE READ` of `MySQL`).
pub(crate) fn committed() -> Retry {
    Retry { isolation: Some(IsolationLevel::ReadCommitted), ..Retry::default() }
}
