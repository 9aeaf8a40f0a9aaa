//! unique to index.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.drop(|t| t.add_unique(Unique::new("one name", ["name"])))
            .add(|t| t.add_index(Index::over("ships", ["name"]).named("one name").unique()))
    })
}
