//! What a new migration has to begin with and lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::{App, Run, Source};
use crate::{
    change::Change,
    compare::{How, compare},
    config::Database,
    dialect::Dialect,
    draft::{Answers, Draft, Sides, draft},
    error::{MigrationError, Result},
    history::Kind,
    meet::Wanted,
    schema::{Schema, Table, Type},
    want::{Words, in_words_of},
};

/// What the migrations make and what the entities want, from which drafts of a migration are made.
#[derive(Debug)]
pub struct Beginning {
    have: Schema,
    want: Schema,
    dialects: Vec<Dialect>,
    /// The tables and parts of tables that a server, which was asked, told apart; nothing when none
    /// was.
    told_apart: Option<BTreeSet<(String, String)>>,
    /// The domain of each table that has one.
    domains: BTreeMap<String, String>,
    /// Remarks on what was not looked at, as sentences.
    pub remarks: Vec<String>,
}

impl Beginning {
    /// The draft of a migration.
    ///
    /// # Errors
    /// [`MigrationError::BadAnswer`] for an answer that answers nothing.
    pub fn draft(&self, answers: &Answers) -> Result<Draft> {
        let is_same = |table: &str, part: &str| {
            let of = (table.to_owned(), part.to_owned());
            self.told_apart.as_ref().is_some_and(|apart| !apart.contains(&of))
        };
        let words =
            Words { dialects: &self.dialects, wanted: Wanted::ByEntities, is_same: &is_same };
        let sides = Sides { have: &self.have, want: &self.want, words };
        Ok(draft(&sides, answers).map_err(|problem| MigrationError::BadAnswer { problem })?)
    }

    /// The same for these alone, tables or whole domains: what has changed in others is left for later
    /// migrations. Without a name it is for all.
    ///
    /// # Errors
    /// [`MigrationError::BadAnswer`] for a name that is neither, and for a table that refers to one
    /// which neither is there nor comes.
    pub fn only(mut self, names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Ok(self);
        }
        let is_known = |name: &String| {
            self.have.tables.contains_key(name)
                || self.want.tables.contains_key(name)
                || self.domains.values().any(|domain| domain == name)
        };
        if let Some(name) = names.iter().find(|name| !is_known(name)) {
            let domains: BTreeSet<&String> = self.domains.values().collect();
            let domains: Vec<String> = domains.iter().map(|name| format!("`{name}`")).collect();
            let problem = format!(
                "`{name}` is no table and no domain; the domains are {}",
                if domains.is_empty() { "none".to_owned() } else { domains.join(", ") }
            );
            return Err(MigrationError::BadAnswer { problem }.into());
        }
        let is_named = |table: &str| {
            names.iter().any(|name| name == table)
                || self.domains.get(table).is_some_and(|domain| names.contains(domain))
        };
        // What was called otherwise before comes with what it is called now.
        let former: BTreeSet<String> = self
            .want
            .tables
            .values()
            .filter(|table| is_named(&table.name))
            .filter_map(|table| table.renamed_from.clone())
            .collect();
        let mut tables = self.have.tables.clone();
        tables.retain(|name, _| !is_named(name) && !former.contains(name));
        for (name, table) in &self.want.tables {
            if is_named(name) {
                tables.insert(name.clone(), table.clone());
            }
        }
        for table in tables.values() {
            let missing =
                table.foreign_keys.iter().find(|key| !tables.contains_key(&key.references));
            if let Some(key) = missing {
                let problem = format!(
                    "`{}` refers to `{}`, which neither is there nor comes: name it as well",
                    table.name, key.references
                );
                return Err(MigrationError::BadAnswer { problem }.into());
            }
        }
        self.want.tables = tables;
        Ok(self)
    }

    /// What the migrations make.
    pub fn have(&self) -> &Schema {
        &self.have
    }

    /// What the migrations make on a database of that kind: what another server said of its tables
    /// is left out.
    #[cfg(feature = "cli")]
    pub(crate) fn have_on(&self, dialect: Dialect) -> Schema {
        let mut have = self.have.clone();
        if !self.dialects.contains(&dialect) {
            for table in have.tables.values_mut() {
                table.options.clear();
                table.columns.iter_mut().for_each(|column| column.collation = None);
            }
        }
        have
    }
}

impl App {
    /// What a new migration begins with, when that is known without a database: every migration is
    /// declared, and the entities are listed. `schema` is the one of PostgreSQL that is worked in,
    /// when one is named.
    ///
    /// # Errors
    /// What is wrong with the list of migrations, and with what the entities say.
    pub fn beginning(&self, schema: Option<&str>) -> Result<Option<Beginning>> {
        let Some(Source::Listed(entities)) = &self.entities else { return Ok(None) };
        let revisions = self.history.load()?;
        if revisions.list.iter().any(|it| matches!(it.kind, Kind::Imperative(_))) {
            return Ok(None);
        }
        if let Some(problem) = entities.problems().first() {
            return Err(MigrationError::NotComparable { because: problem.clone() }.into());
        }
        let mut have = self.history.schema()?;
        let mut remarks = Vec::new();
        let mut tables: Vec<Table> = Vec::new();
        for (table, of) in entities.in_schemas() {
            if of.is_none() || of == schema {
                tables.push(table.clone());
            } else if let Some(of) = of {
                remarks.push(format!(
                    "table `{}` is in the schema `{of}`, for which migrations are written with \
                     `--database-schema {of}`",
                    table.name
                ));
            }
        }
        let mut want = Schema::of(tables);
        self.leave_out(&mut have, &revisions);
        self.leave_out(&mut want, &revisions);
        let dialects = Dialect::ALL.to_vec();
        let domains = entities.domains().clone();
        Ok(Some(Beginning { have, want, dialects, told_apart: None, domains, remarks }))
    }
}

