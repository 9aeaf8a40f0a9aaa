//! Which rows of the database are meant by rows of a source that were never brought in before.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use plimsoll::schema::Table;
use sea_orm::{ConnectionTrait, Value, sea_query::Condition};
use serde_json::Value as Json;

use super::{
    fields::Fields,
    write::{among_these, key_text, select, value, with_key},
};
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

/// A row of a source that was never brought in before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'r> {
    /// Its columns; those that are not known yet are not among them.
    pub(super) fields: &'r Fields,
    /// Those of them that refer to rows made in this transaction: nothing there has the same.
    pub(super) fresh: &'r [&'static str],
}

impl Candidate<'_> {
    /// What the row has in these columns, if something there could have the same.
    fn values(&self, columns: &[String]) -> Option<Vec<&Json>> {
        let is_fresh = |name: &String| self.fresh.iter().any(|fresh| fresh == name);
        values(columns, self.fields).filter(|_| !columns.iter().any(is_fresh))
    }
}

/// What each of the rows is here. `is_other` knows whether a person with that key was meant by another
/// record than the row there.
pub(super) async fn matches(
    db: &impl ConnectionTrait,
    table: &'static Table,
    rows: &[Candidate<'_>],
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
            let Some(own) = row.values(columns).filter(|_| *found == Match::New) else { continue };
            let same = there.same.get(&key_text(own.iter().copied()));
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
    same: HashMap<String, Vec<Json>>,
    /// What they have, without blanks behind it.
    near: HashSet<String>,
}

/// The rows that have the same in these columns.
async fn there(
    db: &impl ConnectionTrait,
    table: &'static Table,
    columns: &'static [String],
    rows: &[Candidate<'_>],
) -> Result<There> {
    let mut there = There::default();
    let full: Vec<Vec<&Json>> = rows.iter().filter_map(|row| row.values(columns)).collect();
    let names = with_key(table, columns.iter().map(|name| &**name));
    for some in full.chunks(500) {
        // Of several columns also rows that have something of one and something of another: a database
        // looks them up in an index without a plan for each.
        let mut which = Condition::all();
        for (at, name) in columns.iter().enumerate() {
            let mut among = Vec::new();
            for row in some {
                among.extend(alike(table, name, row[at])?);
            }
            which = which.add(among_these(name, among));
        }
        for row in select(db, table, &names, which.into()).await? {
            let key = table.primary_key.iter().map(|name| row[&**name].clone()).collect();
            if let Some(own) = values(columns, &row) {
                there.near.insert(near(&own));
                there.same.insert(key_text(own), key);
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
fn values<'r>(columns: &[String], row: &'r Fields) -> Option<Vec<&'r Json>> {
    if columns.is_empty() {
        return None;
    }
    columns.iter().map(|name| row.get(&**name).filter(|value| !value.is_null())).collect()
}

/// The same as text, without blanks behind.
fn near(values: &[&Json]) -> String {
    let bare: Vec<_> = values.iter().map(|json| bare(json)).collect();
    key_text(bare.iter().map(|json| &**json))
}

/// The value, and where it has blanks behind it, the one without. What has them in the database and not
/// in the source is another one.
fn alike(table: &Table, name: &str, json: &Json) -> Result<Vec<Value>> {
    let mut alike = vec![value(table, name, json)?];
    if let Cow::Owned(bare) = bare(json) {
        alike.push(value(table, name, &bare)?);
    }
    Ok(alike)
}

/// A value without blanks behind it: MariaDB takes a text that has some for the one without.
pub(super) fn bare(json: &Json) -> Cow<'_, Json> {
    match json {
        Json::String(text) if text.ends_with(' ') => Cow::Owned(text.trim_end_matches(' ').into()),
        other => Cow::Borrowed(other),
    }
}

/// People are the same when both their name and their address are, or they have the same name and the
/// source knows no address. Else whoever has one of the two is somebody else.
async fn people(
    db: &impl ConnectionTrait,
    table: &'static Table,
    rows: &[Candidate<'_>],
    is_other: impl Fn(&Json, usize) -> bool + Send + Sync,
) -> Result<Vec<Match>> {
    let names = ["id", "username", "username_key", "email_key"];
    let mut found = Vec::new();
    for some in rows.chunks(500) {
        let mut any = Condition::any();
        for column in ["username_key", "email_key"] {
            let given = some.iter().filter_map(|row| row.fields.get(column));
            let given = given.filter(|json| !json.is_null());
            let given = given.map(|json| value(table, column, json)).collect::<Result<Vec<_>>>()?;
            if !given.is_empty() {
                any = any.add(among_these(column, given));
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
    let meant = |(at, row): (usize, &Candidate<'_>)| {
        let text = |column: &str| row.fields.get(column).and_then(Json::as_str);
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
            misnamed(&Fields::from_iter(fields))
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
        assert_eq!(*bare(&json!("a  ")), json!("a"));
        assert_eq!(*bare(&json!(" a")), json!(" a"));
        assert_eq!(*bare(&json!(5)), json!(5));
    }
}
