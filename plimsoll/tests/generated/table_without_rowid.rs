//! table without rowid.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.change(|t| t, |t| t.option(TableOption::WithoutRowid)))
}
