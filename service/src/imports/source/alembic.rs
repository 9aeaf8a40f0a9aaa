//! The database of another system, whose tables are those of its migrations by Alembic: every row
//! is a record, and references follow.
//!
//! A system is a file beside this one that says where each column goes; reading, recognising and
//! translating are written once.

mod fenrir;
mod find;
mod gough;
mod map;
mod marchproxy;
mod passage;
mod person;
mod plan;
mod rag_fortress;
mod reads;
mod settle;
mod shape;
mod value;

pub use self::plan::{Going, Left, Plan};
use self::{
    find::Found,
    map::System,
    passage::{Beside, unit},
    reads::{Reads, Said},
};
use crate::{
    Result,
    imports::{Options, Source, Unit},
};

/// A database that one of the other systems has created, on SQLite or PostgreSQL.
#[derive(Debug)]
pub struct Alembic {
    reads: Reads,
    system: System,
    plan: Plan,
    beside: Beside,
}

/// How far the tables are read.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which table of the system.
    table: usize,
    /// The key of the last row.
    after: Option<Vec<i64>>,
}

impl Alembic {
    /// Opens the database of a URL, or an SQLite file by its path, for reading only, and recognises
    /// whose it is. `role` is the folded name of the role that people get whose system has no
    /// roles; `options` are those of the import.
    ///
    /// What another program writes there from now on is not seen.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for a database that is not there, cannot be
    /// read, is of no system or revision that is known, or lacks a table or a column;
    /// [`Error::Config`](crate::Error::Config) for a URL or a server that is none.
    pub async fn open(from: &str, role: String, options: &Options) -> Result<Self> {
        let reads = Reads::open(from).await?;
        let there = reads.tables();
        let revisions = if there.contains_key(shape::REVISIONS) {
            reads.revisions().await?
        } else {
            Vec::new()
        };
        let system =
            shape::recognised(there, &revisions).map_err(|problem| reads.malformed(problem))?;
        let mut counts = Vec::with_capacity(system.maps.len());
        for map in &system.maps {
            counts.push(reads.count(map.from).await?);
        }
        let plan = Plan::of(&system, there, &counts, revisions.into_iter().next());
        let scope = options.scope.clone().unwrap_or_else(|| system.kind.to_owned());
        let beside = Beside { role, scope, seals: options.keys.first().is_ok() };
        Ok(Self { reads, system, plan, beside })
    }

    /// What goes where, and what stays behind.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The place behind these rows of a table, of which at most `limit` were asked for.
    fn next(&self, table: usize, rows: &[Said], limit: usize) -> Result<Option<Place>> {
        if rows.len() < limit {
            let next = Place { table: table + 1, after: None };
            return Ok(Some(next).filter(|next| next.table < self.system.maps.len()));
        }
        let map = &self.system.maps[table];
        let after = rows.last().map(|last| self.reads.key(map.from, map.key, last)).transpose()?;
        Ok(Some(Place { table, after }))
    }
}

impl Source for Alembic {
    type Place = Place;

    fn kind(&self) -> &'static str {
        self.system.kind
    }

    fn origin(&self) -> String {
        self.reads.origin().to_owned()
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.plan.tables.iter().map(|going| going.rows).sum())
    }

    async fn some(&self, from: Option<Place>, limit: usize) -> Result<(Vec<Unit>, Option<Place>)> {
        let Place { table, after } = from.unwrap_or(Place { table: 0, after: None });
        let map = &self.system.maps[table];
        let rows = self.reads.rows(map.from, map.key, after.as_deref(), limit).await?;
        let found = Found::of(&self.reads, &map.finds, &rows).await?;
        let mut units = Vec::with_capacity(rows.len());
        for row in &rows {
            let key = self.reads.key(map.from, map.key, row)?;
            units.push(unit(&self.system, map, &self.beside, &found, &key, row));
        }
        Ok((units, self.next(table, &rows, limit)?))
    }
}
