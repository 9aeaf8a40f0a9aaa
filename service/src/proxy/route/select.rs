//! Which of the endpoints of a route table somebody is led to.

use entity::proxy::{
    route_health_status::{Column, Entity},
    route_table::{self, RouteAlgorithm},
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::{Endpoint, Health, Model, endpoints, is_of};
use crate::{
    Result, World,
    proxy::cluster,
    records,
    rights::{Granted, ReadProxies},
    rule::Rule,
};

/// How a table chooses, and among what.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// By what it chooses.
    pub algorithm: RouteAlgorithm,
    /// Whether what would go to an endpoint that is not healthy goes to another one.
    pub auto_failover: bool,
    /// What it chooses among.
    pub endpoints: Vec<Endpoint>,
}

impl Plan {
    /// The plan of a table.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) if what is stored is no list of endpoints.
    pub fn of(table: &Model) -> Result<Self> {
        Ok(Self {
            algorithm: table.algorithm,
            auto_failover: table.enable_auto_failover,
            endpoints: endpoints(table)?,
        })
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Where they are.
    pub region: Option<String>,
    /// A number from 0 to less than 1, which is as likely as any other: what is chosen by weight is
    /// chosen by it.
    pub chance: f64,
}

/// The endpoint that is chosen. It is healthy; one of which nothing is known is taken to be.
///
/// With automatic failover only those that are healthy are looked at. Without, all of them are, and
/// none is chosen when that would be one that is not healthy. Of several that are as good as each
/// other it is the first in the list.
pub fn select<'p>(plan: &'p Plan, health: &[Health], asked: &Asked) -> Option<&'p Endpoint> {
    let is_healthy = |endpoint: &Endpoint| known(health, endpoint).is_none_or(|row| row.is_healthy);
    let among: Vec<&Endpoint> =
        plan.endpoints.iter().filter(|one| !plan.auto_failover || is_healthy(one)).collect();
    let rtt = |endpoint: &Endpoint| known(health, endpoint).and_then(|row| row.rtt_ms);
    let chosen = match plan.algorithm {
        RouteAlgorithm::Latency => least(&among, rtt),
        RouteAlgorithm::Cost => least(&among, |one| one.cost),
        RouteAlgorithm::Geo => {
            let is_near = |one: &&&Endpoint| one.region.is_some() && one.region == asked.region;
            let near: Vec<&Endpoint> = among.iter().filter(is_near).copied().collect();
            least(if near.is_empty() { &among } else { &near }, rtt)
        }
        RouteAlgorithm::WeightedRr => by_weight(&among, asked.chance),
        RouteAlgorithm::Failover => among.first().copied(),
    };
    chosen.filter(|one| is_healthy(one))
}

/// Chooses an endpoint of a table for somebody in that region.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such table, [`Rule::Inactive`] if it
/// is not in use, [`Rule::NoHealthyEndpoint`] if it leads nowhere now,
/// [`Error::Malformed`](crate::Error::Malformed) if what is stored is no list of endpoints.
pub async fn choose(
    db: &impl ConnectionTrait,
    world: &World,
    _by: &Granted<ReadProxies>,
    route_table_id: i64,
    region: Option<String>,
) -> Result<Endpoint> {
    let table = records::found::<route_table::Entity>(db, route_table_id).await?;
    chosen(db, world, &table, region).await
}

/// The same for a proxy, which proves itself by the key of its cluster.
///
/// # Errors
/// As for [`choose`], also if the table is another cluster's;
/// [`Error::Unauthenticated`](crate::Error::Unauthenticated) for the key of no cluster,
/// [`Rule::Inactive`] if the cluster is out of use.
pub async fn choose_by_key(
    db: &impl ConnectionTrait,
    world: &World,
    key: &str,
    route_table_id: i64,
    region: Option<String>,
) -> Result<Endpoint> {
    let cluster = cluster::by_key(db, key).await?;
    let table = records::found::<route_table::Entity>(db, route_table_id).await?;
    is_of(&table, &cluster)?;
    chosen(db, world, &table, region).await
}

async fn chosen(
    db: &impl ConnectionTrait,
    world: &World,
    table: &Model,
    region: Option<String>,
) -> Result<Endpoint> {
    if !table.enabled {
        return Err(Rule::Inactive.refuses(format!("route table `{}` is not in use", table.name)));
    }
    let plan = Plan::of(table)?;
    let health = Entity::find().filter(Column::RouteTableId.eq(table.id)).all(db).await?;
    let asked = Asked { region, chance: chance(world) };
    select(&plan, &health, &asked).cloned().ok_or_else(|| {
        let because = format!("route table `{}` leads to no healthy endpoint now", table.name);
        Rule::NoHealthyEndpoint.refuses(because)
    })
}

/// From 0 to less than 1.
fn chance(world: &World) -> f64 {
    let mut bytes = [0; 4];
    world.random.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

fn known<'h>(health: &'h [Health], endpoint: &Endpoint) -> Option<&'h Health> {
    health.iter().find(|row| row.endpoint == endpoint.address)
}

/// The first of those with the least of something; what is not known is more than all.
fn least<'p>(
    among: &[&'p Endpoint],
    of: impl Fn(&Endpoint) -> Option<f64>,
) -> Option<&'p Endpoint> {
    let of = |one: &Endpoint| of(one).unwrap_or(f64::INFINITY);
    among.iter().copied().min_by(|a, b| of(a).total_cmp(&of(b)))
}

/// Each has a part of the numbers below the sum of the weights, as large as its weight.
fn by_weight<'p>(among: &[&'p Endpoint], chance: f64) -> Option<&'p Endpoint> {
    let weighty = || among.iter().copied().filter(|one| one.weight > 0);
    let mut left = chance * weighty().map(|one| f64::from(one.weight)).sum::<f64>();
    for endpoint in weighty() {
        left -= f64::from(endpoint.weight);
        if left < 0.0 {
            return Some(endpoint);
        }
    }
    // Rounding may have made a chance next to 1 the whole.
    weighty().next_back()
}

#[cfg(test)]
mod tests;
