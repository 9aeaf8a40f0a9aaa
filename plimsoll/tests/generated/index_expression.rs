//! index expression.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| {
                t.add_index(Index::over("ships", [IndexPart::expr("lower(name)")]).named("by name"))
            },
            |t| {
                t.add_index(Index::over("ships", [IndexPart::expr("upper(name)")]).named("by name"))
            },
        )
    })
}
