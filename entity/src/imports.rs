//! Data that was brought in from other systems: which, when, and what became of each record.

pub mod import;
pub mod import_record;
