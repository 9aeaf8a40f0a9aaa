//! float to double.

use plimsoll::prelude::*;

pub(crate) fn steps() -> Steps {
    Steps::new().alter("ships", |t| t.change(|t| t.column(float("x")), |t| t.column(double("x"))))
}
