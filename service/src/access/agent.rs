//! Agents: the programs on machines that open shells there.

mod enroll;

use std::{collections::BTreeSet, net::IpAddr};

use chrono::TimeDelta;
pub use entity::access::access_agent::{AccessAgentStatus, Model};
use entity::{
    Secret,
    access::access_agent::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, sea_query::Expr,
};
use serde_json::{Value, json};

pub use self::enroll::{Enrolled, NewAgent, enroll};
use super::{Access, shell};
use crate::{
    Error, Result, World,
    audit::Audited,
    identity::secret::Purpose,
    lookup::by_text,
    records::{self, Record, did},
    rights::{Granted, UpdateAccess},
    rule::Rule,
    text::{self, invalid},
    transaction,
    world::is_kept,
};

/// The most kinds of session that one agent can open.
pub const MOST_KINDS: usize = 50;

impl Record for Entity {
    type Domain = Access;

    const KIND: &'static str = "agent";
    const GUARDED: &'static [Column] = &[
        Column::EnrollmentKeyId,
        Column::AgentId,
        Column::Status,
        Column::EnrolledAt,
        Column::LastHeartbeatAt,
    ];

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if row.agent_id.is_not_set() {
            return Err(invalid(Self::KIND, "agent_id", "it enrols by a key"));
        }
        if let Set(hostname) = &row.hostname {
            row.hostname = Set(text::key("hostname", hostname, 255)?);
        }
        if let Set(Some(address)) = &row.ip_address {
            let Ok(known) = address.parse::<IpAddr>() else {
                return Err(invalid("ip_address", address, "it is no address"));
            };
            row.ip_address = Set(Some(known.to_canonical().to_string()));
        }
        if let Set(capabilities) = &row.capabilities {
            row.capabilities = Set(kinds(capabilities)?);
        }
        Ok(())
    }
}

/// The kinds of session in a list, each once and in order.
fn kinds(list: &Value) -> Result<Value> {
    let refuse = |problem: &str| invalid("capabilities", &list.to_string(), problem);
    let kinds: BTreeSet<String> = serde_json::from_value(list.clone())
        .map_err(|_| refuse("it is a list of kinds of session"))?;
    if kinds.len() > MOST_KINDS {
        return Err(refuse(&format!("{MOST_KINDS} are the most")));
    }
    kinds.iter().map(|kind| kind_of_session(kind).map(Value::from)).collect()
}

/// A kind of session: `ssh`, `kubectl`, `docker`, or what an agent calls its own.
pub(super) fn kind_of_session(kind: &str) -> Result<String> {
    if kind.len() > 50 {
        return Err(invalid("kind of session", kind, "50 characters are the most"));
    }
    text::word("kind of session", kind)
}

/// The agent that proves itself by its token.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that no agent has, and the token of one that is
/// suspended.
pub async fn authenticate(db: &impl ConnectionTrait, token: &str) -> Result<Model> {
    let hash = Purpose::Agent.read(token).ok_or(Error::Unauthenticated)?;
    let agent = by_text::<Entity>(db, Column::TokenHash, &hash, |agent| {
        agent.token_hash.as_ref().map(Secret::expose)
    });
    agent.await?.filter(|agent| AT_WORK.contains(&agent.status)).ok_or(Error::Unauthenticated)
}

/// What an agent is whose token is good.
const AT_WORK: [AccessAgentStatus; 2] = [AccessAgentStatus::Active, AccessAgentStatus::Offline];

/// An agent is there: it is active, also when it was offline.
///
/// # Errors
/// As for [`authenticate`].
pub async fn heartbeat(db: &DatabaseConnection, world: &World, token: &str) -> Result<()> {
    let hash = Purpose::Agent.read(token).ok_or(Error::Unauthenticated)?;
    let (now, hash) = (world.clock.now(), &hash);
    let heard = transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let heard = Entity::update_many()
                    .col_expr(Column::LastHeartbeatAt, Expr::value(now))
                    .col_expr(Column::Status, Expr::value(AccessAgentStatus::Active))
                    .filter(Column::TokenHash.eq(hash.as_str()))
                    .filter(Column::Status.is_in(AT_WORK))
                    .exec(tx)
                    .await?;
                Ok::<_, Error>(heard.rows_affected)
            })
        })
        .await?;
    if heard == 0 { Err(Error::Unauthenticated) } else { Ok(()) }
}

