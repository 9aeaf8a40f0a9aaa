//! Some records at a time: what they mean here, and writing what is new.

mod again;
mod fields;
mod same;
mod secret;

use std::collections::{BTreeMap, BTreeSet};

use entity::imports::import_record;
use plimsoll::schema::Table;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::Value as Json;

use self::{
    same::{compared, unique_keys},
    secret::Secrets,
};
use super::{
    known::{self, Known, Made, Target},
    pass::{Foreseen, Learned, Pass},
    people::{Match, matches},
    report::Report,
    unit::{Cell, Remark, Row, Unit, Weight},
    write::{self, Fields, key_text, read_back},
};
use crate::{
    Result, World, records,
    seal::Keyring,
    tables::{self, TABLES},
};

/// What a batch may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing<'o> {
    pub(super) scope: &'o str,
    /// The import that it is part of; none when nothing is written.
    pub(super) import_id: Option<i64>,
    pub(super) world: &'o World,
    pub(super) update: bool,
    pub(super) names: &'o BTreeMap<String, String>,
    /// What secrets are sealed with.
    pub(super) seals: &'o Keyring,
}

/// Some records on their way.
pub(super) struct Batch<'o> {
    doing: Doing<'o>,
    /// What is known from the records before.
    pass: &'o Pass,
    learned: Learned,
    /// What the source calls the records.
    records: Vec<String>,
    known: BTreeMap<String, Known>,
    /// The rows of the source that are here, or would be.
    keys: BTreeMap<String, Here>,
    /// Rows that do not come in.
    dropped: BTreeSet<String>,
    /// Rows that were there before any import.
    strange: BTreeSet<String>,
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
    secrets: Secrets,
}

impl<'o> Batch<'o> {
    /// Does what is to be done with these records.
    ///
    /// # Errors
    /// Only those of the database: what is wrong with a record is in the report.
    pub(super) async fn run(
        db: &impl ConnectionTrait,
        doing: Doing<'o>,
        pass: &'o Pass,
        units: &[Unit],
    ) -> Result<(Report, Learned)> {
        let names = units.iter().map(|unit| &*unit.key).chain(known::referred(units)).collect();
        let known = known::of(db, doing.scope, names).await?;
        let (targets, remarks) = (vec![Vec::new(); units.len()], vec![Vec::new(); units.len()]);
        let report = Report { records: units.len() as u64, ..Report::default() };
        let records = units.iter().map(|unit| unit.key.clone()).collect();
        let mut batch = Self {
            doing,
            pass,
            learned: Learned::default(),
            records,
            known,
            keys: BTreeMap::new(),
            dropped: BTreeSet::new(),
            strange: BTreeSet::new(),
            targets,
            remarks,
            report,
        };
        batch.recall();
        for table in in_order(units) {
            batch.table(db, table, units).await?;
        }
        batch.write_down(db, units).await?;
        for (unit, remarks) in units.iter().zip(&batch.remarks) {
            for remark in unit.remarks.iter().chain(remarks) {
                batch.report.take(remark);
            }
        }
        batch.learn(units);
        Ok((batch.report, batch.learned))
    }

    /// Takes the keys of what was brought in before.
    fn recall(&mut self) {
        for target in self.known.values().flat_map(|known| &known.targets) {
            let here = Here { table: target.table.clone(), key: Some(target.key.clone()) };
            self.keys.insert(target.source.clone(), here);
            if !target.is_made {
                self.strange.insert(target.source.clone());
            }
        }
    }

    /// Remembers for the records to come what these became.
    fn learn(&mut self, units: &[Unit]) {
        for (unit, targets) in units.iter().zip(&self.targets) {
            for target in targets.iter().filter(|target| target.table == "users") {
                self.learned.person(&target.key, &unit.key);
            }
        }
        if self.doing.import_id.is_some() {
            return;
        }
        for unit in units {
            // Only such a row is referred to by other records.
            if let Some(here) = self.keys.get(&unit.key) {
                let key = here.key.as_deref().and_then(<[Json]>::first).cloned();
                let is_strange = self.strange.contains(&unit.key);
                let Ok(table) = tables::named(&here.table) else { continue };
                let table = &*table.name;
                self.learned.foresee(&unit.key, Foreseen { table, key, is_strange });
            }
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
        let named = fields::named(db, &rows).await?;
        let mut new = Vec::new();
        for (unit, row) in rows {
            let Some(resolved) = self.resolved(table, unit, row, &named) else { continue };
            match self.before(units, unit, row) {
                Some(target) => self.again(db, table, resolved, target).await?,
                None => new.push(resolved),
            }
        }
        self.bring(db, table, units, new).await
    }

    /// What became of the row when it was brought in before.
    fn before(&self, units: &[Unit], unit: usize, row: &Row) -> Option<Target> {
        let known = self.known.get(&units[unit].key)?;
        known.targets.iter().find(|target| target.source == row.key).cloned()
    }

    fn refuse(&mut self, unit: usize, row: &Row, column: &str, value: &Json, why: &str) {
        let path = below(row, column);
        // A document may hold keys of other services.
        let is_shown = !records::is_secret(&row.table, column) && !value.is_object();
        let value = if is_shown { value } else { &Json::Null };
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
        let records: Vec<&str> = rows.iter().map(|row| &*units[row.unit].key).collect();
        let people = |key: &Json, at: usize| self.pass.is_other(key, records[at]);
        let found = matches(db, self.doing.scope, table, &fields, people).await?;
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
            if found == Match::New && !self.doing.update && self.is_for_somebody_there(row) {
                let why = "it would give rights to what was here before; --update gives them";
                self.report.tally(&table.name).different += 1;
                self.say(*unit, Weight::Warning, row.path.clone(), &Json::Null, why.to_owned());
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
                Match::Is(key) => self.matched(db, table, &resolved, key).await?,
                Match::New => match self.twice(table, &resolved, &mut seen) {
                    Some(other) => {
                        let why = format!("{other} has the same name or key");
                        self.refuse(*unit, row, "", &Json::Null, &why);
                    }
                    None => make.push(resolved),
                },
            }
        }
        self.make(db, table, make).await
    }

