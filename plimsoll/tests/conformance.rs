//! The cases in which Alembic and Django are tested for what they detect, restated for this engine
//! and run on the three databases. `docs/conformance.md` counts them.

#![expect(clippy::too_many_lines, reason = "a class of cases is a list")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in a helper")]

#[path = "conformance/account.rs"]
mod account;
#[path = "conformance/alembic.rs"]
mod alembic;
#[path = "conformance/applied.rs"]
mod applied;
#[path = "conformance/case.rs"]
mod case;
#[path = "conformance/class.rs"]
mod class;
#[path = "conformance/column.rs"]
mod column;
#[path = "migrate/database.rs"]
#[expect(dead_code, reason = "the tests of the engine ask a database for more")]
mod database;
#[path = "conformance/declare.rs"]
mod declare;
#[path = "conformance/django.rs"]
mod django;
#[path = "migrate/filled.rs"]
#[expect(dead_code, reason = "the tests of the engine ask for more")]
mod filled;
#[path = "migrate/made.rs"]
mod made;
#[path = "conformance/planned.rs"]
mod planned;
#[path = "migrate/support.rs"]
#[expect(dead_code, reason = "the tests of the engine ask for more")]
mod support;
