//! A wish to stop, which a run heeds when the statement that is running has ended.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_timer::Delay;
use futures_util::future::{Either, select};

/// How late a wish is noticed by what cannot look between two statements.
const NOTICED: Duration = Duration::from_millis(50);

/// A wish that a run stops. Whoever holds a clone of it may ask, from any thread; a run that was given it
/// ends the statement that is running, takes back what is not whole where the database can, frees the
/// lock and ends with [`MigrationError::Stopped`](crate::MigrationError::Stopped).
///
/// Code that runs outside a transaction is not cut off: nobody would know how far it was.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_asked: AtomicBool,
    runs: AtomicUsize,
}

impl Stop {
    /// One that nobody has asked for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for it. There is no way back.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::SeqCst)
    }

    /// Whether a run goes on that will heed it. Where none does, whoever was asked to stop has to end by
    /// himself.
    pub fn is_heeded(&self) -> bool {
        self.0.runs.load(Ordering::SeqCst) > 0
    }

    /// Heeds it for as long as what is returned lives.
    pub(crate) fn heed(&self) -> Heeding {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
        Heeding(self.clone())
    }

    /// Does the work, unless somebody asks before it has ended: then it is dropped where it waits.
    pub(crate) async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let asked = async {
            while !self.is_asked() {
                Delay::new(NOTICED).await;
            }
        };
        match select(pin!(work), pin!(asked)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(((), _)) => None,
        }
    }
}

/// A run that heeds a wish to stop.
#[derive(Debug)]
pub(crate) struct Heeding(Stop);

impl Drop for Heeding {
    fn drop(&mut self) {
        self.0.0.runs.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_is_the_same_wish_and_it_is_heeded_while_a_run_lives() {
        let stop = Stop::new();
        let heeding = stop.clone().heed();

        assert!(stop.is_heeded() && !stop.is_asked());
        stop.clone().ask();
        drop(heeding);

        assert!(stop.is_asked() && !stop.is_heeded());
    }
}
