//! Secrets by their paths: storing, changing and revealing them, and removing what nothing needs.

use chrono::{DateTime, Utc};
use entity::secrets::encrypted_secret::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait,
    DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{Secrets, holders::holders};
use crate::{
    Error, Result, World,
    audit::{Audited, Deed},
    lookup::by_text,
    page::{self, Cursor, Order, Page},
    records::{Domain as _, LONGEST},
    rights::{
        Actor, CreateSecrets, DeleteSecrets, Granted, Grantee, ReadSecrets, RevealSecrets,
        UpdateSecrets,
    },
    rule::Rule,
    seal::{Keyring, Place, key_of},
    seen::Seen,
    text::{self, invalid},
};

const KIND: &str = "secret";

/// The longest path.
const LONGEST_PATH: usize = 500;

/// The longest description.
const LONGEST_DESCRIPTION: usize = 10_000;

/// What is known about a secret; never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What rows of other tables refer to it by, if not by its path.
    pub id: i64,
    /// What it is asked for by.
    pub path: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who stored it; nobody, when the program did or the person is gone.
    pub created_by_id: Option<i64>,
    /// The id of the key that it is sealed with; none, if somebody has put something else there.
    pub sealed_with: Option<String>,
    /// When it was last given a value.
    pub rotated_at: DateTime<Utc>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it was last given a value or described.
    pub updated_at: DateTime<Utc>,
}

/// Stores a secret under a path that nothing is under yet.
///
/// A path is up to 500 characters long: segments of `a-z`, `0-9`, `_`, `-` and `.`, with `/`
/// between them. None is empty or of dots alone.
///
/// # Errors
/// [`Error::Invalid`] for a path or a description that will not do, and a value that is empty or
/// longer than [`LONGEST`]; [`Error::AlreadyExists`] if there is a secret under the path;
/// [`Error::Sealed`] without a key to seal it with.
pub async fn store(
    unit: &Audited<'_>,
    by: &Granted<CreateSecrets>,
    (keys, world): (&Keyring, &World),
    path: &str,
    description: Option<String>,
    value: &SecretString,
) -> Result<Secret> {
    let path = sound(path)?;
    let row = ActiveModel {
        created_by_id: Set(by.actor().map(Actor::user_id)),
        path: Set(path.to_owned()),
        description: Set(text::optional("description", description, LONGEST_DESCRIPTION)?),
        // What seals it is bound to the key of the row, which there is none of yet.
        encrypted_data: Set("".into()),
        rotated_at: Set(unit.now()),
        created_at: Set(unit.now()),
        updated_at: Set(unit.now()),
        ..Default::default()
    };
    let row = row.insert(unit.tx()).await.map_err(Error::on_duplicate(KIND, path))?;
    let data = sealed((keys, world), row.id, value)?;
    let mut row = row.into_active_model();
    row.encrypted_data = Set(data);
    let row = row.update(unit.tx()).await?;
    unit.record(did(by.to(), "store", &row));
    Ok(read(row))
}

/// Gives a secret another value, from when on it counts as rotated.
///
/// # Errors
/// [`Error::NotFound`] if nothing is under the path, [`Error::Invalid`] for a value that is empty
/// or longer than [`LONGEST`], [`Error::Sealed`] without a key to seal it with.
pub async fn change(
    unit: &Audited<'_>,
    by: &Granted<UpdateSecrets>,
    (keys, world): (&Keyring, &World),
    path: &str,
    value: &SecretString,
) -> Result<Secret> {
    let row = locked(unit.tx(), path).await?;
    let data = sealed((keys, world), row.id, value)?;
    let mut row = row.into_active_model();
    row.encrypted_data = Set(data);
    row.rotated_at = Set(unit.now());
    row.updated_at = Set(unit.now());
    let row = row.update(unit.tx()).await?;
    unit.record(did(by.to(), "change", &row));
    Ok(read(row))
}

/// Says what a secret is for. Its value stays, and when that was given.
///
/// # Errors
/// [`Error::NotFound`] if nothing is under the path, [`Error::Invalid`] for a description that will
/// not do.
pub async fn describe(
    unit: &Audited<'_>,
    by: &Granted<UpdateSecrets>,
    path: &str,
    description: Option<String>,
) -> Result<Secret> {
    let mut row = locked(unit.tx(), path).await?.into_active_model();
    row.description = Set(text::optional("description", description, LONGEST_DESCRIPTION)?);
    row.updated_at = Set(unit.now());
    let row = row.update(unit.tx()).await?;
    unit.record(did(by.to(), "describe", &row));
    Ok(read(row))
}

/// Makes sure that a secret is as the caller has seen it, and holds it so until the change ends.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Rule::Stale`] if it is not so any more.
pub async fn as_seen(
    unit: &Audited<'_>,
    _by: &Granted<UpdateSecrets>,
    path: &str,
    seen: &Seen<'_, Secret>,
) -> Result<()> {
    let row = locked(unit.tx(), path).await?;
    seen.confirm(KIND, path, &read(row))
}

/// Reads a secret in clear, which is written to the audit log.
///
/// # Errors
/// [`Error::NotFound`] if nothing is under the path, [`Error::Sealed`] if the key that sealed it is
/// not there or it was sealed for another row, [`Error::Malformed`] if it is no text.
pub async fn reveal(
    unit: &Audited<'_>,
    by: &Granted<RevealSecrets>,
    keys: &Keyring,
    path: &str,
) -> Result<SecretString> {
    let row = found(unit.tx(), path).await?;
    let bytes = keys.open(place(row.id), row.encrypted_data.expose())?;
    let value = std::str::from_utf8(&bytes).map_err(|_| Error::Malformed {
        kind: KIND,
        key: row.path.clone(),
        problem: "it is no text".to_owned(),
    })?;
    unit.record(did(by.to(), "reveal", &row));
    Ok(SecretString::from(value))
}

