//! Permissions as types, and the proof that somebody has one.
//!
//! A function that needs a right takes a [`Granted`] of it. [`check`] is the only way to one from
//! outside this crate, so that a forgotten check is a compile error:
//!
//! ```compile_fail,E0624
//! use service::{identity::user, rights::{Granted, ReadUsers}};
//!
//! async fn peek(db: &sea_orm::DatabaseConnection) {
//!     let by = Granted::<ReadUsers>::system("curiosity");
//!     user::by_id(db, &by, 1).await.unwrap();
//! }
//! ```

mod administrator;
mod cache;
mod change;
pub(crate) mod default_role;
pub(crate) mod exceed;
mod explain;
mod held;

use std::{collections::BTreeSet, fmt, marker::PhantomData, sync::Arc};

use entity::identity::user;
use sea_orm::ConnectionTrait;

pub use self::{
    administrator::{ADMINISTRATION, has_administrator},
    cache::{Remembered, Rights},
    change::Change,
    explain::{Explanation, Grant, explain, explain_own},
    held::Held,
};
pub(crate) use self::{change::Scope, held::codes_of};
use crate::{Error, Result};

/// A right that roles can carry.
pub trait Permission {
    /// Its code in the table `permissions`: `resource:action`.
    const CODE: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident = $code:literal;)+) => {
        $(
            $(#[$doc])+
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Permission for $name {
                const CODE: &'static str = $code;
            }
        )+

        /// The codes of all permissions that the program knows. The seeds hold the same ones.
        pub const ALL: &[&str] = &[$($code),+];
    };
}

