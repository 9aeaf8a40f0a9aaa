//! What to do about an error of a migration, a lock or a seed.

use std::io;

use super::{MigrationError, Remains};
use crate::revisions::TargetError;

impl MigrationError {
    #[expect(clippy::too_many_lines, reason = "a sentence for each error")]
    pub(super) fn hint(&self) -> String {
        match self {
            Self::BadHistory { .. } => "correct the list in the migration crate's `lib.rs`".to_owned(),
            Self::BadMigration { migration, .. } => format!("correct `{migration}.rs`"),
            Self::LockTimeout { .. } => {
                "wait for that process, end it, or wait longer with --lock-timeout SECONDS".to_owned()
            }
            Self::LockFile { file, .. } => {
                format!("let this user write `{}` and its folder", file.display())
            }
            Self::MissingRevisions { revisions } => format!(
                "run a build that has {} (a newer release, or a branch that was merged elsewhere), \
                 or look at `repair`; nothing was changed",
                if revisions.len() == 1 { "it" } else { "them" }
            ),
            Self::Target(
                TargetError::Unknown { candidates, .. } | TargetError::Ambiguous { candidates, .. },
            ) => {
                if candidates.is_empty() {
                    "there are no revisions; `generate NAME --empty` writes one".to_owned()
                } else {
                    format!("name one of: {}", candidates.join(", "))
                }
            }
            Self::Target(TargetError::WrongWay { way, .. }) => match *way {
                "forward" => "to go back type `down TARGET`".to_owned(),
                _ => "to go forward type `up TARGET`".to_owned(),
            },
            Self::Failed { remains, done, source, .. } => {
                // Each of the three says so.
                let is_there = source.to_string().contains("already exists");
                let taken = if is_there {
                    "; when it was made by anything but these migrations, `baseline` takes the database over"
                } else {
                    ""
                };
                format!("{}{}{taken}", remains.describe(), before(done))
            }
            Self::Panicked { remains, done, .. } => {
                format!("{}{}", remains.describe(), before(done))
            }
            Self::NotEmpty { .. } => {
                "`create-all` begins with an empty database: `up` brings this one to head, `drop-all` empties \
                 it; nothing was changed"
                    .to_owned()
            }
            Self::NotCreated { statement, .. } => {
                format!("nothing was created; it was at: {statement}")
            }
            Self::NothingToRepair { .. } => "`repair` alone shows what there is to settle".to_owned(),
            Self::OutOfOrder { .. } => {
                "give them a later name and a later place in the list, or let them run behind it with \
                 `up --out-of-order`; nothing was changed"
                    .to_owned()
            }
            Self::Pooler { .. } => {
                "migrate over a connection to the server itself, or to a pool in session mode; \
                 nothing was locked and nothing was changed"
                    .to_owned()
            }
            Self::LeaseLost { .. } => {
                "nothing further was run; what the last statement came to `status` shows when the one that \
                 holds the lock now has ended"
                    .to_owned()
            }
            Self::LeaseTable { table, .. } => format!(
                "let this user create, read and write `{table}`; if another version made it with other \
                 columns, and none of that version migrates now, drop it: it is made again"
            ),
            Self::Stopped { remains, done, .. } => {
                let left = match remains {
                    Remains::Nothing => "nothing is half done",
                    Remains::Resumable => "the statements that have run are written down",
                    Remains::Unknown => "what its code did remains",
                };
                format!("{left}; the same command goes on from here{}", before(done))
            }
            Self::Interrupted { statement, table, .. } => {
                let at = match (statement, table) {
                    (Some(statement), Some(table)) => {
                        format!("it was at `{table}`, by: {statement}; ")
                    }
                    _ => String::new(),
                };
                format!(
                    "{at}`repair` shows what is there of it; if that is all, or you complete it, type \
                     `repair --done`; if it is nothing, or you take it away, `repair --undo`"
                )
            }
            Self::InterruptedOtherWay { way, .. } => match *way {
                "applying" => "finish it first with `up`".to_owned(),
                _ => "finish it first with `down`".to_owned(),
            },
            Self::InterruptedChanged { statement, .. } => format!(
                "restore the migration as it was, run it, and change the schema in a new one; \
                 the statement was: {statement}; if it cannot be restored, `repair` shows what is there, \
                 and `repair --done` or `repair --undo` settles it"
            ),
            Self::ConnectionLost { done, .. } => {
                format!("run the command again: it goes on where this one stopped{}", before(done))
            }
            Self::Record { .. } => {
                "let this user read and write the tables `seaql_migrations`, `plimsoll_history` and \
                 `plimsoll_journal`, and create them the first time"
                    .to_owned()
            }
            Self::DropTables { denied: true, .. } => {
                "this user lacks the right: on PostgreSQL whoever owns the tables may drop them, on MySQL and \
                 MariaDB whoever was granted DROP; nothing was changed"
                    .to_owned()
            }
            Self::DropTables { .. } => {
                "see what still uses the tables (a view, another schema, another session)".to_owned()
            }
            Self::ChangedMeanwhile { .. } => "look at `status` and type the command again".to_owned(),
            Self::NotOneSession { .. } => {
                "open it with `plimsoll::connect::session`, or let `App::up` open it".to_owned()
            }
            Self::DoesNotFit { remains, done, .. } => format!(
                "correct these rows, or let the migration do it before (`update`, `sql`); {}{}",
                remains.describe(),
                before(done)
            ),
            Self::LossNotAllowed { .. } => {
                "if it may, let the migration say so with `.allow_loss(\"why\")`, or type `up --yes`; \
                 nothing was changed"
                    .to_owned()
            }
            Self::BadSeed { file, .. } => format!("correct `{file}`; docs/seeds.md has the form"),
            Self::UnknownSeeder { known, .. } => format!("name one of: {}", known.join(", ")),
            Self::SeedReference { .. } => {
                "name a row that exists, or let the seeder of that table run first".to_owned()
            }
            Self::SeedFailed { .. } => {
                "nothing of this seeder was kept; correct the row or the table".to_owned()
            }
            Self::Unconfirmed { command } => format!("type `{command} --yes` to confirm beforehand"),
            Self::Production { command } => {
                format!("if it is really meant: ALLOW_DESTRUCTIVE=1 and `{command} --yes`")
            }
            Self::BadName { .. } => {
                "use letters, digits and underscores, such as `create_articles`".to_owned()
            }
            Self::NotAMigrationCrate { .. } => {
                "run the command in the workspace, or name the crate with --migration-dir".to_owned()
            }
            Self::File { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                "give the migration another name, or try again in a second".to_owned()
            }
            Self::File { .. } => "let this user read and write it".to_owned(),
            Self::AmbiguousCommand {} => {
                "to apply migrations (Django's migrate) type `up`; to write one (Flask-Migrate's migrate) \
                 type `generate NAME`"
                    .to_owned()
            }
            Self::Unsupported { instead, .. } => instead.clone(),
            Self::Unanswered { open } => format!("type the command again with\n{}", open.join("\n")),
            Self::BadAnswer { .. } => {
                "correct it or leave it out: without it the command says what has to be said".to_owned()
            }
            Self::NotComparable { .. } => {
                "let this user create a database on the server, or mend what the reason names".to_owned()
            }
            Self::Elsewhere { .. } => {
                "write down how it is made, drop it yourself, and make it again afterwards; nothing was changed"
                    .to_owned()
            }
            Self::Tool { install, .. } => format!("install it ({install}); nothing was changed"),
            Self::ToolFailed { .. } => "nothing was changed; mend what it complains about".to_owned(),
            Self::BadCopy { .. } => "nothing was changed; name another copy".to_owned(),
            Self::CopyFile { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                "name a file that is not there yet, or none; nothing was changed".to_owned()
            }
            Self::CopyFile { doing: "read", source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "there is no such file: name a copy that is there; nothing was changed".to_owned()
            }
            Self::CopyFile { .. } => {
                "let this user read and write it and its folder; nothing was changed".to_owned()
            }
            Self::HalfRestored { file, .. } => {
                format!("mend what the reason names, and type `restore {file}` again")
            }
        }
    }
}

fn before(done: &[String]) -> String {
    if done.is_empty() {
        String::new()
    } else {
        format!("; done before it in this run: {}", done.join(", "))
    }
}
