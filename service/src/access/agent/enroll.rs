//! How an agent gets in: by a key that somebody made.

use std::{collections::BTreeSet, net::IpAddr};

use entity::access::{
    access_agent::{AccessAgentStatus, ActiveModel, Entity, Model},
    enrollment_key,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::{
    Error, Result, World,
    access::new_name,
    audit::{Audited, audited},
    identity::secret::{Purpose, hash},
    lookup::by_text,
    records::{self, did},
    rights::Grantee,
    rule::Rule,
};

/// What an agent says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAgent {
    /// What its machine is called, up to 255 characters.
    pub hostname: String,
    /// Where it is reached.
    pub ip_address: Option<IpAddr>,
    /// The kinds of session that it can open: `ssh`, `kubectl`.
    pub capabilities: BTreeSet<String>,
}

/// An agent that got in.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// What it proves itself with from now on; shown this once.
    pub token: SecretString,
    /// Its row.
    pub agent: Model,
}

/// Lets an agent in by an enrolment key, which is used once more by that. One statement looks
/// whether the key is good and counts the use, so that however many come at once, no more get in
/// than the key says.
///
/// # Errors
/// [`Error::Unauthenticated`] for a key that is not known, [`Rule::KeySpent`] for one that has
/// expired, was revoked or is used up; [`Error::Invalid`] for what can be no agent, which uses
/// nothing up.
pub async fn enroll(
    db: &DatabaseConnection,
    world: &World,
    key: &str,
    new: NewAgent,
) -> Result<Enrolled> {
    let hashed = Purpose::Enrollment.read(key).ok_or(Error::Unauthenticated)?;
    // Outside of the transaction: who guesses holds nobody up.
    let column = enrollment_key::Column::KeyHash;
    let key =
        by_text::<enrollment_key::Entity>(db, column, &hashed, |key| Some(key.key_hash.expose()));
    let key_id = key.await?.ok_or(Error::Unauthenticated)?.id;
    let token = Purpose::Agent.make(world);
    let row = &ActiveModel {
        enrollment_key_id: Set(Some(key_id)),
        agent_id: Set(new_name(world)),
        hostname: Set(new.hostname),
        ip_address: Set(new.ip_address.map(|address| address.to_string())),
        token_hash: Set(Some(hash(token.expose_secret()).into())),
        status: Set(AccessAgentStatus::Active),
        capabilities: Set(new.capabilities.into_iter().collect()),
        ..Default::default()
    };
    let agent = audited(db, world, |unit, _| {
        Box::pin(async move {
            use_up(unit, key_id).await?;
            let row = ActiveModel {
                enrolled_at: Set(Some(unit.now())),
                last_heartbeat_at: Set(Some(unit.now())),
                ..row.clone()
            };
            let agent = records::insert::<Entity>(unit.tx(), unit.now(), row).await?;
            let by = Grantee::System { reason: "an enrolment key" };
            let details = json!({
                "enrollment_key_id": key_id,
                "agent_id": agent.agent_id,
                "hostname": agent.hostname,
            });
            unit.record(did::<Entity>(&by, "enroll", &agent).with(details));
            Ok(agent)
        })
    })
    .await?;
    Ok(Enrolled { token, agent })
}

/// Counts a use of the key, if it has one left and is good.
async fn use_up(unit: &Audited<'_>, key_id: i64) -> Result<()> {
    use enrollment_key::{Column, Entity};

    let counted = Entity::update_many()
        .col_expr(Column::UseCount, Expr::col(Column::UseCount).add(1_i32))
        .filter(Column::Id.eq(key_id))
        .filter(Expr::col(Column::UseCount).lt(Expr::col(Column::MaxUses)))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(unit.now()))
        .exec(unit.tx())
        .await?;
    if counted.rows_affected > 0 {
        return Ok(());
    }
    let Some(key) = Entity::find_by_id(key_id).one(unit.tx()).await? else {
        return Err(Error::Unauthenticated);
    };
    let because = if key.revoked_at.is_some() {
        format!("enrolment key `{key_id}` was revoked")
    } else if key.expires_at <= unit.now() {
        format!("enrolment key `{key_id}` has expired")
    } else {
        format!("enrolment key `{key_id}` is used up: it was good for {}", key.max_uses)
    };
    Err(Rule::KeySpent.refuses(because))
}
