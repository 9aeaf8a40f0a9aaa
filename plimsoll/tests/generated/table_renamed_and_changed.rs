//! table renamed and changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .rename_table("ships", "vessels")
        .alter("vessels", |t| t.add(|t| t.column(string_len_null("flag", 2))))
}
