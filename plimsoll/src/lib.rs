#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

/// The examples of the documentation.
#[cfg(all(doctest, feature = "migrate"))]
#[doc = include_str!("../../docs/migrations.md")]
pub mod documentation {}

#[cfg(feature = "migrate")]
mod alter;
#[cfg(feature = "migrate")]
mod app;
#[cfg(feature = "migrate")]
mod backup;
#[cfg(feature = "migrate")]
mod catalog;
pub mod change;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "connect")]
pub mod clock;
#[cfg(feature = "migrate")]
mod code;
#[cfg(feature = "migrate")]
mod compare;
#[cfg(feature = "connect")]
pub mod config;
#[cfg(feature = "connect")]
pub mod connect;
#[cfg(feature = "diagram")]
pub mod diagram;
mod dialect;
pub mod diff;
#[cfg(feature = "migrate")]
mod draft;
mod error;
#[cfg(feature = "migrate")]
mod fits;
mod guard;
#[cfg(feature = "migrate")]
mod history;
#[cfg(feature = "connect")]
mod introspect;
#[cfg(feature = "migrate")]
mod limits;
#[cfg(feature = "migrate")]
mod lock;
#[cfg(feature = "migrate")]
mod loss;
#[cfg(feature = "migrate")]
mod meet;
mod misfit;
mod names;
pub mod normal;
#[cfg(feature = "migrate")]
mod plain;
pub mod plan;
#[cfg(feature = "migrate")]
pub mod prelude;
#[cfg(feature = "migrate")]
pub mod progress;
#[cfg(feature = "connect")]
pub mod random;
#[cfg(feature = "migrate")]
mod rebuild;
#[cfg(feature = "migrate")]
mod records;
pub mod render;
#[cfg(feature = "connect")]
pub mod retry;
pub mod revisions;
#[cfg(feature = "migrate")]
mod runner;
pub mod schema;
#[cfg(feature = "migrate")]
mod scratch;
#[cfg(feature = "migrate")]
mod seed;
pub mod steps;
#[cfg(feature = "migrate")]
mod stop;
#[cfg(feature = "connect")]
pub mod telemetry;
#[cfg(feature = "migrate")]
mod terms;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "migrate")]
mod want;
#[cfg(feature = "migrate")]
mod who;
#[cfg(feature = "migrate")]
mod words;
pub mod write;

#[cfg(feature = "migrate")]
pub use alter::{alter, make};
#[cfg(feature = "migrate")]
pub use app::{
    Agreement, App, Baseline, Beginning, Choice, Compared, Created, LOCK_TIMEOUT, Report, Run,
    Shown, Verified, VerifiedMigration, Whose, Wreck,
};
#[cfg(feature = "migrate")]
pub use backup::{Backup, Copied};
pub use change::Change;
#[cfg(feature = "migrate")]
pub use code::{Call, CallCode, Running};
#[cfg(feature = "migrate")]
pub use compare::{Comparison, How, compare};
pub use dialect::Dialect;
#[cfg(feature = "connect")]
pub use dialect::postgres::pooler::keeps_statements;
pub use diff::{Diff, diff};
#[cfg(feature = "migrate")]
pub use draft::{Answers, Draft, Lack, Open};
pub use error::{Error, Result};
#[cfg(feature = "migrate")]
pub use error::{MigrationError, Remains};
#[cfg(feature = "migrate")]
pub use history::History;
#[cfg(feature = "connect")]
pub use introspect::introspect;
#[cfg(feature = "migrate")]
pub use limits::Limits;
#[cfg(feature = "migrate")]
pub use loss::{Amount, Loss, Lost};
#[cfg(feature = "migrate")]
pub use meet::Wanted;
pub use misfit::Misfit;
#[cfg(feature = "migrate")]
pub use runner::{Ran, Rehearsed, Repair, Repaired, Stamp, Unfinished};
pub use schema::{Beside, Entities, Schema, TableBuilder, table_of};
#[cfg(feature = "migrate")]
#[doc(hidden)]
pub use sea_orm_migration;
#[cfg(feature = "migrate")]
pub use seed::{Difference, DifferenceKind, Mode, Seeded, Unrestored};
pub use steps::Steps;
#[cfg(feature = "migrate")]
pub use stop::Stop;
#[cfg(feature = "migrate")]
pub use words::Unread;
