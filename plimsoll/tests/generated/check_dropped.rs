//! check dropped.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.drop(|t| t.add_check(Check::new("sane", Rule::sql("crew <> 13")))))
}
