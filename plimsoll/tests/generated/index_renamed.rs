//! index renamed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.index(["name"]),
            |t| t.add_index(Index::over("ships", ["name"]).named("by name")),
        )
    })
}
