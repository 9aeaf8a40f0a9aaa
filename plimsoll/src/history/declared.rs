//! A declared migration in the form that SeaORM runs, and how it is recognised there.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::{
    alter::execute, code::CallCode, introspect::introspect, plan::plan, schema::Schema,
    steps::Steps,
};

/// What a declared migration is written as.
pub(super) type Written = Arc<dyn Fn() -> Steps + Send + Sync>;

/// A declared migration and those before it. Each history has as many as migrations, and they share them.
pub(super) struct Link {
    steps: Written,
    before: Option<Arc<Link>>,
}

impl Drop for Link {
    /// One after the other: the compiler would do it by as many nested calls.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.before.take();
        }
    }
}

/// A declared migration in the form that SeaORM runs.
#[derive(Clone)]
pub(super) struct Declared {
    pub(super) name: &'static str,
    pub(super) steps: Written,
    pub(super) code: Option<CallCode>,
    /// The declared migrations before it: they tell the schema that it begins with.
    pub(super) before: Option<Arc<Link>>,
    /// Whether those are all: none before it is code.
    pub(super) is_known: bool,
}

impl Declared {
    pub(super) fn followed_by_itself(&self) -> Arc<Link> {
        Arc::new(Link { steps: self.steps.clone(), before: self.before.clone() })
    }

    /// The declared migrations before it, from the first to the last.
    fn earlier(&self) -> Vec<&Written> {
        let mut earlier = Vec::new();
        let mut link = self.before.as_deref();
        while let Some(Link { steps, before }) = link {
            earlier.push(steps);
            link = before.as_deref();
        }
        earlier.reverse();
        earlier
    }

    async fn run(&self, manager: &SchemaManager<'_>, is_back: bool) -> Result<(), DbErr> {
        let mut steps = (self.steps)();
        let mut before = Schema::default();
        for earlier in self.earlier() {
            // An imperative migration between them can make a step not fit: the rest still tells.
            let _ = earlier().apply(&mut before);
        }
        let custom = |why: String| DbErr::Migration(format!("migration `{}`: {why}", self.name));
        if let Some(problem) = steps.problem() {
            return Err(custom(problem));
        }
        let dialect = manager.get_database_backend().into();
        if is_back {
            let _ = steps.apply(&mut before);
            steps = steps.reverse();
        }
        if !self.is_known {
            before = introspect(manager.get_connection()).await?;
        }
        let run = plan(dialect, &steps, &before).map_err(|why| custom(why.to_string()))?;
        execute(manager, &run, self.code).await
    }
}

impl MigrationName for Declared {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Declared {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.run(manager, false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.run(manager, true).await
    }

    /// Lets SeaORM decide, and tells [`probe`] what this is.
    fn use_transaction(&self) -> Option<bool> {
        QUESTION.with_borrow_mut(|question| {
            if let Question::Asked = question {
                *question = Question::Answered(self.clone());
            }
        });
        None
    }
}

/// The question that [`probe`] asks, and the answer.
#[derive(Default)]
enum Question {
    #[default]
    None,
    Asked,
    Answered(Declared),
}

thread_local! {
    static QUESTION: RefCell<Question> = const { RefCell::new(Question::None) };
}

/// Whether a migration is a declared one, and which.
///
/// A `Box<dyn MigrationTrait>` cannot be downcast. Its one synchronous method without a database
/// is `use_transaction`: a declared migration answers a question that is put beside it.
pub(super) fn probe(migration: &dyn MigrationTrait) -> Option<Declared> {
    QUESTION.set(Question::Asked);
    let asked = catch_unwind(AssertUnwindSafe(|| migration.use_transaction()));
    match (asked, QUESTION.take()) {
        (Ok(_), Question::Answered(declared)) => Some(declared),
        _ => None,
    }
}
