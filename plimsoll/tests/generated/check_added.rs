//! check added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.add(|t| t.add_check(Check::new("sane", Rule::sql("crew <> 13")))))
}
