//! index direction.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_index(Index::over("ships", ["name", "crew"]).named("by name")),
            |t| {
                t.add_index(
                    Index::over(
                        "ships",
                        [IndexPart::from("name"), IndexPart::from("crew").descending()],
                    )
                    .named("by name"),
                )
            },
        )
    })
}
