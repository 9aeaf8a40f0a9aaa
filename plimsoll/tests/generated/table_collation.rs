//! table collation.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t, |t| t.option(TableOption::Collation("utf8mb4_general_ci".to_owned())))
    })
}
