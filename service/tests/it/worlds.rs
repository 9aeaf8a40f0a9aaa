//! Worlds to test in.

use std::sync::Arc;

use chrono::DateTime;
use plimsoll::clock::ManualClock;
use service::World;

/// A world whose clock the test sets.
pub(crate) fn world() -> (World, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap()));
    (World { clock: clock.clone(), random: World::system().random }, clock)
}
