//! The history: declared and imperative migrations in one list, which is SeaORM's too.

mod declared;
mod revision;

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use sea_orm_migration::{MigrationTrait, MigratorTrait};

use self::declared::{Declared, Link, Written, probe};
pub(crate) use self::revision::{Kind, Revision, Revisions};
use crate::{
    code::CallCode,
    error::{MigrationError, Result},
    revisions::{self, Target},
    schema::Schema,
    steps::{Step, Steps},
};

/// SeaORM's name for the table in which it records what has run.
pub(crate) const SEAQL_MIGRATIONS: &str = "seaql_migrations";

/// The migrations of a project in their order.
///
/// [`history!`](crate::history) writes one from a list; [`History::of`] takes any SeaORM project's
/// `Migrator`.
pub struct History {
    migrations: Vec<Box<dyn MigrationTrait>>,
    table: String,
    /// The declared migrations, from the last to the first.
    last: Option<Arc<Link>>,
    /// Whether they are all.
    is_known: bool,
}

impl History {
    /// A history without migrations, recorded in `seaql_migrations`.
    pub fn new() -> Self {
        Self { migrations: vec![], table: SEAQL_MIGRATIONS.into(), last: None, is_known: true }
    }

    /// The history of a project that has SeaORM's `MigratorTrait`. Declared migrations in it are
    /// recognised.
    pub fn of<M: MigratorTrait>() -> Self {
        let (migrations, table) = (M::migrations(), M::migration_table_name().to_string());
        let last = migrations.iter().rev().find_map(|it| Some(probe(&**it)?.followed_by_itself()));
        let is_known = migrations.iter().all(|it| probe(&**it).is_some());
        Self { migrations, table, last, is_known }
    }

    /// Adds a migration that is data.
    #[must_use]
    pub fn declared(
        self,
        name: &'static str,
        steps: impl Fn() -> Steps + Send + Sync + 'static,
    ) -> Self {
        self.add(name, Arc::new(steps), None)
    }

    /// Adds a migration that is data, with the code that it calls ([`Steps::code`]).
    #[must_use]
    pub fn declared_with(
        self,
        name: &'static str,
        steps: impl Fn() -> Steps + Send + Sync + 'static,
        code: CallCode,
    ) -> Self {
        self.add(name, Arc::new(steps), Some(code))
    }

    fn add(mut self, name: &'static str, steps: Written, code: Option<CallCode>) -> Self {
        let (before, is_known) = (self.last.take(), self.is_known);
        let declared = Declared { name, steps, code, before, is_known };
        self.last = Some(declared.followed_by_itself());
        self.migrations.push(Box::new(declared));
        self
    }

    /// Adds a migration that is code.
    #[must_use]
    pub fn imperative(mut self, migration: impl MigrationTrait + 'static) -> Self {
        self.is_known = false;
        self.migrations.push(Box::new(migration));
        self
    }

