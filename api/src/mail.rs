//! Delivering mail, in every process that serves.

mod smtp;

use std::{sync::Arc, time::Duration};

use sea_orm::DatabaseConnection;
use service::{
    World,
    mail::{self, Post},
};
use tokio::{
    sync::{
        Notify,
        oneshot::{self, error::TryRecvError},
    },
    task::JoinHandle,
};

pub(crate) use self::smtp::{ALLOWED, Smtp};

/// How often it is looked whether a mail is due: another process may have put it there, or a pause is
/// over.
const EVERY: Duration = Duration::from_secs(5);

/// How long the mail that is being sent is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Says that there is mail, so that nobody waits for the next look. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Somebody has put mail there.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}

/// The delivery of this process. When it is dropped it ends by itself.
#[derive(Debug)]
pub struct Delivery {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Delivery {
    /// Begins to deliver.
    pub fn begin(db: DatabaseConnection, world: World, post: Post, bell: Bell) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(db, world, post, bell, stopped)) }
    }

    /// Ends it. A mail that is just being sent is waited for, but not for long: cut off, it is sent
    /// again when its lease is over.
    pub async fn end(self) {
        let Self { stop, mut task } = self;
        // It may have ended by itself.
        let _ = stop.send(());
        if tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
            task.abort();
            tracing::warn!(limit = ?PATIENCE, "a mail was still being sent and is cut off");
        }
    }
}

async fn run(
    db: DatabaseConnection,
    world: World,
    post: Post,
    bell: Bell,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut fails = false;
    loop {
        match mail::deliver(&db, &world, &post).await {
            Ok(Some(_)) if stopped.try_recv() == Err(TryRecvError::Empty) => continue,
            Ok(Some(_)) => return,
            Ok(None) => fails = false,
            // Once, or a database that is away for an hour fills the log.
            Err(error) if !fails => {
                fails = true;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "mail is not delivered");
            }
            Err(_) => {}
        }
        tokio::select! {
            _ = &mut stopped => return,
            () = bell.0.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
