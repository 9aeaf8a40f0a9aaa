//! column added with default.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.add(|t| t.column(string_len("flag", 2).default("DE"))))
}
