//! Records that are read ahead, beside all that is done with those before them.

use std::{collections::VecDeque, pin::pin};

use futures_util::future::{BoxFuture, Either, RemoteHandle, select};

use super::super::{
    Source,
    beside::beside,
    unit::{Unit, are_apart},
};
use crate::Result;

/// How many records are done in one transaction.
const AT_ONCE: usize = 400;

/// How many times as many may wait for their turn: while others are written, the next are read, and those
/// that were read looked at.
const WAITING: usize = 2;

/// Some records that were read, with what can be made of them without the database.
pub(super) struct Records {
    pub(super) units: Vec<Unit>,
    /// Whether the first half has nothing to do with the others.
    pub(super) are_apart: bool,
}

impl Records {
    fn of(units: Vec<Unit>) -> Self {
        units.iter().for_each(Unit::prepare);
        Self { are_apart: are_apart(&units), units }
    }
}

/// Records, and where the next are.
type Read<P> = Result<(Vec<Unit>, Option<P>)>;

/// The records of a source in their order.
pub(super) struct Ahead<'s, S: Source> {
    source: &'s S,
    /// What is being read; nothing when all was, or it cannot be read.
    reading: Option<BoxFuture<'s, Read<S::Place>>>,
    /// What was read and has not had its turn.
    waiting: VecDeque<Result<RemoteHandle<Records>>>,
}

impl<'s, S: Source> Ahead<'s, S> {
    pub(super) fn of(source: &'s S) -> Self {
        let mut ahead = Self { source, reading: None, waiting: VecDeque::new() };
        ahead.begin(None);
        ahead
    }

    fn begin(&mut self, from: Option<S::Place>) {
        self.reading = Some(Box::pin(self.source.some(from, AT_ONCE)));
    }

    /// The next records; none behind the last.
    ///
    /// # Errors
    /// Those of [`Source::some`].
    pub(super) async fn next(&mut self) -> Result<Option<Records>> {
        while self.waiting.is_empty() && self.reading.is_some() {
            self.read_one().await;
        }
        match self.waiting.pop_front() {
            Some(records) => Ok(Some(self.beside(records?).await)),
            None => Ok(None),
        }
    }

    /// Does the work, and reads on meanwhile.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let read_on = async {
            while self.waiting.len() < WAITING && self.reading.is_some() {
                self.read_one().await;
            }
        };
        match select(pin!(work), pin!(read_on)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    }

    /// Goes on with what is being read; whoever stops waiting for that loses nothing.
    async fn read_one(&mut self) {
        let Some(reading) = &mut self.reading else { return };
        let read = reading.await;
        self.reading = None;
        let records = read.map(|(units, next)| {
            if next.is_some() {
                self.begin(next);
            }
            beside(move || Records::of(units))
        });
        self.waiting.push_back(records);
    }
}
