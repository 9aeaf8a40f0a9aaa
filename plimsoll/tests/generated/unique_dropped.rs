//! unique dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.drop(|t| t.unique(["name"])))
}