    /// Records what has run in another table than `seaql_migrations`.
    #[must_use]
    pub fn recorded_in(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// The migrations as SeaORM has them, for `MigratorTrait::migrations`.
    pub fn into_migrations(self) -> Vec<Box<dyn MigrationTrait>> {
        self.migrations
    }

    /// The schema that the migrations make, as far as they are declared.
    ///
    /// # Errors
    /// [`MigrationError::BadHistory`] and [`MigrationError::BadMigration`] when the list makes no
    /// sense.
    pub fn schema(&self) -> Result<Schema> {
        self.schema_at(&Target::Head)
    }

    /// The schema behind the revision that `target` names when nothing has run yet, as far as the
    /// migrations up to it are declared; of [`Target::Base`] an empty one.
    ///
    /// # Errors
    /// Those of [`History::schema`], and [`MigrationError::Target`] for a target that names no
    /// revision, several, or the way back.
    ///
    /// ```
    /// use plimsoll::{History, prelude::*, revisions::Target};
    ///
    /// let history = History::new()
    ///     .declared("m01", || Steps::new().create_table("ships", |t| t.column(big_pk_auto("id"))))
    ///     .declared("m02", || Steps::new().rename_table("ships", "boats"));
    ///
    /// let Ok(first) = "m01".parse::<Target>();
    /// assert!(history.schema_at(&first)?.tables.contains_key("ships"));
    /// assert!(history.schema()?.tables.contains_key("boats"));
    /// # Ok::<(), plimsoll::Error>(())
    /// ```
    pub fn schema_at(&self, target: &Target) -> Result<Schema> {
        let revisions = self.load()?;
        let mut schema = Schema::default();
        if *target == Target::Base {
            return Ok(schema);
        }
        let standings = revisions::compare(&revisions.known(), &[]);
        for at in revisions::to_apply(&standings, target).map_err(MigrationError::from)? {
            if let Kind::Declared { steps, .. } = &revisions.list[at].kind {
                // Behind an imperative migration a step may not fit: the rest still tells.
                let _ = steps.apply(&mut schema);
            }
        }
        Ok(schema)
    }

    /// Reads the list once: what is declared, what is code, and whether it makes sense.
    ///
    /// # Errors
    /// [`MigrationError::BadHistory`] for names that are missing or there twice; [`MigrationError::BadMigration`] for
    /// steps that panic, make no sense by themselves, or do not fit the steps before them.
    pub(crate) fn load(&self) -> Result<Revisions<'_>> {
        let names: Vec<&str> = self.migrations.iter().map(|it| it.name()).collect();
        if let Some(problem) = revisions::problem(&names) {
            return Err(MigrationError::BadHistory { problem }.into());
        }
        let mut schema = Schema::default();
        let mut all_declared = true;
        let mut list = Vec::new();
        for migration in &self.migrations {
            let name = migration.name().to_owned();
            let refuse =
                |problem| MigrationError::BadMigration { migration: name.clone(), problem };
            let Some(declared) = probe(&**migration) else {
                // What it does to the schema is not known: from here on the fold only helps.
                all_declared = false;
                list.push(Revision::new(name, Kind::Imperative(&**migration)));
                continue;
            };
            let steps = catch_unwind(AssertUnwindSafe(|| (declared.steps)()))
                .map_err(|panic| refuse(format!("its steps panicked: {}", said(&*panic))))?;
            if let Some(problem) = steps.problem() {
                return Err(refuse(problem).into());
            }
            let code = steps.steps().iter().find_map(|step| match step {
                Step::Code(code) => Some(&code.name),
                _ => None,
            });
            if let (Some(code), None) = (code, declared.code) {
                let why = "and the list has none beside it: `declared MODULE with FUNCTION`";
                return Err(refuse(format!("its step `{code}` is code, {why}")).into());
            }
            let before = steps.part_of(&schema);
            let fits = steps.apply(&mut schema);
            if all_declared {
                fits.map_err(refuse)?;
            }
            let is_known = all_declared;
            let code = declared.code;
            list.push(Revision::new(name, Kind::Declared { steps, before, is_known, code }));
        }
        Ok(Revisions { list, table: self.table.clone() })
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.migrations.iter().map(|it| it.name()).collect();
        let mut shown = f.debug_struct("History");
        shown.field("table", &self.table).field("migrations", &names).finish_non_exhaustive()
    }
}

/// What a panic said.
pub(crate) fn said(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it said nothing".to_owned())
}

