//! table added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .create_table("ports", |t| t.column(big_pk_auto("id")).column(string_len("name", 80)))
}
