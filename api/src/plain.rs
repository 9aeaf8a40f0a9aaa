//! Tables as resources: listed, shown, made, changed and removed, written once for all of them.
//!
//! A resource is a declaration that names the fields which may be seen, written, compared and sorted by.
//! A field that is not named is not there; one that holds a secret cannot be named.

mod describe;
mod list;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, delete, get, patch, post},
};
use service::{
    audit::audited,
    records::{self, Columns, Create, Delete, Document, Patch, Read, Record, Update},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    App, Problem,
    auth::By,
    created::Created,
    extract::{Json, Path, Query},
    tagged,
};

/// A table as a resource.
#[derive(Debug)]
pub(crate) struct Plain<E: Record> {
    names: Names,
    fields: Fields<E>,
    verbs: Vec<Verb>,
}

/// What a resource is called.
#[derive(Clone, Copy, Debug)]
struct Names {
    /// The path of the list.
    path: &'static str,
    /// One of them and several, as names of operations have it: `Cluster`, `Clusters`.
    one: &'static str,
    many: &'static str,
    /// What the rows are.
    about: &'static str,
}

/// The fields that may be used, and for what.
#[derive(Debug)]
struct Fields<E: Record> {
    shown: Columns<E>,
    created: Columns<E>,
    updated: Columns<E>,
    filtered: Columns<E>,
    sorted: Columns<E>,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    List,
    Show,
    Create,
    Update,
    Delete,
}

impl<E: Record> Plain<E> {
    /// The rows of a table at `path`, such as `/api/v1/clusters`, where they can be listed and shown.
    /// `one` and `many` are what they are called: `Cluster`, `Clusters`; `about` says what they are, in a
    /// sentence. `shown` are the fields that can be seen.
    pub(crate) fn new(
        path: &'static str,
        (one, many): (&'static str, &'static str),
        about: &'static str,
        shown: &[&str],
    ) -> Self {
        let none = || named::<E>(&[]);
        Self {
            names: Names { path, one, many, about },
            fields: Fields {
                shown: named(shown),
                created: none(),
                updated: none(),
                filtered: none(),
                sorted: none(),
            },
            verbs: vec![Verb::List, Verb::Show],
        }
    }

    /// The fields that a list can be chosen by.
    pub(crate) fn filters(mut self, names: &[&str]) -> Self {
        self.fields.filtered = named(names);
        self
    }

    /// The fields that a list can be sorted by.
    pub(crate) fn sorts(mut self, names: &[&str]) -> Self {
        self.fields.sorted = named(names);
        self
    }

    /// Rows can be added, with these fields.
    pub(crate) fn creates(mut self, names: &[&str]) -> Self {
        self.fields.created = writable(names);
        self.verbs.push(Verb::Create);
        self
    }

    /// Rows can be changed, in these fields.
    pub(crate) fn updates(mut self, names: &[&str]) -> Self {
        self.fields.updated = writable(names);
        self.verbs.push(Verb::Update);
        self
    }

    /// Rows can be removed.
    pub(crate) fn deletes(mut self) -> Self {
        self.verbs.push(Verb::Delete);
        self
    }

    /// Its routes.
    pub(crate) fn routes(self) -> OpenApiRouter<App> {
        let Self { names, fields, verbs } = self;
        let fields = Arc::new(fields);
        let mut router = OpenApiRouter::new();
        for verb in verbs {
            let (paths, schemas) = describe::operation(names, &fields, verb);
            let handler = match verb {
                Verb::List => list(&fields),
                Verb::Show => show(&fields),
                Verb::Create => create(names, &fields),
                Verb::Update => update(&fields),
                Verb::Delete => remove::<E>(),
            };
            router = router.routes((schemas, paths, handler));
        }
        router
    }
}

/// Those fields of a row, for actions that answer with it.
pub(crate) fn document<E: Record>(row: &E::Model, shown: &[&str]) -> Json<Document> {
    Json(records::shown::<E>(row, &named(shown)))
}

fn named<E: Record>(names: &[&str]) -> Columns<E> {
    Columns::named(names).expect("a resource names columns of its table that hold no secret")
}

fn writable<E: Record>(names: &[&str]) -> Columns<E> {
    Columns::writable(names).expect("a resource lets columns be written that no rule guards")
}

fn list<E: Record>(fields: &Arc<Fields<E>>) -> MethodRouter<App> {
    let fields = fields.clone();
    let handler = async move |State(app): State<App>,
                              By(by): By<Read<E>>,
                              Query(said): Query<Vec<(String, String)>>|
                -> Result<Json<list::Listed>, Problem> {
        let asked = list::Asked::read(&fields, &said)?;
        let listed = records::listed::<E>(&app.db, &by, &asked.query).await?;
        Ok(Json(asked.answer(&listed)))
    };
    get(handler)
}

fn show<E: Record>(fields: &Arc<Fields<E>>) -> MethodRouter<App> {
    let fields = fields.clone();
    get(async move |State(app): State<App>, By(by): By<Read<E>>, Path(id): Path<i64>| {
        let row = records::by_id::<E>(&app.db, &by, id).await?;
        Ok::<_, Problem>(tagged::answer::<E>(&row, &fields.shown))
    })
}

fn create<E: Record>(names: Names, fields: &Arc<Fields<E>>) -> MethodRouter<App> {
    let fields = fields.clone();
    let handler = async move |State(app): State<App>,
                              By(by): By<Create<E>>,
                              Json(said): Json<Document>|
                -> Result<Response, Problem> {
        let (by, columns, said) = (&by, &fields.created, &said);
        let row = audited(&app.db, &app.world, |unit, _| {
            Box::pin(records::create_from::<E>(unit, by, columns, said))
        });
        let body = records::shown::<E>(&row.await?, &fields.shown);
        let path = format!("{}/{}", names.path, body["id"]);
        Ok(Created { path, body }.into_response())
    };
    post(handler)
}

fn update<E: Record>(fields: &Arc<Fields<E>>) -> MethodRouter<App> {
    let fields = fields.clone();
    let handler = async move |State(app): State<App>,
                              By(by): By<Update<E>>,
                              Path(id): Path<i64>,
                              headers: HeaderMap,
                              Json(said): Json<Document>|
                -> Result<Response, Problem> {
        let seen = tagged::wanted(&headers, false)?;
        let patch = &Patch {
            writable: &fields.updated,
            document: &said,
            seen: seen.as_deref().map(|tags| (&fields.shown, tags)),
        };
        let by = &by;
        let row = audited(&app.db, &app.world, |unit, _| {
            Box::pin(records::patch::<E>(unit, by, id, patch))
        });
        let row = row.await.map_err(|error| tagged::refused(error, seen.is_some()))?;
        Ok(tagged::answer::<E>(&row, &fields.shown))
    };
    patch(handler)
}

fn remove<E: Record>() -> MethodRouter<App> {
    delete(async |State(app): State<App>, By(by): By<Delete<E>>, Path(id): Path<i64>| {
        let by = &by;
        audited(&app.db, &app.world, |unit, _| Box::pin(records::delete::<E>(unit, by, id)))
            .await?;
        Ok::<_, Problem>(StatusCode::NO_CONTENT)
    })
}
