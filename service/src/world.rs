//! What a process takes from outside: the time, and chance.

use std::sync::Arc;

use plimsoll::{
    clock::{Clock, SystemClock},
    random::{OsRandom, Random},
};

/// The clock and the source of randomness that the services use. Tests give their own.
#[derive(Clone, Debug)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives what nobody can guess.
    pub random: Arc<dyn Random>,
}

impl World {
    /// The machine's own clock and randomness.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(OsRandom) }
    }
}
