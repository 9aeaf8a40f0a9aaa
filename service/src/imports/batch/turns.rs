//! A connection that two halves of a batch use by turns, statement by statement, until one of them has
//! failed.

use std::{
    future::poll_fn,
    mem,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};

use futures_util::lock::Mutex;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

/// The connection, and whether it is over with the transaction on it.
///
/// When a statement fails, the database may have ended the whole transaction (a deadlock on `MySQL` and
/// MariaDB, a full disk on SQLite), and would keep each further one by itself.
pub(super) struct Turns<'c, C> {
    db: &'c C,
    turn: Mutex<()>,
    is_over: AtomicBool,
}

impl<'c, C: ConnectionTrait> Turns<'c, C> {
    pub(super) fn of(db: &'c C) -> Self {
        Self { db, turn: Mutex::new(()), is_over: AtomicBool::new(false) }
    }

    /// Lets no further statement begin.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    async fn turn<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let outcome = {
            let _turn = self.turn.lock().await;
            if self.is_over.load(Ordering::SeqCst) {
                return Err(DbErr::Custom("the other half of the batch has failed".to_owned()));
            }
            let outcome = statement.await;
            if outcome.is_err() {
                self.end();
            }
            outcome
        };
        if outcome.is_ok() {
            // Who waits for the turn sends its statement before this half looks at what came of its own. Of
            // one that failed nobody else hears first.
            give_way().await;
        }
        outcome
    }
}

/// Lets all else that its task does go on once.
async fn give_way() {
    let mut has_waited = false;
    poll_fn(|context| {
        if mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Turns<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.turn(self.db.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.turn(self.db.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.turn(self.db.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.turn(self.db.query_all_raw(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.db.support_returning()
    }
}
