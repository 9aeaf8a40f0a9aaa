//! primary key added.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("berths", |t| t.primary_key([""; 0], ["port", "number"]))
}
