//! Proxies: how they come into a cluster, and who puts them out of use.

mod heard;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
pub use entity::proxy::proxy_server::{Model, ProxyStatus};
use entity::proxy::{
    cluster,
    proxy_server::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveEnum as _,
    ActiveValue::{Set, Unchanged},
    ColumnTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
};
use serde_json::json;

pub use self::heard::{Metrics, fetched, goes, report, reported, silent};
use super::{Proxy, cluster::held_by_key};
use crate::{
    Error, Result, World,
    audit::{Audited, audited},
    lookup::by_text,
    records::{self, Record},
    rights::{Granted, Grantee, UpdateProxies},
    rule::Rule,
    settings, text,
};

/// How many proxies a cluster takes at most without a licence.
pub const COMMUNITY: u64 = 3;

/// The setting that says whether there is a licence.
const LICENCE: &str = "proxy.is_licensed";

/// What a proxy says of itself is written by what it says.
impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "proxy";
    const GUARDED: &'static [Column] = &[
        Column::ClusterId,
        Column::Name,
        Column::Hostname,
        Column::IpAddress,
        Column::Port,
        Column::Status,
        Column::Version,
        Column::Capabilities,
        Column::LicenseValidated,
        Column::LicenseValidatedAt,
        Column::LastSeenAt,
        Column::LastConfigFetchAt,
        Column::ConfigVersion,
        Column::RegisteredAt,
    ];
}

/// A proxy that registers.
#[derive(Clone, Debug)]
pub struct NewProxy {
    /// What it is known by, up to 100 characters; unique over all clusters.
    pub name: String,
    /// The name of its machine, up to 255 characters.
    pub hostname: String,
    /// The address that it is reached at.
    pub ip_address: IpAddr,
    /// The port that it is reached at.
    pub port: u16,
    /// Which release it is, up to 50 characters.
    pub version: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
}

/// Lets a proxy into the cluster whose key it has. One that was let in before, by the same name,
/// has its place: it only says anew what it is. It is pending until it reports, or out of use
/// still.
///
/// A cluster takes as many as its `max_proxies`, and no more than [`COMMUNITY`] of them, unless
/// there is a licence (the setting `proxy.is_licensed`), which takes away both limits. Every proxy
/// counts that was let in and not removed since, whatever it is doing.
///
/// # Errors
/// [`Error::Unauthenticated`] for the key of no cluster, [`Rule::Inactive`] if the cluster is out
/// of use, [`Rule::ProxyLimit`] if it is full, [`Error::AlreadyExists`] if a proxy of another
/// cluster has the name, [`Error::Invalid`] for a value that will not do.
pub async fn register(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    new: NewProxy,
) -> Result<Model> {
    text::key("name of a proxy", &new.name, 100)?;
    text::key("hostname", &new.hostname, 255)?;
    let new = &new;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let cluster = held_by_key(unit.tx(), key).await?;
            let is_licensed = settings::read(unit.tx(), LICENCE).await?;
            let said = said(new, unit.now(), is_licensed);
            let name = &new.name;
            match by_text::<Entity>(unit.tx(), Column::Name, name, |row| Some(&row.name)).await? {
                Some(row) if row.cluster_id == cluster.id => again(unit, row.id, said).await,
                Some(row) => Err(Error::AlreadyExists { kind: Entity::KIND, key: row.name }),
                None => {
                    has_room(unit.tx(), &cluster, is_licensed).await?;
                    first(unit, cluster.id, name, said).await
                }
            }
        })
    })
    .await
}

/// Puts a proxy out of use, or lets one that is out of use work again: it is pending then, until it
/// reports. Nothing that it says itself takes it back into use.
///
/// # Errors
/// [`Error::NotFound`] if there is no such proxy, [`Rule::Transition`] for what people do not put
/// it to from what it is.
pub async fn set_status(
    unit: &Audited<'_>,
    by: &Granted<UpdateProxies>,
    id: i64,
    to: ProxyStatus,
) -> Result<Model> {
    let proxy = records::locked::<Entity>(unit.tx(), id).await?;
    let from = proxy.status;
    if !is_put(from, to) {
        return Err(no_way(&proxy, to));
    }
    let mut row = proxy.into_active_model();
    row.status = Set(to);
    let proxy = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    let details = json!({"from": from.to_value(), "to": to.to_value()});
    unit.record(records::did::<Entity>(by.to(), "set_status", &proxy).with(details));
    Ok(proxy)
}

