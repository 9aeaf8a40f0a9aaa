//! index column to expression.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_index(Index::over("ships", ["name"]).named("by name")),
            |t| {
                t.add_index(Index::over("ships", [IndexPart::expr("lower(name)")]).named("by name"))
            },
        )
    })
}