/// Writes the history of a migration crate from one list.
///
/// `declared` modules have `fn steps() -> Steps`, and `declared … with run` ones the code besides that
/// their steps call ([`Steps::code`](crate::Steps::code)); `imperative` ones have SeaORM's
/// `struct Migration`. It defines `fn history() -> plimsoll::History` and, for `sea-orm-cli` and
/// programs that call it, SeaORM's `struct Migrator`.
///
/// ```
/// mod m20261120_090000_create_pets {
///     use plimsoll::prelude::*;
///
///     pub(crate) fn steps() -> Steps {
///         Steps::new().create_table("pets", |t| t.column(big_pk_auto("id")))
///     }
/// }
///
/// plimsoll::history! {
///     declared m20261120_090000_create_pets,
/// }
/// # assert_eq!(<Migrator as sea_orm_migration::MigratorTrait>::migrations().len(), 1);
/// ```
#[macro_export]
macro_rules! history {
    ($($kind:ident $module:ident $(with $code:ident)?),* $(,)?) => {
        /// The migrations in their order.
        pub fn history() -> $crate::History {
            let history = $crate::History::new();
            $(let history = $crate::__migration!(history, $kind, $module $(, $code)?);)*
            history
        }

        /// The migrations as SeaORM has them.
        #[derive(Debug)]
        pub struct Migrator;

        impl $crate::sea_orm_migration::MigratorTrait for Migrator {
            fn migrations() -> ::std::vec::Vec<::std::boxed::Box<dyn $crate::sea_orm_migration::MigrationTrait>> {
                history().into_migrations()
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __migration {
    ($history:ident, declared, $module:ident) => {
        $history.declared(stringify!($module), $module::steps)
    };
    ($history:ident, declared, $module:ident, $code:ident) => {
        $history.declared_with(stringify!($module), $module::steps, $module::$code)
    };
    ($history:ident, imperative, $module:ident) => {
        $history.imperative($module::Migration)
    };
    ($history:ident, $kind:ident, $module:ident $(, $code:ident)?) => {
        compile_error!(concat!(
            "a migration is `declared` or `imperative`, not `",
            stringify!($kind),
            "`"
        ))
    };
}

/// A row for [`Steps::insert`](crate::Steps::insert): the values in the order of the columns.
///
/// ```
/// use plimsoll::{row, schema::Value};
///
/// assert_eq!(row![1, "Rex", Value::Null], vec![Value::Int(1), Value::Text("Rex".into()), Value::Null]);
/// ```
#[macro_export]
macro_rules! row {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::schema::Value::from($value)),*]
    };
}

#[cfg(test)]
mod tests {
    use sea_orm::DbErr;
    use sea_orm_migration::{MigrationName, SchemaManager};

    use super::*;
    use crate::{change::Change, schema::Index};

    fn pets() -> Steps {
        Steps::new()
            .create_table("pets", |t| t.column(sea_orm_migration::schema::big_pk_auto("id")))
    }

    fn index() -> Steps {
        Steps::new().change(Change::CreateIndex {
            table: "pets".to_owned(),
            index: Index::over("pets", ["id"]),
        })
    }

    struct Guest(&'static str);

    impl MigrationName for Guest {
        fn name(&self) -> &str {
            self.0
        }
    }

    #[async_trait::async_trait]
    impl MigrationTrait for Guest {
        async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
            Ok(())
        }
    }

    struct Migrator;

    impl MigratorTrait for Migrator {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            History::new()
                .declared("a", pets)
                .imperative(Guest("b"))
                .declared("c", index)
                .into_migrations()
        }
    }

    fn problem(history: &History) -> String {
        history.load().unwrap_err().to_string()
    }

    #[test]
    fn declared_migrations_are_recognised_in_any_migrator() {
        let history = History::of::<Migrator>();

        let revisions = history.load().unwrap();

        let kinds: Vec<_> =
            revisions.list.iter().map(|it| (it.name.as_str(), it.checksum().is_some())).collect();
        assert_eq!(kinds, [("a", true), ("b", false), ("c", true)]);
        assert_eq!(revisions.table, "seaql_migrations");
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let twice = History::new().declared("a", pets).declared("a", index);

        assert!(problem(&twice).contains("`a` is in the list twice"));
    }

    #[test]
    fn steps_that_panic_are_an_error_and_not_taken_for_code() {
        fn panics() -> Steps {
            panic!("no steps today")
        }

        assert!(problem(&History::new().declared("a", panics)).contains("no steps today"));
    }

    #[test]
    fn steps_that_do_not_fit_those_before_are_refused() {
        assert!(
            problem(&History::new().declared("a", index)).contains("table `pets` does not exist")
        );
    }

    #[test]
    fn behind_an_imperative_migration_the_schema_is_not_known_and_not_demanded() {
        let history = History::new().imperative(Guest("a")).declared("b", index);

        assert_eq!(history.load().unwrap().list.len(), 2);
    }
}
