//! identity added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(big_integer("id")), |t| t.column(big_integer("id").auto_increment()))
    })
}