/// What is known about the secret under a path.
///
/// # Errors
/// [`Error::NotFound`] if nothing is.
pub async fn by_path(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSecrets>,
    path: &str,
) -> Result<Secret> {
    found(db, path).await.map(read)
}

/// What is known about at most `limit` secrets, those that were stored first at the beginning, from
/// there or from where a page before ended.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn list(
    db: &impl ConnectionTrait,
    _by: &Granted<ReadSecrets>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Secret>> {
    let key = (Column::Id, |row: &Model| row.id);
    let Page { rows, next } =
        page::of(db, Entity::find(), key, Order::OldestFirst, from, limit).await?;
    Ok(Page { rows: rows.into_iter().map(read).collect(), next })
}

/// Of a page of [`list`] the secrets that were last given a value before that moment. There may be
/// few or none on a page, and more on the next.
///
/// # Errors
/// Only [`Error::Database`].
pub async fn older_than(
    db: &impl ConnectionTrait,
    by: &Granted<ReadSecrets>,
    moment: DateTime<Utc>,
    from: Option<Cursor>,
    limit: u64,
) -> Result<Page<Secret>> {
    let mut page = list(db, by, from, limit).await?;
    page.rows.retain(|secret| secret.rotated_at < moment);
    Ok(page)
}

/// Removes a secret that no other row names.
///
/// # Errors
/// [`Error::NotFound`] if nothing is under the path, [`Rule::InUse`] while another row names it.
pub async fn delete(unit: &Audited<'_>, by: &Granted<DeleteSecrets>, path: &str) -> Result<()> {
    let row = locked(unit.tx(), path).await?;
    let holders = holders(unit.tx(), &row).await?;
    if !holders.is_empty() {
        let because = format!("secret `{}` is named by {}", row.path, holders.join(", "));
        return Err(Rule::InUse.refuses(because));
    }
    Entity::delete_by_id(row.id).exec(unit.tx()).await?;
    unit.record(did(by.to(), "delete", &row));
    Ok(())
}

async fn found(db: &impl ConnectionTrait, path: &str) -> Result<Model> {
    by_text::<Entity>(db, Column::Path, path, |row| Some(&row.path))
        .await?
        .ok_or_else(|| Error::not_found(KIND, path))
}

/// The same, held until the transaction ends: nobody else changes it meanwhile.
async fn locked(tx: &DatabaseTransaction, path: &str) -> Result<Model> {
    // As in `by_text`, which holds nothing: not every database can be asked about a NUL character,
    // or tells a text from itself with spaces behind it.
    let mut row = None;
    if !path.contains('\0') {
        row = Entity::find().filter(Column::Path.eq(path)).lock_exclusive().one(tx).await?;
    }
    row.filter(|row| row.path == path).ok_or_else(|| Error::not_found(KIND, path))
}

fn sealed(
    (keys, world): (&Keyring, &World),
    row: i64,
    value: &SecretString,
) -> Result<entity::Secret> {
    let value = value.expose_secret();
    if value.is_empty() {
        return Err(invalid("value of a secret", "***", "it is empty"));
    }
    if value.len() > LONGEST {
        return Err(invalid("value of a secret", "***", &format!("{LONGEST} bytes are the most")));
    }
    keys.seal(world, place(row), value.as_bytes()).map(entity::Secret::from)
}

fn place(row: i64) -> Place {
    Place { table: "encrypted_secrets", column: "encrypted_data", row }
}

/// The path, if it is one that a secret may be stored under.
fn sound(path: &str) -> Result<&str> {
    let is_sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
    // A segment of dots means another place in an address or a file system, and an empty one none.
    let segment = |text: &str| text.chars().all(is_sound) && text.chars().any(|c| c != '.');
    if path.len() > LONGEST_PATH {
        return Err(invalid("path", path, &format!("{LONGEST_PATH} characters are the most")));
    }
    if !path.split('/').all(segment) {
        let problem = "it needs segments of a-z, 0-9, `_`, `-` and `.`, none of dots alone, and `/` \
                       between them";
        return Err(invalid("path", path, problem));
    }
    Ok(path)
}

fn did(by: &Grantee, action: &'static str, row: &Model) -> Deed {
    Deed::of(by, Secrets::NAME, action).on(KIND, &row.id).with(json!({"path": row.path}))
}

fn read(row: Model) -> Secret {
    let sealed_with = key_of(row.encrypted_data.expose()).map(str::to_owned);
    let Model { id, path, description, created_by_id, rotated_at, created_at, updated_at, .. } =
        row;
    Secret { id, path, description, created_by_id, sealed_with, rotated_at, created_at, updated_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_segments_of_few_characters_none_of_which_is_empty_or_of_dots() {
        for path in ["a", "cloud/aws/prod", "0/_/-", "a.b/..c/d..", &"x".repeat(500)] {
            assert_eq!(sound(path).unwrap(), path);
        }
        for wrong in ["", "/", "/a", "a/", "a//b", ".", "a/./b", "../a", "a/..", "a ", "a b", "A"] {
            let refused = sound(wrong);

            assert!(matches!(refused, Err(Error::Invalid { kind: "path", .. })), "{wrong:?}");
        }
        for wrong in ["ä", "a\0", "a\n", "a:b", "a\\b", "a%2fb", &"x".repeat(501)] {
            let refused = sound(wrong);

            assert!(matches!(refused, Err(Error::Invalid { kind: "path", .. })), "{wrong:?}");
        }
    }
}
