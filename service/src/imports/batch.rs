//! Some records at a time: what they mean here, and writing what is new.

mod again;
mod compare;
mod down;
mod fields;
mod same;
mod secret;
mod turns;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use futures_util::future::{Either, select};
use plimsoll::schema::Table;
use sea_orm::ConnectionTrait;
use serde_json::Value as Json;

use self::{compare::Comparison, same::has_blanks, secret::Secrets, turns::Turns};
use super::{
    fields::Fields,
    inserts::Inserts,
    known::{self, Known, Made, Target},
    look::unique_keys,
    pass::{Foreseen, Learned, Pass},
    people::{Candidate, Match, matches, misnamed},
    report::Report,
    server::Server,
    unit::{Cell, Remark, Row, Unit, Weight, referred},
    vanished,
    write::{self, New, Values, key_text, unread},
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
    pub(super) inserts: &'o Inserts,
}

/// Some records on their way.
pub(super) struct Batch<'o> {
    doing: Doing<'o>,
    server: Server,
    /// What is known from the records before.
    pass: &'o Pass,
    learned: Learned,
    /// What the source calls the records.
    records: Vec<&'o str>,
    known: BTreeMap<String, Known>,
    /// The rows of the source that are here, or would be.
    keys: HashMap<Cow<'o, str>, Here>,
    /// Rows that do not come in.
    dropped: HashSet<String>,
    /// Rows that were there before any import.
    strange: HashSet<String>,
    /// What became of the rows, by record.
    targets: Vec<Vec<Target>>,
    remarks: Vec<Vec<Remark>>,
    /// What is compared beside, of what was written.
    comparisons: Vec<Comparison>,
    report: Report,
}

/// A row whose columns are known.
struct Resolved<'u> {
    unit: usize,
    row: &'u Row,
    fields: Fields,
    /// The same as the database takes it, until it is in.
    values: Values,
    /// Those of its columns that refer to rows which this batch has made.
    fresh: Vec<&'static str>,
    secrets: Secrets,
    /// What it has where nothing may be twice, if that was found before.
    own: Option<Vec<u64>>,
}

impl Resolved<'_> {
    fn candidate(&self) -> Candidate<'_> {
        Candidate { fields: &self.fields, fresh: &self.fresh }
    }

    fn own(&self, table: &Table) -> Cow<'_, [u64]> {
        match &self.own {
            Some(own) => own.into(),
            None => unique_keys(table, self.row, &self.fields).into(),
        }
    }
}

impl<'o> Batch<'o> {
    /// Does what is to be done with these records: where they are apart, with one half while the database
    /// is busy with the other.
    ///
    /// # Errors
    /// Only those of the database: what is wrong with a record is in the report.
    pub(super) async fn run(
        db: &impl ConnectionTrait,
        doing: Doing<'o>,
        pass: &'o Pass,
        units: &'o [Unit],
        are_apart: bool,
    ) -> Result<(Report, Learned)> {
        // What is changed may free a name that another record gets, and who is called otherwise gets one
        // that is not in the source.
        if !are_apart || doing.update || !doing.names.is_empty() {
            return Self::whole(db, doing, pass, units, referred(units)).await;
        }
        let turns = Turns::of(db);
        let (some, others) = units.split_at(units.len() / 2);
        let some = Box::pin(Self::half(&turns, doing, pass, some));
        let others = Box::pin(Self::half(&turns, doing, pass, others));
        // What fails first counts; a statement of the other that is on its way is waited for.
        let ((mut report, mut learned), (also, more)) = match select(some, others).await {
            Either::Left((some, others)) => {
                let others = others.await;
                (some?, others?)
            }
            Either::Right((others, some)) => {
                let some = some.await;
                let others = others?;
                (some?, others)
            }
        };
        report.add(&also);
        learned.add(more);
        Ok((report, learned))
    }

    async fn half(
        turns: &Turns<'_, impl ConnectionTrait>,
        doing: Doing<'o>,
        pass: &'o Pass,
        units: &'o [Unit],
    ) -> Result<(Report, Learned)> {
        // They refer to nothing but what is theirs.
        let done = Self::whole(turns, doing, pass, units, BTreeSet::new()).await;
        if done.is_err() {
            turns.end();
        }
        done
    }

