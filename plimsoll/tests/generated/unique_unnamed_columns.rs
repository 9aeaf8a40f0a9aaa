//! unique unnamed columns.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.drop(|t| t.add_unique(Unique { name: None, columns: vec!["name".to_owned()] }))
            .add(|t| t.unique(["name", "flag"]))
    })
}
