//! string enum unnamed value added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| {
                t.add_check(Check {
                    name: None,
                    rule: Rule::OneOf {
                        column: "state".to_owned(),
                        values: vec!["afloat".to_owned(), "sunk".to_owned()],
                    },
                })
            },
            |t| t.one_of("state", ["afloat", "aground", "sunk"]),
        )
    })
}
