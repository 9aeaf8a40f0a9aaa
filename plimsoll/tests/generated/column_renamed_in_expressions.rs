//! column renamed in expressions.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.rename_column("crew", "hands"))
}
