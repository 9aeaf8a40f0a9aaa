//! plain to generated.
//!
//! What `ships.twice` held does not come back with the way back.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| {
            t.change(
                |t| t.column(integer_null("twice")),
                |t| t.column(integer_null("twice")).generated("twice", "crew * 2", true),
            )
        })
        .allow_loss("`ships.twice` may go")
}
