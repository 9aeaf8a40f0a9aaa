//! Which endpoints a service has, how they are doing, and which of them is chosen.

mod endpoint;
mod probe;
mod select;

use entity::proxy::{
    route_health_status as health,
    route_table::{ActiveModel, Entity},
};
pub use entity::proxy::{
    route_health_status::Model as Health,
    route_table::{Model, RouteAlgorithm},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
};

pub use self::{
    endpoint::Endpoint,
    probe::{Outcome, probed, states},
    select::{Asked, Plan, choose, choose_by_key, select},
};
use super::{
    Proxy,
    qos::{belongs, document::malformed},
};
use crate::{
    Error, Result,
    records::Record,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "route table";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a route table", name, 100)?;
        }
        if let Set(config) = &row.health_probe_config {
            row.health_probe_config = Set(probe::config(config)?.0.into_json());
        }
        let is_changed = row.routes.is_set() || row.algorithm.is_set();
        let Some(routes) = row.routes.try_as_ref().filter(|_| is_changed) else { return Ok(()) };
        let endpoints = endpoint::read(routes)?;
        let by_weight = row.algorithm.try_as_ref() == Some(&RouteAlgorithm::WeightedRr);
        if by_weight && !endpoints.is_empty() && endpoints.iter().all(|one| one.weight == 0) {
            return Err(invalid("routes", "***", "none of them has a weight"));
        }
        if row.routes.is_set() {
            row.routes = Set(endpoint::write(&endpoints));
        }
        Ok(())
    }

    /// What is known of an endpoint that is not in the table any more is forgotten.
    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        belongs(tx, row.service_id, row.cluster_id).await?;
        if let Ok(endpoints) = endpoint::read(&row.routes) {
            let listed = endpoints.iter().map(|one| one.address.as_str());
            health::Entity::delete_many()
                .filter(health::Column::RouteTableId.eq(row.id))
                .filter(health::Column::Endpoint.is_not_in(listed))
                .exec(tx)
                .await?;
        }
        Ok(())
    }
}

/// The endpoints of a table, in their order.
///
/// # Errors
/// [`Error::Malformed`] if what is stored is no list of them.
fn endpoints(table: &Model) -> Result<Vec<Endpoint>> {
    endpoint::read(&table.routes).map_err(malformed(Entity::KIND, table.id))
}

/// Makes sure that a table is one of the cluster whose key somebody has, who is told of no others.
///
/// # Errors
/// [`Error::NotFound`] if not.
fn is_of(table: &Model, cluster: &entity::proxy::cluster::Model) -> Result<()> {
    if table.cluster_id == cluster.id {
        Ok(())
    } else {
        Err(Error::not_found(Entity::KIND, table.id.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::Unchanged;
    use serde_json::json;

    use super::*;

    fn settle(mut row: ActiveModel) -> Result<ActiveModel> {
        Entity::settle(&mut row).map(|()| row)
    }

    #[test]
    fn what_is_chosen_by_weight_has_one() {
        let zero = json!([{"endpoint": "a:1", "weight": 0}, {"endpoint": "b:1", "weight": 0}]);
        let some = json!([{"endpoint": "a:1", "weight": 0}, {"endpoint": "b:1"}]);
        for (algorithm, routes, is_good) in [
            (Set(RouteAlgorithm::WeightedRr), Set(zero.clone()), false),
            (Set(RouteAlgorithm::WeightedRr), Unchanged(zero.clone()), false),
            (Unchanged(RouteAlgorithm::WeightedRr), Set(zero.clone()), false),
            (Unchanged(RouteAlgorithm::WeightedRr), Unchanged(zero.clone()), true),
            (Set(RouteAlgorithm::WeightedRr), Set(some), true),
            (Set(RouteAlgorithm::WeightedRr), Set(json!([])), true),
            (Set(RouteAlgorithm::Latency), Set(zero), true),
        ] {
            let row = ActiveModel { algorithm, routes, ..Default::default() };

            let settled = settle(row.clone());

            assert_eq!(settled.is_ok(), is_good, "{row:?}");
        }
    }

    #[test]
    fn what_is_written_is_complete_and_what_was_there_stays() {
        let written = settle(ActiveModel {
            routes: Set(json!([{"endpoint": "a:1"}])),
            health_probe_config: Set(json!({"protocol": "http"})),
            ..Default::default()
        })
        .unwrap();
        let kept = settle(ActiveModel {
            routes: Unchanged(json!("behind the program")),
            health_probe_config: Unchanged(json!("behind the program")),
            algorithm: Unchanged(RouteAlgorithm::WeightedRr),
            enabled: Set(false),
            ..Default::default()
        })
        .unwrap();

        let routes = json!([{"endpoint": "a:1", "weight": 1, "cost": null, "region": null}]);
        assert_eq!(written.routes, Set(routes));
        let probe = json!({
            "protocol": "http",
            "port": null,
            "path": null,
            "interval_seconds": 30,
            "timeout_seconds": 5,
            "unhealthy_threshold": 3,
            "healthy_threshold": 2,
        });
        assert_eq!(written.health_probe_config, Set(probe));
        assert!(kept.routes.is_unchanged() && kept.health_probe_config.is_unchanged());
    }
}
