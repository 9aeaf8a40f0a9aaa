//! Secrets in rows: added with them, written, emptied and read in clear, each by itself.

use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};
use serde_json::Value;
use service::{
    audit::audited,
    records::{self, Columns, Create, Document, Record, Update},
    rights::{Granted, RevealSecrets},
};

use crate::{App, Problem, created::Created, extract::Json, plain::document};

/// Adds the row of a body together with the secrets in it. The resource is at `path`, shows the fields
/// `shown`, and takes those that are `written`.
pub(crate) async fn create<E: Record>(
    app: &App,
    by: &Granted<Create<E>>,
    (path, shown, written): (&str, &[&str], &[&str]),
    body: &impl Serialize,
    secrets: &[(E::Column, SecretString)],
) -> Result<Created<Document>, Problem> {
    let row = &row::<E>(body, written)?;
    let (keys, world) = (&app.keys, &app.world);
    let made = audited(&app.db, world, |unit, _| {
        let row = row.clone();
        Box::pin(records::create_with_secrets::<E>(unit, by, (keys, world), row, secrets))
    });
    Ok(created::<E>(&made.await?, path, shown))
}

/// The row of a body, to be added. What the body leaves out, or gives as null, is as the table has it
/// by itself.
pub(crate) fn row<E: Record>(
    body: &impl Serialize,
    written: &[&str],
) -> Result<E::ActiveModel, Problem> {
    let Ok(Value::Object(mut document)) = serde_json::to_value(body) else {
        unreachable!("a body is an object, and was JSON")
    };
    document.retain(|_, value| !value.is_null());
    Ok(records::described::<E>(&Columns::writable(written)?, &document)?)
}

/// Keeps a member of a body out of its [`row`].
pub(crate) fn unsaid<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// The answer to a row that was made, of a resource at `path` that shows the fields `shown`.
pub(crate) fn created<E: Record>(row: &E::Model, path: &str, shown: &[&str]) -> Created<Document> {
    let Json(body) = document::<E>(row, shown);
    Created { path: format!("{path}/{}", body["id"]), body }
}

/// Seals a secret into a column of a row, or empties it.
pub(crate) async fn set<E: Record>(
    app: &App,
    by: &Granted<Update<E>>,
    id: i64,
    column: E::Column,
    secret: Option<&SecretString>,
) -> Result<StatusCode, Problem> {
    let keys = (&app.keys, &app.world);
    let sealed = audited(&app.db, &app.world, |unit, _| {
        Box::pin(records::seal::<E>(unit, by, keys, id, column, secret))
    });
    sealed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the secret in a column of a row in clear; none where the column is empty.
pub(crate) async fn reveal<E: Record>(
    app: &App,
    by: &Granted<RevealSecrets>,
    id: i64,
    column: E::Column,
) -> Result<Option<String>, Problem> {
    let keys = &app.keys;
    let secret = audited(&app.db, &app.world, |unit, _| {
        Box::pin(records::reveal::<E>(unit, by, keys, id, column))
    });
    Ok(secret.await?.map(|secret| secret.expose_secret().to_owned()))
}
