//! The history on the three databases, and the command as a process.
//!
//! The servers are those of `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`. `PLIMSOLL_CASES` multiplies
//! the rounds of the tests that start many processes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

#[path = "it/agree.rs"]
mod agree;
#[path = "it/baseline.rs"]
mod baseline;
#[path = "../../plimsoll/tests/migrate/client.rs"]
mod client;
#[path = "it/command.rs"]
mod command;
#[path = "it/confirm.rs"]
mod confirm;
#[path = "it/copies.rs"]
mod copies;
#[path = "it/copies_of_mysql.rs"]
mod copies_of_mysql;
#[path = "it/create_all.rs"]
mod create_all;
#[path = "../../plimsoll/tests/migrate/database.rs"]
mod database;
#[path = "it/dry_runs.rs"]
mod dry_runs;
#[path = "it/generate.rs"]
mod generate;
#[path = "it/guide.rs"]
mod guide;
#[path = "it/history.rs"]
mod history;
#[path = "it/only.rs"]
mod only;
#[path = "it/place.rs"]
mod place;
#[path = "it/process.rs"]
mod process;
#[path = "it/repair.rs"]
mod repair;
#[path = "it/rows.rs"]
mod rows;
#[path = "it/scripts.rs"]
mod scripts;
#[path = "it/signal.rs"]
mod signal;
#[path = "it/verify.rs"]
mod verify;
#[path = "it/wait.rs"]
mod wait;
