//! column renamed and changed.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.rename_column("name", "title")
            .change(|t| t.column(string_len("title", 80)), |t| t.column(string_len("title", 120)))
    })
}
