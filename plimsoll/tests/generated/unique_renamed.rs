//! unique renamed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.unique(["name"]), |t| t.add_unique(Unique::new("one name", ["name"])))
    })
}
