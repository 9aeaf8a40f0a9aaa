//! Steps, what they make, and in how many statements.

use std::error::Error as _;

use plimsoll::{
    App, Change, Dialect, History, Schema, Steps, connect, diff, introspect,
    plan::statements,
    testing::{Scratch, run_empty},
};

use crate::{
    case::schema_of,
    made::{changes, lines},
};

/// Steps in each of the forms in which a test has them.
pub(crate) struct Planned {
    forms: Vec<Form>,
}

struct Form {
    have: Steps,
    steps: Steps,
    want: Schema,
    /// In the order of [`Dialect::ALL`].
    most: [usize; 3],
}

impl Planned {
    /// Steps that make `want` of `have`, in no more statements than that on `SQLite`, `PostgreSQL`
    /// and `MariaDB`.
    pub(crate) fn of(have: &Steps, steps: Steps, want: &Steps, most: [usize; 3]) -> Self {
        let steps = steps.allow_loss("it is a case");
        Self { forms: vec![Form { have: have.clone(), steps, want: schema_of(want), most }] }
    }

    /// Another form of the same test.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.forms.extend(other.forms);
        self
    }

    /// What went otherwise than expected on that database.
    pub(crate) fn failure(&self, dialect: Dialect) -> Option<String> {
        self.forms.iter().enumerate().find_map(|(number, form)| {
            let why = form.failure(dialect)?;
            Some(format!("form {}: {why}", number + 1))
        })
    }
}

impl Form {
    fn failure(&self, dialect: Dialect) -> Option<String> {
        let have = schema_of(&self.have);
        let mut now = have.clone();
        self.steps.apply(&mut now).unwrap();
        let left: Vec<Change> = diff(&now, &self.want, &[]).changes;
        if !left.is_empty() {
            return Some(format!("the steps lack {:#?}", lines(&left)));
        }
        let planned = match statements(dialect, &self.steps, &have) {
            Ok(planned) => planned,
            Err(error) => return Some(error.to_string()),
        };
        let at = Dialect::ALL.iter().position(|it| *it == dialect).unwrap();
        if planned.len() > self.most[at] {
            let said: Vec<&String> = planned.iter().map(|it| &it.sql).collect();
            return Some(format!("{} statements: {said:#?}", planned.len()));
        }
        let mut failure = None;
        run_empty(dialect, async |scratch: &Scratch| failure = self.run(scratch, &have).await);
        failure
    }

    /// What is otherwise in the database when the steps have run, and when they are taken back.
    async fn run(&self, scratch: &Scratch, have: &Schema) -> Option<String> {
        let (first, second) = (self.have.clone(), self.steps.clone());
        let history = History::new()
            .declared("m01_have", move || first.clone())
            .declared("m02_steps", move || second.clone());
        let app = App::new(history);
        let db = connect::session(&scratch.database).await.unwrap();
        let said = |error: &plimsoll::Error| format!("{error}: {:?}", error.source());
        if let Err(error) = app.up_on(&db).await {
            return Some(said(&error));
        }
        let left = differences(scratch, &self.want).await;
        if !left.is_empty() {
            return Some(format!("the statements lack {left:#?}"));
        }
        let Ok(back) = "m01_have".parse();
        if let Err(error) = app.on(&db).down(&back, None).await {
            return Some(format!("back: {}", said(&error)));
        }
        db.close().await.unwrap();
        let left = differences(scratch, have).await;
        (!left.is_empty()).then(|| format!("taken back, they lack {left:#?}"))
    }
}

async fn differences(scratch: &Scratch, want: &Schema) -> Vec<String> {
    let mut found = introspect(&scratch.db).await.unwrap();
    found.tables.retain(|name, _| !name.starts_with("plimsoll_") && name != "seaql_migrations");
    lines(&changes(scratch, &found, want).await)
}