/// Takes the agents for offline that are active and have not been heard of for so long, and says
/// how many they are. Their shells stay open: they may be there still.
///
/// # Errors
/// [`Error::Invalid`] for a time that is not longer than nothing.
pub async fn silent(
    db: &DatabaseConnection,
    world: &World,
    _by: &Granted<UpdateAccess>,
    after: TimeDelta,
) -> Result<u64> {
    if after <= TimeDelta::zero() {
        return Err(invalid("silence", &after.to_string(), "it is longer than nothing"));
    }
    let before = world.clock.now().checked_sub_signed(after).filter(|before| is_kept(*before));
    // Nobody was heard of before there were times.
    let Some(before) = before else { return Ok(0) };
    transaction::committed()
        .transaction(db, |tx, _| {
            Box::pin(async move {
                let unheard = Condition::any()
                    .add(Column::LastHeartbeatAt.lt(before))
                    .add(Column::LastHeartbeatAt.is_null());
                let silent = Entity::update_many()
                    .col_expr(Column::Status, Expr::value(AccessAgentStatus::Offline))
                    .filter(Column::Status.eq(AccessAgentStatus::Active))
                    .filter(unheard)
                    .exec(tx)
                    .await?;
                Ok::<_, Error>(silent.rows_affected)
            })
        })
        .await
}

/// Whether somebody can put an agent from one status into the other. `offline` and back is what
/// heartbeats do, and nothing comes after `revoked`.
pub fn allows(from: AccessAgentStatus, to: AccessAgentStatus) -> bool {
    use AccessAgentStatus::{Active, Offline, Pending, Revoked, Suspended};

    matches!(
        (from, to),
        (Pending, Revoked)
            | (Active | Offline, Suspended | Revoked)
            | (Suspended, Active | Revoked)
    )
}

/// Suspends an agent, lets it again, or revokes it for good. What it is already is no change.
/// Whatever shells are open by an agent that is suspended or revoked end; a revoked one has no
/// token any more.
///
/// # Errors
/// [`Error::NotFound`] if there is no such agent, [`Rule::Transition`] if what it is does not lead
/// there ([`allows`]), and for one that would be active without a token.
pub async fn change_status(
    unit: &Audited<'_>,
    by: &Granted<UpdateAccess>,
    id: i64,
    to: AccessAgentStatus,
) -> Result<Model> {
    let agent = records::locked::<Entity>(unit.tx(), id).await?;
    let from = agent.status;
    if from == to {
        return Ok(agent);
    }
    if !allows(from, to) {
        let (from, to) = (from.to_value(), to.to_value());
        let because = format!("agent `{id}` does not go from `{from}` to `{to}`");
        return Err(Rule::Transition.refuses(because));
    }
    if to == AccessAgentStatus::Active && agent.token_hash.is_none() {
        return Err(Rule::Transition.refuses(format!("agent `{id}` has no token: it enrols anew")));
    }
    let mut row = agent.into_active_model();
    row.status = Set(to);
    if to == AccessAgentStatus::Revoked {
        row.token_hash = Set(None);
    }
    let agent = records::write::<Entity>(unit.tx(), unit.now(), row).await?;
    let ended = if to == AccessAgentStatus::Active {
        0
    } else {
        shell::end_all(unit, id, &format!("the agent is {}", to.to_value())).await?
    };
    let details = json!({"from": from.to_value(), "to": to.to_value(), "shells_ended": ended});
    unit.record(did::<Entity>(by.to(), "change_status", &agent).with(details));
    Ok(agent)
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable as _;

    use super::*;

    #[test]
    fn a_revoked_agent_becomes_nothing_else_and_nobody_makes_one_offline_or_pending() {
        let mut ways = Vec::new();
        for from in AccessAgentStatus::iter() {
            for to in AccessAgentStatus::iter().filter(|to| allows(from, *to)) {
                ways.push(format!("{} {}", from.to_value(), to.to_value()));
            }
        }

        assert_eq!(
            ways,
            [
                "pending revoked",
                "active suspended",
                "active revoked",
                "offline suspended",
                "offline revoked",
                "suspended active",
                "suspended revoked",
            ]
        );
    }

    #[test]
    fn capabilities_are_a_list_of_words_each_once() {
        assert_eq!(kinds(&json!(["ssh", "docker", "ssh"])).unwrap(), json!(["docker", "ssh"]));
        assert_eq!(kinds(&json!([])).unwrap(), json!([]));
        let many: Vec<String> = (0..=MOST_KINDS).map(|at| format!("k{at}")).collect();
        for wrong in [
            json!("ssh"),
            json!({"ssh": true}),
            json!([1]),
            json!([""]),
            json!(["SSH"]),
            json!(["a b"]),
            json!(["k".repeat(51)]),
            json!(many),
        ] {
            assert!(matches!(kinds(&wrong), Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