/// Whether people put a proxy from the one to the other.
fn is_put(from: ProxyStatus, to: ProxyStatus) -> bool {
    use ProxyStatus::{Active, Error, Inactive, Offline, Pending};

    matches!((from, to), (Pending | Active | Error | Offline, Inactive) | (Inactive, Pending))
}

fn no_way(proxy: &Model, to: ProxyStatus) -> Error {
    let (name, from, to) = (&proxy.name, proxy.status.to_value(), to.to_value());
    Rule::Transition
        .refuses(format!("proxy `{name}` is `{from}`, from where it is not put to `{to}`"))
}

/// What a proxy says of itself.
fn said(new: &NewProxy, now: DateTime<Utc>, is_licensed: bool) -> ActiveModel {
    ActiveModel {
        hostname: Set(new.hostname.clone()),
        ip_address: Set(new.ip_address.to_canonical().to_string()),
        port: Set(new.port.into()),
        version: Set(new.version.clone()),
        capabilities: Set(new.capabilities.clone().into()),
        license_validated: Set(is_licensed),
        license_validated_at: Set(is_licensed.then_some(now)),
        last_seen_at: Set(Some(now)),
        ..Default::default()
    }
}

async fn first(
    unit: &Audited<'_>,
    cluster_id: i64,
    name: &str,
    said: ActiveModel,
) -> Result<Model> {
    let row = ActiveModel {
        cluster_id: Set(cluster_id),
        name: Set(name.to_owned()),
        status: Set(ProxyStatus::Pending),
        registered_at: Set(unit.now()),
        ..said
    };
    let proxy = records::insert::<Entity>(unit.tx(), unit.now(), row).await?;
    let by = Grantee::System { reason: "a proxy with the key of its cluster" };
    let details = json!({"name": proxy.name, "cluster_id": proxy.cluster_id});
    unit.record(records::did::<Entity>(&by, "register", &proxy).with(details));
    Ok(proxy)
}

/// A proxy that starts again changes nothing about who may get in: it is not written to the audit
/// log.
async fn again(unit: &Audited<'_>, id: i64, said: ActiveModel) -> Result<Model> {
    let status = match records::locked::<Entity>(unit.tx(), id).await?.status {
        ProxyStatus::Inactive => ProxyStatus::Inactive,
        _ => ProxyStatus::Pending,
    };
    let row = ActiveModel { id: Unchanged(id), status: Set(status), ..said };
    records::write::<Entity>(unit.tx(), unit.now(), row).await
}

/// Whether the cluster, which is held, takes one more.
async fn has_room(
    tx: &DatabaseTransaction,
    cluster: &cluster::Model,
    is_licensed: bool,
) -> Result<()> {
    let Some(limit) = limit(cluster.max_proxies, is_licensed) else { return Ok(()) };
    let taken = Entity::find().filter(Column::ClusterId.eq(cluster.id)).count(tx).await?;
    if taken < limit {
        return Ok(());
    }
    let name = &cluster.name;
    let because =
        format!("cluster `{name}` has {taken} proxies, and takes {limit} without a licence");
    Err(Rule::ProxyLimit.refuses(because))
}

/// How many proxies a cluster takes, if there is a limit.
fn limit(max_proxies: i32, is_licensed: bool) -> Option<u64> {
    let own = u64::try_from(max_proxies).unwrap_or_default();
    (!is_licensed).then_some(own.min(COMMUNITY))
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    #[test]
    fn a_cluster_takes_what_it_says_and_three_at_most_without_a_licence() {
        for (max_proxies, expected) in [(0, 0), (1, 1), (3, 3), (4, 3), (i32::MAX, 3), (-1, 0)] {
            assert_eq!(limit(max_proxies, false), Some(expected), "{max_proxies}");
            assert_eq!(limit(max_proxies, true), None, "{max_proxies}");
        }
    }

    #[test]
    fn people_put_proxies_out_of_use_and_back_and_do_nothing_else_with_them() {
        for from in ProxyStatus::iter() {
            for to in ProxyStatus::iter() {
                let out = from != ProxyStatus::Inactive && to == ProxyStatus::Inactive;
                let back = from == ProxyStatus::Inactive && to == ProxyStatus::Pending;

                assert_eq!(is_put(from, to), out || back, "{from:?} {to:?}");
            }
        }
    }
}
