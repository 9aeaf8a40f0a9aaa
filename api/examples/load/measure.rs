//! The same request over and over, on some connections at once, and how long each answer took.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::client::Connection;

/// Makes the request of a number, and says which status its answer has.
pub(crate) type Make = Arc<dyn Fn(u64) -> (Vec<u8>, u16) + Send + Sync>;

/// What is asked of which server.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) make: Make,
}

/// When it is enough.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After so long.
    Time(Duration),
    /// After so many requests.
    Requests(u64),
}

/// How long answers took, in microseconds, and all of them together.
#[derive(Default)]
pub(crate) struct Sample {
    micros: Vec<u32>,
    took: Duration,
}

impl Load {
    /// Asks until it is enough.
    ///
    /// # Errors
    /// For the first answer with another status than was to be, and for a connection that breaks
    /// off.
    pub(crate) async fn run(&self, until: Until) -> anyhow::Result<Sample> {
        let asked = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let tasks: Vec<_> = (0..self.connections)
            .map(|_| tokio::spawn(ask(self.clone(), until, began, Arc::clone(&asked))))
            .collect();
        let mut micros = Vec::new();
        for task in tasks {
            micros.extend(task.await??);
        }
        Ok(Sample { micros, took: began.elapsed() })
    }
}

async fn ask(
    load: Load,
    until: Until,
    began: Instant,
    asked: Arc<AtomicU64>,
) -> anyhow::Result<Vec<u32>> {
    let mut connection = Connection::open(load.address).await?;
    let mut micros = Vec::new();
    loop {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let is_enough = match until {
            Until::Time(limit) => began.elapsed() >= limit,
            Until::Requests(most) => number >= most,
        };
        if is_enough {
            return Ok(micros);
        }
        let (request, expected) = (load.make)(number);
        let sent = Instant::now();
        let status = connection.ask(&request).await?;
        micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        ensure!(status == expected, "answered with {status}: {}", connection.text());
    }
}

impl Sample {
    /// Takes in what was measured in another round.
    pub(crate) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.took += other.took;
    }

    /// Puts the times in order, for [`percentile`](Self::percentile).
    pub(crate) fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    /// Answers in a second.
    pub(crate) fn per_second(&self) -> f64 {
        let answers = u32::try_from(self.micros.len()).unwrap_or(u32::MAX);
        f64::from(answers) / self.took.as_secs_f64()
    }

    /// The time within which so many percent of the answers came.
    pub(crate) fn percentile(&self, percent: usize) -> u32 {
        let last = self.micros.len().saturating_sub(1);
        self.micros.get(last * percent / 100).copied().unwrap_or_default()
    }
}
