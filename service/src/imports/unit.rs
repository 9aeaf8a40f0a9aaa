//! What a source gives: records, each with the rows that it becomes.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    fmt, slice,
    sync::OnceLock,
};

use litemap::LiteMap;
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::look::Look;
use crate::identity::secret::hash;

/// What a column of a new row gets.
#[derive(Clone, Debug)]
pub enum Cell {
    /// A value, in the form that `docs/json.md` gives for its type.
    Is(Json),
    /// The key of another row of the source.
    Row(String),
    /// The key of a row that is there whatever the source says: its table, a column that is unique in
    /// it, and the text there.
    Named(&'static str, &'static str, String),
    /// A list of the keys of other rows of the source; those that did not come in are not in it.
    Rows(Vec<String>),
    /// A text that ends with the key of another row of the source, and begins with this.
    Text(String, String),
    /// A secret in clear, which is sealed into the column; the seed of one-time passwords in base32.
    Secret(SecretString),
    /// What another database has sealed into the same column.
    Sealed {
        /// The sealed text.
        text: String,
        /// The key of the row there, which it was sealed for.
        row: i64,
    },
}

/// What a table or a column is called: mostly a word of the program.
pub type Label = Cow<'static, str>;

/// A row that a record becomes.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The table that it goes to.
    pub table: Label,
    /// What tells it from all other rows of the source: `devices/a1b2c3d4`.
    pub key: String,
    /// Where it stands in its record, for people: `devices.a1b2c3d4`.
    pub path: String,
    /// Its columns; those that are not named get their defaults.
    pub cells: LiteMap<Label, Cell>,
    /// What the source calls those of them that have another name there.
    pub names: LiteMap<Label, Label>,
    /// Empty, as a new one is: it is made when it is needed.
    pub digest: Digest,
    /// Empty, as a new one is: it is made when it is needed.
    pub look: Look,
}

/// A record of the source: a person with all that is theirs, a row of a table.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// What the source calls it; at most 255 characters, unique among the records. Other records may
    /// refer to the row whose key is the same.
    pub key: String,
    /// The rows that it becomes, each behind those that it refers to.
    pub rows: Vec<Row>,
    /// What there is to say about it.
    pub remarks: Vec<Remark>,
    /// Empty, as a new one is: it is made when it is needed.
    pub digest: Digest,
}

/// SHA-256 of what the source says, made once: nobody changes what a source has given.
#[derive(Clone, Debug, Default)]
pub struct Digest(OnceLock<String>);

/// How much a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something was left out or understood in another way; the record comes in.
    Warning,
    /// The record, or the part of it that is named, does not come in.
    Fault,
}

/// Something to say about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The record.
    pub unit: String,
    /// Where in it: `devices.a1b2c3d4.apps.123.start_time`.
    pub path: String,
    /// What stands there, shortened; never a secret.
    pub value: String,
    /// What is wrong with it, and what becomes of it.
    pub reason: String,
    /// How much it weighs.
    pub weight: Weight,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, path, value, reason, weight } = self;
        let weight = match weight {
            Weight::Warning => "warning",
            Weight::Fault => "refused",
        };
        write!(f, "{weight}: {unit}")?;
        if !path.is_empty() {
            write!(f, ": {path}")?;
        }
        if !value.is_empty() {
            write!(f, " = {value}")?;
        }
        write!(f, ": {reason}")
    }
}

impl Unit {
    /// Makes of it what needs no database, before it is needed.
    pub(super) fn prepare(&self) {
        self.digest();
        for row in &self.rows {
            row.look.prepare(row);
        }
    }

    /// SHA-256 of what the source says, in hexadecimal; made with those of its rows.
    pub(crate) fn digest(&self) -> &str {
        self.digest.0.get_or_init(|| {
            let mut rows = String::from("[");
            for row in &self.rows {
                let said = json(&Columns(row));
                row.digest.0.get_or_init(|| hash(&said));
                let comma = if rows.len() > 1 { "," } else { "" };
                let (table, key) = (json(&row.table), json(&row.key));
                for part in [comma, "[", &table, ",", &key, ",", &said, "]"] {
                    rows.push_str(part);
                }
            }
            rows.push(']');
            hash(&rows)
        })
    }

    /// A remark about this record.
    pub fn remark(
        &mut self,
        weight: Weight,
        path: impl Into<String>,
        value: &Json,
        reason: impl Into<String>,
    ) {
        let value = match value {
            Json::Null => String::new(),
            other => shortened(&other.to_string()),
        };
        let (unit, path, reason) = (self.key.clone(), path.into(), reason.into());
        self.remarks.push(Remark { unit, path, value, reason, weight });
    }
}

/// The keys of the rows that these records refer to, and do not hold.
pub(super) fn referred(units: &[Unit]) -> BTreeSet<&str> {
    let rows = || units.iter().flat_map(|unit| &unit.rows);
    let own: HashSet<&str> = rows().map(|row| &*row.key).collect();
    let to = rows().flat_map(|row| row.cells.values()).flat_map(Cell::refers_to);
    to.map(String::as_str).filter(|key| !own.contains(key)).collect()
}

