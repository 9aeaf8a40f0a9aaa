//! What a process takes from outside: the time, and chance.

use std::sync::Arc;

use chrono::{DateTime, Utc};
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

/// Whether all three databases keep that moment. MariaDB's driver binds none before 1970 and none from
/// 19 January 2038 on: it would be stored as no time at all.
pub(crate) fn is_kept(moment: DateTime<Utc>) -> bool {
    (1..1 << 31).contains(&moment.timestamp())
}
