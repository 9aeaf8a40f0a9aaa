//! check unnamed added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.add(|t| t.check("check", "crew <> 13")))
}
