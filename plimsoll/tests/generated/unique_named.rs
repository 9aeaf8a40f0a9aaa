//! unique named.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.add_unique(Unique { name: None, columns: vec!["name".to_owned()] }),
            |t| t.add_unique(Unique::new("one name", ["name"])),
        )
    })
}
