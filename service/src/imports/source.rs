//! The sources: each says how to read one kind of file or database, and where things go.

mod file;
pub mod tronbyt;
