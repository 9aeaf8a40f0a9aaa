//! table engine.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new()
        .alter("ships", |t| t.change(|t| t, |t| t.option(TableOption::Engine("MyISAM".to_owned()))))
}
