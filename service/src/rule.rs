//! The rules of the domains, each by its name.

use std::fmt;

/// A rule that refuses an operation as things stand; the same operation may go later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// What is in use is not deleted.
    InUse,
    /// A team keeps an owner.
    LastOwner,
}

impl Rule {
    /// Its name: words with hyphens between them, which never change.
    pub fn name(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::LastOwner => "last-owner",
        }
    }

    /// The refusal by this rule.
    pub(crate) fn refuses(self, because: impl Into<String>) -> crate::Error {
        crate::Error::Refused { rule: self, because: because.into() }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
