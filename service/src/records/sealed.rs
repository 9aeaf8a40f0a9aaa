//! Columns that hold a secret, sealed: written and read apart from the others.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, IdenStatic as _, IntoActiveModel as _,
    ModelTrait as _, Value,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{
    Create, Domain as _, Record, Update, did, found, id_of, insert, locked, made_by, unguarded,
    write,
};
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    rights::{Granted, RevealSecrets},
    seal::{Keyring, Place, SEALED},
    text::invalid,
};

/// The longest secret that is kept, in bytes: a certificate's key with room to spare.
pub const LONGEST: usize = 32 * 1024;

/// Adds a row together with the secrets in it.
///
/// # Errors
/// Those of [`create`](super::create()), and of [`seal`] for each secret.
pub async fn create_with_secrets<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Create<E>>,
    (keys, world): (&Keyring, &World),
    mut row: E::ActiveModel,
    secrets: &[(E::Column, SecretString)],
) -> Result<E::Model> {
    unguarded::<E>(&row)?;
    made_by::<E>(&mut row, by.actor());
    for (column, _) in secrets {
        place::<E>(*column, 0)?;
        // What seals it is bound to the key of the row, which there is none of yet.
        row.set(*column, Value::String(Some(String::new())));
    }
    let mut model = insert::<E>(unit.tx(), unit.now(), row).await?;
    for (column, secret) in secrets {
        model = put::<E>(unit, (keys, world), model, *column, Some(secret)).await?;
    }
    unit.record(did::<E>(by.to(), "create", &model));
    Ok(model)
}

/// Seals a secret into a column of a row, or empties it.
///
/// # Errors
/// [`Error::NotFound`] if there is no such row, [`Error::Invalid`] for a column that holds no secret,
/// one that cannot be empty, and a secret that is empty or longer than [`LONGEST`];
/// [`Error::Sealed`] without a key to seal it with.
pub async fn seal<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<Update<E>>,
    (keys, world): (&Keyring, &World),
    id: i64,
    column: E::Column,
    secret: Option<&SecretString>,
) -> Result<E::Model> {
    let model = locked::<E>(unit.tx(), id).await?;
    let model = put::<E>(unit, (keys, world), model, column, secret).await?;
    let details = json!({"changed": [column.as_str()]});
    unit.record(did::<E>(by.to(), "update", &model).with(details));
    Ok(model)
}

/// Reads the secret in a column of a row in clear, which is written to the audit log; none where the
/// column is empty.
///
/// # Errors
/// [`Error::NotFound`] if there is no such row, [`Error::Invalid`] for a column that holds no secret,
/// [`Error::Sealed`] if the key that sealed it is not there.
pub async fn reveal<E: Record>(
    unit: &Audited<'_>,
    by: &Granted<RevealSecrets>,
    keys: &Keyring,
    id: i64,
    column: E::Column,
) -> Result<Option<SecretString>> {
    let model = found::<E>(unit.tx(), id).await?;
    let secret = open::<E>(keys, &model, column)?;
    let details = json!({"column": column.as_str()});
    let deed = Deed::of(by.to(), E::Domain::NAME, "reveal").on(E::KIND, &id).with(details);
    unit.record(deed);
    Ok(secret)
}

/// The secret in a column of a row, for a rule that needs it.
pub(crate) fn open<E: Record>(
    keys: &Keyring,
    model: &E::Model,
    column: E::Column,
) -> Result<Option<SecretString>> {
    let place = place::<E>(column, id_of::<E>(model))?;
    let Value::String(Some(sealed)) = model.get(column) else { return Ok(None) };
    let bytes = keys.open(place, &sealed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::Malformed {
        kind: "secret",
        key: place.to_string(),
        problem: "it is no text".to_owned(),
    })?;
    Ok(Some(SecretString::from(text)))
}

/// Seals a secret into a column of a row that is held.
pub(crate) async fn put<E: Record>(
    unit: &Audited<'_>,
    (keys, world): (&Keyring, &World),
    model: E::Model,
    column: E::Column,
    secret: Option<&SecretString>,
) -> Result<E::Model> {
    let place = place::<E>(column, id_of::<E>(&model))?;
    let sealed = match secret.map(SecretString::expose_secret) {
        Some("") => {
            return Err(invalid(column.as_str(), "***", "a secret is not empty"));
        }
        Some(secret) if secret.len() > LONGEST => {
            return Err(invalid(column.as_str(), "***", &format!("{LONGEST} bytes are the most")));
        }
        Some(secret) => Some(keys.seal(world, place, secret.as_bytes())?),
        None if is_required::<E>(column) => {
            return Err(invalid(column.as_str(), "***", "it cannot be without"));
        }
        None => None,
    };
    let mut row = model.into_active_model();
    row.set(column, Value::String(sealed));
    write::<E>(unit.tx(), unit.now(), row).await
}

fn is_required<E: Record>(column: E::Column) -> bool {
    !column.def().is_null()
}

/// Where the secret is, if the column is one that holds some.
fn place<E: Record>(column: E::Column, row: i64) -> Result<Place> {
    let (entity, name) = (E::default(), column.as_str());
    let at = SEALED.iter().find(|(table, column)| *table == entity.table_name() && *column == name);
    match at {
        Some(&(table, column)) => Ok(Place { table, column, row }),
        None => Err(invalid(E::KIND, name, "this column holds no secret")),
    }
}
