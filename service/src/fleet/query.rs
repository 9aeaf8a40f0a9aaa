//! Questions to hosts. What they ask is osquery's to understand.

pub use entity::fleet::fleet_query::Model;
use entity::fleet::{
    fleet_query::{ActiveModel, Column, Entity},
    query_execution,
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Fleet, execution::QueryExecutionStatus};
use crate::{
    Result,
    audit::Audited,
    records::{self, Record, sound},
    rights::{Granted, UpdateFleet},
    rule::Rule,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "query";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            if row.id.is_unchanged() {
                return Err(invalid(
                    "name",
                    name,
                    "a query is renamed on its own: answers name it",
                ));
            }
            row.name = Set(settled(name)?);
        }
        if let Set(query) = &row.query
            && query.trim().is_empty()
        {
            return Err(invalid("query", query, "it asks nothing"));
        }
        Ok(())
    }
}

fn settled(name: &str) -> Result<String> {
    Ok(text::name("name of a query", name, 100)?.shown)
}

/// Gives a query another name, unless it is being asked: answers are told apart by the name, and one
/// that is brought once more would count twice.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such query,
/// [`Error::Invalid`](crate::Error::Invalid) for a name that will not do,
/// [`Error::AlreadyExists`](crate::Error::AlreadyExists) if another query has it, [`Rule::InUse`] while
/// an execution of the query waits or runs.
pub async fn rename(
    unit: &Audited<'_>,
    by: &Granted<UpdateFleet>,
    id: i64,
    name: &str,
) -> Result<Model> {
    let name = settled(name)?;
    // Who asks it holds it, too.
    let query = records::locked::<Entity>(unit.tx(), id).await?;
    if query.name == name {
        return Ok(query);
    }
    let open = [QueryExecutionStatus::Pending, QueryExecutionStatus::Running];
    let asked = query_execution::Entity::find()
        .filter(query_execution::Column::QueryId.eq(id))
        .filter(query_execution::Column::Status.is_in(open))
        .one(unit.tx())
        .await?;
    if let Some(execution) = asked {
        let because =
            format!("execution `{}` of query `{}` has not ended", execution.id, query.name);
        return Err(Rule::InUse.refuses(because));
    }
    let row = ActiveModel { name: Set(name), updated_at: Set(unit.now()), ..Default::default() };
    Entity::update_many()
        .set(row.clone())
        .filter(Column::Id.eq(id))
        .exec(unit.tx())
        .await
        .map_err(|error| sound::read::<Entity>(Entity::KIND, error, &row))?;
    let query = records::found::<Entity>(unit.tx(), id).await?;
    unit.record(records::did::<Entity>(by.to(), "rename", &query));
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_query_has_a_name_and_asks_something() {
        for (name, query, is_good) in [
            (" open ports ", "SELECT * FROM listening_ports", true),
            ("open ports", " \n", false),
            (" ", "SELECT 1", false),
            ("a\nb", "SELECT 1", false),
        ] {
            let mut row = ActiveModel {
                name: Set(name.to_owned()),
                query: Set(query.to_owned()),
                ..Default::default()
            };

            let settled = Entity::settle(&mut row);

            if is_good {
                settled.unwrap();
                assert_eq!(row.name, Set(name.trim().to_owned()));
            } else {
                assert!(matches!(settled, Err(Error::Invalid { .. })), "{name:?} {query:?}");
            }
        }
    }
}
