//! Secrets in rows: added with them, written, emptied and read in clear, each by itself.

use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use service::{
    audit::audited,
    records::{self, Document, Record, Update},
    rights::{Granted, RevealSecrets},
};
use utoipa::ToSchema;

use crate::{App, Problem, extract::Json};

/// A secret to seal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProxySecret {
    /// Not empty; 32 KiB at most.
    #[schema(value_type = String, write_only)]
    pub(super) value: SecretString,
}

/// A secret in clear.
#[derive(Serialize, ToSchema)]
pub(super) struct RevealedProxySecret {
    /// Null where there is none.
    value: Option<String>,
}

/// Seals a secret into a column of a row, or empties it.
pub(super) async fn set<E: Record>(
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

/// Reads the secret in a column of a row.
pub(super) async fn reveal<E: Record>(
    app: &App,
    by: &Granted<RevealSecrets>,
    id: i64,
    column: E::Column,
) -> Result<Json<RevealedProxySecret>, Problem> {
    let keys = &app.keys;
    let secret = audited(&app.db, &app.world, |unit, _| {
        Box::pin(records::reveal::<E>(unit, by, keys, id, column))
    });
    let value = secret.await?.map(|secret| secret.expose_secret().to_owned());
    Ok(Json(RevealedProxySecret { value }))
}

/// What a body says of a row. What it leaves out, or gives as null, is as the table has it by
/// itself.
pub(super) fn said(body: &impl Serialize) -> Document {
    let Ok(Value::Object(mut document)) = serde_json::to_value(body) else {
        unreachable!("a body is an object, and was JSON")
    };
    document.retain(|_, value| !value.is_null());
    document
}

/// Keeps a member of a body out of [`said`].
pub(super) fn unsaid<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}
