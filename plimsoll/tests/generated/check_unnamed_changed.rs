//! check unnamed changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.drop(|t| t.add_check(Check { name: None, rule: Rule::sql("crew <> 13") }))
            .add(|t| t.check("check", "crew <> 14"))
    })
}
