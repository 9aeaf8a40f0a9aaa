//! Some records at a time: what they mean here, and writing what is new.

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::import_record;
use plimsoll::schema::Table;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::{Value as Json, json};

use super::{
    cell,
    known::{self, Known, Target},
    people::{Match, matches},
    report::Report,
    unit::{Cell, Remark, Row, Unit, Weight},
    write::{self, Fields, key_text, read_back, select},
};
use crate::{
    Error, Result,
    identity::fold::fold,
    records,
    tables::{self, TABLES},
};

/// What a batch may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing<'o> {
    pub(super) scope: &'o str,
    /// The import that it is part of; none when nothing is written.
    pub(super) import_id: Option<i64>,
    pub(super) now: chrono::DateTime<chrono::Utc>,
    pub(super) update: bool,
    pub(super) names: &'o BTreeMap<String, String>,
}

/// Some records on their way.
pub(super) struct Batch<'o> {
    doing: Doing<'o>,
    /// What the source calls the records.
    records: Vec<String>,
    known: BTreeMap<String, Known>,
    /// The key here of each row of the source that has one; nothing where it would get one.
    keys: BTreeMap<String, Option<Vec<Json>>>,
    /// Rows that do not come in.
    dropped: BTreeSet<String>,
    /// What became of the rows, by record.
    targets: Vec<Vec<Target>>,
    remarks: Vec<Vec<Remark>>,
    report: Report,
}

/// A row whose columns are known.
struct Resolved<'u> {
    unit: usize,
    row: &'u Row,
    fields: Fields,
}

impl<'o> Batch<'o> {
    /// Does what is to be done with these records.
    ///
    /// # Errors
    /// Only those of the database: what is wrong with a record is in the report.
    pub(super) async fn run(
        db: &impl ConnectionTrait,
        doing: Doing<'o>,
        units: &[Unit],
    ) -> Result<Report> {
        let names = units.iter().map(|unit| &*unit.key).chain(known::referred(units)).collect();
        let known = known::of(db, doing.scope, names).await?;
        let (targets, remarks) = (vec![Vec::new(); units.len()], vec![Vec::new(); units.len()]);
        let report = Report { records: units.len() as u64, ..Report::default() };
        let records = units.iter().map(|unit| unit.key.clone()).collect();
        let mut batch = Self {
            doing,
            records,
            known,
            keys: BTreeMap::new(),
            dropped: BTreeSet::new(),
            targets,
            remarks,
            report,
        };
        batch.recall();
        for table in TABLES.iter() {
            batch.table(db, table, units).await?;
        }
        batch.write_down(db, units).await?;
        for (unit, remarks) in units.iter().zip(&batch.remarks) {
            for remark in unit.remarks.iter().chain(remarks) {
                batch.report.take(remark);
            }
        }
        Ok(batch.report)
    }

    /// Takes the keys of what was brought in before.
    fn recall(&mut self) {
        for target in self.known.values().flat_map(|known| &known.targets) {
            self.keys.insert(target.source.clone(), Some(target.key.clone()));
        }
    }