    /// Whether the row would give a right to a person or a role that no import made.
    fn is_for_somebody_there(&self, row: &Row) -> bool {
        let column = match &*row.table {
            "user_roles" => "user_id",
            "role_permissions" => "role_id",
            _ => return false,
        };
        match row.cells.get(column) {
            Some(Cell::Row(key)) => {
                self.strange.contains(key)
                    || self.pass.foreseen(key).is_some_and(|row| row.is_strange)
            }
            _ => true,
        }
    }

    /// Another row of the source that has the same where nothing may be twice. Those of earlier records
    /// are in the database, unless nothing is written.
    fn twice(
        &mut self,
        table: &Table,
        resolved: &Resolved<'_>,
        seen: &mut BTreeMap<String, String>,
    ) -> Option<String> {
        let own = unique_keys(table, resolved);
        if let Some(other) = own.iter().find_map(|key| seen.get(key)) {
            return Some(format!("`{other}` in the same source"));
        }
        if self.doing.import_id.is_none() {
            if own.iter().any(|key| self.pass.has_seen(key)) {
                return Some("another record of the source".to_owned());
            }
            self.learned.see(&own);
        }
        seen.extend(own.into_iter().map(|key| (key, resolved.row.key.clone())));
        None
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
                self.keys.insert(row.key.clone(), Here { table: table.name.clone(), key: None });
            }
            return Ok(());
        }
        let fields: Vec<Fields> = make.iter().map(Resolved::with_places).collect();
        let keys = write::insert(db, table, &fields).await?;
        let mut columns: BTreeSet<String> =
            make.iter().flat_map(|row| row.fields.keys()).cloned().collect();
        let marked = mark(table);
        columns.extend(marked.map(str::to_owned));
        let borrowed: Vec<&[Json]> = keys.iter().map(Vec::as_slice).collect();
        let back = read_back(db, table, &columns, &borrowed).await?;
        for (resolved, key) in make.iter().zip(&keys) {
            let Resolved { unit, row, fields, .. } = resolved;
            let back = back.get(&key_text(key));
            compared(table, row, fields, back)?;
            self.seal(db, table, resolved, key).await?;
            self.report.tally(&table.name).made += 1;
            let here = Here { table: table.name.clone(), key: Some(key.clone()) };
            self.keys.insert(row.key.clone(), here);
            let mark = marked.and_then(|name| back?.get(name)?.as_str().map(str::to_owned));
            let how = Made { import: self.doing.import_id, mark };
            self.targets[*unit].push(Target::of(row, key.clone(), Some(how)));
        }
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
                    created_at: Set(self.doing.world.clock.now()),
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

/// The tables, each behind those that it refers to; those come last whose rows name others without a
/// foreign key.
fn in_order(units: &[Unit]) -> Vec<&'static Table> {
    let names_rows =
        |row: &&Row| row.cells.values().any(|cell| matches!(cell, Cell::Text(..) | Cell::Rows(_)));
    let rows = units.iter().flat_map(|unit| &unit.rows);
    let last: BTreeSet<&str> = rows.filter(names_rows).map(|row| &*row.table).collect();
    let mut order: Vec<&Table> = TABLES.iter().collect();
    order.sort_by_key(|table| last.contains(&*table.name) && !tables::is_referred(table));
    order
}

/// Where a column of a row stands in its record.
fn below(row: &Row, column: &str) -> String {
    let column = row.names.get(column).map_or(column, String::as_str);
    match (&*row.path, column) {
        ("", column) => column.to_owned(),
        (path, "") => path.to_owned(),
        (path, column) => format!("{path}.{column}"),
    }
}

/// The digest of a record of which something was refused.
pub(super) const INCOMPLETE: &str = "incomplete";

impl Known {
    fn is_whole(&self) -> bool {
        self.digest != INCOMPLETE
    }
}

impl Target {
    fn of(row: &Row, key: Vec<Json>, made: Option<Made>) -> Self {
        let (table, source) = (row.table.clone(), row.key.clone());
        let is_made = made.is_some();
        Self { table, source, key, digest: row.digest(), is_made, made: made.unwrap_or_default() }
    }
}

/// A row of the source as it is here.
struct Here {
    table: String,
    /// Its key; none where it would get one.
    key: Option<Vec<Json>>,
}

/// The column that tells a row from another one that got its key later: keys that the database counts
/// come once.
pub(super) fn mark(table: &Table) -> Option<&'static str> {
    const MARK: &str = "created_at";
    (!tables::is_counted(table) && tables::column(table, MARK).is_some()).then_some(MARK)
}