impl Run<'_> {
    /// What a new migration begins with: migrations that are code run on a scratch database for it,
    /// and what they made is compared as this database compares.
    ///
    /// # Errors
    /// Those of [`App::beginning`]; [`MigrationError::NotComparable`] when no scratch database can be
    /// made, or the migrations do not run on one.
    pub async fn beginning(&self, database: &Database) -> Result<Beginning> {
        let revisions = self.app.history.load()?;
        if let Some(problem) = self.problems().into_iter().next() {
            return Err(MigrationError::NotComparable { because: problem }.into());
        }
        let dialect = self.dialect();
        let mut remarks = Vec::new();
        let not = |because| MigrationError::NotComparable { because };
        let want = self.wanted(database, &revisions, false, &mut remarks).await?.map_err(not)?;
        let all: Vec<String> = revisions.list.iter().map(|it| it.name.clone()).collect();
        let made = self.made(database, &revisions, &all, false).await.map_err(not)?.schema;
        // What was declared stays in the words in which it was.
        let mut fold = self.app.history.schema()?;
        self.app.leave_out(&mut fold, &revisions);
        let nobody = |_: &str, _: &str| false;
        let dialects = vec![dialect];
        let words = Words { dialects: &dialects, wanted: Wanted::Exactly, is_same: &nobody };
        let mut have = in_words_of(&fold, &made, &[], &words);
        if dialect == Dialect::Mysql {
            say_no_lengths(&mut have, &fold, &want);
        }
        let how = How {
            asking: Some((self.db, database)),
            dialect,
            wanted: Wanted::ByEntities,
            renames: &[],
        };
        let compared = compare(&made, &want, &how).await;
        let told_apart = compared.diff.changes.iter().flat_map(parts).collect();
        let domains = match &self.app.entities {
            Some(Source::Listed(entities)) => entities.domains().clone(),
            _ => BTreeMap::new(),
        };
        let told_apart = Some(told_apart);
        Ok(Beginning { have, want, dialects, told_apart, domains, remarks })
    }
}

/// Takes the length off texts that the code made on `MySQL`, where every one has a length, and that
/// have none in the entities: the other databases would keep it.
fn say_no_lengths(have: &mut Schema, declared: &Schema, want: &Schema) {
    let tables = have.tables.values_mut().filter(|it| !declared.tables.contains_key(&it.name));
    for table in tables {
        let Some(wanted) = want.tables.get(&table.name) else { continue };
        for column in &mut table.columns {
            let has_none =
                wanted.column(&column.name).is_some_and(|it| it.ty == Type::String(None));
            if has_none && column.ty == Type::String(Some(255)) {
                column.ty = Type::String(None);
            }
        }
    }
}

/// The parts of a table that a change is about.
fn parts(change: &Change) -> Vec<(String, String)> {
    let names: Vec<Option<&String>> = match change {
        Change::AddColumn { column, .. } | Change::DropColumn { column, .. } => {
            vec![Some(&column.name)]
        }
        Change::AlterColumn { from, to, .. } => vec![Some(&from.name), Some(&to.name)],
        Change::RenameColumn { from, to, .. } => vec![Some(from), Some(to)],
        Change::AddUnique { unique, .. } | Change::DropUnique { unique, .. } => {
            vec![unique.name.as_ref()]
        }
        Change::AlterUnique { from, to, .. } => vec![from.name.as_ref(), to.name.as_ref()],
        Change::AddCheck { check, .. } | Change::DropCheck { check, .. } => {
            vec![check.name.as_ref()]
        }
        Change::AlterCheck { from, to, .. } => vec![from.name.as_ref(), to.name.as_ref()],
        Change::AddForeignKey { key, .. } | Change::DropForeignKey { key, .. } => {
            vec![key.name.as_ref()]
        }
        Change::AlterForeignKey { from, to, .. } => vec![from.name.as_ref(), to.name.as_ref()],
        Change::CreateIndex { index, .. } | Change::DropIndex { index, .. } => {
            vec![Some(&index.name)]
        }
        Change::AlterIndex { from, to, .. } => vec![Some(&from.name), Some(&to.name)],
        _ => Vec::new(),
    };
    let names = names.into_iter().flatten();
    names.map(|name| (change.table().to_owned(), name.clone())).collect()
}