permissions! {
    /// May add people.
    CreateUsers = "user:create";
    /// May see people and what is known about them.
    ReadUsers = "user:read";
    /// May change what is known about people, and whether they are active.
    UpdateUsers = "user:update";
    /// May remove people.
    DeleteUsers = "user:delete";
    /// May add documents.
    CreateDocuments = "document:create";
    /// May see documents.
    ReadDocuments = "document:read";
    /// May change documents.
    UpdateDocuments = "document:update";
    /// May remove documents.
    DeleteDocuments = "document:delete";
    /// May see settings.
    ReadSettings = "settings:read";
    /// May change settings that can be changed.
    UpdateSettings = "settings:update";
    /// May add roles.
    CreateRoles = "role:create";
    /// May see roles and who has them.
    ReadRoles = "role:read";
    /// May rename and describe roles.
    UpdateRoles = "role:update";
    /// May remove roles.
    DeleteRoles = "role:delete";
    /// May give roles to people and take them away.
    AssignRoles = "role:assign";
    /// May add permissions.
    CreatePermissions = "permission:create";
    /// May see permissions and which roles carry them.
    ReadPermissions = "permission:read";
    /// May describe permissions.
    UpdatePermissions = "permission:update";
    /// May remove permissions.
    DeletePermissions = "permission:delete";
    /// May grant permissions to roles and withdraw them.
    GrantPermissions = "permission:grant";
    /// May see the audit log, and whether it is whole.
    ReadAudit = "audit:read";
    /// May make teams.
    CreateTeams = "team:create";
    /// May see every team, and who may do what by which.
    ReadTeams = "team:read";
    /// May change every team and who belongs to it; who administers a team may so without.
    UpdateTeams = "team:update";
    /// May remove teams.
    DeleteTeams = "team:delete";
    /// May give resources to teams and take them away.
    AssignResources = "team:assign";
    /// May store secrets.
    CreateSecrets = "secret:create";
    /// May see which secrets there are, but none of them.
    ReadSecrets = "secret:read";
    /// May give secrets other values.
    UpdateSecrets = "secret:update";
    /// May remove secrets.
    DeleteSecrets = "secret:delete";
    /// May read secrets in clear.
    RevealSecrets = "secret:reveal";
    /// May add providers, machines and what they are set up with.
    CreateCloud = "cloud:create";
    /// May see providers, machines and what they are set up with.
    ReadCloud = "cloud:read";
    /// May change providers, machines and what they are set up with.
    UpdateCloud = "cloud:update";
    /// May remove providers, machines and what they are set up with.
    DeleteCloud = "cloud:delete";
    /// May ask for deployments.
    CreateDeployments = "deployment:create";
    /// May see deployments and how far they are.
    ReadDeployments = "deployment:read";
    /// May take deployments and do them: what workers have.
    WorkDeployments = "deployment:work";
    /// May cancel deployments.
    CancelDeployments = "deployment:cancel";
    /// May remove deployments that have ended.
    DeleteDeployments = "deployment:delete";
    /// May add machines, images and configurations that boot from the network.
    CreateNetboot = "netboot:create";
    /// May see machines, images and configurations that boot from the network.
    ReadNetboot = "netboot:read";
    /// May change machines, images and configurations that boot from the network.
    UpdateNetboot = "netboot:update";
    /// May remove machines, images and configurations that boot from the network.
    DeleteNetboot = "netboot:delete";
    /// May report what machines do while they boot: what boot servers have.
    ReportBoots = "netboot:report";
    /// May add hosts, queries and alerts.
    CreateFleet = "fleet:create";
    /// May see hosts, queries, alerts and what was answered.
    ReadFleet = "fleet:read";
    /// May change hosts, queries and alerts, and settle alerts that were raised.
    UpdateFleet = "fleet:update";
    /// May remove hosts, queries and alerts.
    DeleteFleet = "fleet:delete";
    /// May ask hosts a query.
    RunQueries = "fleet:query";
    /// May take queries to hosts and bring back what they answer: what the connector has.
    ReportResults = "fleet:report";
    /// May add hosts and applications to the inventory.
    CreateInventory = "inventory:create";
    /// May see the inventory.
    ReadInventory = "inventory:read";
    /// May change the inventory.
    UpdateInventory = "inventory:update";
    /// May remove hosts and applications from the inventory.
    DeleteInventory = "inventory:delete";
    /// May make enrollment keys and certificate authorities.
    CreateAccess = "access:create";
    /// May see agents, enrollment keys and certificate authorities.
    ReadAccess = "access:read";
    /// May change agents and certificate authorities, and revoke keys.
    UpdateAccess = "access:update";
    /// May remove agents, enrollment keys and certificate authorities.
    DeleteAccess = "access:delete";
    /// May open a shell on every resource; who has a team that gives it may so without.
    OpenShells = "shell:open";
    /// May see who opened which shell, when and why.
    ReadShells = "shell:read";
    /// May end the shells of others.
    EndShells = "shell:end";
    /// May define APIs.
    CreateGateway = "gateway:create";
    /// May see APIs and how they are used.
    ReadGateway = "gateway:read";
    /// May change APIs.
    UpdateGateway = "gateway:update";
    /// May remove APIs.
    DeleteGateway = "gateway:delete";
    /// May count calls of APIs: what gateways have.
    CountUsage = "gateway:count";
    /// May add clusters, services, certificates and routes.
    CreateProxies = "proxy:create";
    /// May see all clusters and what belongs to them.
    ReadProxies = "proxy:read";
    /// May change clusters and what belongs to them.
    UpdateProxies = "proxy:update";
    /// May remove clusters and what belongs to them.
    DeleteProxies = "proxy:delete";
    /// May say who sees and runs which cluster and service.
    AssignProxies = "proxy:assign";
    /// May add displays for others; everybody adds their own.
    CreateDisplays = "display:create";
    /// May see the displays of others.
    ReadDisplays = "display:read";
    /// May change the displays of others.
    UpdateDisplays = "display:update";
    /// May remove the displays of others.
    DeleteDisplays = "display:delete";
    /// May add pages, environments and their users.
    CreateWebtest = "webtest:create";
    /// May see pages, environments and their users.
    ReadWebtest = "webtest:read";
    /// May change pages, environments and their users.
    UpdateWebtest = "webtest:update";
    /// May remove pages, environments and their users.
    DeleteWebtest = "webtest:delete";
    /// May take e-mail items and process them: what workers have.
    WorkEmails = "webtest:work";
}

/// A right that no role can carry, and so nobody has: what is done by rules alone is not done plainly.
#[derive(Clone, Copy, Debug)]
pub enum Nobody {}

impl Permission for Nobody {
    const CODE: &'static str = "nobody";
}

/// A person who asks for something, or a program that asks in their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    user_id: i64,
    name: String,
    /// The codes that the person is limited to here; all that their roles carry without.
    limit: Option<Arc<BTreeSet<String>>>,
}

