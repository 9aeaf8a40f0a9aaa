//! Work that goes on when nobody waits for its request any more, and is waited for at the end.

use std::{convert::Infallible, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// What counts as going on while there is a clone of it.
#[derive(Clone, Debug)]
pub struct Work(
    #[expect(dead_code, reason = "that it is there is what it says")] mpsc::Sender<Infallible>,
);

impl Default for Work {
    /// Work that nobody waits for.
    fn default() -> Self {
        Self::watched().0
    }
}

impl Work {
    /// Work, and its end.
    pub fn watched() -> (Self, Ended) {
        let (work, ended) = mpsc::channel(1);
        (Self(work), Ended(ended))
    }

    /// Lets `task` go on by itself.
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let held = self.clone();
        tokio::spawn(async move {
            let output = task.await;
            drop(held);
            output
        })
    }
}

/// When work has ended.
#[derive(Debug)]
pub struct Ended(mpsc::Receiver<Infallible>);

impl Ended {
    /// Waits until there is no [`Work`] left, for at most `limit`; whether that is so.
    pub async fn within(mut self, limit: Duration) -> bool {
        timeout(limit, self.0.recv()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_what_was_begun() {
        let (work, ended) = Work::watched();
        let (sender, waits) = tokio::sync::oneshot::channel::<()>();
        let task = work.spawn(async { waits.await.is_ok() });
        drop(work);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            sender.send(())
        });

        assert!(ended.within(Duration::from_mins(1)).await);
        assert!(task.is_finished() && task.await.unwrap());
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_ever() {
        let (work, ended) = Work::watched();
        let task = work.spawn(std::future::pending::<()>());

        assert!(!ended.within(Duration::from_millis(20)).await);
        task.abort();
    }
}
