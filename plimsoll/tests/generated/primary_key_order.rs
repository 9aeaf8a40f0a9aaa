//! primary key order.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("berths", |t| t.primary_key(["port", "number"], ["number", "port"]))
}
