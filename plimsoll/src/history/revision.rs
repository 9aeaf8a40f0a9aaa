//! The revisions of a history that was read.

use std::{fmt, sync::OnceLock};

use sea_orm_migration::MigrationTrait;

use crate::{
    change::Change,
    code::CallCode,
    revisions::Known,
    schema::Schema,
    steps::{Step, Steps},
};

/// A history that was read and makes sense.
#[derive(Debug)]
pub(crate) struct Revisions<'h> {
    pub(crate) list: Vec<Revision<'h>>,
    pub(crate) table: String,
}

impl Revisions<'_> {
    pub(crate) fn known(&self) -> Vec<Known> {
        let known = |it: &Revision<'_>| Known { name: it.name.clone(), checksum: it.checksum() };
        self.list.iter().map(known).collect()
    }
}

/// One migration of a history.
#[derive(Debug)]
pub(crate) struct Revision<'h> {
    pub(crate) name: String,
    pub(crate) kind: Kind<'h>,
    checksum: OnceLock<Option<String>>,
}

impl<'h> Revision<'h> {
    pub(super) fn new(name: String, kind: Kind<'h>) -> Self {
        Self { name, kind, checksum: OnceLock::new() }
    }

    /// Whether the schema that it begins with is known without a database, or does not matter.
    pub(crate) fn is_known(&self) -> bool {
        match self.kind {
            Kind::Declared { is_known, .. } => is_known,
            Kind::Imperative(_) => true,
        }
    }

    /// The digest of its meaning, if it is declared.
    pub(crate) fn checksum(&self) -> Option<String> {
        let checksum = || match &self.kind {
            Kind::Declared { steps, .. } => Some(steps.checksum()),
            Kind::Imperative(_) => None,
        };
        self.checksum.get_or_init(checksum).clone()
    }

    /// The tables that it makes, as far as it is declared.
    pub(crate) fn creates(&self) -> impl Iterator<Item = &str> {
        let steps = match &self.kind {
            Kind::Declared { steps, .. } => steps.steps(),
            Kind::Imperative(_) => &[],
        };
        steps.iter().filter_map(|step| match step {
            Step::Change(Change::CreateTable(table)) => Some(table.name.as_str()),
            _ => None,
        })
    }

    /// What it does, a sentence a step.
    #[cfg(feature = "cli")]
    pub(crate) fn describe(&self) -> Vec<String> {
        match &self.kind {
            Kind::Declared { steps, .. } => steps
                .steps()
                .iter()
                .map(|step| format!("{} {}", step.sign(), step.describe()))
                .collect(),
            Kind::Imperative(_) => vec!["code of its own".to_owned()],
        }
    }
}

pub(crate) enum Kind<'h> {
    Declared {
        steps: Steps,
        /// What its statements need to know of the schema before it.
        before: Schema,
        /// Whether that is all: no migration before it is code.
        is_known: bool,
        /// The code that it calls.
        code: Option<CallCode>,
    },
    Imperative(&'h dyn MigrationTrait),
}

impl fmt::Debug for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared { .. } => "Declared",
            Self::Imperative(_) => "Imperative",
        })
    }
}
