//! What traffic of a service comes first, and how much of it there may be.

pub(super) mod document;

use std::cmp::Reverse;

pub use entity::proxy::qos_policy::Model;
use entity::proxy::{
    qos_policy::{ActiveModel, Column, Entity},
    service,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, prelude::Json,
};
use serde_json::json;

use self::document::{Document, malformed};
use super::Proxy;
use crate::{
    Result,
    records::{self, Record},
    rights::{Granted, ReadProxies},
    text::{self, invalid},
};

/// From what comes first to what comes last.
const LEVELS: [&str; 4] = ["P0", "P1", "P2", "P3"];

/// What packets can be marked with.
const DSCP: [&str; 22] = [
    "BE", "EF", "AF11", "AF12", "AF13", "AF21", "AF22", "AF23", "AF31", "AF32", "AF33", "AF41",
    "AF42", "AF43", "CS0", "CS1", "CS2", "CS3", "CS4", "CS5", "CS6", "CS7",
];

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "policy";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a policy", name, 100)?;
        }
        if let Set(config) = &row.bandwidth_config {
            row.bandwidth_config = Set(bandwidth(config)?);
        }
        if let Set(config) = &row.priority_config {
            row.priority_config = Set(Priority::read(config)?.document.into_json());
        }
        Ok(())
    }

    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        belongs(tx, row.service_id, row.cluster_id).await
    }
}

/// The policies of a cluster that are in use: by their priority, those of the same one by their
/// weight, the heaviest in front.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) if what is stored for one is no priority.
pub async fn in_order(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    cluster_id: i64,
) -> Result<Vec<Model>> {
    enabled(db, Column::ClusterId, cluster_id).await
}

/// The same for one service.
///
/// # Errors
/// As for [`in_order`].
pub async fn in_order_of_service(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadProxies>,
    service_id: i64,
) -> Result<Vec<Model>> {
    enabled(db, Column::ServiceId, service_id).await
}

/// Makes sure that the service is one of the cluster, and stays there until the transaction ends.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if it is not.
pub(super) async fn belongs(
    tx: &DatabaseTransaction,
    service_id: i64,
    cluster_id: i64,
) -> Result<()> {
    let service = records::locked::<service::Entity>(tx, service_id).await?;
    if service.cluster_id != cluster_id {
        let problem = format!("service `{}` is of cluster {}", service.name, service.cluster_id);
        return Err(invalid("cluster_id", &cluster_id.to_string(), &problem));
    }
    Ok(())
}

async fn enabled(db: &impl ConnectionTrait, of: Column, id: i64) -> Result<Vec<Model>> {
    let rows = Entity::find().filter(of.eq(id)).filter(Column::Enabled.eq(true)).all(db).await?;
    let mut ranked = Vec::with_capacity(rows.len());
    for row in rows {
        let Priority { level, weight, .. } =
            Priority::read(&row.priority_config).map_err(malformed(Entity::KIND, row.id))?;
        ranked.push(((level, Reverse(weight), row.id), row));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, row)| row).collect())
}

/// Limits of the bandwidth, in full.
fn bandwidth(given: &Json) -> Result<Json> {
    let by_itself = json!({"ingress_mbps": null, "egress_mbps": null, "burst_size_kb": 1024});
    let document = Document::read("bandwidth_config", given, by_itself)?;
    document.whole("ingress_mbps", 1..=100_000)?;
    document.whole("egress_mbps", 1..=100_000)?;
    document.whole("burst_size_kb", 1..=10_240)?;
    Ok(document.into_json())
}

/// When a policy comes.
struct Priority {
    document: Document,
    /// The place among the [`LEVELS`].
    level: usize,
    weight: i32,
}

impl Priority {
    fn read(given: &Json) -> Result<Self> {
        let by_itself = json!({
            "priority": "P2",
            "weight": 1,
            "max_latency_ms": 100,
            "dscp_marking": "BE",
        });
        let document = Document::read("priority_config", given, by_itself)?;
        let level = document.word("priority", &LEVELS)?;
        let weight = document.number("weight", 1..=100)?;
        document.whole("max_latency_ms", 1..=1000)?;
        document.word("dscp_marking", &DSCP)?;
        Ok(Self { document, level, weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_or_none() {
        for good in [
            json!({}),
            json!({"ingress_mbps": 1, "egress_mbps": 100_000, "burst_size_kb": 10_240}),
            json!({"ingress_mbps": null, "burst_size_kb": null}),
        ] {
            assert!(bandwidth(&good).is_ok(), "{good}");
        }
        for wrong in [
            json!([]),
            json!({"ingress_mbps": 0}),
            json!({"egress_mbps": 100_001}),
            json!({"egress_mbps": "1"}),
            json!({"burst_size_kb": 0.5}),
            json!({"burst_size_mb": 1}),
        ] {
            assert!(bandwidth(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_priority_is_a_level_a_weight_a_latency_and_a_marking() {
        for good in [
            json!({}),
            json!({"priority": "P0", "weight": 100, "max_latency_ms": 1, "dscp_marking": "EF"}),
            json!({"max_latency_ms": null, "dscp_marking": "CS7"}),
        ] {
            assert!(Priority::read(&good).is_ok(), "{good}");
        }
        for wrong in [
            json!(null),
            json!({"priority": "P4"}),
            json!({"priority": "p0"}),
            json!({"priority": null}),
            json!({"weight": 0}),
            json!({"weight": 101}),
            json!({"weight": null}),
            json!({"max_latency_ms": 1001}),
            json!({"dscp_marking": "AF44"}),
            json!({"Priority": "P0"}),
        ] {
            assert!(Priority::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_complete() {
        let mut row = ActiveModel {
            bandwidth_config: Set(json!({"egress_mbps": 10})),
            priority_config: Set(json!({"priority": "P1"})),
            ..Default::default()
        };

        Entity::settle(&mut row).unwrap();

        let limits = json!({"ingress_mbps": null, "egress_mbps": 10, "burst_size_kb": 1024});
        let priority =
            json!({"priority": "P1", "weight": 1, "max_latency_ms": 100, "dscp_marking": "BE"});
        assert_eq!(row.bandwidth_config, Set(limits));
        assert_eq!(row.priority_config, Set(priority));
    }
}
