//! timezone.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| {
        t.change(|t| t.column(date_time("x")), |t| t.column(timestamp_with_time_zone("x")))
    })
}
