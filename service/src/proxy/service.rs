//! Services: what stands behind the proxies of a cluster, and what it is used with.

use std::net::IpAddr;

pub use entity::proxy::service::{Model, ServiceAuth};
use entity::{
    Secret,
    proxy::{
        qos_policy, route_table,
        service::{ActiveModel, Entity},
    },
};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use super::{Proxy, cluster::is_name};
use crate::{
    Result,
    records::Record,
    rule::Rule,
    text::{self, invalid},
};

/// How a JSON web token is signed with a secret that both sides know.
pub const ALGORITHMS: [&str; 3] = ["HS256", "HS384", "HS512"];

impl Record for Entity {
    type Domain = Proxy;

    const KIND: &'static str = "service";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            text::key("name of a service", name, 100)?;
        }
        if let Set(host) = &row.ip_fqdn
            && host.parse::<IpAddr>().is_err()
            && !is_name(host)
        {
            return Err(invalid("ip_fqdn", host, "it is an address, or a name that has one"));
        }
        if let Set(algorithm) = &row.jwt_algorithm
            && !ALGORITHMS.contains(&algorithm.as_str())
        {
            let problem = format!("it is one of {}", ALGORITHMS.join(", "));
            return Err(invalid("jwt_algorithm", algorithm, &problem));
        }
        if let Set(Some(path)) = &row.health_check_path
            && !path.starts_with('/')
        {
            return Err(invalid("health_check_path", path, "it begins with `/`"));
        }
        match row.auth_type.try_as_ref() {
            Some(ServiceAuth::Base64) if is_empty(&row.token) => {
                Err(invalid("auth_type", "base64", "the service has no token"))
            }
            Some(ServiceAuth::Jwt) if is_empty(&row.jwt_secret) => {
                Err(invalid("auth_type", "jwt", "the service has no secret to sign with"))
            }
            _ => Ok(()),
        }
    }

    /// Its policies and route tables are in its cluster: it does not leave them behind. What is
    /// asked here is held, so that none comes meanwhile.
    async fn agree(tx: &DatabaseTransaction, row: &Model) -> Result<()> {
        let policy = qos_policy::Entity::find()
            .filter(qos_policy::Column::ServiceId.eq(row.id))
            .filter(qos_policy::Column::ClusterId.ne(row.cluster_id))
            .lock_exclusive()
            .one(tx)
            .await?;
        let routes = route_table::Entity::find()
            .filter(route_table::Column::ServiceId.eq(row.id))
            .filter(route_table::Column::ClusterId.ne(row.cluster_id))
            .lock_exclusive()
            .one(tx)
            .await?;
        if policy.is_none() && routes.is_none() {
            return Ok(());
        }
        let name = &row.name;
        let because =
            format!("service `{name}` has policies or routes in the cluster that it leaves");
        Err(Rule::InUse.refuses(because))
    }
}

fn is_empty(secret: &ActiveValue<Option<Secret>>) -> bool {
    secret.as_option().is_none()
}

#[cfg(test)]
mod tests {
    use sea_orm::ActiveValue::{NotSet, Unchanged};

    use super::*;
    use crate::Error;

    fn sealed() -> Secret {
        "v1.1.x".into()
    }

    #[test]
    fn a_service_has_what_it_is_used_with() {
        let (none, some) = (|| Set(None::<Secret>), || Unchanged(Some(sealed())));
        for (auth, token, jwt_secret, is_good) in [
            (Set(ServiceAuth::None), NotSet, NotSet, true),
            (NotSet, NotSet, NotSet, true),
            (Set(ServiceAuth::Base64), some(), NotSet, true),
            (Set(ServiceAuth::Base64), NotSet, some(), false),
            (Set(ServiceAuth::Jwt), none(), some(), true),
            (Set(ServiceAuth::Jwt), some(), none(), false),
            (Unchanged(ServiceAuth::Base64), none(), some(), false),
            (Unchanged(ServiceAuth::Jwt), some(), Set(Some(sealed())), true),
        ] {
            let said = format!("{auth:?} {token:?} {jwt_secret:?}");
            let mut row = ActiveModel { auth_type: auth, token, jwt_secret, ..Default::default() };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{said}");
        }
    }

    #[test]
    fn a_service_is_where_a_name_or_an_address_leads() {
        for (host, is_good) in [
            ("db.internal", true),
            ("192.0.2.7", true),
            ("2001:db8::7", true),
            ("", false),
            ("db:5432", false),
            ("http://db", false),
        ] {
            let mut row = ActiveModel { ip_fqdn: Set(host.to_owned()), ..Default::default() };

            assert_eq!(Entity::settle(&mut row).is_ok(), is_good, "{host}");
        }
    }

    #[test]
    fn a_token_is_signed_with_a_secret_that_both_know() {
        for (algorithm, is_good) in
            [("HS256", true), ("HS512", true), ("RS256", false), ("none", false)]
        {
            let algorithm = Set(algorithm.to_owned());
            let mut row = ActiveModel { jwt_algorithm: algorithm, ..Default::default() };
            let settled = Entity::settle(&mut row);

            assert_eq!(settled.is_ok(), is_good, "{settled:?}");
            assert!(is_good || matches!(settled, Err(Error::Invalid { .. })), "{settled:?}");
        }
    }
}
