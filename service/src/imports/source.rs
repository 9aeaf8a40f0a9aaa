//! The sources: each says how to read one kind of file or database, and where things go.

pub mod alembic;
mod file;
pub mod json;
pub mod tronbyt;
