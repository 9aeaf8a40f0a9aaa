//! The file of tronbyt before it had tables: one JSON document for each person in `json_data`, of a shape
//! whose number is in `meta`.

mod app;
mod cells;
mod document;
mod lenient;
mod member;
mod part;

use std::path::{Path, PathBuf};

use plimsoll::retry;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbErr, QueryResult, TryGetable as _,
    sea_query::{Asterisk, Expr, ExprTrait as _, Order, Query},
};

use self::document::Shape;
use super::file::{self, Watch};
use crate::{
    Error, Result,
    imports::{Source, Unit, beside::beside},
};

/// The file of a tronbyt server: `users/usersdb.sqlite`.
#[derive(Debug)]
pub struct Tronbyt {
    db: DatabaseConnection,
    watch: Watch,
    path: PathBuf,
    shape: Shape,
}

/// How many documents are read at once.
const FEW: usize = 100;

/// As many rows are enough at once, but for a person who has more of them.
const ROWS: usize = 5_000;

/// The newest shape of the documents that there was.
const NEWEST: i64 = 4;

impl Tronbyt {
    /// Opens the file, for reading only. `role` is the folded name of the role that people get.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a file that is not there, cannot be read or has no such table, and for
    /// documents of a shape that is not known.
    pub async fn open(path: &Path, role: String) -> Result<Self> {
        let (db, watch) = file::open(path).await?;
        let malformed = |problem: String| file::malformed(path, problem);
        let there = Query::select()
            .column("name")
            .from("sqlite_master")
            .and_where(Expr::col("name").eq("json_data"))
            .take();
        let there = db.query_one(&there).await;
        if there.map_err(|error| malformed(error.to_string()))?.is_none() {
            let hint = "a server that has migrated itself calls it `json_data_backup`: take a copy of \
                        the file, and rename it back there";
            return Err(malformed(format!("it has no table `json_data`; {hint}")));
        }
        let version = version(&db).await;
        let version = version.map_err(|error| malformed(format!("`meta`: {error}")))?;
        if !(0..=NEWEST).contains(&version) {
            let problem =
                format!("its documents are of shape {version}, and 0 to {NEWEST} are known");
            return Err(malformed(problem));
        }
        let shape = Shape { version, role };
        Ok(Self { db, watch, path: path.to_owned(), shape })
    }

    /// Some documents, behind that one.
    async fn read(&self, behind: Option<i64>, limit: usize) -> Result<Vec<QueryResult>> {
        let query = Query::select()
            .columns(["id", "username", "data"])
            .from("json_data")
            .and_where(Expr::col("id").gt(behind.unwrap_or(i64::MIN)))
            .order_by("id", Order::Asc)
            .limit(limit as u64)
            .take();
        let rows = self.db.query_all(&query).await;
        // A file that was changed meanwhile can look like a broken one.
        self.watch.look()?;
        rows.map_err(|error| self.malformed(&error))
    }

    fn malformed(&self, error: &DbErr) -> Error {
        file::malformed(&self.path, format!("`json_data`: {error}"))
    }

    /// The numbers of the documents, and the records that they are.
    async fn units(&self, rows: &[QueryResult]) -> Result<Vec<(i64, Unit)>> {
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            let id =
                i64::try_get_by(row, 0_usize).map_err(|error| self.malformed(&error.into()))?;
            // Of any type: SQLite keeps what it is given.
            let name = Option::<String>::try_get_by(row, 1_usize).unwrap_or_default();
            let data = Option::<String>::try_get_by(row, 2_usize).unwrap_or_default();
            documents.push((id, name, data));
        }
        let shape = self.shape.clone();
        let units = beside(move || {
            let unit = |(id, name, data): (i64, Option<String>, Option<String>)| {
                (id, shape.unit(id, name.as_deref(), data.as_deref()))
            };
            documents.into_iter().map(unit).collect()
        });
        Ok(units.await)
    }
}

/// Of which shape the documents are; the newest, where nothing says so.
async fn version(db: &DatabaseConnection) -> Result<i64, DbErr> {
    let query = Query::select().column("schema_version").from("meta").limit(1).take();
    match db.query_one(&query).await {
        Ok(Some(row)) => Ok(i64::try_get_by(&row, 0_usize).unwrap_or(-1)),
        Err(error) if retry::is_broken(&error) => Err(error),
        Ok(None) | Err(_) => Ok(NEWEST),
    }
}

impl Source for Tronbyt {
    type Place = i64;

    fn kind(&self) -> &'static str {
        "tronbyt"
    }

    fn origin(&self) -> String {
        self.path.display().to_string()
    }

    async fn count(&self) -> Result<u64> {
        let query = Query::select().expr(Expr::col(Asterisk).count()).from("json_data").take();
        let row = self.db.query_one(&query).await;
        let row = row.map_err(|error| self.malformed(&error))?;
        let count = row.and_then(|row| i64::try_get_by(&row, 0_usize).ok()).unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    async fn some(&self, from: Option<i64>, limit: usize) -> Result<(Vec<Unit>, Option<i64>)> {
        let (mut units, mut rows, mut next) = (Vec::new(), 0, from);
        while units.len() < limit && rows < ROWS {
            let few = FEW.min(limit - units.len());
            let read = self.units(&self.read(next, few).await?).await?;
            let is_last = read.len() < few;
            for (id, unit) in read {
                if rows >= ROWS {
                    return Ok((units, next));
                }
                rows += unit.rows.len();
                next = Some(id);
                units.push(unit);
            }
            if is_last {
                return Ok((units, None));
            }
        }
        Ok((units, next))
    }
}
