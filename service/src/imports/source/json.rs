//! A file that `export` has written: a header, a line for each row, a line that says it is whole.

mod line;
mod order;
mod row;
mod worked_out;

use std::path::{Path, PathBuf};

use self::{
    line::{Header, Line, Lines},
    order::Order,
};
use super::file::{Stamp, changed, malformed};
use crate::{
    Result,
    imports::{Source, Unit, beside::beside},
};

/// A file of an export. It is read, and never altered.
#[derive(Clone, Debug)]
pub struct Json {
    path: PathBuf,
    header: Header,
    stamp: Stamp,
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    byte: u64,
    /// How many lines come before.
    line: u64,
}

impl Json {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for a file that cannot be read, is none of an
    /// export, or has a form that is not known.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking::unblock(move || {
            let stamp = Stamp::of(&path)?;
            let mut lines = Lines::open(&path, Place::default())?;
            match lines.read()? {
                Some(Line::Header(header)) => Ok(Self { path, header, stamp }),
                _ => Err(malformed(&path, "it does not begin as an export does".to_owned())),
            }
        })
        .await
    }

    /// Reads all of it: how many rows there are, when it is whole.
    fn looked_through(&self) -> Result<u64> {
        self.is_the_same()?;
        let mut lines = Lines::open(&self.path, Place::default())?;
        let mut order = Order::of(&self.header);
        while let Some(line) = lines.read()? {
            order.take(&line).map_err(|problem| lines.malformed(&problem))?;
        }
        let rows = order.end().map_err(|problem| lines.malformed(&problem))?;
        self.is_the_same()?;
        Ok(rows)
    }

    fn units(&self, from: Option<Place>, limit: usize) -> Result<(Vec<Unit>, Option<Place>)> {
        self.is_the_same()?;
        let mut lines = Lines::open(&self.path, from.unwrap_or_default())?;
        let mut units = Vec::new();
        while units.len() < limit {
            match lines.read()? {
                Some(Line::Row(row)) => units.push(row::unit(row)),
                Some(Line::Header(_)) => {}
                Some(Line::End { .. }) | None => return Ok((units, None)),
            }
        }
        Ok((units, Some(lines.place())))
    }

    fn is_the_same(&self) -> Result<()> {
        if Stamp::of(&self.path)? == self.stamp {
            return Ok(());
        }
        Err(changed(&self.path))
    }
}

impl Source for Json {
    type Place = Place;

    fn kind(&self) -> &'static str {
        "json"
    }

    /// Exports of one database belong together, and those of another do not.
    fn scope(&self) -> String {
        match &self.header.database {
            Some(database) => format!("{} {database}", self.kind()),
            None => self.kind().to_owned(),
        }
    }

    /// Not all domains need to be exported each time.
    fn covers(&self, record: &str) -> bool {
        let table = record.split('/').next();
        self.header.tables.iter().any(|name| Some(&**name) == table)
    }

    fn origin(&self) -> String {
        self.path.display().to_string()
    }

    async fn count(&self) -> Result<u64> {
        let file = self.clone();
        blocking::unblock(move || file.looked_through()).await
    }

    async fn some(&self, from: Option<Place>, limit: usize) -> Result<(Vec<Unit>, Option<Place>)> {
        let file = self.clone();
        beside(move || file.units(from, limit)).await
    }
}
