//! check renamed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_check(Check::new("sane", Rule::sql("crew <> 13"))),
            |t| t.add_check(Check::new("no thirteen", Rule::sql("crew <> 13"))),
        )
    })
}
