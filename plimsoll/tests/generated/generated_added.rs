//! generated added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.add(|t| t.column(integer_null("twice")).generated("twice", "crew * 2", true))
    })
}