    /// The rows of one table.
    async fn table(
        &mut self,
        db: &impl ConnectionTrait,
        table: &Table,
        units: &[Unit],
    ) -> Result<()> {
        let mut rows = Vec::new();
        for (unit, of) in units.iter().enumerate() {
            for row in of.rows.iter().filter(|row| row.table == table.name) {
                rows.push((unit, row));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let named = named(db, &rows).await?;
        let mut new = Vec::new();
        for (unit, row) in rows {
            let Some(fields) = self.fields(table, unit, row, &named) else { continue };
            match self.before(units, unit, row) {
                Some(target) => self.again(db, table, unit, row, fields, target).await?,
                None => new.push(Resolved { unit, row, fields }),
            }
        }
        self.bring(db, table, units, new).await
    }

    /// What became of the row when it was brought in before.
    fn before(&self, units: &[Unit], unit: usize, row: &Row) -> Option<Target> {
        let known = self.known.get(&units[unit].key)?;
        known.targets.iter().find(|target| target.source == row.key).cloned()
    }

    /// The columns of a row, as the database would give them back; nothing when the row does not come in.
    fn fields(
        &mut self,
        table: &Table,
        unit: usize,
        row: &Row,
        named: &BTreeMap<String, Vec<Json>>,
    ) -> Option<Fields> {
        let mut fields = Fields::new();
        for (name, cell) in &row.cells {
            let Some(column) = tables::column(table, name) else {
                self.refuse(unit, row, name, &Json::Null, "there is no such column");
                return None;
            };
            let json = match cell {
                Cell::Is(json) => json.clone(),
                Cell::Row(key) if self.dropped.contains(key) => {
                    self.dropped.insert(row.key.clone());
                    return None;
                }
                Cell::Row(key) => match self.keys.get(key) {
                    Some(Some(key)) => key[0].clone(),
                    // What it refers to would be made.
                    Some(None) => continue,
                    None => {
                        let why = "what it refers to is not in the source, or was refused";
                        self.refuse(unit, row, name, &json!(key), why);
                        return None;
                    }
                },
                Cell::Named(other, by, text) => {
                    let there = named.get(&format!("{other}.{by}.{text}"));
                    let Some(key) = there.and_then(|key| key.first()) else {
                        let why = format!("there is no such row in `{other}`");
                        self.refuse(unit, row, name, &json!(text), &why);
                        return None;
                    };
                    key.clone()
                }
            };
            let looked_at = cell::value(column, &json).and_then(|value| {
                match records::sound::problem(table, name, &value) {
                    Some(problem) => Err(problem),
                    None => cell::normal(column, &json),
                }
            });
            match looked_at {
                Ok(json) => fields.insert(name.clone(), json),
                Err(problem) => {
                    self.refuse(unit, row, name, &json, &problem);
                    return None;
                }
            };
        }
        if table.name == "users" {
            self.rename(&mut fields);
        }
        Some(fields)
    }

    /// Gives a person the name that they are to have here.
    fn rename(&self, fields: &mut Fields) {
        let old = fields.get("username").and_then(Json::as_str).unwrap_or_default();
        if let Some(new) = self.doing.names.get(old) {
            fields.insert("username_key".to_owned(), fold(new).into());
            fields.insert("username".to_owned(), new.clone().into());
        }
    }

    fn refuse(&mut self, unit: usize, row: &Row, column: &str, value: &Json, why: &str) {
        let path = if row.path.is_empty() {
            column.to_owned()
        } else if column.is_empty() {
            row.path.clone()
        } else {
            format!("{}.{column}", row.path)
        };
        let value = if records::is_secret(&row.table, column) { &Json::Null } else { value };
        self.say(unit, Weight::Fault, path, value, format!("{why}; it is left out"));
        self.dropped.insert(row.key.clone());
    }

    fn say(&mut self, unit: usize, weight: Weight, path: String, value: &Json, reason: String) {
        let mut about = Unit { key: self.records[unit].clone(), ..Unit::default() };
        about.remark(weight, path, value, reason);
        self.remarks[unit].append(&mut about.remarks);
    }

    /// Rows that were never brought in before.
    async fn bring(
        &mut self,
        db: &impl ConnectionTrait,
        table: &Table,
        units: &[Unit],
        rows: Vec<Resolved<'_>>,
    ) -> Result<()> {
        let fields: Vec<Fields> = rows.iter().map(|row| row.fields.clone()).collect();
        let found = matches(db, self.doing.scope, table, &fields).await?;
        let mut make = Vec::new();
        let mut seen = BTreeMap::<String, String>::new();
        for (resolved, found) in rows.into_iter().zip(found) {
            let Resolved { unit, row, .. } = &resolved;
            let is_new_part = self.known.get(&units[*unit].key).is_some_and(Known::is_whole);
            if is_new_part && !self.doing.update {
                let why = "the source has it only now; --update brings it in".to_owned();
                self.report.tally(&table.name).different += 1;
                self.say(*unit, Weight::Warning, row.path.clone(), &Json::Null, why);
                self.dropped.insert(row.key.clone());
                continue;
            }
            match found {
                Match::Clash(why) => {
                    self.refuse(
                        *unit,
                        row,
                        "",
                        &Json::Null,
                        &format!("{why}; nothing is overwritten"),
                    );
                }
                Match::Is(key) => {
                    self.report.tally(&table.name).matched += 1;
                    self.keys.insert(row.key.clone(), Some(key.clone()));
                    self.targets[*unit].push(Target::of(row, key, false));
                }
                Match::New => match twice(table, &resolved, &mut seen) {
                    Some(other) => {
                        let why = format!("`{other}` in the same source has the same name or key");
                        self.refuse(*unit, row, "", &Json::Null, &why);
                    }
                    None => make.push(resolved),
                },
            }
        }
        self.make(db, table, make).await
    }

    async fn make(
        &mut self,
        db: &impl ConnectionTrait,
        table: &Table,
        make: Vec<Resolved<'_>>,
    ) -> Result<()> {
        if self.doing.import_id.is_none() {
            for Resolved { row, .. } in &make {
                self.report.tally(&table.name).made += 1;
                self.keys.insert(row.key.clone(), None);
            }
            return Ok(());
        }
        let fields: Vec<Fields> = make.iter().map(|resolved| resolved.fields.clone()).collect();
        let keys = write::insert(db, table, &fields).await?;
        let columns = fields.iter().flat_map(BTreeMap::keys).cloned().collect();
        let borrowed: Vec<&[Json]> = keys.iter().map(Vec::as_slice).collect();
        let back = read_back(db, table, &columns, &borrowed).await?;
        for (Resolved { unit, row, fields }, key) in make.iter().zip(&keys) {
            compared(table, row, fields, back.get(&key_text(key)))?;
            self.report.tally(&table.name).made += 1;
            self.keys.insert(row.key.clone(), Some(key.clone()));
            self.targets[*unit].push(Target::of(row, key.clone(), true));
        }
        Ok(())
    }

    /// A row that was brought in before.
    async fn again(
        &mut self,
        db: &impl ConnectionTrait,
        table: &Table,
        unit: usize,
        row: &Row,
        fields: Fields,
        target: Target,
    ) -> Result<()> {
        if target.digest == row.digest() {
            self.report.tally(&table.name).same += 1;
            self.targets[unit].push(target);
            return Ok(());
        }
        let columns = fields.keys().cloned().collect();
        let back = read_back(db, table, &columns, &[&target.key]).await?;
        let Some(here) = back.into_values().next() else {
            let why = "it was brought in and removed here since; it stays away".to_owned();
            self.say(unit, Weight::Warning, row.path.clone(), &Json::Null, why);
            self.dropped.insert(row.key.clone());
            return Ok(());
        };
        let differs = |(name, said): &(&String, &Json)| !is_same(&here[*name], said);
        let different: Fields = fields
            .iter()
            .filter(differs)
            .map(|(name, said)| (name.clone(), said.clone()))
            .collect();
        let update = self.doing.update && !different.is_empty() && target.is_made;
        for (name, said) in &different {
            let shown = |json: &Json| {
                if records::is_secret(&table.name, name) {
                    "***".to_owned()
                } else {
                    json.to_string()
                }
            };
            let verb = match (update, target.is_made) {
                (true, _) => "it is changed",
                (false, true) => "--update changes it",
                (false, false) => "it was there before the import and stays",
            };
            let (here, said) = (shown(&here[name]), shown(said));
            let why = format!("here it is {here}, the source says {said}: {verb}");
            let path = format!("{}.{name}", row.path);
            self.say(unit, Weight::Warning, path, &Json::Null, why);
        }
        let tally = self.report.tally(&table.name);
        let digest = if update || different.is_empty() {
            row.digest()
        } else {
            tally.different += 1;
            target.digest.clone()
        };
        if update {
            tally.updated += 1;
            if self.doing.import_id.is_some() {
                write::update(db, table, &target.key, &different).await?;
            }
        } else if different.is_empty() {
            tally.same += 1;
        }
        self.targets[unit].push(Target { digest, ..target });
        Ok(())
    }

    /// Writes down what became of the records.
    async fn write_down(&mut self, db: &impl ConnectionTrait, units: &[Unit]) -> Result<()> {
        let Some(import_id) = self.doing.import_id else { return Ok(()) };
        let mut new = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            let targets = &self.targets[at];
            let is_whole = unit.rows.iter().all(|row| !self.dropped.contains(&row.key))
                && unit.remarks.iter().all(|remark| remark.weight < Weight::Fault);
            // What was refused is looked at again the next time.
            let digest = if is_whole { unit.digest() } else { INCOMPLETE.to_owned() };
            let list: Json = targets.iter().map(Target::json).collect();
            match self.known.get(&unit.key) {
                None if targets.is_empty() => {}
                None => new.push(import_record::ActiveModel {
                    import_id: Set(import_id),
                    scope: Set(self.doing.scope.to_owned()),
                    record_key: Set(unit.key.clone()),
                    digest: Set(digest),
                    targets: Set(list),
                    created_at: Set(self.doing.now),
                    ..Default::default()
                }),
                Some(known) if known.digest == digest && known.targets == *targets => {}
                Some(known) => {
                    // What the source has no more, and what was removed here, stays written down: an
                    // undo has to know of it.
                    let gone = known
                        .targets
                        .iter()
                        .filter(|old| targets.iter().all(|target| target.source != old.source));
                    let list: Json = targets.iter().chain(gone).map(Target::json).collect();
                    let update = Query::update()
                        .table(import_record::Entity)
                        .value(import_record::Column::Digest, digest)
                        .value(import_record::Column::Targets, list)
                        .and_where(Expr::col(import_record::Column::Id).eq(known.id))
                        .take();
                    db.execute(&update).await?;
                }
            }
        }
        for some in new.chunks(500) {
            import_record::Entity::insert_many(some.to_vec()).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

/// The digest of a record of which something was refused.
const INCOMPLETE: &str = "incomplete";

impl Known {
    fn is_whole(&self) -> bool {
        self.digest != INCOMPLETE
    }
}

impl Target {
    fn of(row: &Row, key: Vec<Json>, is_made: bool) -> Self {
        let (table, source) = (row.table.clone(), row.key.clone());
        Self { table, source, key, digest: row.digest(), is_made }
    }
}

/// Another row of the batch that has the same where nothing may be twice.
fn twice(
    table: &Table,
    resolved: &Resolved<'_>,
    seen: &mut BTreeMap<String, String>,
) -> Option<String> {
    let uniques = table.uniques.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let mut own = Vec::new();
    for columns in uniques {
        // What is not known yet is told apart by the row that it refers to.
        let value = |name: &String| match resolved.fields.get(name) {
            Some(Json::Null) | None => match resolved.row.cells.get(name) {
                Some(Cell::Row(key)) => Some(json!({"row": key})),
                _ => None,
            },
            Some(value) => Some(value.clone()),
        };
        let values: Option<Vec<Json>> = columns.iter().map(value).collect();
        if let Some(values) = values {
            own.push(json!([columns, values]).to_string());
        }
    }
    let other = own.iter().find_map(|key| seen.get(key)).cloned();
    if other.is_none() {
        seen.extend(own.into_iter().map(|key| (key, resolved.row.key.clone())));
    }
    other
}

/// Whether what was read back is what was written.
fn compared(table: &Table, row: &Row, fields: &Fields, back: Option<&Fields>) -> Result<()> {
    let wrong = |problem: String| Error::Malformed {
        kind: "row that was brought in",
        key: format!("{} of `{}`", row.key, table.name),
        problem,
    };
    let Some(back) = back else { return Err(wrong("it is not there".to_owned())) };
    match fields.iter().find(|(name, said)| !is_same(&back[*name], said)) {
        Some((name, _)) => Err(wrong(format!("`{name}` was not kept as it was written"))),
        None => Ok(()),
    }
}

/// Whether two values are the same, numbers in documents by what they are worth.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}

/// The keys of rows that are there whatever the source says, by what they are named by.
async fn named(
    db: &impl ConnectionTrait,
    rows: &[(usize, &Row)],
) -> Result<BTreeMap<String, Vec<Json>>> {
    let mut wanted = BTreeMap::<(&str, &str), BTreeSet<&str>>::new();
    for cell in rows.iter().flat_map(|(_, row)| row.cells.values()) {
        if let Cell::Named(table, column, text) = cell {
            wanted.entry((*table, *column)).or_default().insert(text);
        }
    }
    let mut found = BTreeMap::new();
    for ((table, by), texts) in wanted {
        let of = tables::named(table)?;
        let names: Vec<String> = of.primary_key.iter().cloned().chain([by.to_owned()]).collect();
        let texts = texts.into_iter().filter(|text| !text.contains('\0'));
        let which = Expr::col(by.to_owned()).is_in(texts);
        for row in select(db, of, &names, which).await? {
            let key = of.primary_key.iter().map(|name| row[name].clone()).collect();
            let text = row[by].as_str().unwrap_or_default();
            found.insert(format!("{table}.{by}.{text}"), key);
        }
    }
    Ok(found)
}
