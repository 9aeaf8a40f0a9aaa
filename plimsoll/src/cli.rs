//! The command: `cargo run -p migration -- …` here, and the same in any SeaORM project.

mod agree;
mod args;
mod ask;
mod baseline;
mod copies;
mod create_all;
mod drop_all;
mod generate;
mod inspect;
mod interrupt;
mod lost;
mod output;
mod plan;
mod repair;
mod show;
mod stamp;
mod travel;
mod verify;

use std::{ffi::OsString, fmt::Display, path::Path, process::ExitCode, sync::Arc};

use clap::{CommandFactory as _, FromArgMatches as _};
use sea_orm::{DatabaseConnection, DbBackend};

use crate::{
    app::{App, Choice, Run},
    backup::{self, Backup},
    config::{APP_ENV, DISABLED_SEEDERS, Database, ENABLED_SEEDERS, Env, Environment},
    connect,
    dialect::{Dialect, postgres::pooler::or_pooler},
    error::{Error, MigrationError, Result},
    retry,
    stop::Stop,
    telemetry,
};

use args::{Arguments, Command, Common};
use interrupt::INTERRUPTED;
use output::Output;

/// Done, or clean.
const DONE: u8 = 0;
/// An error, or refused.
const FAILED: u8 = 1;
/// Looked, and found something that is not as it should be.
const NOT_CLEAN: u8 = 2;

impl App {
    /// Runs the command that the process was started with, and says with which code to end it:
    /// 0 done, 1 an error or a refusal, 2 looked and found something, 130 interrupted.
    ///
    /// Ctrl-C, and the signals that ask a process to end, stop a run when the statement that is running
    /// has ended, unless the program has a handler of its own.
    pub async fn run(self) -> ExitCode {
        self.run_from(std::env::args_os()).await
    }

    /// As [`App::run`], with other arguments: for a program whose command this is a part of. The
    /// first is its name.
    pub async fn run_from<A: Into<OsString> + Clone>(
        self,
        arguments: impl IntoIterator<Item = A>,
    ) -> ExitCode {
        let mut command = Arguments::command();
        if let Some(version) = self.version_text() {
            command = command.version(version);
        }
        let arguments = match command
            .try_get_matches_from(arguments)
            .and_then(|mut matches| Arguments::from_arg_matches_mut(&mut matches))
        {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help and the version are answers; what could not be understood is an error.
                let code = if error.use_stderr() { FAILED } else { DONE };
                let _ = error.print();
                return ExitCode::from(code);
            }
        };
        let output = Arc::new(Output::new(&arguments.common));
        // What looks has an answer: not as it should be.
        let looks =
            matches!(arguments.command, Command::Status | Command::Check(_) | Command::Repair(_));
        // Boxed: the nested futures of a whole run are a deeper type than the compiler follows in
        // the `main` of whoever calls this.
        ExitCode::from(match Box::pin(self.dispatch(arguments, &output)).await {
            Ok(_) if !output.is_written() => FAILED,
            Ok(code) => code,
            Err(error) => {
                output.error(&error);
                match error {
                    Error::Migration(MigrationError::Stopped { .. }) => INTERRUPTED,
                    Error::Migration(MigrationError::HalfRestored { .. }) if looks => NOT_CLEAN,
                    _ => FAILED,
                }
            }
        })
    }

    async fn dispatch(&self, arguments: Arguments, output: &Arc<Output>) -> Result<u8> {
        let Arguments { common, command } = arguments;
        let env = Env::load()?;
        // A library user may have set up logging before.
        match telemetry::init_from(&env, "warn,sqlx::query=info") {
            Ok(()) | Err(Error::LoggingTwice {}) => {}
            Err(error) => return Err(error),
        }
        let context = Context { app: self, env, common, output, stop: interrupt::watch() };
        // Also where it does not matter: a misspelt word would be found out when it does.
        context.is_production()?;
        match command {
            Command::Up(args) => travel::up(&context, args).await,
            Command::Down(args) => travel::down(&context, args).await,
            Command::Redo(args) => travel::redo(&context, args).await,
            Command::Stamp(args) => stamp::stamp(&context, args).await,
            Command::Fresh(args) => travel::fresh(&context, args).await,
            Command::Refresh(args) => travel::refresh(&context, args).await,
            Command::Reset(args) => travel::reset(&context, args).await,
            Command::CreateAll(args) => create_all::create_all(&context, args).await,
            Command::DropAll(args) => drop_all::drop_all(&context, args).await,
            Command::Backup(args) => copies::backup(&context, args).await,
            Command::Restore(args) => copies::restore(&context, args).await,
            Command::Seed(args) => travel::seed(&context, args).await,
            Command::Baseline(args) => Box::pin(baseline::baseline(&context, args)).await,
            Command::Repair(args) => Box::pin(repair::repair(&context, args)).await,
            Command::Status => inspect::status(&context).await,
            Command::Current => inspect::current(&context).await,
            Command::Heads => inspect::heads(&context),
            Command::History => inspect::history(&context).await,
            Command::Generate(args) => generate::generate(&context, &args).await,
            Command::Diff(args) => agree::diff(&context, &args).await,
            Command::Check(args) => agree::check(&context, &args).await,
            Command::Schema(args) => show::schema(&context, &args).await,
            Command::Diagram(args) => show::diagram(&context, &args).await,
            Command::Verify(args) => Box::pin(verify::verify(&context, &args)).await,
            Command::Wait(args) => inspect::wait(&context, &args).await,
            Command::Init => Ok(inspect::init(&context)),
            Command::Migrate { .. } => Err(MigrationError::AmbiguousCommand {}.into()),
        }
    }
}

