//! default now added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(
            |t| t.column(timestamp_with_time_zone("x")),
            |t| t.column(timestamp_with_time_zone("x").default(Expr::current_timestamp())),
        )
    })
}
