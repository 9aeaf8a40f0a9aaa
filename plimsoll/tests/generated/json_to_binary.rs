//! json to binary.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.change(|t| t.column(json("x")), |t| t.column(json_binary("x"))))
}
