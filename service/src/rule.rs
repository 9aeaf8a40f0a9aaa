//! The rules of the domains, each by its name.

use std::fmt;

/// A rule that refuses an operation as things stand; the same operation may go later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// An import that keeps nothing when something is refused keeps nothing.
    AllOrNothing,
    /// What somebody else has claimed is theirs until they are done or too late.
    Claimed,
    /// What another store keeps is not read here.
    Elsewhere,
    /// What is out of use does nothing.
    Inactive,
    /// What is in use is not deleted.
    InUse,
    /// An import that was interrupted is gone on with, or taken out, before another begins.
    Interrupted,
    /// A person has as many API keys as the limit says.
    KeyLimit,
    /// A key that has ended, was revoked or has been used up lets nobody in.
    KeySpent,
    /// A team keeps an owner.
    LastOwner,
    /// A route leads to an endpoint that is healthy.
    NoHealthyEndpoint,
    /// An LXD cluster that has members has one that leads.
    NoLeader,
    /// A cluster takes as many proxies as its limit and the licence say.
    ProxyLimit,
    /// What others have changed meanwhile is looked at again before it is replaced.
    Stale,
    /// From one state there is a way to some others only.
    Transition,
    /// What is put on a machine is for such machines, and can be put there.
    Unsuitable,
    /// There are as many people as the limit says.
    UserLimit,
}

impl Rule {
    /// Its name: words with hyphens between them, which never change.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllOrNothing => "all-or-nothing",
            Self::Claimed => "claimed",
            Self::Elsewhere => "elsewhere",
            Self::Inactive => "inactive",
            Self::InUse => "in-use",
            Self::Interrupted => "interrupted",
            Self::KeyLimit => "key-limit",
            Self::KeySpent => "key-spent",
            Self::LastOwner => "last-owner",
            Self::NoHealthyEndpoint => "no-healthy-endpoint",
            Self::NoLeader => "no-leader",
            Self::ProxyLimit => "proxy-limit",
            Self::Stale => "stale",
            Self::Transition => "transition",
            Self::Unsuitable => "unsuitable",
            Self::UserLimit => "user-limit",
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