    /// `others` are the keys of rows of other records that these refer to.
    async fn whole(
        db: &impl ConnectionTrait,
        doing: Doing<'o>,
        pass: &'o Pass,
        units: &'o [Unit],
        others: BTreeSet<&'o str>,
    ) -> Result<(Report, Learned)> {
        let names = units.iter().map(|unit| &*unit.key).chain(others).collect();
        let known = known::of(db, doing.scope, names).await?;
        let (targets, remarks) = (vec![Vec::new(); units.len()], vec![Vec::new(); units.len()]);
        let report = Report { records: units.len() as u64, ..Report::default() };
        let records = units.iter().map(|unit| &*unit.key).collect();
        let server = Server::of(db).await?;
        let mut batch = Self {
            doing,
            server,
            pass,
            learned: Learned::default(),
            records,
            known,
            keys: HashMap::with_capacity(units.iter().map(|unit| unit.rows.len()).sum()),
            dropped: HashSet::new(),
            strange: HashSet::new(),
            targets,
            remarks,
            comparisons: Vec::new(),
            report,
        };
        batch.recall();
        for (table, rows) in in_order(units) {
            batch.table(db, table, units, rows).await?;
        }
        batch.settle().await?;
        batch.write_down(db, units).await?;
        for (unit, part) in vanished::parts(db, &batch.known, units).await? {
            batch.say(unit, Weight::Warning, part, &Json::Null, vanished::WHY.to_owned());
        }
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
            if let Ok(table) = tables::named(&target.table) {
                let key = Some(target.key.clone());
                let here = Here { table: &table.name, key, is_fresh: false };
                self.keys.insert(target.source.clone().into(), here);
            }
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
            if let Some(here) = self.keys.get(&*unit.key) {
                let key = here.key.as_deref().and_then(<[Json]>::first).cloned();
                let is_strange = self.strange.contains(&unit.key);
                let foreseen = Foreseen { table: here.table, key, is_strange };
                self.learned.foresee(&unit.key, foreseen);
            }
        }
    }

    /// The rows of one table.
    async fn table(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        units: &[Unit],
        rows: Vec<(usize, &'o Row)>,
    ) -> Result<()> {
        let named = fields::named(db, &rows).await?;
        let (mut new, mut seen) = (Vec::new(), HashMap::new());
        let before = self.before(units, &rows);
        for ((unit, row), before) in rows.into_iter().zip(before) {
            let Some(resolved) = self.resolved(table, unit, row, &named) else { continue };
            match before {
                Some(target) => {
                    self.see(&resolved.own(table), &resolved, &mut seen);
                    self.again(db, table, resolved, target).await?;
                }
                None => new.push(resolved),
            }
        }
        self.bring(db, table, units, new, seen).await
    }

    /// What became of the rows when they were brought in before.
    fn before(&self, units: &[Unit], rows: &[(usize, &Row)]) -> Vec<Option<Target>> {
        let mut known = HashMap::<&str, HashMap<&str, &Target>>::new();
        for (unit, _) in rows {
            let name = &*units[*unit].key;
            if let Some(record) = self.known.get(name).filter(|_| !known.contains_key(name)) {
                let targets = record.targets.iter().map(|target| (&*target.source, target));
                known.insert(name, targets.collect());
            }
        }
        let of = |(unit, row): &(usize, &Row)| {
            known.get(&*units[*unit].key)?.get(&*row.key).map(|target| (*target).clone())
        };
        rows.iter().map(of).collect()
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
        let mut about = Unit { key: self.records[unit].to_owned(), ..Unit::default() };
        about.remark(weight, path, value, reason);
        self.remarks[unit].append(&mut about.remarks);
    }

    /// Rows that were never brought in before. `seen` has what others of the table have where nothing may
    /// be twice.
    async fn bring(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        units: &[Unit],
        rows: Vec<Resolved<'o>>,
        mut seen: HashMap<u64, &'o str>,
    ) -> Result<()> {
        let candidates: Vec<Candidate<'_>> = rows.iter().map(Resolved::candidate).collect();
        let records: Vec<&str> = rows.iter().map(|row| &*units[row.unit].key).collect();
        let people = |key: &Json, at: usize| self.pass.is_other(key, records[at]);
        let found = matches(db, table, &candidates, people).await?;
        let (mut make, mut meant) = (Vec::new(), BTreeSet::new());
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
            let is_person = table.name == "users";
            let wrong = (is_person && found == Match::New).then(|| misnamed(&resolved.fields));
            if let Some(why) = wrong.flatten() {
                self.refuse(*unit, row, "username", &resolved.fields["username"], &why);
                continue;
            }
            match found {
                Match::Clash(why) => {
                    let why = format!("{why}; nothing is overwritten");
                    self.refuse(*unit, row, "", &Json::Null, &why);
                }
                Match::Is(key) if is_person && !meant.insert(key_text(&key)) => {
                    let why = "another record became that person; nothing is overwritten";
                    self.refuse(*unit, row, "", &Json::Null, why);
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

    /// Another row of the source that has the same where nothing may be twice.
    fn twice(
        &mut self,
        table: &Table,
        resolved: &Resolved<'o>,
        seen: &mut HashMap<u64, &'o str>,
    ) -> Option<String> {
        let own = resolved.own(table);
        if let Some(other) = own.iter().find_map(|key| seen.get(key)) {
            return Some(format!("`{other}` in the same source"));
        }
        if own.iter().any(|key| self.pass.has_seen(*key)) {
            return Some("another record of the source".to_owned());
        }
        self.see(&own, resolved, seen);
        None
    }

    /// Remembers what a row has where nothing may be twice, also for the records to come when they do not
    /// find it in the database: while nothing is written, and where it has blanks behind it.
    fn see(&mut self, own: &[u64], resolved: &Resolved<'o>, seen: &mut HashMap<u64, &'o str>) {
        if self.doing.import_id.is_none() || has_blanks(resolved) {
            self.learned.see(own);
        }
        seen.extend(own.iter().map(|key| (*key, &*resolved.row.key)));
    }

    async fn make(
        &mut self,
        db: &impl ConnectionTrait,
        table: &'static Table,
        mut make: Vec<Resolved<'o>>,
    ) -> Result<()> {
        if make.is_empty() {
            return Ok(());
        }
        self.report.tally(&table.name).made += make.len() as u64;
        if self.doing.import_id.is_none() {
            for Resolved { row, .. } in make {
                let here = Here { table: &table.name, key: None, is_fresh: true };
                self.keys.insert((&*row.key).into(), here);
            }
            return Ok(());
        }
        let mut rows: Vec<New<'_>> = make.iter_mut().map(Resolved::going_in).collect();
        let (server, inserts) = (&self.server, self.doing.inserts);
        let (keys, mut columns) = write::insert(db, server, inserts, table, &mut rows).await?;
        drop(rows);
        let marked = mark(table);
        columns.extend(marked);
        let borrowed: Vec<&[Json]> = keys.iter().map(Vec::as_slice).collect();
        let back = unread(db, table, &columns, &borrowed).await?;
        let (mut places, mut said) = (Vec::new(), Vec::new());
        for (resolved, key) in make.into_iter().zip(keys) {
            self.seal(db, table, &resolved, &key).await?;
            let Resolved { unit, row, fields, .. } = resolved;
            let here = Here { table: &table.name, key: Some(key.clone()), is_fresh: true };
            self.keys.insert((&*row.key).into(), here);
            places.push((unit, self.targets[unit].len()));
            said.push((key.clone(), fields));
            let how = Made { import: self.doing.import_id, mark: None };
            self.targets[unit].push(Target::of(row, key, Some(how)));
        }
        self.comparisons.push(Comparison::begin(back, marked, places, said));
        Ok(())
    }
}

/// The rows by their tables, each behind those that it refers to; those come last whose rows name others
/// without a foreign key.
fn in_order(units: &[Unit]) -> Vec<(&'static Table, Vec<(usize, &Row)>)> {
    let mut by_table = HashMap::<&str, Vec<(usize, &Row)>>::new();
    for (unit, of) in units.iter().enumerate() {
        for row in &of.rows {
            by_table.entry(&row.table).or_default().push((unit, row));
        }
    }
    let rows_of = |table: &'static Table| Some((table, by_table.remove(&*table.name)?));
    let mut order: Vec<_> = TABLES.iter().filter_map(rows_of).collect();
    let names_rows = |(_, row): &(usize, &Row)| {
        row.cells.values().any(|cell| matches!(cell, Cell::Text(..) | Cell::Rows(_)))
    };
    order.sort_by_cached_key(|(table, rows)| {
        rows.iter().any(names_rows) && !tables::is_referred(table)
    });
    order
}

/// Where a column of a row stands in its record.
fn below(row: &Row, column: &str) -> String {
    let column = row.names.get(column).map_or(column, |name| name);
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
        let (table, source, digest) = (row.table.clone(), row.key.clone(), row.digest().to_owned());
        let is_made = made.is_some();
        let made = made.unwrap_or_default();
        Self { table, source, key, digest, is_made, made, changed: BTreeSet::new() }
    }
}

/// A row of the source as it is here.
struct Here {
    table: &'static str,
    /// Its key; none where it would get one.
    key: Option<Vec<Json>>,
    /// Whether this batch makes it.
    is_fresh: bool,
}

/// The column that tells a row from another one that got its key later: keys that the database counts
/// come once.
pub(super) fn mark(table: &Table) -> Option<&'static str> {
    const MARK: &str = "created_at";
    (!tables::is_counted(table) && tables::column(table, MARK).is_some()).then_some(MARK)
}