/// Whether the first half of the records has nothing to do with the others: they refer to nothing of one
/// another, and have nothing in common where nothing may be twice. Of records that were not prepared it is
/// not known.
pub(super) fn are_apart(units: &[Unit]) -> bool {
    let (some, others) = units.split_at(units.len() / 2);
    let own = |units: &[Unit]| -> Option<HashSet<u64>> {
        let mut own = HashSet::new();
        for row in units.iter().flat_map(|unit| &unit.rows) {
            own.extend(row.look.own()?);
        }
        Some(own)
    };
    let share_nothing = || Some(own(some)?.is_disjoint(&own(others)?));
    some.len() >= FEW
        && units.iter().all(|unit| referred(slice::from_ref(unit)).is_empty())
        && share_nothing().unwrap_or_default()
}

/// It is not worth while for fewer records.
const FEW: usize = 50;

impl Cell {
    /// The rows of the source that it refers to.
    pub(super) fn refers_to(&self) -> &[String] {
        match self {
            Self::Row(key) | Self::Text(_, key) => slice::from_ref(key),
            Self::Rows(keys) => keys,
            Self::Is(_) | Self::Named(..) | Self::Secret(_) | Self::Sealed { .. } => &[],
        }
    }
}

impl Row {
    /// SHA-256 of what the source says of the row, in hexadecimal.
    pub(crate) fn digest(&self) -> &str {
        self.digest.0.get_or_init(|| hash(&json(&Columns(self))))
    }
}

/// What a digest is made of, of a cell.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Said<'c> {
    Is(&'c Json),
    Row(&'c str),
    Named(&'c str, &'c str, &'c str),
    Rows(&'c [String]),
    Text(&'c str, &'c str),
    Secret,
}

impl<'c> From<&'c Cell> for Said<'c> {
    fn from(cell: &'c Cell) -> Self {
        match cell {
            Cell::Is(value) => Self::Is(value),
            Cell::Row(key) => Self::Row(key),
            Cell::Named(table, column, text) => Self::Named(table, column, text),
            Cell::Rows(keys) => Self::Rows(keys),
            Cell::Text(before, key) => Self::Text(before, key),
            // A digest is stored in clear; what is sealed is compared itself.
            Cell::Secret(_) | Cell::Sealed { .. } => Self::Secret,
        }
    }
}

/// What the columns of a row say, by their names.
struct Columns<'r>(&'r Row);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.cells.iter().map(|(column, cell)| (column, Said::from(cell))))
    }
}

/// `serde_json` keeps the members of an object in the order of their names.
fn json(said: &impl Serialize) -> String {
    serde_json::to_string(said).expect("texts, documents and lists of them are JSON")
}

/// What is shown of a value: its beginning.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_digest_of_a_record_is_that_of_the_list_of_its_rows() {
        let row = |key: &str, cell: Cell| Row {
            table: "devices".into(),
            key: key.to_owned(),
            cells: [("name \"1\"".into(), cell)].into_iter().collect(),
            ..Row::default()
        };
        let rows = [
            row("devices/ana/\"a\"", Cell::Is(json!({"b": [1, null], "a": "ñ"}))),
            row("devices/bo", Cell::Rows(vec!["users/ana".to_owned()])),
        ];
        for rows in [&rows[..], &rows[..1], &[]] {
            let unit = Unit { rows: rows.to_vec(), ..Unit::default() };
            let all: Vec<_> = rows.iter().map(|row| (&row.table, &row.key, Columns(row))).collect();

            assert_eq!(unit.digest(), hash(&json(&all)));
            for (row, alone) in unit.rows.iter().zip(rows) {
                assert_eq!(row.digest(), alone.digest());
            }
        }
    }

    /// People with these names, each with a role.
    fn people(names: impl IntoIterator<Item = String>) -> Vec<Unit> {
        let person = |name: String| {
            let key = format!("users/{name}");
            let row = |table: &'static str, key: &str, cells: Vec<(&'static str, Cell)>| Row {
                table: table.into(),
                key: key.to_owned(),
                cells: cells.into_iter().map(|(column, cell)| (column.into(), cell)).collect(),
                ..Row::default()
            };
            let known =
                vec![("username", Cell::Is(json!(name))), ("username_key", Cell::Is(json!(name)))];
            let role = Cell::Named("roles", "name_key", "viewer".to_owned());
            let role = vec![("user_id", Cell::Row(key.clone())), ("role_id", role)];
            let rows = vec![row("users", &key, known), row("user_roles", &name, role)];
            let unit = Unit { key, rows, ..Unit::default() };
            unit.prepare();
            unit
        };
        names.into_iter().map(person).collect()
    }

    #[test]
    fn records_are_apart_that_share_nothing_and_are_many() {
        let many = || (0..2 * FEW).map(|at| format!("p{at}"));
        assert!(are_apart(&people(many())));
        assert!(!are_apart(&people(many().skip(2))), "they are too few");

        let last = 2 * FEW - 1;
        for same in ["p3", "p3 "] {
            let names = many().map(|name| name.replace(&format!("p{last}"), same));
            assert!(!are_apart(&people(names)), "`{same}` is there twice");
        }
        let mut one_refers = people(many());
        one_refers[last].rows[1].cells.insert("user_id".into(), Cell::Row("users/p3".to_owned()));
        assert!(!are_apart(&one_refers));
    }
}
