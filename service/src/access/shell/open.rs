//! Opening a shell: for a reason, by an agent that is there, on what a team of the person has.

use std::net::IpAddr;

use entity::{
    access::{
        access_agent::{self, AccessAgentStatus},
        shell_session::{ActiveModel, Model},
    },
    teams::resource_team,
};
use sea_orm::{ActiveEnum as _, ActiveModelTrait as _, ActiveValue::Set};
use serde_json::json;

use super::KIND;
use crate::{
    Error, Result, World,
    access::{Access, agent::kind_of_session, new_name},
    audit::{Audited, Deed},
    identity::fold::fold,
    lookup::by_text,
    records::{self, Domain as _},
    rights::{self, Actor, Held, OpenShells, Permission as _},
    rule::Rule,
    teams::access::{self, Resource, ResourcePermission},
    text::invalid,
};

/// The fewest words that say why a shell is needed.
pub const FEWEST_WORDS: usize = 3;

/// The most characters that say so.
const LONGEST: usize = 2_000;

/// A shell that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The key of the agent that is to open it.
    pub agent_id: i64,
    /// What it is to be opened on. Which resources an agent reaches is not known here: the agent,
    /// which is told the resource, refuses one that is not its own.
    pub resource: Resource,
    /// What kind of session: `ssh`, `kubectl`.
    pub session_type: String,
    /// Why it is needed, in at least [`FEWEST_WORDS`] words and up to 2 000 characters.
    pub reason: String,
    /// Where the person sits.
    pub client_ip: Option<IpAddr>,
}

/// Opens a shell for whoever belongs to a team that gives `shell` on the resource, which is kept
/// with the session, or has [`OpenShells`]. An API key opens one only with that among its scopes.
///
/// The agent is held meanwhile: while somebody suspends it, nothing is opened that would not be
/// ended.
///
/// # Errors
/// [`Error::Invalid`] for too few words or too many, and a kind of session that the agent cannot
/// open; [`Error::NotFound`] if there is no such agent; [`Error::NoAccess`] or, for an API key,
/// [`Error::Forbidden`] if the actor may not; [`Rule::Inactive`] if the agent is not active.
pub async fn open(
    unit: &Audited<'_>,
    world: &World,
    actor: &Actor,
    asked: &Asked,
) -> Result<Model> {
    let reason = why(&asked.reason)?;
    let session_type = kind_of_session(&asked.session_type)?;
    let agent = records::locked::<access_agent::Entity>(unit.tx(), asked.agent_id).await?;
    let team_id = giver(unit, world, actor, &asked.resource).await?;
    if agent.status != AccessAgentStatus::Active {
        let status = agent.status.to_value();
        return Err(Rule::Inactive.refuses(format!("agent `{}` is {status}", agent.id)));
    }
    if !opens(&agent, &session_type) {
        let problem = format!("agent `{}` opens none of that kind", agent.id);
        return Err(invalid("kind of session", &session_type, &problem));
    }
    let row = ActiveModel {
        user_id: Set(actor.user_id()),
        agent_id: Set(agent.id),
        team_id: Set(team_id),
        session_id: Set(new_name(world)),
        resource_type: Set(asked.resource.kind().to_owned()),
        resource_id: Set(asked.resource.id().to_owned()),
        session_type: Set(session_type),
        reason: Set(reason),
        client_ip: Set(asked.client_ip.map(|address| address.to_canonical().to_string())),
        started_at: Set(unit.now()),
        ..Default::default()
    };
    let session = row.insert(unit.tx()).await?;
    let details = json!({
        "session_id": session.session_id,
        "agent_id": session.agent_id,
        "team_id": session.team_id,
        "resource_type": session.resource_type,
        "resource_id": session.resource_id,
        "session_type": session.session_type,
        "reason": session.reason,
        "client_ip": session.client_ip,
    });
    unit.record(Deed::by(actor, Access::NAME, "open").on(KIND, &session.id).with(details));
    Ok(session)
}

/// The team that gives the actor a shell on the resource, by its name the first; none for somebody
/// who may open one on every resource.
async fn giver(
    unit: &Audited<'_>,
    world: &World,
    actor: &Actor,
    resource: &Resource,
) -> Result<Option<i64>> {
    if !actor.may_use(OpenShells::CODE) {
        return Err(rights::refuse::<OpenShells>(actor));
    }
    let shell = ResourcePermission::Shell;
    let found = access::of_actor(unit.tx(), world, actor, resource).await?;
    for reason in found.reasons.iter().filter(|reason| reason.given.contains(&shell)) {
        let (column, key) = (resource_team::Column::NameKey, fold(&reason.team));
        let team =
            by_text::<resource_team::Entity>(unit.tx(), column, &key, |team| Some(&team.name_key));
        if let Some(team) = team.await? {
            return Ok(Some(team.id));
        }
    }
    if Held::by(unit.tx(), actor.user_id()).await?.codes.contains(OpenShells::CODE) {
        return Ok(None);
    }
    let user_id = actor.user_id();
    tracing::warn!(target: "audit", user_id, %resource, permission = shell.name(), "refused");
    Err(Error::NoAccess { permission: shell.name(), resource: resource.to_string() })
}

fn opens(agent: &access_agent::Model, session_type: &str) -> bool {
    let kinds = agent.capabilities.as_array();
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some(session_type)))
}

/// A reason as it is kept. What has neither a letter nor a digit is no word.
fn why(reason: &str) -> Result<String> {
    let reason = reason.trim();
    let words = reason.split_whitespace();
    let words = words.filter(|word| word.chars().any(char::is_alphanumeric)).count();
    let problem = if reason.chars().count() > LONGEST {
        format!("{LONGEST} characters are the most")
    } else if reason.chars().any(|c| c.is_control() && c != '\n') {
        "it has a control character in it".to_owned()
    } else if words < FEWEST_WORDS {
        format!("it needs at least {FEWEST_WORDS} words")
    } else {
        return Ok(reason.to_owned());
    };
    Err(invalid("reason of a shell", reason, &problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_three_words_at_least() {
        for (reason, kept) in [
            ("disk is full", "disk is full"),
            ("  ticket 4711:\nlook at logs ", "ticket 4711:\nlook at logs"),
            ("диск переполнен снова", "диск переполнен снова"),
        ] {
            assert_eq!(why(reason).unwrap(), kept);
        }
        for wrong in ["", "   ", "debugging", "disk full", "a - . ! b", "x y\0 z", "x y\u{1b} z"] {
            assert!(matches!(why(wrong), Err(Error::Invalid { .. })), "{wrong:?}");
        }
        assert!(why(&"long ".repeat(400)).is_ok());
        assert!(why(&"longer ".repeat(400)).is_err());
    }
}
