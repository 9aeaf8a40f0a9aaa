//! A row of another system on its way here.

use litemap::LiteMap;
use plimsoll::schema::Type;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::{
    find::Found,
    map::{Goes, Map, System},
    reads::Said,
    value,
};
use crate::{
    Error,
    imports::{Cell, Label, Row, Unit, Weight},
    records, tables,
};

/// What is not in the rows, and said once for all of them.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// The folded name of the role that people get whose system has no roles.
    pub(super) role: String,
    /// Which source it is.
    pub(super) scope: String,
    /// Whether there is a key to seal secrets with.
    pub(super) seals: bool,
}

/// A row on its way: what it says, and what it has become so far.
pub(super) struct Passage<'r> {
    system: &'r System,
    map: &'r Map,
    said: &'r Said,
    /// What is said once for all rows.
    pub(super) beside: &'r Beside,
    found: &'r Found,
    unit: Unit,
    cells: LiteMap<Label, Cell>,
    /// What the source calls columns that have another name here.
    names: LiteMap<Label, Label>,
    before: Vec<Row>,
    behind: Vec<Row>,
}

/// What a row of a table becomes. One that is wrong becomes nothing, and says why.
pub(super) fn unit(
    system: &System,
    map: &Map,
    beside: &Beside,
    found: &Found,
    key: &[i64],
    said: &Said,
) -> Unit {
    let unit = Unit { key: named(map.from, key), ..Unit::default() };
    let (cells, names) = (LiteMap::new(), LiteMap::new());
    let (before, behind) = (Vec::new(), Vec::new());
    let mut passage =
        Passage { system, map, said, beside, found, unit, cells, names, before, behind };
    for (from, goes) in &map.columns {
        passage.carry(from, *goes);
    }
    for look in &map.looks {
        look(&mut passage);
    }
    passage.stamp();
    passage.settle();
    passage.end()
}

/// What a row of a table of the source is called.
pub(super) fn named(table: &str, key: &[i64]) -> String {
    let key: Vec<String> = key.iter().map(i64::to_string).collect();
    format!("{table}/{}", key.join("/"))
}

