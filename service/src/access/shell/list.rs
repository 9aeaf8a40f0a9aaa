//! Which shells there are and were.

use entity::access::shell_session::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};

use super::named;
use crate::{
    Result,
    access::agent,
    page::{self, Cursor, Order, Page},
    rights::{self, Actor, Granted, Permission as _, ReadShells},
    teams::access::Resource,
};

/// Whose shells are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All that there are.
    Anybody,
    /// Those that a person opened.
    Person(i64),
    /// Those that an agent opened.
    Agent(i64),
    /// Those that a team gave.
    Team(i64),
    /// Those on a resource.
    Resource(Resource),
}

impl Whose {
    fn condition(&self) -> Condition {
        let all = Condition::all();
        match self {
            Self::Anybody => all,
            Self::Person(id) => all.add(Column::UserId.eq(*id)),
            Self::Agent(id) => all.add(Column::AgentId.eq(*id)),
            Self::Team(id) => all.add(Column::TeamId.eq(*id)),
            Self::Resource(resource) => all
                .add(Column::ResourceType.eq(resource.kind()))
                .add(Column::ResourceId.eq(resource.id())),
        }
    }
}

/// The shell of that name to the outside.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is none.
pub async fn by_name(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadShells>,
    session: &str,
) -> Result<Model> {
    named(db, session).await
}

/// At most `limit` shells, open or ended, the newest first, from the end or from where a page
/// before ended.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadShells>,
    whose: &Whose,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    page(db, whose.condition(), from, limit).await
}

/// The same of those that are open.
///
/// # Errors
/// Only [`Error::Database`](crate::Error::Database).
pub async fn open_now(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadShells>,
    whose: &Whose,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    page(db, whose.condition().add(Column::EndedAt.is_null()), from, limit).await
}

/// At most `limit` shells of the actor, as [`list`] has them; everybody sees their own.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden) for an API key without [`ReadShells`] among its
/// scopes.
pub async fn list_own(
    db: &impl ConnectionTrait,
    actor: &Actor,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    if !actor.may_use(ReadShells::CODE) {
        return Err(rights::refuse::<ReadShells>(actor));
    }
    page(db, Whose::Person(actor.user_id()).condition(), from, limit).await
}

/// The shells that are open by the agent that proves itself by its token, in the order in which
/// they were opened. What else it has was ended, and is to be cut.
///
/// # Errors
/// [`Error::Unauthenticated`](crate::Error::Unauthenticated) for a token that is not good.
pub async fn of_agent(db: &impl ConnectionTrait, token: &str) -> Result<Vec<Model>> {
    let agent = agent::authenticate(db, token).await?;
    let open = Whose::Agent(agent.id).condition().add(Column::EndedAt.is_null());
    Ok(Entity::find().filter(open).order_by_asc(Column::Id).all(db).await?)
}

async fn page(
    db: &impl ConnectionTrait,
    which: Condition,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Model>> {
    let key = (Column::Id, |session: &Model| session.id);
    page::of(db, Entity::find().filter(which), key, Order::NewestFirst, from, limit).await
}