impl Actor {
    /// The person of that row. Whoever calls this has made sure that it is they who ask.
    pub fn of(user: &user::Model) -> Self {
        Self { user_id: user.id, name: user.username.clone(), limit: None }
    }

    /// The same person, who may use no more of their rights than these codes: the scopes of an API
    /// key.
    #[must_use]
    pub fn limited_to(self, codes: BTreeSet<String>) -> Self {
        Self { limit: Some(Arc::new(codes)), ..self }
    }

    /// Whether the actor is limited at all.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether the actor may use that right here, if they have it.
    pub fn may_use(&self, code: &str) -> bool {
        self.limit.as_ref().is_none_or(|limit| limit.contains(code))
    }

    /// The key of the person's row.
    pub fn user_id(&self) -> i64 {
        self.user_id
    }

    /// The name that the person is shown by.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} ({})", self.user_id, self.name)
    }
}

/// Whom a right was granted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// A person, because one of their roles carries it.
    Person(Actor),
    /// The program itself.
    System {
        /// What it needs the right for.
        reason: &'static str,
    },
}

impl Grantee {
    /// Whether it is that person, with all that they may do.
    pub(crate) fn is(&self, user_id: i64) -> bool {
        matches!(self, Self::Person(actor) if actor.user_id == user_id && !actor.is_limited())
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(actor) => actor.fmt(f),
            Self::System { reason } => write!(f, "the system ({reason})"),
        }
    }
}

/// Proof that somebody has the right `P`. Nothing but checking makes one.
///
/// It says what was true when it was made: keep it for the request, not for longer.
pub struct Granted<P> {
    to: Grantee,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> Granted<P> {
    /// The proof of a job or a tool of this crate, which no person stands behind. Audited.
    pub(crate) fn system(reason: &'static str) -> Self {
        tracing::info!(target: "audit", permission = P::CODE, reason, "granted to the system");
        Self { to: Grantee::System { reason }, permission: PhantomData }
    }

    /// Whom it was granted to.
    pub fn to(&self) -> &Grantee {
        &self.to
    }

    /// The person it was granted to, unless that was the program itself.
    pub fn actor(&self) -> Option<&Actor> {
        match &self.to {
            Grantee::Person(actor) => Some(actor),
            Grantee::System { .. } => None,
        }
    }
}

impl<P: Permission> fmt::Debug for Granted<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("permission", &P::CODE).field("to", &self.to).finish()
    }
}

/// Proves that the actor is active and that one of their roles carries `P`, as the database says
/// now: inside a transaction, what the transaction has made of it. Refusals are audited.
///
/// Requests ask [`Rights::check`], which remembers.
///
/// # Errors
/// [`Error::Forbidden`] if not.
pub async fn check<P: Permission>(db: &impl ConnectionTrait, actor: &Actor) -> Result<Granted<P>> {
    let held = Held::by(db, actor.user_id).await?;
    proof(actor, &held)
}

/// The proof, when what the actor holds carries `P` and the actor is not limited to less.
fn proof<P: Permission>(actor: &Actor, held: &Held) -> Result<Granted<P>> {
    if !actor.may_use(P::CODE) || !held.codes.contains(P::CODE) {
        return Err(refuse::<P>(actor));
    }
    Ok(Granted { to: Grantee::Person(actor.clone()), permission: PhantomData })
}

/// The refusal, which is audited.
pub(crate) fn refuse<P: Permission>(actor: &Actor) -> Error {
    tracing::warn!(target: "audit", permission = P::CODE, user_id = actor.user_id, "refused");
    Error::Forbidden { permission: P::CODE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_name_a_resource_and_an_action() {
        let distinct: BTreeSet<_> = ALL.iter().collect();

        assert_eq!(distinct.len(), ALL.len());
        for code in ALL {
            let (resource, action) = code.split_once(':').expect("a colon");
            assert!(!resource.is_empty() && !action.is_empty() && !action.contains(':'), "{code}");
        }
    }

    #[test]
    fn the_proof_of_the_system_has_a_reason_and_no_actor() {
        let granted = Granted::<ReadSettings>::system("nightly pruning");

        assert_eq!(granted.actor(), None);
        assert_eq!(granted.to().to_string(), "the system (nightly pruning)");
        assert!(format!("{granted:?}").contains("settings:read"));
    }
}
