//! check unnamed range changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| {
                t.add_check(Check {
                    name: None,
                    rule: Rule::Range { column: "crew".to_owned(), min: Some(1), max: Some(40) },
                })
            },
            |t| t.between("crew", 1, 50),
        )
    })
}
