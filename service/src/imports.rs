//! Bringing data in from other systems, without a doubt left: what is brought in is matched with what is
//! there, written in batches, read back and compared, can be gone on with, and can be taken out again.
//!
//! A source is a file that says how to read and where things go: it gives [`Unit`]s, whole records with
//! the rows that they become. All the rest is done here, once, for every source.

mod batch;
mod beside;
mod fields;
pub(crate) use crate::cell;
mod inserts;
mod known;
mod look;
mod pass;
mod people;
mod report;
mod run;
mod server;
pub mod source;
mod undo;
mod unit;
mod vanished;
mod write;

use std::future::Future;

pub use entity::imports::import::{ImportStatus, Model};

pub use self::{
    look::Look,
    report::{Event, Report, Tally},
    run::{Options, run},
    undo::{Kept, Undone, undo},
    unit::{Cell, Digest, Label, Remark, Row, Unit, Weight},
};
use sea_orm::ConnectionTrait;

use crate::{Result, identity::fold::fold, rights::default_role, settings};

/// The folded name of the role that people get who are brought in: that of the setting
/// `users.default_role`.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) if there is no such setting.
pub async fn role_of_people(db: &impl ConnectionTrait) -> Result<String> {
    Ok(fold(&settings::read::<String>(db, default_role::SETTING).await?))
}

/// Something that records are read from.
pub trait Source {
    /// Where the next records are; of the source's own making.
    type Place: Clone + Send;

    /// What kind of source it is: `tronbyt`.
    fn kind(&self) -> &'static str;

    /// What tells it from other sources when nobody says a name for it; its kind, where there is one
    /// source of a kind.
    fn scope(&self) -> String {
        self.kind().to_owned()
    }

    /// The file or the address, without credentials.
    fn origin(&self) -> String;

    /// Whether a record of that name, which an earlier import brought, would be in the source if it were
    /// there still: not where the source is a part of one.
    fn covers(&self, _record: &str) -> bool {
        true
    }

    /// How many records there are.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for a source that is none of its kind.
    fn count(&self) -> impl Future<Output = Result<u64>> + Send;

    /// Some records, from the beginning or from where others ended, and where the next are; at most
    /// `limit` of them, and fewer where that would be very many rows.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) for a source that cannot be read. A single record
    /// that makes no sense is no error: its unit says so.
    fn some(
        &self,
        from: Option<Self::Place>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<Unit>, Option<Self::Place>)>> + Send;
}
