//! What a list is asked by, and how it answers.

use std::collections::BTreeMap;

use serde::Serialize;
use service::{
    page::MOST_PER_PAGE,
    records::{self, Columns, Document, Query, Record, Sort, Test},
};

use super::Fields;
use crate::Problem;

/// How many rows a page has when nothing is said.
pub(super) const USUAL: u64 = 50;

/// Parameters that are no fields.
const OWN: [&str; 4] = ["limit", "cursor", "sort", "fields"];

/// How a field is compared: what stands behind its name, and what that means.
pub(super) const TESTS: [(&str, Test); 7] = [
    ("", Test::Is),
    ("not", Test::Not),
    ("lt", Test::Below),
    ("lte", Test::AtMost),
    ("gt", Test::Above),
    ("gte", Test::AtLeast),
    ("null", Test::Empty),
];

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    items: Vec<Document>,
    /// Where the next page begins; null behind the last.
    next: Option<String>,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Asked<E: Record> {
    pub(super) query: Query<E::Column>,
    fields: Columns<E>,
}

impl<E: Record> Asked<E> {
    /// Reads the parameters.
    pub(super) fn read(fields: &Fields<E>, said: &[(String, String)]) -> Result<Self, Problem> {
        let mut own = BTreeMap::<&str, &str>::new();
        let mut compared = BTreeMap::<&str, Vec<&str>>::new();
        for (name, value) in said {
            if !OWN.contains(&&**name) {
                compared.entry(name).or_default().push(value);
            } else if own.insert(name, value).is_some() {
                return Err(Problem::invalid(&format!("`{name}` is said twice")));
            }
        }
        let mut filters = Vec::new();
        for (name, texts) in compared {
            filters.push(filter(fields, name, &texts)?);
        }
        let limit = match own.get("limit").map(|text| text.parse()) {
            None => USUAL,
            Some(Ok(limit)) if (1..=MOST_PER_PAGE).contains(&limit) => limit,
            Some(_) => {
                return Err(Problem::invalid(&format!("`limit` goes from 1 to {MOST_PER_PAGE}")));
            }
        };
        let from = own.get("cursor").map(|text| text.parse()).transpose()?;
        let sort = own.get("sort").map_or(Ok(Vec::new()), |text| sort(&fields.sorted, text))?;
        let shown = match own.get("fields") {
            None => fields.shown.clone(),
            Some(text) => chosen(&fields.shown, text)?,
        };
        Ok(Self { query: Query { filters, sort, from, limit }, fields: shown })
    }

    /// The page as it is sent.
    pub(super) fn answer(&self, listed: &records::Listed<E::Model>) -> Listed {
        let show = |row: &E::Model| records::shown::<E>(row, &self.fields);
        Listed {
            items: listed.rows.iter().map(show).collect(),
            next: listed.next.as_ref().map(ToString::to_string),
        }
    }
}

fn filter<E: Record>(
    fields: &Fields<E>,
    name: &str,
    texts: &[&str],
) -> Result<records::Filter<E::Column>, Problem> {
    let (field, test) = name.split_once('.').unwrap_or((name, ""));
    let column = fields.filtered.get(field);
    let test = TESTS.iter().find(|(word, _)| *word == test && (!word.is_empty() || field == name));
    let (Some(column), Some((_, test))) = (column, test) else {
        return Err(Problem::invalid(&format!(
            "this list cannot be chosen by `{}`; it can by {}",
            short(name),
            listed(&fields.filtered),
        )));
    };
    Ok(records::filter::<E>(column, *test, texts)?)
}

fn sort<E: Record>(sorted: &Columns<E>, text: &str) -> Result<Vec<Sort<E::Column>>, Problem> {
    let mut sort: Vec<Sort<E::Column>> = Vec::new();
    let mut names = Vec::new();
    for part in text.split(',') {
        let (name, is_descending) = match part.strip_prefix('-') {
            Some(name) => (name, true),
            None => (part, false),
        };
        let Some(column) = sorted.get(name).filter(|_| !names.contains(&name)) else {
            return Err(Problem::invalid(&format!(
                "this list cannot be sorted by `{}`; it can by {}, each once",
                short(part),
                listed(sorted),
            )));
        };
        names.push(name);
        sort.push(Sort { column, is_descending });
    }
    Ok(sort)
}

fn chosen<E: Record>(shown: &Columns<E>, text: &str) -> Result<Columns<E>, Problem> {
    let names: Vec<&str> = text.split(',').collect();
    match names.iter().find(|name| shown.get(name).is_none()) {
        Some(name) => Err(Problem::invalid(&format!("there is no field `{}`", short(name)))),
        None => Ok(Columns::named(&names)?),
    }
}

fn listed<E: Record>(columns: &Columns<E>) -> String {
    let names: Vec<String> = columns.names().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
