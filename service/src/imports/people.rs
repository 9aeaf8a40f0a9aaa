//! Which rows of the database are meant by rows of a source that were never brought in before.

use std::collections::BTreeMap;

use plimsoll::schema::Table;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Condition, Expr, ExprTrait as _},
};
use serde_json::Value as Json;

use super::{
    known,
    write::{Fields, select, value, with_key},
};
use crate::Result;

/// What a new row of a source is here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Match {
    /// Nothing yet.
    New,
    /// The row with this key, which stays as it is.
    Is(Vec<Json>),
    /// Something that is not it has what must be unique: nothing is overwritten.
    Clash(String),
}

/// Tables whose rows mean the same wherever they come from, when what is unique in them is the same.
const SHARED: [&str; 5] =
    ["roles", "permissions", "user_roles", "role_permissions", "application_settings"];

/// What each of the rows is here; those columns that are not known yet are not among its fields.
/// `is_other` knows whether a person with that key was meant by another record than the row there.
pub(super) async fn matches(
    db: &impl ConnectionTrait,
    scope: &str,
    table: &Table,
    rows: &[Fields],
    is_other: impl Fn(&Json, usize) -> bool + Send + Sync,
) -> Result<Vec<Match>> {
    if table.name == "users" {
        return people(db, scope, table, rows, is_other).await;
    }
    let mut matches = vec![Match::New; rows.len()];
    let uniques = table.uniques.iter().map(|unique| &unique.columns);
    for columns in uniques.chain([&table.primary_key]) {
        let there = there(db, table, columns, rows).await?;
        for (row, found) in rows.iter().zip(&mut matches) {
            let Some(own) = values(columns, row) else { continue };
            let Some(key) = there.get(&own) else { continue };
            if *found == Match::New {
                *found = if SHARED.contains(&&*table.name) {
                    Match::Is(key.clone())
                } else {
                    let columns = columns.join(", ");
                    Match::Clash(format!("another row has the same {columns}"))
                };
            }
        }
    }
    Ok(matches)
}

/// The keys of those rows that have the same in these columns, by what they have.
async fn there(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[String],
    rows: &[Fields],
) -> Result<BTreeMap<String, Vec<Json>>> {
    let mut there = BTreeMap::new();
    let full: Vec<&Fields> = rows.iter().filter(|row| values(columns, row).is_some()).collect();
    let names = with_key(table, columns);
    for some in full.chunks(500) {
        let which = if let [name] = columns {
            let among = some.iter().map(|row| value(table, name, &row[name]));
            Expr::col(name.clone()).is_in(among.collect::<Result<Vec<_>>>()?)
        } else {
            let mut any = Condition::any();
            for row in some {
                let mut all = Condition::all();
                for name in columns {
                    all = all.add(Expr::col(name.clone()).eq(value(table, name, &row[name])?));
                }
                any = any.add(all);
            }
            any.into()
        };
        for row in select(db, table, &names, which).await? {
            let key = table.primary_key.iter().map(|name| row[name].clone()).collect();
            if let Some(own) = values(columns, &row) {
                there.insert(own, key);
            }
        }
    }
    Ok(there)
}

/// What the row has in these columns; nothing unless it has something in each.
fn values(columns: &[String], row: &Fields) -> Option<String> {
    if columns.is_empty() {
        return None;
    }
    let values: Option<Vec<Json>> = columns
        .iter()
        .map(|name| row.get(name).filter(|value| !value.is_null()).cloned())
        .collect();
    Some(Json::from(values?).to_string())
}

/// People are the same when both their name and their address are, or they have the same name and the
/// source knows no address. Else whoever has one of the two is somebody else.
async fn people(
    db: &impl ConnectionTrait,
    scope: &str,
    table: &Table,
    rows: &[Fields],
    is_other: impl Fn(&Json, usize) -> bool + Send + Sync,
) -> Result<Vec<Match>> {
    let names: Vec<String> =
        ["id", "username", "username_key", "email_key"].map(str::to_owned).to_vec();
    let mut found = Vec::new();
    for some in rows.chunks(500) {
        let mut any = Condition::any();
        for column in ["username_key", "email_key"] {
            let given = some.iter().filter_map(|row| row.get(column)).filter(|it| !it.is_null());
            let given = given.map(|json| value(table, column, json)).collect::<Result<Vec<_>>>()?;
            if !given.is_empty() {
                any = any.add(Expr::col(column).is_in(given));
            }
        }
        if !any.is_empty() {
            found.extend(select(db, table, &names, any.into()).await?);
        }
    }
    let by = |column: &str| -> BTreeMap<String, &Fields> {
        let of = |person: &&Fields| person[column].as_str().map(str::to_owned);
        found.iter().filter_map(|person| Some((of(&person)?, person))).collect()
    };
    let (by_name, by_email) = (by("username_key"), by("email_key"));
    let typed = found.iter().filter_map(|person| person["username"].as_str()).collect();
    let brought = known::of(db, scope, typed).await?;
    let is_brought = |person: &Fields| {
        let record = person["username"].as_str().and_then(|name| brought.get(name));
        record.is_some_and(|record| {
            record.targets.iter().any(|it| it.table == "users" && it.key == [person["id"].clone()])
        })
    };
    let meant = |(at, row): (usize, &Fields)| {
        let text = |column: &str| row.get(column).and_then(Json::as_str);
        let same_name = text("username_key").and_then(|name| by_name.get(name)).copied();
        let addressed = text("email_key").and_then(|email| by_email.get(email)).copied();
        let shown = |person: &Fields| person["username"].as_str().unwrap_or_default().to_owned();
        match (same_name, addressed) {
            (None, None) => Match::New,
            (Some(person), _) if is_brought(person) || is_other(&person["id"], at) => {
                Match::Clash(format!("another record became user `{}`", shown(person)))
            }
            (Some(person), Some(same)) if person["id"] == same["id"] => {
                Match::Is(vec![person["id"].clone()])
            }
            (Some(person), None) if text("email_key").is_none() => {
                Match::Is(vec![person["id"].clone()])
            }
            (Some(person), _) => Match::Clash(format!(
                "user `{}` is there with another e-mail address",
                shown(person)
            )),
            (None, Some(person)) => {
                Match::Clash(format!("user `{}` has the e-mail address", shown(person)))
            }
        }
    };
    Ok(rows.iter().enumerate().map(meant).collect())
}
