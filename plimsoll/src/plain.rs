//! Statements as plain text on one connection: no message to prepare them, and several in one.

use std::{
    iter::once,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use futures_timer::Delay;
use futures_util::{
    TryStreamExt as _,
    future::{Either, select},
};
use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr,
    sqlx::{self, AssertSqlSafe, MySql, Postgres, Sqlite, pool::PoolConnection},
};

use crate::{dialect::Dialect, retry::of_query};

/// A connection of a pool for as long as it is used. What is asked through the pool itself is first
/// prepared, and each time the pool tests the connection when it comes back.
pub(crate) enum Plain {
    Sqlite(Box<PoolConnection<Sqlite>>),
    Postgres(Box<PoolConnection<Postgres>>),
    Mysql(Box<PoolConnection<MySql>>),
}

/// How long the thread of an SQLite connection is looked at before anybody falls asleep over it: most
/// statements take less than to be woken.
const AT_ONCE: Duration = Duration::from_micros(200);

/// What begins a transaction that will write, as [`retry::to_write`](crate::retry::to_write) has it.
pub(crate) fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres | Dialect::Mysql => "BEGIN",
    }
}

/// Which of several statements failed, counted from 0, and why.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) at: usize,
    pub(crate) source: DbErr,
}

/// The same with whichever connection it is.
macro_rules! on {
    ($plain:expr, $connection:ident => $work:expr) => {
        match $plain {
            Self::Sqlite($connection) => $work,
            Self::Postgres($connection) => $work,
            Self::Mysql($connection) => $work,
        }
    };
}

impl Plain {
    pub(crate) async fn of(db: &DatabaseConnection) -> Result<Self, DbErr> {
        let failed = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
        Ok(match db.get_database_backend() {
            DbBackend::Postgres => {
                let pool = db.get_postgres_connection_pool();
                Self::Postgres(Box::new(pool.acquire().await.map_err(failed)?))
            }
            DbBackend::MySql => {
                let pool = db.get_mysql_connection_pool();
                Self::Mysql(Box::new(pool.acquire().await.map_err(failed)?))
            }
            _ => {
                let pool = db.get_sqlite_connection_pool();
                Self::Sqlite(Box::new(pool.acquire().await.map_err(failed)?))
            }
        })
    }

