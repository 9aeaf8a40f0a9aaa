//! column dropped.
//!
//! What `ships.flag` held does not come back with the way back.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.drop(|t| t.column(string_len_null("flag", 2))))
        .allow_loss("`ships.flag` may go")
}
