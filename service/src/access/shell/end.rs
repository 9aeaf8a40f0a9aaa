//! How shells end, and where they were recorded.

use chrono::{DateTime, Utc};
use entity::access::shell_session::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait as _, QueryFilter as _, sea_query::Expr,
};
use serde_json::json;

use super::{KIND, named};
use crate::{
    Error, Result, World,
    access::{Access, agent},
    audit::{Audited, Deed, audited},
    records::Domain as _,
    rights::{self, Actor, EndShells, Granted, Grantee, OpenShells, Permission as _},
    rule::Rule,
    text,
};

/// Ends a shell of the actor, whose name to the outside is `session`.
///
/// # Errors
/// [`Error::NotFound`] if the actor has had no such shell, [`Rule::Transition`] if it has ended;
/// [`Error::Invalid`] for a reason that is empty or longer than 100 characters,
/// [`Error::Forbidden`] for an API key without [`OpenShells`] among its scopes.
pub async fn close(
    unit: &Audited<'_>,
    actor: &Actor,
    session: &str,
    end_reason: &str,
) -> Result<Model> {
    if !actor.may_use(OpenShells::CODE) {
        return Err(rights::refuse::<OpenShells>(actor));
    }
    let found = named(unit.tx(), session).await?;
    if found.user_id != actor.user_id() {
        return Err(Error::not_found(KIND, session));
    }
    end_one(unit, &found, end_reason, Deed::by(actor, Access::NAME, "close")).await
}

/// Ends a shell, whoever has it.
///
/// # Errors
/// As for [`close`], but for the scopes; [`Error::NotFound`] if there is no such shell.
pub async fn end(
    unit: &Audited<'_>,
    by: &Granted<EndShells>,
    session: &str,
    end_reason: &str,
) -> Result<Model> {
    let found = named(unit.tx(), session).await?;
    end_one(unit, &found, end_reason, Deed::of(by.to(), Access::NAME, "end")).await
}

/// A shell is over, as the agent says that had it and proves itself by its token.
///
/// # Errors
/// As for [`end`]; [`Error::Unauthenticated`] for a token that is not good, [`Error::NotFound`] if
/// the agent has had no such shell.
pub async fn ended(
    db: &DatabaseConnection,
    world: &World,
    token: &str,
    session: &str,
    end_reason: &str,
) -> Result<Model> {
    let agent_id = agent::authenticate(db, token).await?.id;
    audited(db, world, |unit, _| {
        Box::pin(async move {
            let found = named(unit.tx(), session).await?;
            if found.agent_id != agent_id {
                return Err(Error::not_found(KIND, session));
            }
            let by = Grantee::System { reason: "the agent of the shell" };
            end_one(unit, &found, end_reason, Deed::of(&by, Access::NAME, "end")).await
        })
    })
    .await
}

/// Keeps where a shell was recorded, as the agent says that has it or had it. It is said once.
///
/// # Errors
/// [`Error::Unauthenticated`] for a token that is not good, [`Error::NotFound`] if the agent has
/// had no such shell, [`Rule::Transition`] if it has been said, [`Error::Invalid`] for what can be
/// no path.
pub async fn recorded(
    db: &impl ConnectionTrait,
    token: &str,
    session: &str,
    audit_log_path: &str,
) -> Result<()> {
    let path = text::key("path of a recording", audit_log_path, 500)?;
    let agent = agent::authenticate(db, token).await?;
    let found = named(db, session).await?;
    if found.agent_id != agent.id {
        return Err(Error::not_found(KIND, session));
    }
    let kept = Entity::update_many()
        .col_expr(Column::AuditLogPath, Expr::value(path))
        .filter(Column::Id.eq(found.id))
        .filter(Column::AuditLogPath.is_null())
        .exec(db)
        .await?;
    if kept.rows_affected == 0 {
        let because = format!("{KIND} `{session}` has its recording already");
        return Err(Rule::Transition.refuses(because));
    }
    Ok(())
}

/// Ends all shells that are open by that agent, and says how many.
pub(in crate::access) async fn end_all(
    unit: &Audited<'_>,
    agent_id: i64,
    end_reason: &str,
) -> Result<u64> {
    let which = Condition::all().add(Column::AgentId.eq(agent_id));
    end_which(unit.tx(), unit.now(), &which, end_reason).await
}

async fn end_one(
    unit: &Audited<'_>,
    session: &Model,
    end_reason: &str,
    deed: Deed,
) -> Result<Model> {
    let end_reason = text::name("reason of an end", end_reason, 100)?.shown;
    let which = Condition::all().add(Column::Id.eq(session.id));
    if end_which(unit.tx(), unit.now(), &which, &end_reason).await? == 0 {
        let because = format!("{KIND} `{}` has ended already", session.session_id);
        return Err(Rule::Transition.refuses(because));
    }
    let details = json!({"session_id": session.session_id, "end_reason": end_reason});
    unit.record(deed.on(KIND, &session.id).with(details));
    named(unit.tx(), &session.session_id).await
}

/// Ends those that are open. Of two who end the same, one does.
async fn end_which(
    tx: &DatabaseTransaction,
    now: DateTime<Utc>,
    which: &Condition,
    end_reason: &str,
) -> Result<u64> {
    let end = |at: Expr, these: Expr| {
        Entity::update_many()
            .col_expr(Column::EndedAt, at)
            .col_expr(Column::EndReason, Expr::value(end_reason))
            .filter(which.clone())
            .filter(Column::EndedAt.is_null())
            .filter(these)
    };
    let ended = end(Expr::value(now), Column::StartedAt.lte(now)).exec(tx).await?;
    // Where clocks differ, one can have begun later than now; none ends before it began.
    let early = end(Expr::col(Column::StartedAt), Column::StartedAt.gt(now)).exec(tx).await?;
    Ok(ended.rows_affected + early.rows_affected)
}
