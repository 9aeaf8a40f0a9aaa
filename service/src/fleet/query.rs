//! Questions to hosts. What they ask is osquery's to understand.

use entity::fleet::fleet_query::{ActiveModel, Entity};
use sea_orm::ActiveValue::Set;

use super::Fleet;
use crate::{
    Result,
    records::Record,
    text::{self, invalid},
};

impl Record for Entity {
    type Domain = Fleet;

    const KIND: &'static str = "query";

    fn settle(row: &mut ActiveModel) -> Result<()> {
        if let Set(name) = &row.name {
            row.name = Set(text::name("name of a query", name, 100)?.shown);
        }
        if let Set(query) = &row.query
            && query.trim().is_empty()
        {
            return Err(invalid("query", query, "it asks nothing"));
        }
        Ok(())
    }
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
