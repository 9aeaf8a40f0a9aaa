//! The engine on the three databases: what it renders, how it goes forward and back, what it
//! survives, and the default rows.
//!
//! The servers are those of `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`. `PLIMSOLL_CASES` multiplies
//! the rounds of the tests that start and kill processes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

// Before all that uses it.
#[macro_use]
#[path = "migrate/each_case.rs"]
mod each_case;

#[path = "migrate/after_code.rs"]
mod after_code;
#[path = "migrate/alter.rs"]
mod alter;
#[path = "migrate/answered.rs"]
mod answered;
#[path = "migrate/baseline.rs"]
mod baseline;
#[path = "migrate/cases.rs"]
mod cases;
#[path = "migrate/client.rs"]
mod client;
#[path = "migrate/connection.rs"]
mod connection;
#[path = "migrate/copied_files.rs"]
mod copied_files;
#[path = "migrate/copies.rs"]
mod copies;
#[path = "migrate/crash.rs"]
mod crash;
#[path = "migrate/create_all.rs"]
mod create_all;
#[path = "migrate/created.rs"]
mod created;
#[path = "migrate/data.rs"]
mod data;
#[path = "migrate/database.rs"]
mod database;
#[path = "migrate/defaults.rs"]
mod defaults;
#[path = "migrate/drop_in.rs"]
mod drop_in;
#[path = "migrate/edited.rs"]
mod edited;
#[path = "migrate/elsewhere.rs"]
mod elsewhere;
#[path = "migrate/entities.rs"]
mod entities;
#[path = "migrate/failure.rs"]
mod failure;
#[path = "migrate/false_diffs.rs"]
mod false_diffs;
#[path = "migrate/filled.rs"]
mod filled;
#[path = "migrate/formatted.rs"]
mod formatted;
#[path = "migrate/full.rs"]
mod full;
#[path = "migrate/galera.rs"]
mod galera;
#[path = "migrate/guests.rs"]
mod guests;
#[path = "migrate/hindered.rs"]
mod hindered;
#[path = "migrate/interrupted.rs"]
mod interrupted;
#[path = "migrate/introspect.rs"]
mod introspect;
#[path = "migrate/keys.rs"]
mod keys;
#[path = "migrate/killed.rs"]
mod killed;
#[path = "migrate/losses.rs"]
mod losses;
#[path = "migrate/made.rs"]
mod made;
#[path = "migrate/misfits.rs"]
mod misfits;
#[path = "migrate/names.rs"]
mod names;
#[path = "migrate/pairs.rs"]
mod pairs;
#[path = "migrate/pooler.rs"]
mod pooler;
#[path = "migrate/processes.rs"]
mod processes;
#[path = "migrate/random.rs"]
mod random;
#[path = "migrate/read_back.rs"]
mod read_back;
#[path = "migrate/rebuild.rs"]
mod rebuild;
#[path = "migrate/rebuilds.rs"]
mod rebuilds;
#[path = "migrate/recorded.rs"]
mod recorded;
#[path = "migrate/referenced.rs"]
mod referenced;
#[path = "migrate/repair.rs"]
mod repair;
#[path = "migrate/round_trips.rs"]
mod round_trips;
#[path = "migrate/script_cases.rs"]
mod script_cases;
#[path = "migrate/scripts.rs"]
mod scripts;
#[path = "migrate/seaorm.rs"]
mod seaorm;
#[path = "migrate/seeds.rs"]
mod seeds;
#[path = "migrate/seeds_anew.rs"]
mod seeds_anew;
#[path = "migrate/stamp.rs"]
mod stamp;
#[path = "migrate/status.rs"]
mod status;
#[path = "migrate/stopped.rs"]
mod stopped;
#[path = "migrate/support.rs"]
mod support;
#[path = "migrate/systems.rs"]
mod systems;
#[path = "migrate/text.rs"]
mod text;
#[path = "migrate/time.rs"]
mod time;
#[path = "migrate/together.rs"]
mod together;
#[path = "migrate/travel.rs"]
mod travel;
#[path = "migrate/typed.rs"]
mod typed;
#[path = "migrate/types.rs"]
mod types;
#[path = "migrate/verify.rs"]
mod verify;
#[path = "migrate/waits.rs"]
mod waits;
#[path = "migrate/withstand.rs"]
mod withstand;
