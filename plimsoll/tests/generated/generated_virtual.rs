//! generated virtual.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(integer_null("twice")).generated("twice", "crew * 2", true),
            |t| t.column(integer_null("twice")).generated("twice", "crew * 2", false),
        )
    })
}
