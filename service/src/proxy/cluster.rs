//! Clusters, and the key that their proxies prove themselves with.

use std::net::Ipv6Addr;

use entity::Secret;
pub use entity::proxy::cluster::Model;
use entity::proxy::cluster::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::Proxy;
use crate::{
    Error, Result, World,
    audit::Audited,
    identity::secret::{Purpose, hash},
    lookup::by_text,
    records::{self, Record},
    rights::{CreateProxies, Granted, UpdateProxies},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "cluster";
    const GUARDED: &'static [Column] = &[Column::IsDefault];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a cluster", name, 100)?;
        }
        if let Set(Some(endpoint)) = &row.syslog_endpoint {
            address("syslog endpoint", endpoint)?;
        }
        records::default_stays_in_use::<Entity>(row, "cluster")
    }
}

/// A cluster to make. What is `None` is as the table has it by itself.
#[derive(Clone, Debug, Default)]
pub struct NewCluster {
    /// Its name, up to 100 characters; unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `host:port` of a syslog server.
    pub syslog_endpoint: Option<String>,
    /// Whether its proxies log who proved themselves.
    pub log_auth: Option<bool>,
    /// Whether its proxies log connections.
    pub log_netflow: Option<bool>,
    /// Whether its proxies log what helps to find mistakes.
    pub log_debug: Option<bool>,
    /// How many proxies it takes.
    pub max_proxies: Option<i32>,
}

/// A cluster and its new key, shown this once.
#[derive(Debug)]
pub struct Made {
    /// What its proxies prove themselves with.
    pub key: SecretString,
    /// The cluster, which knows the hash of the key.
    pub cluster: Model,
}

/// Makes a cluster with a key.
///
/// # Errors
/// [`Error::Invalid`] for a value that will not do, [`Error::AlreadyExists`] if a cluster has the
/// name.
pub async fn create(
    unit: &Audited<'_>,
    by: &Granted<CreateProxies>,
    world: &World,
    new: NewCluster,
) -> Result<Made> {
    let row = ActiveModel {
        name: Set(new.name),
        description: Set(new.description),
        syslog_endpoint: Set(new.syslog_endpoint),
        log_auth: new.log_auth.map_or(NotSet, Set),
        log_netflow: new.log_netflow.map_or(NotSet, Set),
        log_debug: new.log_debug.map_or(NotSet, Set),
        max_proxies: new.max_proxies.map_or(NotSet, Set),
        ..Default::default()
    };
    let cluster = records::create::<Entity>(unit, by, row).await?;
    keyed(unit, world, cluster).await
}

/// Gives a cluster another key, or its first one. The key before lets nobody in from then on.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster.
pub async fn new_key(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    world: &World,
    id: i64,
) -> Result<Made> {
    let cluster = records::locked::<Entity>(unit.tx(), id).await?;
    let made = keyed(unit, world, cluster).await?;
    unit.record(records::did::<Entity>(by.to(), "new_key", &made.cluster));
    Ok(made)
}

/// Makes a cluster the one that is meant where none is named; the one before is it no more.
///
/// # Errors
/// [`Error::NotFound`] if there is no such cluster, [`Rule::Inactive`] if it is out of use.
pub async fn make_default(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    id: i64,
) -> Result<Model> {
    records::make_default::<Entity>(unit, by.to(), id, |_| Condition::all()).await
}

async fn keyed(unit: &Audited<'_>, world: &World, cluster: Model) -> Result<Made> {
    let key = Purpose::Cluster.make(world);
    let mut row = cluster.into_active_model();
    row.api_key_hash = Set(Some(hash(key.expose_secret()).into()));
    let cluster = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    Ok(Made { key, cluster })
}

/// The cluster whose key that is.
///
/// # Errors
/// [`Error::Unauthenticated`] if it is the key of none, [`Rule::Inactive`] if the cluster is out of
/// use.
pub(super) async fn by_key(db: &impl ConnectionTrait, key: &str) -> Result<Model> {
    let hash = Purpose::Cluster.read(key).ok_or(Error::Unauthenticated)?;
    open(by_text::<Entity>(db, Column::ApiKeyHash, &hash, key_hash).await?)
}

/// The same, held until the transaction ends: its proxies come one after the other.
///
/// # Errors
/// As for [`by_key`].
pub(super) async fn held_by_key(tx: &DatabaseTransaction, key: &str) -> Result<Model> {
    let hash = Purpose::Cluster.read(key).ok_or(Error::Unauthenticated)?;
    let of_key = Entity::find().filter(Column::ApiKeyHash.eq(hash.as_str())).lock_exclusive();
    open(of_key.one(tx).await?)
}

fn key_hash(cluster: &Model) -> Option<&str> {
    cluster.api_key_hash.as_ref().map(Secret::expose)
}

fn open(cluster: Option<Model>) -> Result<Model> {
    let cluster = cluster.ok_or(Error::Unauthenticated)?;
    if !cluster.is_active {
        return Err(Rule::Inactive.refuses(format!("cluster `{}` is out of use", cluster.name)));
    }
    Ok(cluster)
}

/// A host and a port: `logs.example.org:514`, `192.0.2.1:514`, `[2001:db8::1]:514`.
pub(super) fn address(kind: &'static str, text: &str) -> Result<()> {
    let problem = match text.rsplit_once(':') {
        Some((host, _)) if !is_host(host) => "what stands before the port is no host",
        Some((_, port)) if !is_port(port) => "the port is a number from 1 to 65535",
        Some(_) => return Ok(()),
        None => "it is a host and a port with a colon between them",
    };
    Err(invalid(kind, text, problem))
}

/// Whether a host stands at the beginning of what follows the `://` of a URL, without a name or a
/// password before it. The port may be left out: the scheme says it then.
pub(super) fn begins_with_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    address("host", authority).is_ok() || address("host", &format!("{authority}:80")).is_ok()
}

/// Takes out of a refusal what was given, if there may be a name and a password in it.
pub(super) fn unrepeated(given: &str) -> impl FnOnce(Error) -> Error {
    let has_name = given.contains('@');
    move |error| match error {
        Error::Invalid { kind, problem, .. } if has_name => {
            Error::Invalid { kind, input: "***".to_owned(), problem }
        }
        other => other,
    }
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(text),
    }
}

/// A name as DNS has it, or an IPv4 address.
pub(super) fn is_name(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_part = |part: &str| {
        let edges = part.starts_with('-') || part.ends_with('-');
        (1..=63).contains(&part.len()) && part.chars().all(sound) && !edges
    };
    text.len() <= 253 && text.split('.').all(is_part)
}

fn is_port(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue;

    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in
            ["a:1", "logs.example.org:514", "192.0.2.1:65535", "[2001:db8::1]:6514", "x_1:80"]
        {
            assert!(address("syslog endpoint", good).is_ok(), "{good}");
        }
        for wrong in
            ["", ":", "logs", "logs:", ":514", "logs:0", "logs:65536", "logs:+1", "logs: 1"]
        {
            assert!(matches!(address("x", wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
        for wrong in
            ["a b:1", "2001:db8::1:514", "[::1]", "[logs]:514", "-a:1", "a..b:1", "tcp://a:1"]
        {
            let refused = address("syslog endpoint", wrong);

            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn the_default_stays_in_use() {
        for (is_default, is_active, is_good) in
            [(true, true, true), (false, false, true), (true, false, false)]
        {
            let mut row = ActiveModel {
                is_default: ActiveValue::Unchanged(is_default),
                is_active: Set(is_active),
                ..Default::default()
            };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{is_default} {is_active}");
        }
    }
}
