//! binary length.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(var_binary("x", 16)), |t| t.column(var_binary("x", 32)))
    })
}
