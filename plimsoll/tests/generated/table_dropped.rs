//! table dropped.
//!
//! What `ports` held does not come back with the way back.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .drop_table("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
        .allow_loss("`ports` may go")
}