    /// The rows of a query.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
        let is_near = matches!(self, Self::Sqlite(_));
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        on!(self, connection => {
            let rows = query.fetch_all(&mut ***connection);
            let rows = if is_near { at_once(pin!(rows)).await } else { rows.await };
            let rows = rows.map_err(of_query)?;
            Ok(rows.into_iter().map(QueryResult::from).collect())
        })
    }

    /// Runs the statements: in one message and all of them or none, where the database takes back what it
    /// makes; else one by one, each with an answer of its own.
    pub(crate) async fn run_whole(&mut self, statements: &[&str]) -> Result<(), DbErr> {
        let dialect = match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            Self::Mysql(_) => {
                for statement in statements {
                    self.run(&[statement], None).await.map_err(|it| it.source)?;
                }
                return Ok(());
            }
        };
        let all = once(begin(dialect)).chain(statements.iter().copied()).chain(once("COMMIT"));
        let all: Vec<&str> = all.collect();
        let outcome = self.run(&all, None).await;
        if outcome.is_err() {
            // What it says matters more than what the rollback says.
            let _ = self.run(&["ROLLBACK"], None).await;
        }
        outcome.map_err(|it| it.source)
    }

    /// Runs the statements in one message, up to the first that fails. None of them may be several.
    ///
    /// MySQL never says that it leaves off the rest of several when it is told to end a query just when that
    /// has ended. A connection whose answer stays away for longer than the `patience` is used no more.
    pub(crate) async fn run(
        &mut self,
        statements: &[&str],
        patience: Option<Duration>,
    ) -> Result<(), Failure> {
        self.run_while(statements, patience, |_| true).await
    }

    /// As [`Self::run`]; `goes_on` hears how many have ended each time that one does, and says whether to go
    /// on. When it does not, others may have run already, or run until the database hears of it.
    pub(crate) async fn run_while(
        &mut self,
        statements: &[&str],
        patience: Option<Duration>,
        mut goes_on: impl FnMut(usize) -> bool,
    ) -> Result<(), Failure> {
        let between = match self {
            // It keeps the text of a schema up to the semicolon, and what goes to it ends in no comment.
            Self::Sqlite(_) => ";\n",
            // A line of its own: a statement can end in a comment.
            Self::Postgres(_) | Self::Mysql(_) => "\n;\n",
        };
        let text = statements.join(between);
        let mut ended = 0;
        let may_be_cut = matches!(self, Self::Mysql(_)) && statements.len() > 1;
        let is_near = matches!(self, Self::Sqlite(_));
        let patience = patience.filter(|_| may_be_cut);
        let mut limit = patience.map(Delay::new);
        let query = sqlx::raw_sql(AssertSqlSafe(text.as_str()));
        let outcome = on!(self, connection => {
            let mut answers = query.fetch_many(&mut ***connection);
            loop {
                let next = answers.try_next();
                let answer = match &mut limit {
                    Some(limit) => match select(next, limit).await {
                        Either::Left((answer, _)) => answer,
                        Either::Right(_) => break Err(left_off()),
                    },
                    None if is_near => at_once(next).await,
                    None => next.await,
                };
                match answer {
                    Ok(Some(sqlx::Either::Left(_))) => {
                        ended += 1;
                        if !goes_on(ended) {
                            break Ok(());
                        }
                        if let (Some(limit), Some(patience)) = (&mut limit, patience) {
                            limit.reset(patience);
                        }
                    }
                    Ok(Some(sqlx::Either::Right(_))) => {}
                    Ok(None) if (may_be_cut || is_near) && ended < statements.len() => {
                        break Err(left_off());
                    }
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
        });
        if let (Self::Mysql(connection), Err(sqlx::Error::Protocol(_))) = (self, &outcome) {
            connection.close_on_drop();
        }
        outcome.map_err(|error| {
            let at = place_of(&error, statements).unwrap_or(ended).min(statements.len() - 1);
            Failure { at, source: DbErr::Exec(RuntimeErr::SqlxError(error.into())) }
        })
    }
}

/// What comes of work that another thread does.
async fn at_once<W: Future + Unpin>(mut work: W) -> W::Output {
    let began = Instant::now();
    while began.elapsed() < AT_ONCE {
        if let Poll::Ready(done) = Pin::new(&mut work).poll(&mut Context::from_waker(Waker::noop()))
        {
            return done;
        }
        thread::yield_now();
    }
    work.await
}

fn left_off() -> sqlx::Error {
    sqlx::Error::Protocol("the database left off in the middle of several statements".to_owned())
}

/// The statement that an error points into: PostgreSQL reads all of a message before it runs any of it.
fn place_of(error: &sqlx::Error, statements: &[&str]) -> Option<usize> {
    use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let Some(PgErrorPosition::Original(character)) = error.position() else { return None };
    statement_at(character, statements)
}

/// The statement that has a character of their text, counted from 1.
fn statement_at(character: usize, statements: &[&str]) -> Option<usize> {
    let mut end = 0;
    statements.iter().position(|statement| {
        end += statement.chars().count() + "\n;\n".len();
        character <= end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_belongs_to_the_statement_that_it_stands_in() {
        let statements = ["SELECT 1", "SELECT 'ä'", "SELECT 3"];

        let text = statements.join("\n;\n");
        for (at, statement) in statements.iter().enumerate() {
            let first = text[..text.find(statement).unwrap()].chars().count() + 1;
            assert_eq!(statement_at(first, &statements), Some(at));
            let last = first + statement.chars().count() - 1;
            assert_eq!(statement_at(last, &statements), Some(at));
        }
        assert_eq!(statement_at(1000, &statements), None);
    }
}