/// What every command works with.
struct Context<'c> {
    app: &'c App,
    env: Env,
    common: Common,
    output: &'c Arc<Output>,
    stop: Stop,
}

impl Context<'_> {
    /// The database that is meant.
    fn database(&self) -> Result<Database> {
        let database = Database::resolve(&self.env, self.common.database_url.as_deref())?;
        Ok(match self.schema_of(database.dialect(), &database)? {
            Some(schema) => database.with_schema(Some(schema)),
            None => database,
        })
    }

    /// The schema that was named, for `whose` kind of database.
    ///
    /// # Errors
    /// [`MigrationError::Unsupported`] for a database that has none inside it.
    fn schema_of(&self, dialect: Dialect, whose: &impl Display) -> Result<Option<String>> {
        let schema = self.common.database_schema.clone();
        match &schema {
            Some(schema) if dialect != Dialect::Postgres => Err(MigrationError::Unsupported {
                what: format!(
                    "`{schema}` cannot be the schema to work in: `{whose}` has none inside it, as \
                     PostgreSQL has"
                ),
                instead: "leave --database-schema out; another database is named in the URL"
                    .to_owned(),
            }
            .into()),
            _ => Ok(schema),
        }
    }

    /// As [`Self::on_session`], for work that only reads: an SQLite file need not be writable, and
    /// one that is not there yet is not made, but stands for an empty database.
    async fn on_reading_session<T>(
        &self,
        database: &Database,
        work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
    ) -> Result<T> {
        self.on_session(&database.to_read(), work).await
    }

    /// A session on the database, closed when the work is done.
    async fn on_session<T>(
        &self,
        database: &Database,
        work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
    ) -> Result<T> {
        let db = connect::session(database).await?;
        let outcome = work(&db).await;
        // The session ends with the process or here; what it says when it closes changes nothing.
        let _ = db.close().await;
        outcome.map_err(|error| locked(database, error))
    }

    fn run<'r>(&'r self, db: &'r DatabaseConnection, lock: &args::Lock) -> Run<'r> {
        let mut limits = lock.limits();
        if db.get_database_backend() == DbBackend::Sqlite && limits.statement.take().is_some() {
            self.output.note(
                "\x1b[1;33mwarning\x1b[0m: SQLite has no limit for the time of a statement; \
                 --statement-timeout does nothing",
            );
        }
        let run = self.app.on(db).telling(&**self.output).locked_within(lock.limit());
        let run = run.within(Some(limits)).until(&self.stop);
        match (&lock.backup, self.database()) {
            (Some(file), Ok(database)) => run.with_backup(self.copy_of(&database, file.as_deref())),
            _ => run,
        }
    }

    /// A copy of the database in that file, else in a folder of copies.
    fn copy_of(&self, database: &Database, file: Option<&Path>) -> Backup {
        match file {
            Some(file) => Backup::to_file(database, file),
            None => Backup::to_folder(database, backup::folder(database, self.env.folder())),
        }
    }

    /// The seeders that the environment and the options leave.
    fn choice(&self, skip: &[String]) -> Result<Choice> {
        let list = |variable| -> Result<Vec<String>> {
            let text = self.env.get(variable)?.unwrap_or_default();
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            Ok(names.map(str::to_owned).collect())
        };
        let mut skipped = list(&DISABLED_SEEDERS)?;
        skipped.extend(skip.iter().cloned());
        Ok(Choice { only: list(&ENABLED_SEEDERS)?, skip: skipped })
    }

    fn is_production(&self) -> Result<bool> {
        Ok(self.env.read::<Environment>(&APP_ENV)? == Environment::Production)
    }
}

/// Says of an SQLite file that stayed locked while the command worked what is said when it is
/// locked at the start, and of a pooler that shares sessions what is said when it is found at the lock.
fn locked(database: &Database, error: Error) -> Error {
    let Some(file) = database.file() else { return or_pooler(error) };
    match error {
        Error::Database { source } | Error::Migration(MigrationError::Record { source, .. })
            if retry::is_transient(&source) =>
        {
            Error::FileLocked { file: file.to_owned(), source }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error as StdError, fmt, path::Path};

    use sea_orm::{
        DbErr, RuntimeErr,
        sqlx::{
            self,
            error::{DatabaseError, ErrorKind},
        },
    };

    use super::*;

    #[derive(Debug)]
    struct Refused(&'static str);

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Refused {}

    impl DatabaseError for Refused {
        fn message(&self) -> &str {
            self.0
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn refused(code: &'static str) -> DbErr {
        let error = sqlx::Error::Database(Box::new(Refused(code)));
        DbErr::Exec(RuntimeErr::SqlxError(error.into()))
    }

    #[test]
    fn a_file_that_is_locked_while_the_command_works_is_named() {
        let database = Database::from_url("sqlite:a.db", Path::new("/data")).unwrap();
        let record = |source| MigrationError::Record { doing: "prepare", source }.into();

        // Busy, busy in a write-ahead log.
        for error in [refused("5").into(), record(refused("517"))] {
            let error = locked(&database, error);
            assert_eq!(error.code(), "PLM0023");
            assert!(error.hint().unwrap().contains("fuser /data/a.db"));
        }
        assert_eq!(locked(&database, refused("1").into()).code(), "PLM0026");
        assert_eq!(locked(&database, record(refused("8"))).code(), "PLM0042");
        let server = Database::from_url("postgres://a@localhost/b", Path::new("/")).unwrap();
        assert_eq!(locked(&server, refused("5").into()).code(), "PLM0026");
    }
}
