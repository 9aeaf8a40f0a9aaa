//! index no longer unique.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_index(Index::over("ships", ["name"]).named("by name").unique()),
            |t| t.add_index(Index::over("ships", ["name"]).named("by name")),
        )
    })
}