impl Passage<'_> {
    /// What a column says; null where there is none.
    pub(super) fn json(&self, name: &str) -> &Json {
        self.said.get(name).unwrap_or(&Json::Null)
    }

    /// The text in a column, if it is one with something in it.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        value::text(self.json(name)).filter(|text| !text.trim().is_empty())
    }

    /// Whether a flag is set.
    pub(super) fn is(&self, name: &str) -> bool {
        value::flag(self.json(name)) == Some(true)
    }

    /// The moment in a column, if it is one.
    pub(super) fn moment(&self, name: &str) -> Option<String> {
        self.json(name).as_str().and_then(value::moment)
    }

    /// Whether the table has that column in this database.
    pub(super) fn has(&self, name: &str) -> bool {
        self.said.contains_key(name)
    }

    /// What was looked up of a row that has that in another table.
    pub(super) fn found(&self, table: &'static str, by: &'static str, name: &str) -> Option<&str> {
        self.found.get(table, by, name)
    }

    /// The table of the system that becomes that table here.
    pub(super) fn source_of(&self, table: &str) -> Option<&'static str> {
        self.system.source_of(table)
    }

    /// What the row is called.
    pub(super) fn key(&self) -> &str {
        &self.unit.key
    }

    /// Gives a column here a value.
    pub(super) fn set(&mut self, column: &'static str, value: impl Into<Json>) {
        self.cell(column, Cell::Is(value.into()));
    }

    /// Gives a column here what it says.
    pub(super) fn cell(&mut self, column: &'static str, cell: Cell) {
        self.cells.insert(column.into(), cell);
    }

    /// Whether a column here gets something.
    pub(super) fn gets(&self, column: &str) -> bool {
        self.cells.get(column).is_some_and(|cell| !matches!(cell, Cell::Is(Json::Null)))
    }

    /// Adds a row that this one refers to, and says what it is called.
    pub(super) fn before(&mut self, table: &'static str, part: &str, cells: Cells) -> String {
        let row = self.row(table, part, cells);
        let key = row.key.clone();
        self.before.push(row);
        key
    }

    /// Adds a row that refers to this one.
    pub(super) fn behind(&mut self, table: &'static str, part: &str, cells: Cells) {
        let row = self.row(table, part, cells);
        self.behind.push(row);
    }

    fn row(&self, table: &'static str, part: &str, cells: Cells) -> Row {
        let key = format!("{}/{part}", self.unit.key);
        let (table, path, cells) = (table.into(), part.to_owned(), owned(cells));
        Row { table, key, path, cells, ..Row::default() }
    }

    /// Says that something is left out or understood in another way.
    pub(super) fn warn(&mut self, name: &str, value: &Json, why: &str) {
        self.unit.remark(Weight::Warning, name, value, why);
    }

    /// Says why the row does not come in.
    pub(super) fn refuse(&mut self, name: &str, value: &Json, why: &str) {
        self.unit.remark(Weight::Fault, name, value, format!("{why}; the row is left out"));
    }

    fn carry(&mut self, from: &'static str, goes: Goes) {
        let json = self.json(from).clone();
        match goes {
            Goes::Looked | Goes::Nowhere(_) => {}
            Goes::Through(to, read) if !json.is_null() => match read(&json) {
                // What the function has read is a document already.
                Ok(json) if self.is_document(to) => self.set(to, json),
                Ok(json) => self.go(from, to, &json),
                Err(why) => self.refuse(from, &json, &why),
            },
            Goes::To(to) | Goes::Through(to, _) => self.go(from, to, &json),
            Goes::Sealed(to) => match self.text(from) {
                Some(secret) => self.cell(to, Cell::Secret(SecretString::from(secret))),
                None if json.is_null() || json.as_str().is_some() => {}
                None => self.refuse(from, &Json::Null, "it is no text"),
            },
            Goes::Told(why) => {
                if !json.is_null() && json.as_str() != Some("") {
                    self.warn(from, &Json::Null, why);
                }
            }
        }
    }

    fn is_document(&self, to: &str) -> bool {
        let column = tables::column(self.map.to, to);
        column.is_some_and(|column| matches!(column.ty, Type::Json | Type::JsonBinary))
    }

    /// Takes a value to a column here.
    fn go(&mut self, from: &'static str, to: &'static str, json: &Json) {
        let map = self.map;
        if from != to {
            self.names.insert(to.into(), from.into());
        }
        let Some(column) = tables::column(map.to, to) else {
            return self.refuse(from, &Json::Null, "there is no column for it");
        };
        if let Some(key) = map.to.foreign_keys.iter().find(|key| key.columns == [to])
            && !json.is_null()
        {
            match (self.source_of(&key.references), json.as_i64()) {
                (Some(table), Some(id)) => self.cell(to, Cell::Row(named(table, &[id]))),
                (Some(_), None) => self.refuse(from, json, "it is no key"),
                (None, _) => self.refuse(from, json, "what it refers to does not come"),
            }
            return;
        }
        match value::value(map.to, column, json) {
            // The table has something for whoever says nothing.
            Ok(Json::Null) if !column.nullable && column.default.is_some() => {}
            Ok(json) => self.set(to, json),
            Err(why) => {
                let is_secret = records::is_secret(&map.to.name, to);
                self.refuse(from, if is_secret { &Json::Null } else { json }, &why);
            }
        }
    }

    /// A row that nobody has changed was last changed when it was made.
    fn stamp(&mut self) {
        if self.gets("updated_at") || tables::column(self.map.to, "updated_at").is_none() {
            return;
        }
        if let Some(made) = self.cells.get("created_at").cloned() {
            self.cell("updated_at", made);
        }
    }

    /// Puts the row in order as its domain has it.
    fn settle(&mut self) {
        let Some(settle) = self.map.settle else { return };
        let is_refused = self.unit.remarks.iter().any(|it| it.weight == Weight::Fault);
        if is_refused {
            return;
        }
        let Err(error) = settle(&mut self.cells) else { return };
        match error {
            Error::Invalid { kind, input, problem } => {
                let is_column = tables::column(self.map.to, kind).is_some();
                let why = if is_column { problem } else { format!("{kind}: {problem}") };
                let is_secret = input == "***" || records::is_secret(&self.map.to.name, kind);
                let shown = if is_secret { Json::Null } else { json!(input) };
                self.refuse(if is_column { kind } else { "" }, &shown, &why);
            }
            other => self.refuse("", &Json::Null, &other.to_string()),
        }
    }

    fn end(self) -> Unit {
        let Self { map, mut unit, cells, names, before, behind, .. } = self;
        if unit.remarks.iter().any(|remark| remark.weight == Weight::Fault) {
            return unit;
        }
        let key = unit.key.clone();
        let own = Row { table: (&*map.to.name).into(), key, cells, names, ..Row::default() };
        unit.rows = before.into_iter().chain([own]).chain(behind).collect();
        unit
    }
}

/// The columns of a row that is made beside another.
pub(super) type Cells = Vec<(&'static str, Cell)>;

fn owned(cells: Cells) -> LiteMap<Label, Cell> {
    cells.into_iter().map(|(name, cell)| (name.into(), cell)).collect()
}
