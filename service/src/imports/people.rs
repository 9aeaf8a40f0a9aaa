//! Which rows of the database are meant by rows of a source that were never brought in before.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::schema::Table;
use sea_orm::{
    ConnectionTrait, Value,
    sea_query::{Condition, Expr, ExprTrait as _},
};
use serde_json::Value as Json;

use super::write::{Fields, key_text, select, value, with_key};
use crate::{Error, Result, identity::fold::LONGEST};

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
    table: &Table,
    rows: &[Fields],
    is_other: impl Fn(&Json, usize) -> bool + Send + Sync,
) -> Result<Vec<Match>> {
    if table.name == "users" {
        return people(db, table, rows, is_other).await;
    }
    let mut matches = vec![Match::New; rows.len()];
    let is_shared = SHARED.contains(&&*table.name);
    let uniques = table.uniques.iter().map(|unique| &unique.columns);
    for columns in uniques.chain([&table.primary_key]) {
        let there = there(db, table, columns, rows).await?;
        for (row, found) in rows.iter().zip(&mut matches) {
            let Some(own) = values(columns, row).filter(|_| *found == Match::New) else { continue };
            let same = there.same.get(&key_text(&own));
            let is_near = there.near.contains(&near(&own));
            *found = match same {
                Some(key) if is_shared => Match::Is(key.clone()),
                None if !is_near => Match::New,
                _ => Match::Clash(format!("another row has the same {}", columns.join(", "))),
            };
        }
    }
    Ok(matches)
}

/// Rows that have the same in some columns.
#[derive(Default)]
struct There {
    /// Their keys, by what they have.
    same: BTreeMap<String, Vec<Json>>,
    /// What they have, without blanks behind it.
    near: BTreeSet<String>,
}

/// The rows that have the same in these columns.
async fn there(
    db: &impl ConnectionTrait,
    table: &Table,
    columns: &[String],
    rows: &[Fields],
) -> Result<There> {
    let mut there = There::default();
    let full: Vec<&Fields> = rows.iter().filter(|row| values(columns, row).is_some()).collect();
    let names = with_key(table, columns);
    for some in full.chunks(500) {
        let which = if let [name] = columns {
            let mut among = Vec::new();
            for row in some {
                among.extend(alike(table, name, &row[name])?);
            }
            Expr::col(name.clone()).is_in(among)
        } else {
            let mut any = Condition::any();
            for row in some {
                let mut all = Condition::all();
                for name in columns {
                    let column = Expr::col(name.clone());
                    let mut alike = alike(table, name, &row[name])?;
                    all = all.add(match (alike.pop(), alike.is_empty()) {
                        (Some(one), true) => column.eq(one),
                        (last, _) => column.is_in(alike.into_iter().chain(last)),
                    });
                }
                any = any.add(all);
            }
            any.into()
        };
        for row in select(db, table, &names, which).await? {
            let key = table.primary_key.iter().map(|name| row[name].clone()).collect();
            if let Some(own) = values(columns, &row) {
                there.near.insert(near(&own));
                there.same.insert(key_text(&own), key);
            }
        }
    }
    Ok(there)
}

/// What is wrong with the name that a new person would get, if something is. People log in by their name
/// or their address, and nobody may be called by the address of another.
pub(super) fn misnamed(person: &Fields) -> Option<String> {
    let text = |column: &str| person.get(column).and_then(Json::as_str);
    match crate::text::name("username", text("username")?, LONGEST) {
        Ok(name) if name.key.contains('@') && text("email_key") != Some(&*name.key) => {
            Some("a name with an `@` in it is the e-mail address of the person".to_owned())
        }
        Ok(_) => None,
        Err(Error::Invalid { problem, .. }) => Some(problem),
        Err(error) => Some(error.to_string()),
    }
}

/// What the row has in these columns; nothing unless it has something in each.
fn values(columns: &[String], row: &Fields) -> Option<Vec<Json>> {
    if columns.is_empty() {
        return None;
    }
    columns.iter().map(|name| row.get(name).filter(|value| !value.is_null()).cloned()).collect()
}

/// The same as text, without blanks behind.
fn near(values: &[Json]) -> String {
    key_text(&values.iter().map(bare).collect::<Vec<_>>())
}

/// The value, and where it has blanks behind it, the one without. What has them in the database and not
/// in the source is another one.
fn alike(table: &Table, name: &str, json: &Json) -> Result<Vec<Value>> {
    let bare = bare(json);
    let mut alike = vec![value(table, name, json)?];
    if bare != *json {
        alike.push(value(table, name, &bare)?);
    }
    Ok(alike)
}

/// A value without blanks behind it: MariaDB takes a text that has some for the one without.
pub(super) fn bare(json: &Json) -> Json {
    match json {
        Json::String(text) => text.trim_end_matches(' ').into(),
        other => other.clone(),
    }
}

/// People are the same when both their name and their address are, or they have the same name and the
/// source knows no address. Else whoever has one of the two is somebody else.
async fn people(
    db: &impl ConnectionTrait,
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
    let meant = |(at, row): (usize, &Fields)| {
        let text = |column: &str| row.get(column).and_then(Json::as_str);
        let same_name = text("username_key").and_then(|name| by_name.get(name)).copied();
        let addressed = text("email_key").and_then(|email| by_email.get(email)).copied();
        let shown = |person: &Fields| person["username"].as_str().unwrap_or_default().to_owned();
        match (same_name, addressed) {
            (None, None) => Match::New,
            (Some(person), _) if is_other(&person["id"], at) => {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_is_not_called_by_the_address_of_another() {
        let named = |name: &str, email_key: Json| {
            let fields = [("username", json!(name)), ("email_key", email_key)];
            misnamed(&fields.map(|(column, json)| (column.to_owned(), json)).into())
        };
        let ana = json!("ana@example.org");

        assert_eq!(named("ana", Json::Null), None);
        assert_eq!(named("Ana@example.org", ana.clone()), None);
        for (name, email_key) in [
            ("boss@example.org", ana),
            ("boss@example.org", Json::Null),
            ("a\tb", Json::Null),
            ("\u{200b}", Json::Null),
            (&*"n".repeat(256), Json::Null),
        ] {
            assert!(named(name, email_key).is_some(), "{name:?}");
        }
    }

    #[test]
    fn blanks_behind_a_text_make_no_difference() {
        assert_eq!(bare(&json!("a  ")), json!("a"));
        assert_eq!(bare(&json!(" a")), json!(" a"));
        assert_eq!(bare(&json!(5)), json!(5));
    }
}
